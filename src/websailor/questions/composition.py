"""Composition: which operators a question is to carry, and adding them one by one to its proved pattern.

Enters: the config, what was used so far, an exact pattern whose answer is proved. Leaves: a pattern that carries them,
proved, in which each of them was needed when it was added. An operator that was asked for and cannot be added raises
`Refused`; one of the palette is left out.
"""

import logging
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from websailor.errors import UserError
from websailor.questions.config import BY_THEMSELVES, Config, span
from websailor.questions.corpus import Corpus
from websailor.questions.measure import fog_of
from websailor.questions.operators import CLOSED_WORLD, DISTRACTOR, NOTHING, PROPOSERS
from websailor.questions.operators.base import Case, Counts, Draft, Proposer
from websailor.questions.operators.u1_fuzzy import EXACT
from websailor.questions.proof.engine import proves
from websailor.questions.proof.sets import ProofTooLarge
from websailor.questions.reach import unreachable
from websailor.questions.seen import Refused, Seen
from websailor.questions.structure import Branch, branches, domain_of, is_named, keep_branches
from websailor.questions.widening import drop_redundant, widen
from websailor.questions.words.plan import NoWording, plan
from websailor.records import Fact, Pattern

log = logging.getLogger(__name__)

PROPOSALS = 24
"""Proposals of one operator that are proved before it is given up for a question."""
SETTLED = 6
"""Proposals of one operator for which room is made in earnest."""
RANKS = "U7"
"""The operator that needs several candidates."""
COMPARING = frozenset({"U6", "U9", "U11", "U15"})
"""Operators that tell of a date or number which no other clue tells."""
BRING_NAMES = frozenset({"U12", "U13"})
"""Operators that bring something new, which may be the one thing that is named."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The operators that a corpus supports."""

    required: tuple[str, ...]
    """Every question carries them, in the order in which they are added."""
    optional: tuple[str, ...]
    nothing: bool
    """Whether some questions have no answer."""
    sought: Mapping[str, Collection[str]]
    """Operator -> entities of which a subgraph must hold one."""


def palette_of(corpus: Corpus, config: Config) -> Palette:
    """What of the config's operators a corpus supports.

    Raises `UserError` for one that every question must carry and that it does not support; one of the palette is left
    out, and the log says why.
    """
    supported: list[str] = []
    for code in dict.fromkeys((*config.operators, *config.palette)):
        if (reason := _lacks(corpus, code)) is None:
            supported.append(code)
        elif code in config.operators:
            raise UserError(f"operator {code}: {reason}: leave it out, or use a corpus that supports it")
        else:
            log.warning("operator %s is left out: %s", code, reason)
    order = [*PROPOSERS, DISTRACTOR.code]
    required = tuple(code for code in order if code in config.operators)
    wanted = [code for code in supported if code in PROPOSERS]
    return Palette(
        required=required,
        optional=tuple(code for code in order if code in supported and code not in required),
        nothing=NOTHING.code in supported and config.none_share > 0,
        sought={code: ones for code in wanted if (ones := PROPOSERS[code].seeks(corpus)) is not None},
    )


def _lacks(corpus: Corpus, code: str) -> str | None:
    if code in BY_THEMSELVES:
        return None
    if code in CLOSED_WORLD and not corpus.lexicon.is_generated:
        return "it rests on what is not stated, and a real encyclopedia does not state all that is so"
    if code in CLOSED_WORLD and not corpus.complete:
        return (
            "it rests on what is not stated, and the graph lacks facts of every relation (build it with whole = true)"
        )
    operator = {**PROPOSERS, DISTRACTOR.code: DISTRACTOR, NOTHING.code: NOTHING}[code]
    return operator.lacks(corpus)


@dataclass(frozen=True, slots=True)
class Order:
    """What one question is to carry."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    """Least used first."""
    extra: int
    """So many of the optional ones."""

    @property
    def names(self) -> int:
        """How many of the operators bring something that may be named."""
        return sum(code in BRING_NAMES for code in (*self.required, *self.optional[: self.extra]))

    @property
    def has_distractor(self) -> bool:
        return DISTRACTOR.code in (*self.required, *self.optional[: self.extra])

    @property
    def compares(self) -> bool:
        """One of the operators needs a date or number that no other clue tells."""
        return not COMPARING.isdisjoint((*self.required, *self.optional[: self.extra]))

    @property
    def is_plain(self) -> bool:
        """Nothing is to be added."""
        return not self.required and not self.extra


def order_for(palette: Palette, config: Config, seen: Seen, rng: random.Random) -> Order:
    """Draw what a question is to carry: the operators used least come first, most of the time.

    How many are added follows from the dial: vagueness is expected to arise by itself, and so is a cycle where one is
    asked for.
    """
    used = seen.operators
    if config.per_operator and (full := [code for code in palette.required if used[code] >= config.per_operator]):
        raise Refused("operator_used_up", ", ".join(full))
    weights = {
        code: (used[code] + 1) * rng.expovariate(1)
        for code in palette.optional
        if not config.per_operator or used[code] < config.per_operator
    }
    optional = tuple(sorted(weights, key=lambda code: (weights[code], code)))
    if not optional:
        return Order(palette.required, (), 0)
    if not config.operators_per_question:
        return Order(palette.required, optional, 1)
    low, high = span(config.operators_per_question)
    arising = {"U1", *(code for code in config.operators if code in BY_THEMSELVES)}
    most = min(high, len(palette.required) + len(optional) + len(arising), config.max_clues)
    target = rng.randint(round(low), round(max(low, most)))
    return Order(palette.required, optional, max(0, min(len(optional), target - len(palette.required) - len(arising))))


class NoneAllowed:
    """Which questions have no answer, and which others say that there may be none: evenly spread, as many of each."""

    def __init__(self, period: int, seed: int) -> None:
        self.period = period
        self._places = random.Random(f"{seed}/none").sample(range(period), 2) if period > 1 else [-1, -1]

    def is_none(self, index: int) -> bool:
        return self.period > 0 and index % self.period == self._places[0]

    def may_be(self, index: int) -> bool:
        return self.period > 0 and index % self.period in self._places


class Composer:
    """Adds operators to patterns."""

    def __init__(
        self,
        config: Config,
        corpus: Corpus,
        usable: Callable[[Fact], bool],
        together: Callable[[Collection[str], str, str], bool],
    ) -> None:
        self.config = config
        self.corpus = corpus
        self.lattices = frozenset(config.lattices)
        self.seeks_bits = span(config.bits).low > 0
        self._is_cyclic = config.shape == "cyclic" or "U4" in config.operators
        self._usable = usable
        self._together = together

    def draft(self, pattern: Pattern, usable: Callable[[Fact], bool]) -> Draft:
        """The pattern as operators see it; `usable` narrows what may be added to a part of the corpus."""
        return Draft(
            corpus=self.corpus,
            pattern=pattern,
            usable=lambda fact: usable(fact) and self._usable(fact),
            together=self._together,
            may_name=max(self.config.named_anchors) > 0,
            is_cyclic=self._is_cyclic,
        )

    def compose(
        self,
        pattern: Pattern,
        order: Order,
        named: list[str],
        names: int,
        usable: Callable[[Fact], bool],
        rng: random.Random,
    ) -> tuple[Pattern, dict[str, int]]:
        """Add the operators of an order. Entities that stay named are added to `named`, up to `names`.

        A pattern with several answers can only be ranked, and is so first; in a real encyclopedia, where what is not
        known rules nobody out, any operator may be what makes the answer the only one. Returns the pattern, and the
        widening steps its variables have taken.
        """
        if not self.sayable(pattern):
            raise Refused("no_wording", "before any operator")
        taken: dict[str, int] = {}
        carried: list[str] = []
        left = order.extra
        nameless = not names and not self.corpus.lexicon.is_generated
        optional = [code for code in order.optional if code in PROPOSERS and not (nameless and code in BRING_NAMES)]
        chosen = {*order.required, *optional[: order.extra]}
        spare = [code for code in optional if code not in chosen]
        codes = [*(code for code in PROPOSERS if code in chosen), *spare]
        if not proves(self.corpus.tables, pattern):
            if RANKS in chosen:
                codes.remove(RANKS)
                codes.insert(0, RANKS)
            elif self.corpus.lexicon.is_generated:
                raise Refused("not_unique")
        for code in codes:
            needed = code in order.required
            if not needed and left <= 0:
                continue
            found = self._add(PROPOSERS[code], pattern, carried, named, names, usable, taken, rng)
            if found is None:
                if needed or (code == RANKS and not carried and not proves(self.corpus.tables, pattern)):
                    raise Refused("no_operator", code)
                continue
            pattern = found
            carried.append(code)
            left -= not needed
        if not carried and not proves(self.corpus.tables, pattern):
            raise Refused("not_unique")
        return pattern, taken

    def _add(
        self,
        operator: Proposer,
        pattern: Pattern,
        carried: list[str],
        named: list[str],
        names: int,
        usable: Callable[[Fact], bool],
        taken: dict[str, int],
        rng: random.Random,
    ) -> Pattern | None:
        """The pattern with one more operator, in which it is needed; None where no proposal comes to that.

        Where bits are asked for, the vaguest of several, else the first.
        """
        before = set(pattern.assignment.values())
        found: list[tuple[float, Pattern, list[str], dict[str, int]]] = []
        settled = 0
        for proposal in islice(operator.propose(self.draft(pattern, usable), rng), PROPOSALS):
            fresh = [
                proposal.assignment[name]
                for name in proposal.variables
                if is_named(proposal, name) and proposal.assignment[name] not in before
            ]
            staying = fresh if sum(is_named(proposal, name) for name in proposal.variables) <= names else []
            trial = dict(taken)
            try:
                if not (
                    self._keeps_cycle(proposal) and proves(self.corpus.tables, proposal) and self.sayable(proposal)
                ):
                    continue
                settled += 1
                if settled > SETTLED:
                    break
                room = self._make_room(proposal, [*carried, operator.code], [*named, *staying], trial, rng)
            except ProofTooLarge:
                continue
            if room is None:
                continue
            if not self.seeks_bits:
                found.append((0.0, room, staying, trial))
                break
            lasting, _ = drop_redundant(self.corpus, room, self.config.min_clues, 0, rng, self.worth)
            found.append((fog_of(self.corpus.tables, lasting), lasting, staying, trial))
            if found[-1][0] >= span(self.config.bits).low:
                break
        if not found:
            return None
        _, best, staying, trial = max(found, key=lambda one: one[0])
        named += staying
        taken.update(trial)
        return best

    def worth(self, pattern: Pattern, branch: Branch) -> int:
        """How late a clue is dropped: one that carries an operator goes last, and where bits are asked for a vague one
        after an exact one.
        """
        codes = (*self.config.operators, *self.config.palette)
        if codes and carries(self.corpus, pattern, branch, codes):
            return 2
        return int(self.seeks_bits and is_vague(pattern, branch))

    def _keeps_cycle(self, pattern: Pattern) -> bool:
        """False where a cycle was asked for and none is left."""
        return not self._is_cyclic or any(clue.closing is not None for clue in branches(pattern))

    @staticmethod
    def sayable(pattern: Pattern) -> bool:
        """True when the things of a pattern can be told apart in words."""
        try:
            plan(pattern, range(len(pattern.atoms)), range(len(pattern.conditions)))
        except NoWording:
            return False
        return True

    def _make_room(
        self,
        pattern: Pattern,
        codes: Collection[str],
        named: Collection[str],
        taken: dict[str, int],
        rng: random.Random,
    ) -> Pattern | None:
        """Drop and widen other clues until those of all operators are needed; None where they never are."""
        corpus = self.corpus
        if self._are_needed(codes, pattern):
            return pattern
        kept = branches(pattern)
        for branch in rng.sample(kept, len(kept)):
            rest = [other for other in kept if other != branch]
            if len(rest) < self.config.min_clues or carries(corpus, pattern, branch, codes):
                continue
            smaller = keep_branches(pattern, rest)
            if not unreachable(corpus, smaller) and proves(corpus.tables, smaller):
                kept = rest
                if self._are_needed(codes, smaller):
                    return smaller
        pattern = keep_branches(pattern, kept)
        pattern = widen(corpus, pattern, named, self.lattices, self.config.fog, rng, taken)
        return pattern if self._are_needed(codes, pattern) else None

    def _are_needed(self, codes: Collection[str], pattern: Pattern) -> bool:
        """True when for each operator, the newest first, some clue carries it, keeps its promise, and is needed."""
        counts, clues = Counts(self.corpus.tables, pattern), branches(pattern)
        cases = [Case(counts, clues, clue) for clue in clues]
        for code in reversed(list(codes)):
            case = next((case for case in cases if PROPOSERS[code].applies(case)), None)
            if case is None or len(clues) < 2:
                return False
            rest = keep_branches(pattern, [other for other in clues if other != case.branch])
            if proves(self.corpus.tables, rest) or not PROPOSERS[code].holds(case):
                return False
        return True


def carries(corpus: Corpus, pattern: Pattern, branch: Branch, codes: Collection[str]) -> bool:
    """True when a clue has the form of one of the operators."""
    case = Case(Counts(corpus.tables, pattern), branches(pattern), branch)
    forms = [PROPOSERS[code] for code in codes if code in PROPOSERS]
    return any(operator.applies(case) for operator in forms) or ("U4" in codes and branch.closing is not None)


def is_vague(pattern: Pattern, clue: Branch) -> bool:
    """True when a clue ends in a label instead of a name or a value."""
    return clue.closing is None and domain_of(pattern, clue.leaf, *EXACT) is None
