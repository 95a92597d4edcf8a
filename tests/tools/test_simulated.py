"""The simulated web over a generated encyclopedia: one toolbox, addresses of both kinds, deterministic, the names
exchangeable."""

import asyncio
import json
import random

import pytest

from websailor import wiki
from websailor.records import Observation, ToolCall
from websailor.tools.base import Toolbox, ToolFailure
from websailor.tools.config import ToolsConfig
from websailor.tools.renaming import RenamedToolbox, Renaming
from websailor.tools.simulated import SimulatedWeb, simulated_toolbox
from websailor.wiki.reader import Wiki
from websailor.wiki.world import WorldConfig

TITLES = ToolsConfig(address="title", top_k=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    folder = tmp_path_factory.mktemp("simulated") / "wiki"
    wiki.run(wiki.Config(world=WorldConfig(pages=200)), {}, folder)
    return wiki.open_wiki(folder)


def ask(box: Toolbox, name: str, **arguments: object) -> Observation:
    return asyncio.run(box.call(ToolCall(id="1", name=name, arguments=json.dumps(arguments))))


def test_pages_have_two_addresses(world: Wiki) -> None:
    web = SimulatedWeb(world)
    for title in list(world.titles())[:20]:
        assert web.fetch(world.url(title)).title == web.fetch(title).title == title
    for missing in ("No Such Page", "https://elsewhere.example/wiki/X", "", "https://", "Talk:"):
        with pytest.raises(ToolFailure, match="There is no page"):
            web.fetch(missing)


def test_what_a_page_states_can_be_found_and_read(world: Wiki) -> None:
    box = simulated_toolbox(world, TITLES)
    person = next(page for page in world.pages() if any(field.key == "employed_by" for field in page.infobox))
    employer = next(field.values[0].text for field in person.infobox if field.key == "employed_by")
    assert person.title in ask(box, "search", query=[f"{person.title} employed by"]).content
    seen = ask(box, "visit", url=[person.title], goal="employed by").content
    assert seen.startswith(f"{person.title}\n") and employer in seen


def test_results_do_not_depend_on_what_was_asked_before(world: Wiki) -> None:
    titles = list(world.titles())[:30]
    one, other = simulated_toolbox(world, TITLES), simulated_toolbox(world, TITLES.model_copy(update={"cache": 2}))
    asked = [("search", {"query": [f"born in {title}"]}) for title in titles]
    asked += [("visit", {"url": [title], "goal": "born in"}) for title in titles]
    forward = {str(row): ask(one, row[0], **row[1]).content for row in asked}
    random.Random(0).shuffle(asked)
    assert {str(row): ask(other, row[0], **row[1]).content for row in asked} == forward


def test_the_renamed_world_is_the_world_renamed(world: Wiki) -> None:
    plain = simulated_toolbox(world, TITLES)
    renaming = Renaming.draw(world.lexicon, random.Random(3))
    renamed = RenamedToolbox(plain, renaming)
    for title in list(world.titles())[:20]:
        for name, arguments in (("search", {"query": [title]}), ("visit", {"url": [title], "goal": "born"})):
            there = json.loads(renaming.apply_json(json.dumps(arguments)))
            seen = ask(renamed, name, **there).content
            assert renaming.invert(seen) == ask(plain, name, **arguments).content
