"""Every number of a stage's settings has bounds, and one beyond them ends in one line that names the setting."""

import math
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from websailor import evaluation, report, rl, sft, trajectories
from websailor.errors import UserError
from websailor.recipe import make_config

STAGES = {
    "rl": rl.Config,
    "sft": sft.Config,
    "trajectories": trajectories.Config,
    "evaluation": evaluation.Config,
    "report": report.Config,
}
HUGE = 10**40


def numbers(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type]]:
    """Dotted path and type (int or float) of every numeric setting; a tuple of numbers counts as one."""
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        kinds += [get_args(kind)[0] for kind in kinds if get_origin(kind) is Annotated]
        for kind in kinds:
            if kind in (int, float):
                yield (*path, name), kind
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from numbers(kind, (*path, name))


SETTINGS = [(stage, path, kind) for stage, model in STAGES.items() for path, kind in numbers(model)]


def nested(path: tuple[str, ...], value: Any) -> Any:
    return {path[0]: nested(path[1:], value)} if path else value


@pytest.mark.parametrize(
    ("stage", "path", "kind"), SETTINGS, ids=[f"{stage}.{'.'.join(path)}" for stage, path, _ in SETTINGS]
)
def test_a_number_beyond_its_bounds_is_refused_in_one_line(stage: str, path: tuple[str, ...], kind: type) -> None:
    wrong: list[Any] = [-1, HUGE, math.nan, math.inf, -math.inf, "many", [{}]]
    if path[-1] == "pass_at":
        wrong = [[value] for value in wrong] + [[]]
    for value in wrong:
        with pytest.raises(UserError) as caught:
            make_config(STAGES[stage], nested(path, value), "r.toml")
        assert str(caught.value).startswith(f"r.toml: {'.'.join(path)}")
        assert "\n" not in str(caught.value)


def test_there_is_something_to_guard() -> None:
    assert len(SETTINGS) > 60


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"heads": 3}, "multiple of kv_heads"), ({"head_dim": 6}, "multiple of 4")],
)
def test_a_shape_that_no_network_can_have_is_refused_before_anything_is_written(
    settings: dict[str, int], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        make_config(sft.Config, settings, "r.toml")
