"""Tables become configs; a wrong key is answered with the nearest right one."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from websailor.errors import UserError
from websailor.recipe import check_keys, differences, existing_file, make_config, nearest, overlay, read_table


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    top_k: int = 5


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(default=1.0, ge=0)
    tools: Inner = Inner()
    control: Inner | None = None


def test_nearest_names_one_word_or_all() -> None:
    assert nearest("secnds", ["seconds", "steps"]) == "; did you mean 'seconds'?"
    assert nearest("zzz", ["seconds", "steps"]) == "; known: seconds, steps"


def test_overlay_goes_table_by_table() -> None:
    assert overlay({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}}) == {"a": {"b": 9, "c": 2}, "d": 3}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"secnds": 1}, "f.toml: unknown key 'secnds'; did you mean 'seconds'?"),
        ({"tool": {}}, "f.toml: unknown table 'tool'; did you mean 'tools'?"),
        ({"tools": {"topk": 3}}, "f.toml: unknown key 'tools.topk'; did you mean 'top_k'?"),
        ({"control": {"topk": 3}}, "f.toml: unknown key 'control.topk'; did you mean 'top_k'?"),
    ],
)
def test_unknown_keys_are_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        check_keys(table, Outer, "f.toml")
    assert str(caught.value) == message


def test_a_wrong_value_names_its_key() -> None:
    with pytest.raises(UserError, match=r"^f\.toml: tools\.top_k: Input should be a valid integer.*\(got 'many'\)$"):
        make_config(Outer, {"tools": {"top_k": "many"}}, "f.toml")
    with pytest.raises(UserError, match=r"^f\.toml: seconds: Input should be greater than or equal to 0 \(got -1\)"):
        make_config(Outer, {"seconds": -1}, "f.toml")


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "quickstart.toml").write_text("")
    with pytest.raises(UserError, match=r"quickstrt\.toml: no such recipe; did you mean .*quickstart\.toml\?"):
        existing_file(tmp_path / "quickstrt.toml", "recipe")
    with pytest.raises(UserError, match=r"no such recipe$"):
        existing_file(tmp_path / "nowhere" / "x.toml", "recipe")


def test_broken_toml_says_where(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[wiki\n")
    with pytest.raises(UserError, match=r"r\.toml: not TOML: .*line 1"):
        read_table(tmp_path / "r.toml")


def test_differences_name_the_setting() -> None:
    before, after = (
        {"sft": {"seconds": 300, "steps": 1}, "name": "a"},
        {"sft": {"seconds": 200, "steps": 1}, "name": "a"},
    )
    assert list(differences(before, after)) == ["sft.seconds: 300, now 200"]
