"""Entity renaming: exact in both directions, at the text and at the tool boundary."""

import asyncio
import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.models.protocol import call_turn, parse_turn
from websailor.records import Message, Page, ToolCall
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.renaming import RenamedToolbox, Renaming
from websailor.tools.simulated import web_toolbox

LEXICON = ("Velan", "Torid", "Melik", "Vor", "Solak", "Aren", "Dovi", "Marn", "Tessa", "Vo")
SWAP = Renaming({"Velan": "Torid", "Torid": "Velan", "Melik": "Solak", "Solak": "Melik"})

renamings = st.builds(
    lambda seed, keep: Renaming.draw(LEXICON, random.Random(seed), keep), st.integers(0, 10_000), st.booleans()
)
names = st.sampled_from(LEXICON)
texts = st.lists(names | st.sampled_from(["_", " ", "'s ", "-", "\n", "é", "x", "velan"]) | st.text(max_size=3)).map(
    "".join
)


@given(renamings, texts)
def test_inverting_gives_the_text_back(renaming: Renaming, text: str) -> None:
    assert renaming.invert(renaming.apply(text)) == text
    assert renaming.apply(renaming.invert(text)) == text
    assert len(renaming.apply(text).split()) == len(text.split())


@given(renamings, names, names)
def test_names_are_renamed_alike_everywhere(renaming: Renaming, one: str, other: str) -> None:
    first, second = renaming.mapping[one], renaming.mapping[other]
    text = f"{one} {other}'s, ({one}-{other}) https://w/{one}_{other}: {one}ish {one.lower()}"
    assert renaming.apply(text) == (
        f"{first} {second}'s, ({first}-{second}) https://w/{first}_{second}: {one}ish {one.lower()}"
    )


@given(st.integers(0, 10_000))
def test_initials_can_be_kept(seed: int) -> None:
    renaming = Renaming.draw(LEXICON, random.Random(seed), keep_initial=True)
    assert all(old[0] == new[0] for old, new in renaming.mapping.items())
    assert sorted(renaming.mapping.values()) == sorted(LEXICON)


def test_only_permutations_of_plain_words() -> None:
    with pytest.raises(ValueError, match="permutation"):
        Renaming({"Velan": "Torid"})
    with pytest.raises(ValueError, match="plain word"):
        Renaming({"Velan Torid": "Velan Torid"})
    assert Renaming({}).apply("Velan") == "Velan"


@given(renamings, texts)
def test_json_is_renamed_by_value(renaming: Renaming, text: str) -> None:
    arguments = json.dumps({"Velan": [text, 1, None]})
    renamed = renaming.apply_json(arguments)
    assert json.loads(renamed) == {"Velan": [renaming.apply(text), 1, None]}
    assert json.loads(renaming.invert_json(renamed)) == {"Velan": [text, 1, None]}


def test_json_escapes_do_not_hide_names() -> None:
    assert json.loads(SWAP.apply_json('{"query": ["\\nVelan"]}')) == {"query": ["\nTorid"]}
    assert SWAP.apply_json('{"query": ["Velan') == '{"query": ["Torid'


def test_a_trajectory_is_renamed_throughout() -> None:
    call = ToolCall(id="1", name="search", arguments='{"query": ["Velan"]}')
    messages = (
        Message(role="user", content="Who is Velan?"),
        Message(role="assistant", content=call_turn("Find Velan.", "search", {"query": ["Velan"]})),
        Message(role="assistant", content="", reasoning="Velan", tool_calls=(call,)),
    )
    user, text, native = SWAP.rename_trajectory(messages)
    assert user.content == "Who is Torid?"
    assert json.loads(parse_turn(text.content).calls[0].arguments) == {"query": ["Torid"]}
    assert (native.reasoning, native.tool_calls[0].arguments) == ("Torid", '{"query": ["Torid"]}')


def test_the_renamed_toolbox_is_the_same_world_under_other_names() -> None:
    pages = [Page(id=1, title="Velan Torid", url="https://w/Velan_Torid", text="Velan Torid founded Melik.")]
    plain = web_toolbox(InMemoryWeb(pages), ToolsConfig(top_k=3))
    renamed = RenamedToolbox(plain, SWAP)
    assert renamed.signatures == plain.signatures

    def ask(name: str, arguments: str) -> str:
        return asyncio.run(renamed.call(ToolCall(id="1", name=name, arguments=arguments))).content

    found = ask("search", '{"query": ["Solak"]}')
    assert found.startswith("A search for 'Solak' found 1 results:\n\n1. [Torid Velan](https://w/Torid_Velan)\n")
    assert ask("visit", '{"url": ["https://w/Torid_Velan"], "goal": "x"}') == "Torid Velan\nTorid Velan founded Solak."
    assert ask("visit", '{"url": ["Velan Torid"], "goal": "x"}') == "There is no page Velan Torid."


@given(seed=st.integers(0, 9999), year=st.integers(1900, 1999), other=st.integers(1900, 1999))
def test_a_year_stays_in_its_decade_when_the_decades_change_places(seed: int, year: int, other: int):
    renaming = Renaming.draw(["Velan", "Torid"], random.Random(seed), decades=True)
    text = f"Velan: born {year}, wanted in the {other // 10}0s. 1850 1850s 21953"
    new_year, new_decade = re.findall(r"\b19\d\ds?\b", renaming.apply(text))
    assert (new_year[:3] == new_decade[:3]) == (year // 10 == other // 10)
    assert new_year[3] == str(year)[3]
    assert renaming.apply(text).endswith("1850 1850s 21953")
    assert renaming.invert(renaming.apply(text)) == text
