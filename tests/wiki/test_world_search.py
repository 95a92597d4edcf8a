"""Fuzzy clues can be searched: with the list pages of the lattices, and hardly without them."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from websailor.files import read_jsonl
from websailor.records import Link, Page
from websailor.wiki import Config, open_wiki, run
from websailor.wiki.reader import Wiki
from websailor.wiki.relations import kinds, relations
from websailor.wiki.world import TrueFact, WorldConfig, generate
from websailor.wiki.world.listing import AMOUNTS, PLACES, YEARS, first_digit_range

KNOBS = {"profile": "rich", "pages": 1600, "seed": 3}
TRUE = 10
"""Candidates of which the precision is taken."""
Fits = Callable[[TrueFact], bool]


class Clue(NamedTuple):
    """A fuzzy clue: the words of its search, what fits it, and the section of a divided list that speaks of it."""

    query: str
    fitting: frozenset[str]
    section: str = ""


def imported(directory: Path, lists: bool) -> Wiki:
    run(Config.model_validate({"world": {**KNOBS, "lists": lists}}), {}, directory)
    return open_wiki(directory)


@pytest.fixture(scope="module")
def with_lists(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    return imported(tmp_path_factory.mktemp("with") / "wiki", True)


@pytest.fixture(scope="module")
def without_lists(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    return imported(tmp_path_factory.mktemp("without") / "wiki", False)


@pytest.fixture(scope="module")
def clues(with_lists: Wiki) -> dict[str, list[Clue]]:
    """Lattice level -> clues, drawn from the facts and worded as questions word them."""
    world = generate(WorldConfig.model_validate(KNOBS))
    kind = dict(zip(world.titles, (world.kinds[number] for number in world.kind_N.tolist()), strict=True))
    facts = list(read_jsonl(with_lists.path / "facts.jsonl", TrueFact))
    within = {(fact.subject, fact.relation): fact.object for fact in facts}
    levels: dict[str, list[Clue]] = {}
    rng = random.Random(0)

    def region(place: str) -> str | None:
        return place if kind[place] == "region" else within.get((place, "located_in"))

    def add(level: str, fact: TrueFact, label: str, fits: Fits, section: str = "") -> None:
        chosen = kind[fact.subject]
        fitting = {f.subject for f in facts if f.relation == fact.relation and kind[f.subject] == chosen and fits(f)}
        words = relations()[fact.relation].clue[0].format(o=label)
        levels.setdefault(level, []).append(Clue(f"{chosen} {words}", frozenset(fitting), section))

    def years(level: str, fact: TrueFact, label: str, first: int, last: int) -> None:
        add(level, fact, label, lambda other: first <= int(other.object) <= last)

    for name in YEARS:
        for fact in rng.sample([fact for fact in facts if fact.relation == name], 4):
            year = int(fact.object)
            decade, half, century = year // 10 * 10, year // 50 * 50, year // 100 * 100
            years("decade", fact, f"the {decade}s", decade, decade + 9)
            years("half-century", fact, f"between {half} and {half + 49}", half, half + 49)
            years("century", fact, f"the {century // 100 + 1}th century", century, century + 99)
    for name in PLACES:
        for fact in rng.sample([fact for fact in facts if fact.relation == name], 3):
            here = region(fact.object)
            if here is None:
                continue
            add("region", fact, here, lambda other, here=here: region(other.object) == here)
            country = within.get((here, "part_of"))
            if country is not None:
                there = {place for place in kind if within.get((place, "part_of")) == country}
                add("country", fact, country, lambda other, there=there: region(other.object) in there)
    for name in AMOUNTS:
        for fact in rng.sample([fact for fact in facts if fact.relation == name], 4):
            low, high = first_digit_range(int(fact.object))
            span = f"etween {low:,} and {high:,}"
            label = f"b{span} {fact.unit}" if fact.unit else f"b{span}"
            add("amount", fact, label, lambda other, low=low, high=high: low <= int(other.object) < high, f"B{span}")
    for title in rng.sample(sorted(kind), 12):
        fitting = frozenset(other for other in kind if kind[other] == kind[title] and other[0] == title[0])
        query = f"{kind[title]} whose name begins with {title[0]}"
        levels.setdefault("initial", []).append(Clue(query, fitting, title[0]))
    return levels


def candidates(wiki: Wiki, clue: Clue) -> Iterator[str]:
    """What a reader of the hits meets, in order: pages of entities, and what lists collect, lists of lists opened."""
    seen: set[str] = set()

    def read(page: Page) -> Iterator[str]:
        if page.title in seen or page.disambiguation:
            return
        seen.add(page.title)
        if page.infobox_type is not None:
            yield page.title
            return
        for link in first_links(page, clue.section):
            target = wiki.page(link.target)
            assert target is not None
            yield from read(target)

    for hit in wiki.search(clue.query, 10):
        page = wiki.page(hit.title)
        assert page is not None
        yield from read(page)


def first_links(page: Page, section: str) -> Iterator[Link]:
    """The first link of every line, of the named section alone where the page has it."""
    starts = {link.offset: link for link in reversed(page.links)}
    lines = page.text.split("\n")
    divided = section != "" and section in lines
    inside, offset = not divided, 0
    for line in lines:
        link = next((starts[place] for place in range(offset, offset + len(line)) if place in starts), None)
        if link is not None and inside:
            yield link
        elif divided and line and link is None:
            inside = line == section
        offset += len(line) + 1


def precision(wiki: Wiki, clue: Clue) -> float:
    """Share of the first ten candidates that fit the clue (of as many as fit it, where fewer do)."""
    most = min(TRUE, len(clue.fitting))
    return sum(title in clue.fitting for title in islice(candidates(wiki, clue), most)) / most


def test_every_level_of_every_lattice_has_its_page(with_lists: Wiki) -> None:
    world = generate(WorldConfig.model_validate(KNOBS))
    plural = {
        title: kinds()[world.kinds[kind]].plural
        for title, kind in zip(world.titles, world.kind_N.tolist(), strict=True)
    }
    facts = list(read_jsonl(with_lists.path / "facts.jsonl", TrueFact))
    part_of = {fact.subject: fact.object for fact in facts if fact.relation in ("located_in", "part_of")}
    countries = [title for title in plural if plural[title] == "countries"]
    wanted: set[str] = set()
    for fact in facts:
        things = f"List of {plural[fact.subject]}"
        if fact.relation in YEARS:
            year = int(fact.object)
            labels = (
                f"in the {year // 10 * 10}s",
                f"between {year // 50 * 50} and {year // 50 * 50 + 49}",
                f"in the {year // 100 + 1}th century",
            )
            own = next(title for title in fact.pages if title.startswith("List of "))
            home = own.partition("s (")[2]
            words = f"{things} {YEARS[fact.relation][0]}"
            wanted |= {f"{words} {label}{place}" for label in labels for place in ("", f" ({home}")}
        elif fact.relation in PLACES:
            region = part_of[fact.object] if plural[fact.object] == "settlements" else fact.object
            wanted |= {f"{things} {PLACES[fact.relation]} {place}" for place in (region, part_of[region])}
        elif fact.relation in AMOUNTS:
            low, high = first_digit_range(int(fact.object))
            wanted.add(f"{things} {AMOUNTS[fact.relation].format(low=f'{low:,}', high=f'{high:,}')}")
    for title, things in plural.items():
        wanted |= {f"List of {things} whose names begin with {title[0]}", f"Index of {things}"}
    wanted |= {f"Index of {things} of {home}" for things in set(plural.values()) - {"countries"} for home in countries}
    assert len(wanted) > 1000
    assert wanted <= set(with_lists.titles())


def test_lists_make_fuzzy_clues_searchable(with_lists: Wiki, without_lists: Wiki, clues: dict[str, list[Clue]]) -> None:
    assert set(clues) == {"decade", "half-century", "century", "region", "country", "amount", "initial"}
    for level, members in clues.items():
        found = sum(precision(with_lists, clue) for clue in members) / len(members)
        missed = sum(precision(without_lists, clue) for clue in members) / len(members)
        assert found >= 0.88, level
        # Most of what lives in such a world lived in one century: there, chance finds much.
        assert missed < (0.8 if level == "century" else 0.35), level
