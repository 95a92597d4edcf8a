"""One question: from a drawn subgraph to a proved record, or the reason why not.

Enters: a `Corpus`, the wiki, the pools of subgraphs, a config. Leaves: `records.Question`; a try that fails raises
`Refused`. Every random choice of a question comes from (seed, part, index, attempt), so questions depend on one another
only through what was `seen`.
"""

import math
import random
from collections.abc import Sequence
from itertools import islice

import numpy as np

from websailor.questions.composition import Composer, NoneAllowed, Order, Palette, is_vague, order_for, palette_of
from websailor.questions.config import Config, span
from websailor.questions.corpus import Corpus
from websailor.questions.drafting import (
    choose_named,
    keep_named,
    told_twice,
    with_describing_literals,
    with_literals,
    without_names,
)
from websailor.questions.evidence import EvidenceBook
from websailor.questions.gates import check_answer_unsaid, check_hidden, check_length, check_titles
from websailor.questions.level import HARDEST, MANY_ANCHORS, is_one_functional_hop, leaks, level_of
from websailor.questions.measure import Measure, measure, plan_work, without_idle
from websailor.questions.operators import DISTRACTOR, NOTHING, PLAIN, PROPOSERS, operator_of
from websailor.questions.operators.base import Case, Counts
from websailor.questions.operators.u16_nothing import ANSWER, moved_clue, stripped
from websailor.questions.pools import Part, Pools
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.sets import ProofTooLarge
from websailor.questions.reach import out_of_reach, unreachable
from websailor.questions.seen import Refused, Seen, cell_of
from websailor.questions.shapes.sample import Focus
from websailor.questions.structure import (
    Branch,
    branches,
    exact_pattern,
    variables_of,
    without_idle_literals,
)
from websailor.questions.widening import drop_idle_inequalities, drop_redundant, widen
from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import Words, ordered_clues, realise
from websailor.records import Atom, Clue, Condition, Evidence, Fact, Pattern, Question, Uncertainty
from websailor.wiki.reader import Wiki

ROUNDS = 2
"""Widening and dropping by turns: what was dropped leaves room for the rest to become vaguer."""

REDRAWS = 8
"""Subgraphs drawn for one try until one can be told in words."""
PAGE_REDRAWS = 200
"""Subgraphs drawn for one try until one does not rest on a page that was asked about often enough."""
FOGGY = 2
"""Dates and numbers that are told besides, at the least, where bits are asked for: they can become vague."""
MOVES = 60
"""Moved labels tried before a question is given up that was to have no answer."""


class Maker:
    """Makes questions one by one."""

    def __init__(
        self, config: Config, corpus: Corpus, wiki: Wiki, pools: Pools, palette: Palette | None = None
    ) -> None:
        self.config = config
        self.corpus = corpus
        self.wiki = wiki
        self.pools = pools
        self.palette = palette_of(corpus, config) if palette is None else palette
        self.evidence = EvidenceBook(wiki, corpus)
        self.lattices = frozenset(config.lattices)
        self.composer = Composer(
            config, corpus, lambda fact: self.evidence.page(fact) is not None, self.evidence.together
        )
        period = math.ceil(1 / config.none_share) if self.palette.nothing else 0
        self.none = NoneAllowed(period, config.seed)

    def attempt(self, part: Part, index: int, attempt: int, seen: Seen) -> Question:
        """One try at question `index` of a part, not to repeat what was `seen`. Raises `Refused`."""
        config, corpus = self.config, self.corpus
        rng = random.Random(f"{config.seed}/{part}/{index}/{attempt}")
        walk = np.random.default_rng(rng.getrandbits(63))
        order = order_for(
            self.palette, config, seen, random.Random(f"{config.seed}/{part}/{index}/{attempt}/operators")
        )
        focus = self._draw(part, walk, order, seen)
        answer = corpus.entities[focus.node]
        seen.check_answer(answer.name)
        facts = self._facts_of(focus)
        if unread := next((fact for fact in facts if self.evidence.page(fact) is None), None):
            raise Refused("no_evidence", f"{unread.id} {unread.source.page}")
        if twice := told_twice(corpus, facts):
            raise Refused("told_twice", twice)
        count = self._count_of_names(part, index, attempt, rng)
        nameless = count == 0 and not corpus.lexicon.is_generated
        if nameless and not (facts := without_names(corpus, facts, answer.id)):
            raise Refused("names_only", answer.id)
        named = choose_named(facts, answer.id, max(0, count - order.names), rng)
        pattern = exact_pattern(corpus, facts, answer.id, named)
        if unknown := unreachable(corpus, pattern):
            raise Refused("open_world", ", ".join(pattern.assignment[name] for name in unknown))
        pattern = self._with_literals(pattern, named, nameless, order, rng)
        try:
            pattern = self._vague(pattern, named, count, order, part, rng)
            question = self._finished(pattern, part, index, order, focus, seen, rng)
        except NoWording as error:
            raise Refused("no_wording", str(error)) from error
        except ProofTooLarge as error:
            raise Refused("proof_too_large", str(error)) from error
        seen.check_page(evidence.page for evidence in question.evidence)
        if nameless and HARDEST in config.level and self._is_early(attempt) and question.level < HARDEST:
            raise Refused("too_easy", f"level {question.level}, and it names nothing")
        return question

    def _count_of_names(self, part: Part, index: int, attempt: int, rng: random.Random) -> int:
        """How many things a question names. In a real encyclopedia, where those that name fewer succeed more rarely, a
        question keeps its number for half of its tries.
        """
        numbers = self.config.named_anchors
        if len(numbers) == 1:
            return numbers[0]
        drawn = rng.choice(numbers)
        if self.corpus.lexicon.is_generated or not self._is_early(attempt):
            return drawn
        return random.Random(f"{self.config.seed}/{part}/{index}/names").choice(numbers)

    def _is_early(self, attempt: int) -> bool:
        return 2 * attempt < self.config.attempts

    def _draw(self, part: Part, walk: np.random.Generator, order: Order, seen: Seen) -> Focus:
        """A subgraph and a focus, of a page not used up; for operators one of a few that can be told in words."""
        focus = self._draw_unused(part, walk, order, seen)
        for _ in range(0 if order.is_plain else REDRAWS):
            facts = self._facts_of(focus)
            if self.composer.sayable(exact_pattern(self.corpus, facts, self.corpus.entities[focus.node].id, ())):
                break
            focus = self._draw_unused(part, walk, order, seen)
        return focus

    def _draw_unused(self, part: Part, walk: np.random.Generator, order: Order, seen: Seen) -> Focus:
        sought = self._sought(part, order)
        for _ in range(PAGE_REDRAWS):
            focus = self.pools.draw(part, walk, sought)
            if not seen.is_used_up(fact.source.page for fact in self._facts_of(focus)):
                return focus
        raise Refused("page_used_up", f"{PAGE_REDRAWS} subgraphs")

    def _facts_of(self, focus: Focus) -> list[Fact]:
        return [self.corpus.tellable[number] for number in focus.sample.facts]

    def _sought(self, part: Part, order: Order) -> str:
        """The first operator to be added that only some subgraphs can carry."""
        wanted = (*order.required, *order.optional[: order.extra])
        return next((code for code in wanted if (part, code) in self.pools.holding), "")

    def _finished(
        self, pattern: Pattern, part: Part, index: int, order: Order, focus: Focus, seen: Seen, rng: random.Random
    ) -> Question:
        """The record of a proved pattern: measured, worded, labelled, with its evidence."""
        config, corpus, tables = self.config, self.corpus, self.corpus.tables
        seen.check_pattern(pattern)
        if not corpus.lexicon.is_generated:
            seen.check_query(pattern)
        clues = ordered_clues(pattern)
        counts = Counts(tables, pattern)
        self._check_choice(pattern, clues, counts)
        labels = [operator_of(Case(counts, clues, clue)) for clue in clues]
        nothing = self.none.is_none(index)
        if order.has_distractor and not nothing:
            pattern, clues, labels = self._distracted(pattern, clues, labels, order, part, rng)
        if nothing:
            pattern, labels = self._without_answer(pattern, clues, labels, rng)
            seen.check_pattern(stripped(pattern))
        proved = stripped(pattern) if nothing else pattern
        counts = counts if proved is counts.pattern else Counts(tables, proved)
        measured = measure(counts, clues, plan_work(tables, pattern))
        uncertainty = self._check_hardness(measured, labels)
        seen.check_cell(cell_of(labels, uncertainty.cycle_rank, uncertainty.fog))
        words = realise(corpus, pattern, clues, config.style, config.language, rng, self.none.may_be(index))
        answer = corpus.entity[pattern.assignment[pattern.focus]]
        check_answer_unsaid((words.prompt, *words.clues), answer)
        check_length(words.prompt, config.language, config.max_words)
        check_hidden(corpus, pattern, words.prompt)
        check_titles(corpus, pattern)
        # Operators have added to what was reachable at first.
        if unsure := out_of_reach(corpus, pattern):
            raise Refused("open_world", ", ".join(unsure))
        seen.check_prompt(words.prompt)
        level = self._level(pattern, clues, uncertainty.frontier, words, "" if nothing else answer.id)
        told = [self.evidence.facts_of(proved, clue) for clue in clues]
        if not nothing:
            self._check_part([fact for facts in told for fact in facts], part)
        return Question(
            id=question_id(config.seed, part, index),
            prompt=words.prompt,
            answer=ANSWER[config.language] if nothing else answer.name,
            aliases=() if nothing else corpus.other_names(answer),
            pattern=proved,
            clues=tuple(
                Clue(
                    text=text,
                    operator=label,
                    facts=tuple(fact.id for fact in facts),
                    variables=variables_of(pattern, clue),
                    gain=gain,
                    necessary=necessary,
                )
                for clue, label, text, facts, gain, necessary in zip(
                    clues, labels, words.clues, told, measured.gains, measured.necessary, strict=True
                )
            ),
            level=level,
            uncertainty=uncertainty,
            evidence=tuple(self._near(counts, clues, part) if nothing else self.evidence.of(pattern, clues)),
            shape=focus.sample.form.class_id,
            focus_orbit=focus.orbit,
            language=config.language,
            split=part,
            seed=config.seed,
        )

    def _near(self, counts: Counts, clues: Sequence[Branch], part: Part) -> list[Evidence]:
        """Of a question without an answer: what nearly fits, for every clue a page of the part."""
        found = self.evidence.of_nothing(counts, clues, lambda entity: self.pools.part_of(entity) == part)
        if lacking := set(range(len(clues))).difference(evidence.clue for evidence in found):
            raise Refused("no_evidence", f"nothing in this part fits all but clue {min(lacking) + 1}")
        return found

    def _distracted(
        self, pattern: Pattern, clues: list[Branch], labels: list[str], order: Order, part: Part, rng: random.Random
    ) -> tuple[Pattern, list[Branch], list[str]]:
        """The pattern with a clue that the answer does not need, and a near-miss for every other clue, beside which all
        operators that were added keep their promise.
        """
        draft = self.composer.draft(pattern, lambda fact: self._is_in(fact, part))
        before = {self._key(pattern, clue): label for clue, label in zip(clues, labels, strict=True)}
        for proposal in DISTRACTOR.propose(draft, rng) if len(clues) < self.config.max_clues else ():
            told = ordered_clues(proposal)
            counts = Counts(self.corpus.tables, proposal)
            new = [clue for clue in told if self._key(proposal, clue) not in before]
            if len(new) == 1 and len(told) == len(clues) + 1:
                case = Case(counts, told, new[0])
                if DISTRACTOR.applies(case) and DISTRACTOR.holds(case):
                    now = [DISTRACTOR.code if one in new else operator_of(Case(counts, told, one)) for one in told]
                    was = [before.get(self._key(proposal, one), DISTRACTOR.code) for one in told]
                    if all(old == code or old not in PROPOSERS for old, code in zip(was, now, strict=True)):
                        return proposal, told, now
        if DISTRACTOR.code in order.required:
            raise Refused("no_operator", DISTRACTOR.code)
        return pattern, clues, labels

    @staticmethod
    def _key(pattern: Pattern, clue: Branch) -> tuple[frozenset[Atom], frozenset[Condition]]:
        """A clue by what it says, whatever its place."""
        return (
            frozenset(pattern.atoms[number] for number in clue.atoms),
            frozenset(pattern.conditions[number] for number in clue.conditions),
        )

    def _without_answer(
        self, pattern: Pattern, clues: list[Branch], labels: list[str], rng: random.Random
    ) -> tuple[Pattern, list[str]]:
        """The pattern with one label moved so that nothing fits it."""
        draft = self.composer.draft(pattern, lambda _: True)
        for proposal in islice(NOTHING.propose(draft, rng), MOVES):
            if NOTHING.holds(Counts(self.corpus.tables, proposal), clues):
                moved = moved_clue(pattern, proposal, clues)
                return proposal, [NOTHING.code if place == moved else one for place, one in enumerate(labels)]
        raise Refused("no_operator", NOTHING.code)

    def _level(self, pattern: Pattern, clues: list[Branch], frontier: float, words: Words, answer: str) -> int:
        config = self.config
        leak = bool(answer) and leaks(self.wiki, answer, (words.prompt, *words.clues), config.leak_rank)
        one_hop = is_one_functional_hop(self.corpus.tables, pattern)
        level = level_of(pattern, clues, frontier, leak or one_hop)
        if level not in config.level:
            reason = "leak" if leak else "too_easy" if level < min(config.level) else "too_hard"
            raise Refused(reason, f"level {level}")
        return level

    def _with_literals(
        self, pattern: Pattern, named: Sequence[str], nameless: bool, order: Order, rng: random.Random
    ) -> Pattern:
        """Add dates and numbers until the question has as many clues as were drawn for it, operators aside."""
        most = max(self.config.min_clues, self.config.max_clues - len(order.required) - order.extra)
        wanted = rng.randint(most if self.composer.seeks_bits else self.config.min_clues, most)
        have = len(branches(pattern))
        if have > self.config.max_clues:
            raise Refused("too_many_clues", str(have))
        if self.config.candidates >= 2 and all(d.value in named for d in pattern.domains if d.lattice == "entity"):
            left = len(ask(self.corpus.tables, pattern))
            if left < self.config.candidates:
                raise Refused("no_choice", f"{left} candidates")
        wanted = max(wanted, have + FOGGY) if self.composer.seeks_bits else wanted
        missing = max(wanted - have, 1 if self.config.candidates >= 2 and have < self.config.max_clues else 0)
        if nameless:
            return with_describing_literals(self.corpus, pattern, missing, self._is_told, rng)
        # Where an entity has one date alone, as most have in a real encyclopedia, it is left to the operator.
        spared = 1 if order.compares and not self.corpus.lexicon.is_generated else 0
        return with_literals(self.corpus, pattern, named, missing, spared, self._is_told, rng)

    def _is_told(self, fact: Fact) -> bool:
        """True for a literal that a page states and no other denies."""
        return self.evidence.page(fact) is not None and fact.id not in self.corpus.disputes

    def _vague(
        self, pattern: Pattern, named: list[str], names: int, order: Order, part: Part, rng: random.Random
    ) -> Pattern:
        config, corpus = self.config, self.corpus
        if order.is_plain and not proves(corpus.tables, pattern):
            raise Refused("not_unique")
        taken: dict[str, int] | None = None
        if not order.is_plain:
            pattern, taken = self.composer.compose(
                pattern, order, named, names, lambda fact: self._is_in(fact, part), rng
            )
            names = keep_named(pattern, named, min(config.named_anchors), rng)
        removable = 0
        # Without a name, a question of the highest level needs that many clues; some may only confirm the others.
        fewest = config.min_clues if names or corpus.lexicon.is_generated else max(config.min_clues, MANY_ANCHORS)
        for _ in range(ROUNDS):
            pattern = without_idle_literals(widen(corpus, pattern, named, self.lattices, config.fog, rng, taken))
            fewest_named = min(names, len(named))
            pattern, removable = drop_redundant(corpus, pattern, fewest, fewest_named, rng, self.composer.worth)
        count = len(branches(pattern))
        if 1 - removable / count < config.min_necessity:
            raise Refused("redundant_clue", f"{removable} of {count}")
        if not config.min_clues <= count <= config.max_clues:
            raise Refused("too_few_clues" if count < config.min_clues else "too_many_clues", str(count))
        exact = sum(domain.lattice == "entity" for domain in pattern.domains)
        if exact not in ((names,) if order.is_plain else config.named_anchors):
            raise Refused("anchors", f"{exact} names")
        if disputed := next((a for a in pattern.atoms if a.fact in corpus.disputes and a.stated_in is None), None):
            raise Refused("disputed", disputed.fact)
        self._check_part([corpus.fact[atom.fact] for atom in pattern.atoms], part)
        return drop_idle_inequalities(corpus, pattern)

    def _is_in(self, fact: Fact, part: Part) -> bool:
        return self.pools.part_of(fact.source.page) == part

    def _check_part(self, facts: Sequence[Fact], part: Part) -> None:
        """What was added to the subgraph, a date or the place around a place, must be stated in the same part, on a
        page that can be opened.
        """
        for fact in facts:
            if not self._is_in(fact, part):
                raise Refused("crosses_parts", fact.source.page)
            if self.evidence.page(fact) is None:
                raise Refused("no_evidence", f"{fact.id} {fact.source.page}")

    def _check_choice(self, pattern: Pattern, clues: Sequence[Branch], counts: Counts) -> None:
        """What the exact clues leave open must be a choice for the vague ones, and not too wide a one."""
        config = self.config
        if config.candidates < 2 and not config.max_candidates:
            return
        vague = [clue for clue in clues if is_vague(pattern, clue)]
        exact = [clue for clue in clues if clue not in vague]
        if not vague or not exact:
            raise Refused("no_choice", f"{len(vague)} vague, {len(exact)} exact clues")
        left = counts.of_clues(exact)
        if left < config.candidates:
            raise Refused("no_choice", f"{left} candidates")
        if config.max_candidates and left > config.max_candidates:
            raise Refused("too_hard", f"{left} candidates")

    def _check_hardness(self, measured: Measure, labels: Sequence[str]) -> Uncertainty:
        """Every dial that speaks of the finished question."""
        config, found = self.config, measured.uncertainty
        if config.max_frontier and found.frontier > config.max_frontier:
            raise Refused("too_hard", f"frontier {found.frontier:.1f} bits")
        if config.max_cost and found.oracle_cost > config.max_cost:
            raise Refused("too_hard", f"cost {found.oracle_cost}")
        if found.best_single < config.min_best_single:
            raise Refused("too_easy", f"one clue leaves {found.best_single:.1f} bits")
        if found.fog not in span(config.bits):
            raise Refused("bits", f"{found.fog:.1f}")
        if config.shape != "any" and (config.shape == "cyclic") != bool(found.cycle_rank):
            raise Refused("shape", f"cycle rank {found.cycle_rank}")
        codes = set(labels) - {PLAIN}
        if missing := [code for code in config.operators if code not in codes]:
            raise Refused("lost_operator", ", ".join(missing))
        if len(codes) not in span(config.operators_per_question):
            raise Refused("operators", f"{len(codes)}: {', '.join(sorted(codes))}")
        return without_idle(measured, [label == DISTRACTOR.code for label in labels])


def question_id(seed: int, part: Part, index: int) -> str:
    """Stable name of a question within its seed."""
    return f"{part}-{seed}-{index:06d}"
