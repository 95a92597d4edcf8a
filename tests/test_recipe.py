"""Tables become configs; a wrong key is answered with the nearest right one."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from websailor.cli.flags import recipe_table
from websailor.errors import UserError
from websailor.pipeline import Recipe, load_recipe
from websailor.recipe import (
    check_keys,
    differences,
    existing_file,
    make_config,
    nearest,
    overlay,
    parse_settings,
    read_table,
    spread_shared,
)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    top_k: int = 5


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    systems: tuple[str, ...] = ()
    rename: bool = True

    seconds: float = Field(default=1.0, ge=0)
    tools: Inner = Inner()
    control: Inner | None = None


def test_nearest_names_one_word_or_all() -> None:
    assert nearest("secnds", ["seconds", "steps"]) == "; did you mean 'seconds'?"
    assert nearest("zzz", ["seconds", "steps"]) == "; known: seconds, steps"


def test_nearest_does_not_list_thousands() -> None:
    assert nearest("zzz", [f"q{number}" for number in range(3000)]).endswith(", q39 and 2960 more")


def test_a_file_of_an_editor_that_marks_its_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes(b"\xef\xbb\xbfseed = 1\n")
    assert read_table(tmp_path / "r.toml") == {"seed": 1}


@pytest.mark.parametrize("table", ["control = 3", "sft = [1, 2]", "[[rl]]\nsteps = 3", 'tools = "x"', "wiki = [1]"])
@pytest.mark.parametrize("seed", ["", "seed = 3\n"])
def test_a_list_or_number_where_a_table_belongs(tmp_path: Path, table: str, seed: str) -> None:
    file = tmp_path / "r.toml"
    file.write_text(seed + table)
    with pytest.raises(UserError, match=r"r\.toml: .*should be a table of settings"):
        load_recipe(file)
    name = table.strip("[").partition("]")[0].partition(" ")[0]
    with pytest.raises(UserError, match=r"r\.toml: .*should be a table of settings"):
        recipe_table(file, "trajectories" if name == "tools" else name, Recipe)


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


def test_settings_of_the_command_line() -> None:
    tokens = [
        "--seconds",
        "3",
        "--tools.top-k=4",
        "--systems",
        "a",
        "--systems",
        "b",
        "--no-rename",
        "--control.top_k",
        "1",
    ]
    tables = parse_settings(tokens, Outer)
    assert make_config(Outer, tables, "flags") == Outer(
        seconds=3, tools=Inner(top_k=4), systems=("a", "b"), rename=False, control=Inner(top_k=1)
    )
    assert parse_settings(["--rename", "--seconds", "-1"], Outer) == {"rename": "true", "seconds": "-1"}
    assert parse_settings(["--rename", "false"], Outer) == {"rename": "false"}
    assert parse_settings(["--systems", "a"], Outer) == {"systems": ["a"]}


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["--secnds", "3"], "unknown key 'secnds'; did you mean 'seconds'"),
        (["--tools.topk", "3"], r"unknown key 'tools\.topk'; did you mean 'top_k'"),
        (["--no-renam"], "unknown key 'renam'; did you mean 'rename'"),
        (["--seconds"], "--seconds needs a value"),
        (["--seconds", "--rename"], "--seconds needs a value"),
        (["seconds", "3"], "unexpected 'seconds': settings are given as --table.key value"),
    ],
)
def test_wrong_settings_are_refused(tokens: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_settings(tokens, Outer)


def test_shared_tables_lie_below_a_stage_s_own() -> None:
    spread = spread_shared({"seed": 3, "agent": {"turns": 4}, "rl": {"agent": {"turns": 5}}, "sft": {"seed": 1}})
    assert spread["rl"] == {"seed": 3, "agent": {"turns": 5}}
    assert spread["evaluation"] == {"seed": 3, "agent": {"turns": 4}}
    assert spread["sft"] == {"seed": 1}
    assert spread["wiki"] == {"world": {"seed": 3}, "seed": 3}
    assert "control" not in spread
    assert "agent" not in spread
