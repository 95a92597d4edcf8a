"""U9 (c): two relations that held at the same time, against SQL and against every pair tried; proposals; words."""

import random
from itertools import islice

import numpy as np
import pytest
from proof_by_trying import brute_force
from proof_oracles import ENTITY_RELATIONS, Graph, Sql, random_graph
from rich_world import rich_corpus, rich_maker

from websailor.questions import Config
from websailor.questions.composition import Composer
from websailor.questions.operators import PROPOSERS
from websailor.questions.operators.base import Case, Counts, Draft
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.query import compile_pattern
from websailor.questions.structure import branches, exact_pattern, keep_branches
from websailor.questions.words.realise import ordered_clues, realise
from websailor.records import Atom, Domain, Fact, Pattern, Phrase
from websailor.wiki.relations import Language

TIME = PROPOSERS["U9"]


def overlapping(rng: random.Random, graph: Graph) -> Pattern:
    """A query of two relations that meet in something unsaid, at the same time; one end is often named."""
    one, other = rng.choice(ENTITY_RELATIONS), rng.choice(ENTITY_RELATIONS)
    first = ("x0", "z0") if rng.random() < 0.5 else ("z0", "x0")
    second = ("y0", "z0") if rng.random() < 0.5 else ("z0", "y0")
    atoms = tuple(
        Atom(relation=relation, subject=pair[0], object=pair[1], fact="")
        for relation, pair in ((one, first), (other, second))
    )
    domains = [Domain(variable="y0", lattice="entity", value=rng.choice(graph.entities).id)]
    if rng.random() < 0.4:
        domains = [Domain(variable="x0", lattice="kind", value=rng.choice(graph.entities).kind)]
    phrase = Phrase(operator="U9", name="", atoms=(0, 1), left="x0", right="y0")
    return Pattern(
        focus="x0",
        variables=("x0", "z0", "y0"),
        atoms=atoms,
        domains=tuple(domains),
        distinct=(("x0", "y0"),) if rng.random() < 0.5 else (),
        phrases=(phrase,),
    )


def tried(graph: Graph, pattern: Pattern) -> set[str]:
    """Every pair of facts tried, year by year."""
    symmetric = [
        fact.model_copy(update={"subject": fact.object, "object": fact.subject})
        for fact in graph.facts
        if fact.relation == "spouse"
    ]
    facts = [fact for fact in (*graph.facts, *symmetric) if fact.value_type == "entity"]

    def sides(atom: Atom) -> list[tuple[str, str, Fact]]:
        held = [fact for fact in facts if fact.relation == atom.relation]
        forward = atom.object == "z0"
        return [(fact.subject, fact.object, fact) if forward else (fact.object, fact.subject, fact) for fact in held]

    def years(fact: Fact) -> set[int]:
        return set(range(fact.start or 1800, (fact.end or 2100) + 1))

    return {
        left
        for left, middle, one in sides(pattern.atoms[0])
        for right, same, other in sides(pattern.atoms[1])
        if middle == same
        and years(one) & years(other)
        and not (pattern.distinct and left == right)
        and all(
            {"x0": left, "y0": right}[domain.variable] == domain.value
            if domain.lattice == "entity"
            else next(e.kind for e in graph.entities if e.id == left) == domain.value
            for domain in pattern.domains
        )
    }


@pytest.mark.parametrize("seed", range(4))
def test_overlaps_are_those_of_sql_and_of_every_pair_tried(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng, 9, 90)
    database = Sql()
    database.add(0, graph)
    fewer = 0
    for _ in range(60):
        pattern = overlapping(rng, graph)
        found = {graph.tables.name(int(node)) for node in ask(graph.tables, pattern).nodes}
        assert found == tried(graph, pattern) == database.answers(0, pattern)
        ever = brute_force(graph, pattern.model_copy(update={"phrases": ()}))
        assert found <= ever
        fewer += found < ever
    assert fewer > 5


def test_the_strict_reading_asks_for_beginnings_and_more_than_a_shared_year() -> None:
    rng = random.Random(7)
    graph = random_graph(rng, 9, 90)
    smaller = 0
    for _ in range(40):
        pattern = overlapping(rng, graph)
        loose, strict = (compile_pattern(pattern, graph.tables, strict=strict).atoms[-1][0] for strict in (False, True))
        pairs = [set(zip(*(side.tolist() for side in one.pairs()), strict=True)) for one in (loose, strict)]
        assert pairs[1] <= pairs[0]
        smaller += pairs[1] < pairs[0]
    assert smaller > 10


def drafts() -> list[Draft]:
    corpus, maker = rich_corpus(), rich_maker(Config(max_nodes=4))
    found = []
    for index in range(60):
        focus = maker.pools.draw("train", np.random.default_rng(index))
        facts = [corpus.tellable[number] for number in focus.sample.facts]
        pattern = exact_pattern(corpus, facts, corpus.entities[focus.node].id, ())
        if proves(corpus.tables, pattern):
            found.append(maker.composer.draft(pattern, lambda _: True))
    return found


def proposed() -> list[Pattern]:
    """Proposals that say that two relations held at the same time."""
    return [
        pattern
        for number, draft in enumerate(drafts())
        for pattern in islice(TIME.propose(draft, random.Random(number)), 12)
        if any(phrase.operator == "U9" for phrase in pattern.phrases)
    ]


def alone(pattern: Pattern) -> Pattern:
    """The pattern with the clue of its newest phrase and no other."""
    atoms = set(pattern.phrases[-1].atoms)
    return keep_branches(pattern, [clue for clue in branches(pattern) if atoms <= set(clue.atoms)])


def case_of(pattern: Pattern) -> Case:
    clues = branches(pattern)
    counts = Counts(rich_corpus().tables, pattern)
    return next(case for clue in clues if TIME.applies(case := Case(counts, clues, clue)))


def test_a_proposal_is_true_of_its_answer_and_earns_its_label() -> None:
    tables, names, earned = rich_corpus().tables, set[str](), 0
    for pattern in proposed():
        names.add(pattern.phrases[-1].name)
        assert tables.index[pattern.assignment[pattern.focus]] in ask(tables, pattern).nodes
        earned += TIME.holds(case_of(alone(pattern)))
    assert len(names) > 1, names
    assert earned


def test_a_label_is_lost_where_the_tenures_did_not_meet_or_more_is_told() -> None:
    """Another witness, who left before the other came; and the thing between them told by another clue."""
    corpus = rich_corpus()
    pattern = next(one for one in map(alone, proposed()) if TIME.holds(case_of(one)))
    phrase = pattern.phrases[-1]
    middle = next(name for name in pattern.variables if name.startswith("z"))
    told = Domain(variable=middle, lattice="initial", value=pattern.assignment[middle][0])
    assert not TIME.holds(case_of(pattern.model_copy(update={"domains": (*pattern.domains, told)})))
    seen_from = pattern.model_copy(update={"focus": phrase.left, "distinct": ()})
    then = set(ask(corpus.tables, seen_from).nodes.tolist())
    ever = set(ask(corpus.tables, seen_from.model_copy(update={"phrases": ()})).nodes.tolist())
    stranger = corpus.tables.name(min(ever - then))
    moved = pattern.model_copy(update={"assignment": {**pattern.assignment, phrase.left: stranger}})
    assert not TIME.holds(case_of(moved))


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("same time", "at a time when", "while")), ("zh", ("同一时期", "期间", "当时"))]
)
def test_words_say_that_it_was_at_the_same_time(language: Language, words: tuple[str, ...]) -> None:
    corpus, told = rich_corpus(), 0
    for number, pattern in enumerate([one for one in proposed() if Composer.sayable(one)][:12]):
        clues = ordered_clues(pattern)
        said = realise(corpus, pattern, clues, "full", language, random.Random(number))
        assert any(word in said.prompt for word in words), said.prompt
        place = next(n for n, clue in enumerate(clues) if set(pattern.phrases[-1].atoms) <= set(clue.atoms))
        assert any(word in said.clues[place] for word in words)
        told += 1
    assert told
