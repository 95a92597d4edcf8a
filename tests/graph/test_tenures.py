"""Tenures and disagreements: infobox, sentences, tables, and a rich generated world whose truth is known."""

import json
from pathlib import Path
from typing import Any

import pytest
from encyclopedia import Encyclopedia, entity, page

from websailor import graph
from websailor.graph.extraction import read_page
from websailor.records import Fact, Page, Value
from websailor.wiki import Config as WikiConfig
from websailor.wiki import run as run_wiki


def held(target: str, start: int | None, end: int | None) -> Value:
    years = f"until {end}" if start is None else f"{start}–{end}" if end else f"since {start}"
    return entity(target, f"{target} ({years})").model_copy(update={"start": start, "end": end})


def tenures(subject: Page) -> set[tuple[str, str, str, int | None, int | None]]:
    facts = read_page(subject, Encyclopedia([subject]), None).facts
    return {(fact.subject, fact.relation, fact.object, fact.start, fact.end) for fact in facts}


def test_infobox_values_have_tenures() -> None:
    values = [held("Ada", 1950, 1962), held("Ben", 1962, None), held("Cem", None, 1950)]
    melik = page("Melik Works", "company", led_by=values)
    assert tenures(melik) == {
        ("Melik Works", "led_by", "Ada", 1950, 1962),
        ("Melik Works", "led_by", "Ben", 1962, None),
        ("Melik Works", "led_by", "Cem", None, 1950),
    }
    fact: Fact = read_page(melik, Encyclopedia([melik]), None).facts[0]
    assert fact.source.quote == "led_by: Ada (1950–1962), Ben (since 1962), Cem (until 1950)"


def test_a_second_tenure_is_another_fact() -> None:
    melik = page("Melik Works", "company", led_by=[held("Ada", 1950, 1954), held("Ada", 1960, 1962)])
    assert len(tenures(melik)) == 2
    assert len({fact.id for fact in read_page(melik, Encyclopedia([melik]), None).facts}) == 2


def test_names_of_tenures_are_no_aliases() -> None:
    ada = page("Ada Lin")
    melik = page("Melik Works", "company", led_by=held("Ada Lin", 1950, 1962))
    assert read_page(melik, Encyclopedia([ada, melik]), None).called == ()


def test_years_behind_relatives_are_their_lives() -> None:
    ada = page("Ada", "person", children=held("Ben", 1950, 1962))
    assert tenures(ada) == {("Ada", "children", "Ben", None, None)}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Ada worked for Melik Works from 1950 to 1962.", 1950, 1962),
        ("She was employed by Melik Works between 1950 and 1962.", 1950, 1962),
        ("Ada has worked for Melik Works since 1950.", 1950, None),
        ("Employer | Melik Works (1950–1962)", 1950, 1962),
        ("Employer | Melik Works (since 1950)", 1950, None),
        ("Ada works for Melik Works.", None, None),
    ],
)
def test_sentences_and_rows_have_tenures(text: str, start: int | None, end: int | None) -> None:
    ada = page("Ada", "person", text=text, links=["Melik Works"])
    assert tenures(ada) == {("Ada", "employed_by", "Melik Works", start, end)}


def test_the_statement_with_a_tenure_stays() -> None:
    text = "Ada works for Melik Works. Ada worked for Melik Works from 1950 to 1962. Melik Works employs Ada."
    ada = page("Ada", "person", text=text, links=["Melik Works"])
    links = tuple(
        link.model_copy(update={"offset": place}) for link in ada.links for place in (14, text.index("Works from") - 6)
    )
    ada = ada.model_copy(update={"links": links})
    assert tenures(ada) == {("Ada", "employed_by", "Melik Works", 1950, 1962)}


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rich") / "wiki"
    world = {"profile": "rich", "pages": 600, "community_size": 120, "disagreeing": 0.1}
    run_wiki(WikiConfig.model_validate({"world": world}), {}, out)
    return out


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def statement(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("subject", "relation", "object", "start", "end"))


@pytest.mark.parametrize("config", [graph.Config(whole=True), graph.Config(edges=100_000, patience=10)])
def test_a_rich_world_is_read_whole_and_exactly(rich: Path, tmp_path: Path, config: graph.Config) -> None:
    graph.run(config.model_copy(update={"title_ranks": False}), {"wiki": rich}, tmp_path)
    truth, found = rows(rich / "facts.jsonl"), rows(tmp_path / "facts.jsonl")
    disputed = {(row["subject"], row["relation"]): row for row in truth if row.get("disputed")}
    assert len(disputed) > 10
    assert any(row.get("start") for row in truth)
    stated = {statement(row) for row in found}
    assert {statement(row) for row in truth} <= stated
    beyond = [row for row in found if statement(row) not in {statement(row) for row in truth}]
    assert {(row["subject"], row["relation"], row["object"]) for row in beyond} == {
        (*key, row["said"]) for key, row in disputed.items()
    }
    assert {row["source"]["kind"] for row in beyond} == {"sentence"}
    assert len({row["id"] for row in found}) == len(found)
