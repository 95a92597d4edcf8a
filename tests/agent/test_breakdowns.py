"""What breaks down costs its own episode, and ends the run only where nothing works any more."""

import asyncio
from typing import Any

import pytest

from websailor.agent.breakdowns import Breakdown, Breakdowns, GuardedToolbox, breaking_down
from websailor.errors import UserError
from websailor.records import Observation, Reject, ToolCall
from websailor.tools.base import Toolbox, ToolSpec


def reject(number: int) -> Reject:
    return Reject(id=str(number), reason="endpoint", detail=f"no reply {number}")


def test_a_breakdown_is_kept_once_another_episode_came_through() -> None:
    kept: list[Reject] = []
    breakdowns = Breakdowns(3, kept.append)
    breakdowns.broke(reject(0))
    breakdowns.broke(reject(1))
    assert not kept
    breakdowns.worked()
    assert [one.id for one in kept] == ["0", "1"]
    breakdowns.broke(reject(2))
    breakdowns.end()
    assert [one.id for one in kept] == ["0", "1", "2"]


def test_several_in_a_row_end_the_run_and_are_not_kept() -> None:
    kept: list[Reject] = []
    breakdowns = Breakdowns(3, kept.append)
    breakdowns.worked()
    breakdowns.broke(reject(0))
    breakdowns.broke(reject(1))
    with pytest.raises(UserError, match=r"no reply 2 .3 episodes in a row came to nothing; the same command goes on"):
        breakdowns.broke(reject(2))
    assert not kept


def test_a_sitting_in_which_nothing_works_ends_in_one_line() -> None:
    kept: list[Reject] = []
    breakdowns = Breakdowns(20, kept.append)
    breakdowns.broke(reject(0))
    with pytest.raises(UserError, match="the only episode"):
        breakdowns.end()
    assert not kept


def test_what_the_user_can_mend_breaks_an_episode_and_a_defect_raises() -> None:
    with pytest.raises(Breakdown, match="no key") as found, breaking_down("judge"):
        raise UserError("no key")
    assert found.value.reason == "judge"
    with pytest.raises(ZeroDivisionError), breaking_down("judge"):
        raise ZeroDivisionError


class Defective:
    spec = ToolSpec(name="search", description="", parameters={"type": "object", "properties": {}})

    async def __call__(self, **arguments: Any) -> Observation:
        raise OSError("the index is gone")


def test_a_defect_of_a_tool_costs_the_episode_alone() -> None:
    call = ToolCall(id="1", name="search", arguments="{}")
    with pytest.raises(OSError):
        asyncio.run(Toolbox([Defective()]).call(call))
    with pytest.raises(Breakdown, match="search: OSError: the index is gone") as found:
        asyncio.run(GuardedToolbox(Toolbox([Defective()])).call(call))
    assert found.value.reason == "tool"
