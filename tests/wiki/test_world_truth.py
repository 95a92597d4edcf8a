"""A rich world after import: every fact stands on the pages that the truth names, and knobs do what they say."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from stating import phrase, plain, states

from websailor.files import read_json, read_jsonl
from websailor.records import InfoboxField, Page, Value
from websailor.wiki import Config, open_wiki, run
from websailor.wiki.reader import Wiki
from websailor.wiki.relations import kinds, relations
from websailor.wiki.world import TrueFact, World, WorldConfig, generate
from websailor.wiki.world.dump import all_pages
from websailor.wiki.world.held_out import FIRST_HELD_OUT_SEED, HeldOut, held_out_rule, is_cell_held_out
from websailor.wiki.world.model import DISAGREES, INFOBOX, ON_OBJECT, TABLE, TEXT
from websailor.wiki.world.placement import lead_slots

KNOBS = {"profile": "rich", "pages": 900, "community_size": 300, "seed": 11, "disagreeing": 0.05}


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    out = tmp_path_factory.mktemp("rich") / "wiki"
    run(Config.model_validate({"world": KNOBS}), {}, out)
    return open_wiki(out)


@pytest.fixture(scope="module")
def facts(wiki: Wiki) -> list[TrueFact]:
    return list(read_jsonl(wiki.path / "facts.jsonl", TrueFact))


@pytest.fixture(scope="module")
def world() -> World:
    return generate(WorldConfig.model_validate(KNOBS))


def in_infobox(wiki: Wiki, page: Page, fact: TrueFact) -> bool:
    """Does a line of the imported infobox say it, with its years?"""
    fields = [field for field in page.infobox if field.key == fact.relation]
    return any(says(wiki, value, fact) for field in fields for value in field.values)


def says(wiki: Wiki, value: Value, fact: TrueFact) -> bool:
    if fact.value_type == "entity":
        same = value.target is not None and wiki.resolve(value.target) == fact.object
        return same and (value.start, value.end) == (fact.start, fact.end)
    if fact.value_type == "number":
        return value.number == int(fact.object) and value.unit == fact.unit
    return fact.object in (value.date, value.text)


def test_every_fact_is_stated_on_every_page_that_the_truth_names(
    wiki: Wiki, facts: list[TrueFact], world: World
) -> None:
    names = dict(zip(world.titles, world.names, strict=True))
    kind = dict(zip(world.titles, (world.kinds[number] for number in world.kind_N.tolist()), strict=True))
    counts: Counter[str] = Counter()
    for fact in facts:
        assert fact.pages
        for title in fact.pages:
            page = wiki.page(title)
            assert page is not None
            assert page.title == title
            boxed = title == fact.subject and in_infobox(wiki, page, fact)
            assert boxed or states(page.text, title, fact, kind[fact.subject], names), (title, fact)
            counts["infobox" if boxed else "list" if title.startswith("List of ") else "text"] += 1
            counts["tenure"] += fact.start is not None
    assert counts["infobox"] > 3000
    assert min(counts["list"], counts["text"]) > 1000
    assert counts["tenure"] > 400


def test_infoboxes_state_nothing_but_the_truth(wiki: Wiki, facts: list[TrueFact], world: World) -> None:
    truth: dict[tuple[str, str], list[TrueFact]] = {}
    for fact in facts:
        truth.setdefault((fact.subject, fact.relation), []).append(fact)

    def wrong(title: str, field: InfoboxField) -> list[Value]:
        known = truth.get((title, field.key), [])
        return [value for value in field.values if not any(says(wiki, value, fact) for fact in known)]

    for title in world.titles:
        page = wiki.page(title)
        assert page is not None
        assert not [(field.key, wrong(title, field)) for field in page.infobox if wrong(title, field)], title


def test_disputed_facts_are_told_both_ways_on_one_page(wiki: Wiki, facts: list[TrueFact], world: World) -> None:
    names = dict(zip(world.titles, world.names, strict=True))
    kind = dict(zip(world.titles, (world.kinds[number] for number in world.kind_N.tolist()), strict=True))
    disputed = [fact for fact in facts if fact.disputed]
    for fact in disputed:
        page = wiki.page(fact.subject)
        assert page is not None
        assert in_infobox(wiki, page, fact)
        assert fact.said not in (None, fact.object)
        told = fact.model_copy(update={"object": fact.said})
        assert states(page.text, page.title, told, kind[fact.subject], names), fact
        prose = page.text.split("Record\n")[0]
        assert not states(prose, page.title, fact, kind[fact.subject], names), fact
    assert {fact.value_type for fact in disputed} == {"entity", "date", "number"}
    assert len({fact.subject for fact in disputed}) == len(disputed)
    assert all(fact.said is None for fact in facts if not fact.disputed)
    assert read_json(wiki.path / "world.json")["disputed"] == len(disputed)


def test_facts_hide_in_one_place_of_a_page(world: World) -> None:
    """Some facts stand in the infobox alone, some in the text, some in a table; the share follows the knob."""
    places = Counter((world.place_F & (INFOBOX | TEXT | TABLE)).tolist())
    assert min(places[INFOBOX], places[TEXT], places[TABLE]) > 100
    shown = generate(WorldConfig.model_validate({**KNOBS, "hidden": 0.0}))
    assert (shown.place_F & INFOBOX).all()
    hidden = generate(WorldConfig.model_validate({**KNOBS, "hidden": 0.5}))
    without = (hidden.place_F & INFOBOX == 0).mean()
    # Two thirds of the hidden ones are out of the infobox; first sentences hide nothing.
    assert 0.18 < without < 0.5 * 2 / 3 + 0.02
    assert (hidden.place_F & ON_OBJECT > 0).any()


def test_every_phrasing_is_used() -> None:
    known = relations()
    for relation in known.values():
        assert len(set(relation.sentences)) >= 3, relation.name
        for others in (relation.since, relation.tenure):
            assert not others or len(set(others)) >= 3, relation.name
    assert {name for name, relation in known.items() if relation.since} >= {
        "employed_by",
        "member_of",
        "led_by",
        "owned_by",
    }
    world = generate(WorldConfig(profile="rich", pages=3000, community_size=100, lists=False))
    text = plain("\n".join(page.text for page in all_pages(world)))
    in_leads = {slot for kind in kinds().values() for lead in kind.leads for slot in lead_slots(lead)}
    worded = [
        *(s for relation in known.values() for s in (*relation.since, *relation.tenure)),
        *(s for name, rel in known.items() if not rel.since and name not in in_leads for s in rel.sentences),
        *(lead for kind in kinds().values() for lead in (kind.leads[0], *kind.other_leads)),
    ]
    of_small_worlds = {"{s} is a school in {located_in}.", "{s} is a club in {located_in}."}
    assert {sentence for sentence in worded if not phrase(sentence).search(text)} == of_small_worlds


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2])
def test_homonyms_follow_the_knob(share: float) -> None:
    world = generate(WorldConfig(profile="rich", pages=6000, homonyms=share))
    assert (world.homonym_N >= 0).mean() == pytest.approx(share, rel=0.15)
    bearers = Counter(world.names)
    assert sum(count for count in bearers.values() if count > 1) == (world.homonym_N >= 0).sum()
    assert len(set(world.titles)) == len(world)


@pytest.mark.parametrize("share", [0.0, 0.03, 0.15])
def test_disagreeing_pages_follow_the_knob(share: float) -> None:
    world = generate(WorldConfig(profile="rich", pages=6000, disagreeing=share))
    assert len(world.disputed_D) / len(world) == pytest.approx(share, rel=0.2)
    assert (np.flatnonzero(world.place_F & DISAGREES) == world.disputed_D).all()
    assert (world.said_D != world.object_F[world.disputed_D]).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_stubs_follow_the_knob(share: float) -> None:
    """A stub states its first sentence (and what holds in both directions) and no more."""
    world = generate(WorldConfig(profile="rich", pages=6000, stubs=share, density=2.0))
    longest = {name: max((lead_slots(lead) for lead in kind.leads), key=len) for name, kind in kinds().items()}
    kept = [{*longest[kind], "spouse"} for kind in world.kinds]
    of = np.array(world.relations)[world.relation_F]
    person = world.kinds.index("person")
    more = [relation not in kept[person] for relation in of[world.kind_N[world.subject_F] == person].tolist()]
    told = np.zeros(len(world), bool)
    told[world.subject_F[world.kind_N[world.subject_F] == person][more]] = True
    assert 1 - told[world.kind_N == person].mean() == pytest.approx(share, abs=0.03)


def test_near_misses_follow_the_knob() -> None:
    """Pairs that agree in school, birthplace and field, and in author, genre and scene."""

    def alike(share: float) -> dict[str, float]:
        world = generate(WorldConfig(profile="rich", pages=6000, stubs=0.0, near_misses=share))
        found = {}
        for kind, names in {
            "person": ("studied_at", "born_in", "field"),
            "work": ("author", "genre", "set_in"),
        }.items():
            values = [dict(world.literal_by_subject(name)) for name in names]
            whole = [entity for entity in values[0] if all(entity in column for column in values)]
            shared = Counter(tuple(column[entity] for column in values) for entity in whole)
            found[kind] = sum(count for count in shared.values() if count > 1) / len(whole)
        return found

    few, many = alike(0.0), alike(0.4)
    assert all(many[kind] > few[kind] + 0.15 for kind in few)


def test_a_world_says_what_is_held_out(tmp_path: Path, wiki: Wiki) -> None:
    rule = held_out_rule(wiki.path)
    assert rule == HeldOut(cell_share=0.1)
    assert read_json(wiki.path / "world.json")["split"] == "train"
    config = Config.model_validate({"world": {"pages": 60, "seed": FIRST_HELD_OUT_SEED, "held_out_cells": 0.5}})
    run(config, {}, tmp_path / "wiki")
    assert read_json(tmp_path / "wiki" / "world.json")["split"] == "held_out"
    assert rule is not None
    assert held_out_rule(tmp_path) is None
    cells = [(f"{number:08x}", kind) for number in range(400) for kind in ("person", "work", "event")]
    tenth = {cell for cell in cells if is_cell_held_out(*cell, rule)}
    half = held_out_rule(tmp_path / "wiki")
    assert half is not None
    assert tenth < {cell for cell in cells if is_cell_held_out(*cell, half)}
    assert len(tenth) / len(cells) == pytest.approx(0.1, abs=0.03)
    assert not any(is_cell_held_out(*cell, HeldOut()) for cell in cells)
