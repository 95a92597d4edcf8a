"""One question: from a drawn subgraph to a proved record, or the reason why not.

Enters: a `Corpus`, the wiki, the pools of subgraphs, a config. Leaves: `records.Question`; a try that fails raises
`Refused`. Every random choice of a question comes from (seed, part, index, attempt), so questions do not depend on one
another.
"""

import random
import re
from collections.abc import Iterator, Sequence

import numpy as np

from websailor.questions.config import Config
from websailor.questions.corpus import Corpus, plain
from websailor.questions.evidence import EvidenceBook
from websailor.questions.level import is_one_functional_hop, leaks, level_of
from websailor.questions.measure import measure, plan_work
from websailor.questions.operators import operator_of
from websailor.questions.operators.base import Case, Counts
from websailor.questions.operators.u1_fuzzy import EXACT
from websailor.questions.pools import Part, Pools
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.join import ProofTooLarge
from websailor.questions.seen import Refused, Seen
from websailor.questions.structure import (
    Branch,
    branches,
    domain_of,
    exact_pattern,
    with_literal,
    without_idle_literals,
)
from websailor.questions.widening import drop_idle_inequalities, drop_redundant, widen
from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import Words, ordered_clues, realise
from websailor.records import Clue, Entity, Fact, Pattern, Question
from websailor.wiki.reader import Wiki

_NOT_WORD = re.compile(r"[\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


ROUNDS = 2
"""Widening and dropping by turns: what was dropped leaves room for the rest to become vaguer."""


class Maker:
    """Makes questions one by one."""

    def __init__(self, config: Config, corpus: Corpus, wiki: Wiki, pools: Pools) -> None:
        self.config = config
        self.corpus = corpus
        self.wiki = wiki
        self.pools = pools
        self.evidence = EvidenceBook(wiki, corpus)
        self.lattices = frozenset(config.lattices)

    def attempt(self, part: Part, index: int, attempt: int, seen: Seen) -> Question:
        """One try at question `index` of a part, not to repeat what was `seen`. Raises `Refused`."""
        config, corpus = self.config, self.corpus
        rng = random.Random(f"{config.seed}/{part}/{index}/{attempt}")
        focus = self.pools.draw(part, np.random.default_rng(rng.getrandbits(63)))
        answer = corpus.entities[focus.node]
        seen.check_answer(answer.name)
        facts = [corpus.tellable[number] for number in focus.sample.facts]
        if unread := next((fact for fact in facts if self.evidence.page(fact) is None), None):
            raise Refused("no_evidence", f"{unread.id} {unread.source.page}")
        if twice := self._told_twice(facts):
            raise Refused("told_twice", twice)
        count = config.named_anchors[0] if len(config.named_anchors) == 1 else rng.choice(config.named_anchors)
        named = self._choose_named(facts, answer.id, count, rng)
        pattern = self._with_literals(exact_pattern(corpus, facts, answer.id, named), named, rng)
        try:
            pattern = self._vague(pattern, named, count, rng)
            self._check_part(pattern, part)
            seen.check_pattern(pattern)
            clues = ordered_clues(pattern)
            counts = Counts(corpus.tables, pattern)
            self._check_choice(pattern, clues, counts)
            work = plan_work(corpus.tables, pattern)
            measured = measure(counts, clues, work)
            self._check_hardness(measured.uncertainty.frontier, work.cost, measured.uncertainty.best_single)
            words = realise(corpus, pattern, clues, config.style, config.language, rng)
        except NoWording as error:
            raise Refused("no_wording", str(error)) from error
        except ProofTooLarge as error:
            raise Refused("proof_too_large", str(error)) from error
        self._check_words(words, answer)
        seen.check_prompt(words.prompt)
        leak = leaks(self.wiki, answer.id, (words.prompt, *words.clues), config.leak_rank)
        one_hop = is_one_functional_hop(corpus.tables, pattern)
        level = level_of(pattern, clues, measured.uncertainty.frontier, leak or one_hop)
        if level not in config.level:
            reason = "leak" if leak else "too_easy" if level < min(config.level) else "too_hard"
            raise Refused(reason, f"level {level}")
        case = [Case(counts, clues, clue) for clue in clues]
        return Question(
            id=question_id(config.seed, part, index),
            prompt=words.prompt,
            answer=answer.name,
            aliases=self._aliases(answer),
            pattern=pattern,
            clues=tuple(
                Clue(
                    text=text,
                    operator=operator_of(one),
                    facts=tuple(pattern.atoms[number].fact for number in clue.atoms),
                    variables=variables_of(pattern, clue),
                    gain=gain,
                    necessary=necessary,
                )
                for clue, one, text, gain, necessary in zip(
                    clues, case, words.clues, measured.gains, measured.necessary, strict=True
                )
            ),
            level=level,
            uncertainty=measured.uncertainty,
            evidence=tuple(self.evidence.of(pattern, clues)),
            shape=focus.sample.form.class_id,
            focus_orbit=focus.orbit,
            language=config.language,
            split=part,
            seed=config.seed,
        )

    def _told_twice(self, facts: Sequence[Fact]) -> str | None:
        """A relation that has one object by nature and two here: a place of death with the city and its country."""
        told: set[tuple[str, str]] = set()
        for fact in facts:
            relation = self.corpus.relation(fact)
            if relation is not None and relation.functional and not self.corpus.lexicon.is_generated:
                if (fact.subject, relation.name) in told:
                    return f"{fact.subject} {relation.name}"
                told.add((fact.subject, relation.name))
        return None

    def _choose_named(self, facts: Sequence[Fact], focus: str, count: int, rng: random.Random) -> list[str]:
        """Which entities stay named: leaves first, since a name in the middle makes what lies beyond it idle."""
        degree: dict[str, int] = {}
        for fact in facts:
            for entity in (fact.subject, fact.object):
                degree[entity] = degree.get(entity, 0) + 1
        others = sorted(entity for entity in degree if entity != focus)
        rng.shuffle(others)
        others.sort(key=lambda entity: degree[entity])
        return others[:count]

    def _with_literals(self, pattern: Pattern, named: Sequence[str], rng: random.Random) -> Pattern:
        """Add dates and numbers until the question has as many clues as were drawn for it."""
        wanted = rng.randint(self.config.min_clues, self.config.max_clues)
        have = len(branches(pattern))
        if have > self.config.max_clues:
            raise Refused("too_many_clues", str(have))
        if self.config.candidates >= 2 and all(d.value in named for d in pattern.domains if d.lattice == "entity"):
            left = len(ask(self.corpus.tables, pattern))
            if left < self.config.candidates:
                raise Refused("no_choice", f"{left} candidates")
        missing = max(wanted - have, 1 if self.config.candidates >= 2 and have < self.config.max_clues else 0)
        described = [entity for entity in pattern.assignment.values() if entity not in named]
        choices = [
            fact
            for entity in described
            for fact in self.corpus.literals.get(entity, ())
            if self.evidence.page(fact) is not None
        ]
        focus = pattern.assignment[pattern.focus]
        order = sorted(choices, key=lambda fact: (rng.random() * (0.5 if fact.subject == focus else 1.0), fact.id))
        taken: set[tuple[str, str]] = set()
        for fact in order:
            if len(taken) >= missing:
                break
            if (fact.subject, fact.relation) not in taken:
                taken.add((fact.subject, fact.relation))
                pattern = with_literal(pattern, fact)
        return pattern

    def _vague(self, pattern: Pattern, named: Sequence[str], names: int, rng: random.Random) -> Pattern:
        config, corpus = self.config, self.corpus
        if not proves(corpus.tables, pattern):
            raise Refused("not_unique")
        removable = 0
        for _ in range(ROUNDS):
            pattern = without_idle_literals(widen(corpus, pattern, named, self.lattices, config.fog, rng))
            fewest_named = min(names, len(named))
            pattern, removable = drop_redundant(corpus, pattern, config.min_clues, fewest_named, rng)
        count = len(branches(pattern))
        if 1 - removable / count < config.min_necessity:
            raise Refused("redundant_clue", f"{removable} of {count}")
        if not config.min_clues <= count <= config.max_clues:
            raise Refused("too_few_clues" if count < config.min_clues else "too_many_clues", str(count))
        exact = sum(domain.lattice == "entity" for domain in pattern.domains)
        if exact != names:
            raise Refused("anchors", f"{exact} names")
        return drop_idle_inequalities(corpus, pattern)

    def _check_part(self, pattern: Pattern, part: Part) -> None:
        """What was added to the subgraph, a date or the place around a place, must be stated in the same part."""
        for atom in pattern.atoms:
            page = self.corpus.fact[atom.fact].source.page
            if self.pools.part_of(page) != part:
                raise Refused("crosses_parts", page)

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

    def _check_hardness(self, frontier: float, cost: int, best_single: float) -> None:
        config = self.config
        if config.max_frontier and frontier > config.max_frontier:
            raise Refused("too_hard", f"frontier {frontier:.1f} bits")
        if config.max_cost and cost > config.max_cost:
            raise Refused("too_hard", f"cost {cost}")
        if best_single < config.min_best_single:
            raise Refused("too_easy", f"one clue leaves {best_single:.1f} bits")

    def _check_words(self, words: Words, answer: Entity) -> None:
        names = (answer.name, answer.id, *answer.aliases)
        for text in (words.prompt, *words.clues):
            if said := next((name for name in names if contains_name(text, name)), None):
                raise Refused("names_answer", said)
        length = len(words.prompt) if self.config.language == "zh" else len(words.prompt.split())
        if self.config.max_words and length > self.config.max_words:
            raise Refused("too_long", str(length))

    def _aliases(self, answer: Entity) -> tuple[str, ...]:
        others = dict.fromkeys((answer.id, *answer.aliases))
        return tuple(name for name in others if name != answer.name)


def question_id(seed: int, part: Part, index: int) -> str:
    """Stable name of a question within its seed."""
    return f"{part}-{seed}-{index:06d}"


def is_vague(pattern: Pattern, clue: Branch) -> bool:
    """True when a clue ends in a label instead of a name or a value."""
    return clue.closing is None and domain_of(pattern, clue.leaf, *EXACT) is None


def variables_of(pattern: Pattern, clue: Branch) -> tuple[str, ...]:
    """Variables that a clue speaks of."""
    names: Iterator[str] = (
        name for number in clue.atoms for name in (pattern.atoms[number].subject, pattern.atoms[number].object)
    )
    return tuple(dict.fromkeys(names))


def contains_name(text: str, name: str) -> bool:
    """True when a text holds a name as whole words, whatever the case and punctuation."""
    if _CJK.search(name):
        return plain(name) in plain(text)
    words = _NOT_WORD.sub(" ", plain(name)).strip()
    return bool(words) and f" {words} " in f" {_NOT_WORD.sub(' ', plain(text))} "
