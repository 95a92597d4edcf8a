"""Generated worlds in columns: determinism, types, single values, closed communities, cycles, dates."""

import dataclasses
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from websailor.wiki.relations import kinds, relations
from websailor.wiki.world import World, WorldConfig, generate
from websailor.wiki.world.config import Profile
from websailor.wiki.world.lexicon import lexicon
from websailor.wiki.world.pages import PageWriter

SMALL = generate(WorldConfig())
RICH = generate(WorldConfig(profile="rich", pages=3000))


def facts_of(world: World, relation: str) -> list[tuple[int, int]]:
    chosen = world.relation_F == world.relations.index(relation)
    return list(zip(world.subject_F[chosen].tolist(), world.object_F[chosen].tolist(), strict=True))


def some_facts_of(world: World, relation: str) -> list[tuple[int, int]]:
    found = facts_of(world, relation)
    assert found, relation
    return found


def links_of(world: World) -> tuple[np.ndarray, np.ndarray]:
    """(subject, object) of all facts between entities."""
    entity = np.array([kind == "entity" for kind in world.value_types()])[world.relation_F]
    return world.subject_F[entity], world.object_F[entity]


def clustering(world: World) -> float:
    return nx.average_clustering(nx.Graph(list(zip(*(ends.tolist() for ends in links_of(world)), strict=True))))


def assert_equal_worlds(left: World, right: World) -> None:
    for field in dataclasses.fields(World):
        ours, theirs = getattr(left, field.name), getattr(right, field.name)
        assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs, field.name


def test_a_seed_makes_one_world() -> None:
    for profile in ("small", "rich"):
        config = WorldConfig(profile=profile, pages=600, seed=3)
        assert_equal_worlds(generate(config), generate(config))
        other = generate(WorldConfig(profile=profile, pages=600, seed=4))
        assert not np.array_equal(other.name_N2, generate(config).name_N2)


def test_explicit_values_win_over_the_profile() -> None:
    assert WorldConfig(profile="rich").closing == 0.5
    assert WorldConfig(profile="rich", closing=0.0).closing == 0.0
    assert WorldConfig(profile="rich", leak=None).leak == WorldConfig(profile="rich").leak  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="need at least"):
        WorldConfig(pages=100, communities=9)
    with pytest.raises(ValidationError, match="too few"):
        WorldConfig(pages=5000, lexicon=50)
    with pytest.raises(ValidationError):
        WorldConfig(colour="red")  # type: ignore[call-arg]


def test_importing_costs_no_numpy() -> None:
    code = "import sys, websailor.wiki.world; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("world", [SMALL, RICH], ids=["small", "rich"])
def test_functional_relations_have_one_value(world: World) -> None:
    for name, relation in relations().items():
        counts = Counter(subject for subject, _ in facts_of(world, name))
        if relation.functional:
            assert max(counts.values(), default=1) == 1, name
        if relation.inverse_functional and name != "capital":
            assert max(Counter(value for _, value in facts_of(world, name)).values(), default=1) == 1, name
        if relation.symmetric:
            facts = set(facts_of(world, name))
            assert {(value, subject) for subject, value in facts} == facts, name


@pytest.mark.parametrize("world", [SMALL, RICH], ids=["small", "rich"])
def test_facts_join_the_types_the_lexicon_names(world: World) -> None:
    for name, relation in relations().items():
        for subject, value in facts_of(world, name):
            assert world.kinds[world.kind_N[subject]] in relation.subject, name
            if relation.value_type == "entity":
                assert subject != value
                assert world.kinds[world.kind_N[value]] in relation.object, name
    together = set(zip(world.subject_F.tolist(), world.relation_F.tolist(), world.object_F.tolist(), strict=True))
    assert len(together) == len(world.subject_F)


def test_the_rich_world_has_every_type_and_relation() -> None:
    assert set(RICH.kinds) == set(kinds())
    assert {RICH.relations[index] for index in RICH.relation_F.tolist()} == set(relations())


def test_small_communities_are_closed_and_of_one_size() -> None:
    subject, value = links_of(SMALL)
    assert (SMALL.community_N[subject] == SMALL.community_N[value]).all()
    sizes = Counter(SMALL.community_N.tolist())
    assert min(sizes.values()) >= 40
    assert max(sizes.values()) <= 60
    ends = zip(subject.tolist(), value.tolist(), strict=True)
    assert nx.number_connected_components(nx.Graph(list(ends))) == SMALL.config.community_count


def test_leak_joins_communities() -> None:
    subject, value = links_of(generate(WorldConfig(leak=0.3)))
    leaked = generate(WorldConfig(leak=0.3)).community_N
    share = (leaked[subject] != leaked[value]).mean()
    assert 0.02 < share < 0.3
    subject, value = links_of(RICH)
    assert 0.02 < (RICH.community_N[subject] != RICH.community_N[value]).mean() < 0.2


def test_closing_raises_clustering() -> None:
    profiles: dict[Profile, int] = {"small": 1500, "rich": 3000}
    for profile, pages in profiles.items():
        values = [clustering(generate(WorldConfig(profile=profile, pages=pages, closing=p))) for p in (0.0, 0.5, 1.0)]
        assert values[0] < values[1] < values[2]
        assert values[2] > 1.5 * values[0]


def test_zipf_makes_hubs() -> None:
    def most(zipf: float) -> int:
        world = generate(WorldConfig(profile="rich", pages=3000, zipf=zipf, closing=0.0))
        return max(Counter(value for _, value in facts_of(world, "born_in")).values())

    assert most(0.0) < most(0.8) < most(1.4)


def test_inverse_relations_leave_several_candidates() -> None:
    for relation, low, high in (("employed_by", 3, 6), ("studied_at", 3, 7), ("author", 1, 4)):
        counts = Counter(value for _, value in facts_of(SMALL, relation)).values()
        assert min(counts) >= low, relation
        assert max(counts) <= high, relation
        assert len(set(counts)) > 1


def test_years_agree_in_the_small_world() -> None:
    born, founded, published = (dict(some_facts_of(SMALL, name)) for name in ("born", "founded", "published"))
    assert all(1900 <= year <= 1999 for years in (born, founded, published) for year in years.values())
    assert all(born[mentor] + 8 <= born[pupil] for pupil, mentor in some_facts_of(SMALL, "mentor"))
    assert all(born[person] + 20 <= founded[group] for group, person in some_facts_of(SMALL, "founded_by"))
    assert all(founded[school] <= born[person] + 18 for person, school in some_facts_of(SMALL, "studied_at"))
    assert all(born[person] + 20 <= published[work] for work, person in some_facts_of(SMALL, "author"))


def test_years_agree_in_the_rich_world() -> None:
    world = generate(WorldConfig(profile="rich", pages=3000, stubs=0.0))
    names = ("born", "died", "founded", "published", "held", "opened")
    born, died, founded, published, held, opened = (dict(some_facts_of(world, name)) for name in names)
    assert all(born[person] + 45 <= year <= 1999 for person, year in died.items())
    assert not {person for person, _ in some_facts_of(world, "lives_in")} & set(died)
    assert all(born[parent] + 19 <= born[child] for child, parent in some_facts_of(world, "parent"))
    assert all(founded[school] <= born[person] + 18 for person, school in some_facts_of(world, "studied_at"))
    assert all(born[person] + 20 <= founded[group] for group, person in some_facts_of(world, "founded_by"))
    assert all(founded[company] <= published[work] for work, company in some_facts_of(world, "publisher"))
    assert all(published[source] < published[work] for work, source in some_facts_of(world, "based_on"))
    assert all(
        born[person] + 16 <= held[event] <= died.get(person, 1999) for event, person in some_facts_of(world, "winner")
    )
    assert all(born[person] + 22 <= opened[site] for site, person in some_facts_of(world, "designed_by"))
    tenured = np.flatnonzero(world.start_F)
    assert len(tenured) > 100
    for fact in tenured.tolist():
        relation = world.relations[world.relation_F[fact]]
        start, end = int(world.start_F[fact]), int(world.end_F[fact])
        subject, value = int(world.subject_F[fact]), int(world.object_F[fact])
        if relation == "owned_by":
            assert max(opened[subject], founded[value]) <= start <= 1999
            assert end == 0 or start <= end <= 1999
            continue
        person, group = (value, subject) if relation == "led_by" else (subject, value)
        assert max(born[person] + 20, founded[group]) <= start <= 1999
        assert end == 0 or start <= end <= died.get(person, 1999)


def test_leaders_follow_one_another() -> None:
    index = RICH.relations.index("led_by")
    spans: dict[int, list[tuple[int, int]]] = {}
    for fact in np.flatnonzero(RICH.relation_F == index).tolist():
        spans.setdefault(int(RICH.subject_F[fact]), []).append((int(RICH.start_F[fact]), int(RICH.end_F[fact])))
    assert any(len(terms) > 1 for terms in spans.values())
    for terms in spans.values():
        terms.sort()
        assert all(0 < end <= start for (_, end), (start, _) in pairwise(terms))


def test_names_are_distinct_for_search() -> None:
    """No two entities bear the same two words in any order: full-text search could not tell them apart."""
    pairs = Counter(frozenset(pair) for pair in SMALL.name_N2.tolist())
    assert max(pairs.values()) == 1
    assert len(set(SMALL.titles)) == len(SMALL)
    assert len(set(RICH.titles)) == len(RICH)
    shared = Counter(frozenset(pair) for pair in RICH.name_N2.tolist())
    assert sum(count == 2 for count in shared.values()) == (RICH.homonym_N >= 0).sum() / 2 > 20


def test_lexicon_is_one_list_of_readable_pseudo_words() -> None:
    words = lexicon(220)
    assert len(set(words)) == 220
    assert all(re.fullmatch(r"[A-Z][a-z]{3,6}", word) and re.search("[aeiou]", word[1:3]) for word in words)
    assert len({word[:3] for word in words}) == 220
    assert lexicon(900)[:220] == words
    large = sorted(lexicon(5000))
    assert len(set(large)) == 5000
    assert not any(right.startswith(left) for left, right in pairwise(large))


def test_small_pages_use_few_words_and_none_of_the_lexicon_for_anything_else() -> None:
    writer = PageWriter(SMALL)
    names = set(SMALL.words)
    words: Counter[str] = Counter()
    people = []
    for entity in range(len(SMALL)):
        text = writer.wikitext(entity, ())
        words.update(word for word in re.findall(r"[A-Za-z_]+", text) if word not in names)
        if SMALL.kinds[SMALL.kind_N[entity]] == "person":
            people.append(len(re.findall(r"\w+", text)))
    assert len(words) < 150
    assert not {word.capitalize() for word in words} & names
    assert 40 <= np.median(people) <= 70


@settings(max_examples=40, deadline=None)
@given(
    profile=st.sampled_from(["small", "rich"]),
    seed=st.integers(0, 10_000),
    pages=st.integers(30, 900),
    community_size=st.integers(30, 400),
    density=st.floats(0, 2),
    closing=st.floats(0, 1),
    leak=st.floats(0, 1),
    zipf=st.floats(0, 2),
    homonyms=st.floats(0, 0.5),
    stubs=st.floats(0, 1),
    hidden=st.floats(0, 1),
    disagreeing=st.floats(0, 0.2),
    spread=st.floats(0, 1.5),
    lists=st.booleans(),
)
def test_any_knobs_make_a_sound_world(profile: str, **knobs: object) -> None:
    world = generate(WorldConfig.model_validate({"profile": profile, **knobs}))
    assert len(world) == world.config.pages
    assert len(set(world.titles)) == len(world)
    assert np.bincount(world.community_N).sum() == len(world)
    assert (np.diff(world.subject_F) >= 0).all()
    assert (world.place_F & 15 > 0).all()
    for name, relation in relations().items():
        facts = facts_of(world, name)
        if relation.functional:
            assert len({subject for subject, _ in facts}) == len(facts)
        if relation.value_type == "entity":
            assert all(0 <= value < len(world) for _, value in facts)
    writer = PageWriter(world)
    for entity in range(0, len(world), 17):
        assert world.names[entity] in writer.wikitext(entity, ())
