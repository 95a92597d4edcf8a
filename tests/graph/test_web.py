"""Growth over any `Web`: one that only answers, one that fails, one that misbehaves; hubs; a plain expansion beside."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from encyclopedia import entity, page

from websailor import graph
from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.graph.reader import FAILURES_IN_A_ROW
from websailor.graph.report import read_statistics
from websailor.records import Entity, Fact, Hit, InfoboxField, Page, Reject
from websailor.tools.base import ToolFailure, Web
from websailor.tools.memory import InMemoryWeb

SITE = "https://en.wikipedia.org/wiki/"


def served(title: str, kind: str = "person", text: str = "", **infobox: str | list[str]) -> Page:
    fields = tuple(
        InfoboxField(key=key, values=tuple(entity(one) for one in ([value] if isinstance(value, str) else value)))
        for key, value in infobox.items()
    )
    made = page(title, kind, text or f"{title} is here.")
    return made.model_copy(update={"url": SITE + title.replace(" ", "_"), "infobox": fields})


def redirect(title: str, target: str) -> Page:
    return Page(id=0, title=title, url=SITE + title.replace(" ", "_"), redirect_to=target)


PEOPLE = [
    served("Ada", spouse="Ben", birth_place="Torid"),
    served("Ben", spouse="Ada", birth_place="Old Torid", alma_mater="Melik College"),
    served("Cem", birth_place="Torid", alma_mater="Melik College", spouse="Nobody"),
    served("Torid", "settlement", mayor="Cem"),
    served("Melik College", "university", city="Torid"),
    redirect("Old Torid", "Torid"),
]


class FaultyWeb:
    """A web of a few pages that fails the searches and addresses whose numbers are given, or everything."""

    def __init__(self, pages: Sequence[Page], failing: Sequence[int] | None = None) -> None:
        self._web = InMemoryWeb(pages)
        self._failing = failing
        self.asked = 0

    def _maybe_fail(self) -> None:
        self.asked += 1
        if self._failing is None or self.asked in self._failing:
            raise ToolFailure("The web is down.")

    def search(self, query: str, k: int) -> list[Hit]:
        self._maybe_fail()
        return self._web.search(query, k)

    def fetch(self, url: str) -> Page:
        self._maybe_fail()
        return self._web.fetch(url)


class UnrulyWeb:
    """Hits without titles, twice, of other sites, and of pages that are not there; pages under other titles."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._web = InMemoryWeb(pages)

    def search(self, query: str, k: int) -> list[Hit]:
        found = self._web.search(query, k)
        odd = [
            Hit(title="", url="", snippet=""),
            Hit(title="Gone", url=SITE + "Gone", snippet=""),
            Hit(title="Round", url=SITE + "Round", snippet=""),
            Hit(title="Ada - a life", url="https://lives.example/ada?x=1", snippet=""),
        ]
        return [*odd, *found, *found]

    def fetch(self, url: str) -> Page:
        if url.startswith("https://lives.example"):
            return page("", "person", "Ada is here.", birth_place=entity("Torid"))
        if url.endswith("Round"):
            return redirect("Round", "Round")
        return self._web.fetch(url)


def grow(out: Path, web: Web, **settings: object) -> list[Fact]:
    config = graph.Config.model_validate({"seeds": ("Ada",), **settings})
    graph.run(config, {}, out, web=web)
    return list(read_jsonl(out / "facts.jsonl", Fact))


def triples(facts: Sequence[Fact]) -> set[tuple[str, str, str]]:
    return {(fact.subject, fact.relation, fact.object) for fact in facts}


EVERYTHING = {
    ("Ada", "spouse", "Ben"),
    ("Ada", "birth_place", "Torid"),
    ("Ben", "spouse", "Ada"),
    ("Ben", "birth_place", "Torid"),
    ("Ben", "alma_mater", "Melik College"),
    ("Cem", "birth_place", "Torid"),
    ("Cem", "alma_mater", "Melik College"),
    ("Cem", "spouse", "Nobody"),
    ("Torid", "mayor", "Cem"),
    ("Melik College", "city", "Torid"),
}


def test_a_graph_grows_on_a_web_that_only_answers(tmp_path: Path) -> None:
    facts = grow(tmp_path, InMemoryWeb(PEOPLE))
    assert triples(facts) == EVERYTHING
    assert len({fact.id for fact in facts}) == len(facts)
    entities = {one.id: one for one in read_jsonl(tmp_path / "entities.jsonl", Entity)}
    assert "Old Torid" not in entities
    assert entities["Torid"].aliases == ("Old Torid",)
    assert entities["Nobody"].statistics["has_page"] == 0
    rejects = {reject.id: reject for reject in read_jsonl(tmp_path / "rejects.jsonl", Reject)}
    assert rejects["page:Nobody"].reason == "unreadable_page"
    assert "There is no page" in rejects["page:Nobody"].detail


def test_a_web_without_a_catalogue_needs_seeds(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give seeds"):
        graph.run(graph.Config(), {}, tmp_path, web=InMemoryWeb(PEOPLE))


def test_failures_cost_what_they_did_not_say(tmp_path: Path) -> None:
    web = FaultyWeb(PEOPLE, failing=(2, 5, 6, 9))
    facts = grow(tmp_path, web)
    assert triples(facts) <= EVERYTHING
    assert web.asked > 9
    assert len(list(read_jsonl(tmp_path / "rejects.jsonl", Reject))) >= 1


def test_a_dead_web_ends_the_run_and_is_asked_again(tmp_path: Path) -> None:
    class DyingWeb(FaultyWeb):
        def search(self, query: str, k: int) -> list[Hit]:
            raise ToolFailure("The index is gone.")

        def fetch(self, url: str) -> Page:
            return self._web.fetch(url)

    crowd = [served(f"P{n}", spouse=f"P{n + 1}") for n in range(FAILURES_IN_A_ROW + 5)]
    pages = [*crowd, served("Ada", spouse="P0")]
    with pytest.raises(UserError, match=r"does not answer.*The index is gone"):
        grow(tmp_path / "graph", DyingWeb(pages))
    again = grow(tmp_path / "graph", InMemoryWeb(pages))
    assert triples(again) == triples(grow(tmp_path / "other", InMemoryWeb(pages)))


def test_a_web_that_serves_nothing_is_no_graph(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no page that could be read|does not answer"):
        grow(tmp_path, FaultyWeb(PEOPLE))


def test_an_unruly_web_does_no_harm(tmp_path: Path) -> None:
    facts = grow(tmp_path, UnrulyWeb(PEOPLE))
    assert triples(facts) >= EVERYTHING
    strange = triples(facts) - EVERYTHING
    assert strange == {("Ada - a life", "birth_place", "Torid")}
    assert next(fact for fact in facts if fact.subject == "Ada - a life").source.page == "Ada - a life"


def star(size: int) -> list[Page]:
    spokes = [served(f"Spoke {n}", friend="Hub", birth_place=f"Town {n}") for n in range(size)]
    return [
        served("Hub", friend=[one.title for one in spokes]),
        *spokes,
        *(served(f"Town {n}", "city") for n in range(size)),
    ]


def test_hubs_are_not_expanded(tmp_path: Path) -> None:
    pages = [served("Ada", friend="Spoke 0"), *star(12)]
    capped = grow(tmp_path / "capped", InMemoryWeb(pages), hub_degree=3, seeds=[f"Spoke {n}" for n in range(6)])
    assert not any(fact.subject == "Hub" for fact in capped)
    assert read_statistics(tmp_path / "capped").hubs_left_out == ("Hub",)
    free = grow(tmp_path / "free", InMemoryWeb(pages), hub_degree=0, seeds=[f"Spoke {n}" for n in range(6)])
    assert sum(fact.subject == "Hub" for fact in free) == 12
    assert read_statistics(tmp_path / "free").hubs_left_out == ()


def test_densification_closes_more_than_a_plain_expansion(tmp_path: Path) -> None:
    ring = 60
    people = [
        served(f"P{n}", spouse=f"P{(n + 1) % ring}", friend=[f"P{(n + 2) % ring}", f"P{(n + 3) % ring}", f"Leaf {n}"])
        for n in range(ring)
    ]
    grow(tmp_path, InMemoryWeb(people), edges=80, seeds=["P0"], compare=True, densify=0.5)
    found = read_statistics(tmp_path)
    assert found.plain is not None
    assert found.after.cycle_rank > found.plain.cycle_rank
    assert found.after.edges_on_cycles > found.plain.edges_on_cycles
    assert not (tmp_path / "journal.plain.jsonl").exists()
    assert graph.summary(tmp_path).columns[-1].header == "plain expansion"


def test_a_tree_is_a_graph_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        grow(tmp_path, InMemoryWeb([served("Ada", spouse="Ben"), served("Ben")]))
    assert "no cycle" in caplog.text
    assert json.loads((tmp_path / "statistics.json").read_text(encoding="utf-8"))["after"]["cycle_rank"] == 0
