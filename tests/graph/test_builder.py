"""The walk, the journal, and the stage from an imported world."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from encyclopedia import CountingWeb, Encyclopedia, entity, page

from websailor import graph
from websailor.errors import ConfigChanged, UserError
from websailor.files import read_jsonl
from websailor.graph.builder import Draw, GraphBuilder
from websailor.graph.reader import Reader
from websailor.graph.report import read_statistics
from websailor.graph.statistics import GraphStatistics
from websailor.records import Entity, Fact, Page
from websailor.wiki import Config as WikiConfig
from websailor.wiki import open_wiki
from websailor.wiki import run as run_wiki


def town(number: int, towns: int = 12) -> Page:
    """Towns on a ring, each twinned with the next, with a person who lives there."""
    return page(
        f"Town {number}", "settlement", text=f"Town {number} is a town.", twinned=entity(f"Town {(number + 1) % towns}")
    )


TOWNS = [town(number) for number in range(12)]
PEOPLE = [
    page(f"Person {n}", "person", lives_in=entity(f"Town {n}"), born_in=entity(f"Town {(n + 2) % 12}"))
    for n in range(12)
]


def grow(
    tmp_path: Path, pages: Sequence[Page], config: graph.Config, seeds: Sequence[str], web: CountingWeb | None = None
) -> tuple[GraphBuilder, list[Fact]]:
    kept: list[Fact] = []
    titles = Encyclopedia(pages)
    journal = tmp_path / "journal.jsonl"
    with Reader(web or CountingWeb(pages), titles, titles.read, config.search_k, journal) as reader:
        builder = GraphBuilder(reader, config, iter(seeds), kept.append, np.random.default_rng(config.seed))
        builder.build()
    return builder, kept


def test_the_walk_finds_what_links_and_searches_lead_to(tmp_path: Path) -> None:
    builder, kept = grow(tmp_path, [*TOWNS, *PEOPLE], graph.Config(), ["Town 0"])
    assert set(builder.nodes) == {page.title for page in (*TOWNS, *PEOPLE)}
    assert builder.edges == len(kept) == 12 + 24
    assert list(builder.facts.values()) == kept
    assert all(fact.source.query is not None for fact in kept if fact.subject.startswith("Person"))


def test_without_returns_only_links_are_followed(tmp_path: Path) -> None:
    builder, _ = grow(tmp_path, [*TOWNS, *PEOPLE], graph.Config(returns=0, patience=0), ["Town 3"])
    assert set(builder.nodes) == {page.title for page in TOWNS}


def test_the_budget_is_kept_and_its_rest_closes_cycles(tmp_path: Path) -> None:
    config = graph.Config(edges=20, densify=0.5, seed_count=1)
    builder, _ = grow(tmp_path, [*TOWNS, *PEOPLE], config, ["Town 0"])
    assert 10 <= builder.edges <= 20 + 1
    known = set(builder.nodes)
    assert all(fact.object in known for fact in builder.facts.values())


def test_pages_that_do_not_exist_are_entities_without_a_page(tmp_path: Path) -> None:
    ada = page("Ada", "person", born_in=entity("Torid"), employed_by=entity("Melik Works"))
    builder, _ = grow(tmp_path, [ada], graph.Config(), ["Ada"])
    kinds = {name: (node.type, node.has_page) for name, node in builder.nodes.items()}
    assert kinds == {"Ada": ("person", True), "Torid": ("settlement", False), "Melik Works": ("company", False)}


def test_seeds_reach_separate_parts(tmp_path: Path) -> None:
    pages = [page(f"{part}{n}", "person", mentor=entity(f"{part}{1 - n}")) for part in "ABCDE" for n in (0, 1)]
    builder, _ = grow(tmp_path, pages, graph.Config(seed_count=1), [page.title for page in pages])
    assert len(builder.nodes) == 10


@pytest.mark.parametrize("cut", [1, 7, 20, 33])
def test_a_broken_walk_goes_on_where_it_stopped(tmp_path: Path, cut: int) -> None:
    pages, config = [*TOWNS, *PEOPLE], graph.Config(seed=4)
    whole, _ = grow(tmp_path / "..", pages, config, ["Town 0"], web := CountingWeb(pages))
    (tmp_path / ".." / "journal.jsonl").unlink()
    broken = CountingWeb(pages, patience=cut)
    with pytest.raises(ConnectionError):
        grow(tmp_path, pages, config, ["Town 0"], broken)
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"page": "Tow')
    rest = CountingWeb(pages)
    again, _ = grow(tmp_path, pages, config, ["Town 0"], rest)
    assert again.facts == whole.facts
    assert broken.asked + rest.asked == web.asked


def test_a_journal_of_another_walk_is_refused(tmp_path: Path) -> None:
    grow(tmp_path, TOWNS, graph.Config(), ["Town 0"])
    with pytest.raises(UserError, match="build again"):
        grow(tmp_path, TOWNS, graph.Config(), ["Town 5"])


def test_mentions_join_only_what_is_in_the_graph_and_not_yet_joined(tmp_path: Path) -> None:
    text = "Ada met Cem. She left Torid for Outer Town."
    ada = page("Ada", "person", text=text, links=["Cem", "Torid", "Outer Town"], born_in=entity("Torid"))
    pages = [ada, page("Cem", "person", born_in=entity("Torid")), page("Outer Town")]
    for mentions, expected in ((False, set()), (True, {("Ada", "Cem", "Ada met Cem.")})):
        config = graph.Config(mentions=mentions)
        out = tmp_path / str(mentions)
        out.mkdir()
        titles = Encyclopedia(pages)
        read = titles.read_with_mentions if mentions else titles.read
        with Reader(CountingWeb(pages), titles, read, 10, out / "journal.jsonl") as reader:
            builder = GraphBuilder(reader, config, iter(["Ada", "Cem"]), lambda _: None, np.random.default_rng(0))
            builder.build()
        found = [fact for fact in builder.facts.values() if fact.relation == "mentions"]
        assert {(fact.subject, fact.object, fact.source.quote) for fact in found} == expected


def test_draw_is_a_set() -> None:
    draw = Draw(np.random.default_rng(0))
    for name in "abcab":
        draw.add(name)
    draw.discard("b")
    draw.discard("x")
    assert len(draw) == 2
    assert {draw.take(), draw.take()} == {"a", "c"}


# ---------------------------------------------------------------- the stage


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("corpus") / "wiki"
    run_wiki(WikiConfig.model_validate({"world": {"pages": 300, "community_size": 50}}), {}, out)
    return out


@pytest.fixture(scope="module")
def built(wiki: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "graph"
    graph.run(graph.Config(), {"wiki": wiki}, out)
    return out


def statements(path: Path) -> set[tuple[str, str, str]]:
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {(row["subject"], row["relation"], row["object"]) for row in rows}


def test_the_graph_of_a_world_is_its_truth(wiki: Path, built: Path) -> None:
    assert statements(built / "facts.jsonl") == statements(wiki / "facts.jsonl")


def test_whole_reads_the_same_facts_in_one_pass(wiki: Path, built: Path, tmp_path: Path) -> None:
    graph.run(graph.Config(whole=True), {"wiki": wiki}, tmp_path)
    assert statements(tmp_path / "facts.jsonl") == statements(built / "facts.jsonl")


def test_every_quote_stands_on_its_page(wiki: Path, built: Path) -> None:
    corpus = open_wiki(wiki)
    for fact in read_jsonl(built / "facts.jsonl", Fact):
        stated = corpus.page(fact.source.page)
        assert stated is not None
        lines = {f"{field.key}: {', '.join(value.text for value in field.values)}" for field in stated.infobox}
        assert fact.source.quote in lines or fact.source.quote in stated.text
        assert fact.source.url == stated.url == corpus.url(fact.subject)


def test_entities_have_types_and_statistics(built: Path) -> None:
    entities = {entity.id: entity for entity in read_jsonl(built / "entities.jsonl", Entity)}
    facts = list(read_jsonl(built / "facts.jsonl", Fact))
    assert {end for fact in facts if fact.value_type == "entity" for end in (fact.subject, fact.object)} == set(
        entities
    )
    assert {entity.kind for entity in entities.values()} <= {
        "person",
        "settlement",
        "region",
        "company",
        "school",
        "club",
        "work",
    }
    assert {tuple(sorted(entity.statistics)) for entity in entities.values()} == {
        ("common_noun", "degree", "has_page", "homonyms", "inlinks", "popularity", "rarity", "title_rank")
    }
    ranks = [entity.statistics["title_rank"] for entity in entities.values()]
    assert sum(rank == 1 for rank in ranks) > 0.9 * len(ranks)


def test_statistics_are_written_and_read(built: Path) -> None:
    found = read_statistics(built)
    before, after = found.before, found.after
    assert isinstance(before, GraphStatistics)
    assert before.edges < after.edges
    assert after.components == 6
    assert after.cycle_rank > before.cycle_rank
    assert graph.summary(built).row_count == 11


def test_a_finished_graph_is_left_alone(wiki: Path, built: Path) -> None:
    stamp = (built / "entities.jsonl").stat().st_mtime_ns
    manifest = graph.run(graph.Config(), {"wiki": wiki}, built)
    assert manifest.counts["nodes"] == 300
    assert (built / "entities.jsonl").stat().st_mtime_ns == stamp
    assert not (built / "journal.jsonl").exists()


def killed(built: Path, out: Path, lines: int) -> None:
    """What a kill leaves: the first facts, one of them torn."""
    out.mkdir()
    shutil.copy(built / "config.json", out)
    kept = (built / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (out / "records.jsonl").write_text("".join(kept[:lines]) + kept[lines][:20], encoding="utf-8")


def test_a_killed_stage_ends_as_if_it_had_not_been(wiki: Path, built: Path, tmp_path: Path) -> None:
    killed(built, tmp_path / "graph", 100)
    graph.run(graph.Config(), {"wiki": wiki}, tmp_path / "graph")
    for name in ("entities.jsonl", "facts.jsonl", "records.jsonl", "statistics.json"):
        assert (tmp_path / "graph" / name).read_bytes() == (built / name).read_bytes()


def test_given_seeds_come_first(wiki: Path, tmp_path: Path) -> None:
    seed = next(iter(open_wiki(wiki).titles()))
    config = graph.Config(seeds=(seed,), edges=30, title_ranks=False)
    graph.run(config, {"wiki": wiki}, tmp_path)
    first = next(iter(read_jsonl(tmp_path / "facts.jsonl", Fact)))
    assert first.subject == seed


def test_an_unknown_seed_is_refused(wiki: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No Such Page"):
        graph.run(graph.Config(seeds=("No Such Page",)), {"wiki": wiki}, tmp_path)


def test_another_config_is_refused(wiki: Path, built: Path) -> None:
    with pytest.raises(ConfigChanged, match="edges"):
        graph.run(graph.Config(edges=7), {"wiki": wiki}, built)


def test_a_corpus_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="wiki"):
        graph.run(graph.Config(), {}, tmp_path)


def test_no_graph_no_statistics(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished graph"):
        read_statistics(tmp_path)
