"""The dump on disk: XML that parses, links that lead somewhere, and a truth that the pages bear out word for word."""

import bz2
import dataclasses
import re
from collections import Counter, defaultdict
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] -- built from Cython, without stubs
from stating import LINK, phrase, plain, states

from websailor.files import read_jsonl
from websailor.wiki.relations import relations
from websailor.wiki.world import TrueFact, World, WorldConfig, generate, generate_dump, write_dump, write_truth
from websailor.wiki.world.dump import all_pages, true_facts

EXPORT = "{http://www.mediawiki.org/xml/export-0.11/}"
PROFILES = ("small", "rich")


@cache
def world_of(profile: str) -> World:
    return generate(WorldConfig.model_validate({"profile": profile, "pages": 1200, "seed": 5, "disagreeing": 0.03}))


@cache
def texts_of(profile: str) -> dict[str, str]:
    """Title -> wikitext of every page that is no redirect."""
    return {page.title: page.text for page in all_pages(world_of(profile)) if page.redirect is None}


@cache
def facts_of(profile: str) -> tuple[TrueFact, ...]:
    return tuple(true_facts(world_of(profile)))


@cache
def names_of(profile: str) -> dict[str, str]:
    world = world_of(profile)
    return dict(zip(world.titles, world.names, strict=True))


@cache
def plain_of(profile: str) -> dict[str, str]:
    return {title: plain(text) for title, text in texts_of(profile).items()}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_fact_is_stated_on_the_pages_that_the_truth_names(profile: str) -> None:
    texts, names = plain_of(profile), names_of(profile)
    world = world_of(profile)
    kind = dict(zip(world.titles, (world.kinds[index] for index in world.kind_N.tolist()), strict=True))
    pages = Counter()
    for fact in facts_of(profile):
        assert fact.pages
        for title in fact.pages:
            assert states(texts[title], title, fact, kind[fact.subject], names), (title, fact)
            pages["own" if title == fact.subject else "list" if title.startswith("List") else "other"] += 1
    assert pages["own"] > 2000
    if profile == "rich":
        assert pages["other"] > 1000 < pages["list"]


@pytest.mark.parametrize("profile", PROFILES)
def test_infoboxes_state_nothing_but_the_truth(profile: str) -> None:
    names = names_of(profile)
    truth: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts_of(profile):
        truth[fact.subject, fact.relation].add(names[fact.object] if fact.value_type == "entity" else fact.object)
    lines = 0
    for title in names:
        box = plain_of(profile)[title].split("}}", 1)[0]
        for key, values in re.findall(r"^\| (\w+) = (.*)$", box, re.MULTILINE):
            entity = relations()[key].value_type == "entity"
            for value in re.sub(r" \([^)]*\)", "", values).split(", ") if entity else [values]:
                literal = value if entity else re.sub(r" (km2|m)$|,", "", value)
                assert literal in truth[title, key], (title, key, value)
                lines += 1
    assert lines > 2000


def test_text_and_infobox_agree_unless_the_truth_says_so() -> None:
    """Years: the sentence of a disputed fact gives another year; every other page's sentence gives the infobox's."""
    names, texts = names_of("rich"), plain_of("rich")
    disputed = 0
    for fact in facts_of("rich"):
        if fact.value_type != "date":
            continue
        speaker = rf"(?:{re.escape(names[fact.subject])}|\b(?:He|She|It))"
        said = {
            found
            for sentence in relations()[fact.relation].sentences
            for found in re.findall(phrase(sentence, s=speaker, o=r"\d{4}").pattern, texts[fact.subject])
        }
        years = {year for sentence in said for year in re.findall(r"\d{4}", sentence)}
        if fact.disputed:
            disputed += 1
            lead = texts[fact.subject].split("}}\n", 1)[1].split(". ", 1)[0]
            assert years == {fact.said} or (not years and fact.said and fact.said in lead and fact.object not in lead)
            assert f"| {fact.relation} = {fact.object}" in texts[fact.subject]
        else:
            assert years <= {fact.object}
    assert disputed >= 10


@pytest.mark.parametrize("profile", PROFILES)
def test_every_link_leads_to_a_page(profile: str) -> None:
    pages = list(all_pages(world_of(profile)))
    titles = Counter(page.title for page in pages)
    assert max(titles.values()) == 1
    assert all(page.redirect in texts_of(profile) for page in pages if page.redirect is not None)
    for page in pages:
        for target, _ in LINK.findall(page.text):
            if not target.startswith("Category:") or (
                profile == "rich" and target not in ("Category:Lists", "Category:Contents")
            ):
                title, _, section = target.partition("#")
                assert title in titles, (page.title, target)
                assert not section or f"== {section} ==\n" in texts_of(profile)[title]


def test_the_rich_dump_has_what_makes_it_no_toy() -> None:
    world, texts = world_of("rich"), texts_of("rich")
    all_text = "\n".join(texts.values())
    assert "{{disambiguation}}" in all_text
    assert "{{convert|" in all_text
    assert '{| class="wikitable"' in all_text
    assert "also known as" in all_text
    assert sum(page.redirect is not None for page in all_pages(world)) > 100
    for level in ("in the 1950s (", "in the 1950s", "between 1950 and 1999", "in the 20th century"):
        assert any(title.startswith("List of people born") and level in title for title in texts), level
    assert any(title.startswith("Index of people of ") for title in texts)
    assert any(title.startswith("Category:1953 births") for title in texts)
    sentences = np.array([plain(texts[title]).count(". ") + 1 for title in world.titles])
    logarithms = np.log(sentences[sentences > 1])
    assert 0.5 < logarithms.std() < 1.2, "page lengths follow a log-normal law"
    assert np.percentile(sentences, 95) >= 4 * np.percentile(sentences, 25)
    for sentence in relations()["born_in"].sentences:
        assert phrase(sentence).search(plain(all_text)), sentence
    hidden = [fact for fact in facts_of("rich") if f"| {fact.relation} = " not in texts[fact.subject]]
    assert len(hidden) > 100


@pytest.mark.parametrize("name", ["w.xml", "w.xml.bz2"])
def test_the_file_is_a_mediawiki_dump(tmp_path: Path, name: str) -> None:
    config = WorldConfig(profile="rich", pages=300, seed=2)
    count = generate_dump(config, tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.facts.jsonl", "w.world.json", name]
    raw = (tmp_path / name).read_bytes()
    root = etree.fromstring(bz2.decompress(raw) if name.endswith("bz2") else raw)
    info = root.find(f"{EXPORT}siteinfo")
    assert info is not None
    assert info.findtext(f"{EXPORT}base") == "https://rich-2.world.example/wiki/Main_Page"
    spaces = {entry.get("key"): entry.text for entry in info.iter(f"{EXPORT}namespace")}
    assert spaces["14"] == "Category"
    pages = root.findall(f"{EXPORT}page")
    assert len(pages) == count
    assert [page.findtext(f"{EXPORT}id") for page in pages] == [str(number) for number in range(1, count + 1)]
    for page in pages:
        title, text = page.findtext(f"{EXPORT}title"), page.find(f"{EXPORT}revision/{EXPORT}text")
        assert title
        assert text is not None
        assert text.text
        assert text.get("bytes") == str(len(text.text.encode()))
        assert (page.findtext(f"{EXPORT}ns") == "14") == title.startswith("Category:")
        assert (page.find(f"{EXPORT}redirect") is not None) == text.text.startswith("#REDIRECT")
    assert list(read_jsonl(tmp_path / "w.facts.jsonl", TrueFact)) == list(true_facts(generate(config)))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_knobs_give_the_same_bytes(tmp_path: Path, profile: str) -> None:
    config = WorldConfig.model_validate({"profile": profile, "pages": 300, "seed": 9})
    for run in ("one", "two"):
        generate_dump(config, tmp_path / run / "w.xml.bz2")
    first, second = ({file.name: file.read_bytes() for file in (tmp_path / run).iterdir()} for run in ("one", "two"))
    assert len(first) == 3
    assert first == second


PINNED = {
    "w.xml": "5bb9afc38742ad2df91ab227b8e09487f195a6f9ca4e69a9faf7dc5deae6077e",
    "w.facts.jsonl": "f267e9266c18125dbfce36fa1562462e3d9b9035d16a3b0be0b5df318f758209",
}


def test_the_small_world_stays_as_it_is(tmp_path: Path) -> None:
    """The quickstart's results hold for these bytes: whoever changes them measures the quickstart anew."""
    generate_dump(WorldConfig(), tmp_path / "w.xml")
    assert {name: sha256((tmp_path / name).read_bytes()).hexdigest() for name in PINNED} == PINNED


@pytest.mark.parametrize("name", ["w.xml", "w.xml.bz2"])
def test_any_number_of_processes_writes_the_same_bytes(tmp_path: Path, name: str) -> None:
    world = generate(WorldConfig(profile="rich", pages=2500, seed=4))
    for workers in (1, 3):
        out = tmp_path / str(workers)
        out.mkdir()
        write_dump(world, out / name, workers)
        write_truth(world, out, "w.", workers)
    for file in (tmp_path / "1").iterdir():
        assert file.read_bytes() == (tmp_path / "3" / file.name).read_bytes(), file.name


def test_a_large_compressed_dump_has_several_streams(tmp_path: Path) -> None:
    world = generate(WorldConfig(profile="rich", pages=4500, seed=4))
    write_dump(world, tmp_path / "w.xml.bz2")
    write_dump(world, tmp_path / "w.xml")
    raw = (tmp_path / "w.xml.bz2").read_bytes()
    assert bz2.decompress(raw) == (tmp_path / "w.xml").read_bytes()
    first = bz2.BZ2Decompressor()
    first.decompress(raw)
    assert first.eof
    assert first.unused_data.startswith(b"BZh")


def test_pages_grow_linearly() -> None:
    small = [sum(1 for _ in all_pages(generate(WorldConfig(pages=pages)))) for pages in (500, 1000, 2000)]
    assert small == [500, 1000, 2000]
    rich = [sum(1 for _ in all_pages(generate(WorldConfig(profile="rich", pages=n)))) for n in (2000, 4000, 8000)]
    assert rich[2] - rich[1] < 2.2 * (rich[1] - rich[0])
    assert rich[2] < 2.5 * 8000


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    world = generate(WorldConfig(pages=200))
    torn = dataclasses.replace(world, dice_F=world.dice_F[:50])
    with pytest.raises(IndexError):
        write_dump(torn, tmp_path / "w.xml")
    assert list(tmp_path.iterdir()) == []


def test_lists_work_in_the_small_profile_too() -> None:
    world = generate(WorldConfig(pages=300, lists=True, homonyms=0.1, redirects=0.2))
    titles = {page.title for page in all_pages(world)}
    assert any(re.match(r"List of people born in the 19\d0s \(", title) for title in titles)
    assert any(title.startswith("Index of companies of ") for title in titles)
    assert all(set(fact.pages) <= titles for fact in true_facts(world))
