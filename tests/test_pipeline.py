"""A run goes stage by stage, resumes, refuses other settings, and ends with a summary."""

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from websailor.errors import ConfigChanged, UserError
from websailor.files import StageConfig, StageDirectory, exclusive
from websailor.pipeline import Recipe, Step, claim, load_recipe, plan, run_steps
from websailor.records import Manifest
from websailor.stopwatch import Stopwatch, clock

RECIPES = Path(__file__).parents[1] / "recipes"


class FakeStage:
    """A stage that counts its runs and can be interrupted once; it writes a real stage directory."""

    def __init__(self, name: str, counts: Mapping[str, float], interrupt: bool = False) -> None:
        self.name = name
        self.runs = 0
        self.inputs: Mapping[str, Path] = {}
        self._counts = dict(counts)
        self._interrupt = interrupt

    def __call__(self, inputs: Mapping[str, Path], out: Path) -> Manifest:
        self.runs += 1
        self.inputs = inputs
        with StageDirectory(out, self.name.split("/")[0], StageConfig(), inputs) as directory:
            if self._interrupt and self.runs == 1:
                raise KeyboardInterrupt
            return directory.finish(**self._counts)


SCORES = {
    "questions": 8,
    "pass_at_1": 0.5,
    "pass_at_1_low": 0.4,
    "pass_at_1_high": 0.6,
    "pass_at_3": 0.75,
    "format_errors": 0.0,
    "tool_calls": 2.0,
}


def fake_run(interrupt: bool = False) -> tuple[list[Step], dict[str, FakeStage]]:
    stages = {
        "wiki": FakeStage("wiki", {"pages": 3}),
        "sft": FakeStage("sft", {"steps": 2}, interrupt),
        "evaluation/sft": FakeStage("evaluation/sft", SCORES),
    }
    inputs = {"wiki": {}, "sft": {"wiki": "wiki"}, "evaluation/sft": {"wiki": "wiki"}}
    return [Step(name, stage, inputs[name]) for name, stage in stages.items()], stages


def test_a_run_hands_directories_on_and_sums_up(tmp_path: Path) -> None:
    steps, stages = fake_run()
    summary = run_steps(steps, tmp_path / "r", Recipe(name="r"))
    assert stages["sft"].inputs == {"wiki": tmp_path / "r" / "wiki"}
    assert summary["sft"]["pass_at_1"] == 0.5
    assert summary["sft"]["pass_at_3"] == 0.75
    assert summary["stages"].keys() == {*stages, "report"}
    assert summary["seconds"] == pytest.approx(sum(summary["stages"].values()), abs=0.06)
    assert json.loads((tmp_path / "r" / "summary.json").read_text()) == summary
    assert (tmp_path / "r" / "report" / "index.html").is_file()
    assert (tmp_path / "r" / "sft" / "log.txt").is_file()
    assert not list((tmp_path / "r").glob("*.log"))


def test_a_run_says_what_it_is_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_steps(fake_run()[0], tmp_path / "r", Recipe(name="r", about="Three stages that do nothing"))
    assert "r: Three stages that do nothing" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    steps, stages = fake_run(interrupt=True)
    with pytest.raises(KeyboardInterrupt):
        run_steps(steps, tmp_path / "r", Recipe(name="r"))
    assert "wiki" in json.loads((tmp_path / "r" / "seconds.json").read_text())
    run_steps(steps, tmp_path / "r", Recipe(name="r"))
    assert [stage.runs for stage in stages.values()] == [1, 2, 1]
    run_steps(steps, tmp_path / "r", Recipe(name="r"))
    assert [stage.runs for stage in stages.values()] == [1, 2, 1]


def test_a_directory_of_other_settings_is_refused_untouched(tmp_path: Path) -> None:
    steps, _ = fake_run()
    run_steps(steps, tmp_path / "r", Recipe(name="r"))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(
        ConfigChanged, match=r"holds a run of other settings \(sft\.steps: 2000, now 7\): choose another"
    ):
        run_steps(steps, tmp_path / "r", Recipe.model_validate({"name": "r", "sft": {"steps": 7}}))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_settings_of_stages_without_work_may_change(tmp_path: Path) -> None:
    steps, _ = fake_run(interrupt=True)
    with pytest.raises(KeyboardInterrupt):
        run_steps(steps, tmp_path / "r", Recipe(name="r"))
    with pytest.raises(
        ConfigChanged, match=r"wiki\.world\.pages: 2000, now 90.*or delete .*wiki and the stages after it"
    ):
        claim(tmp_path / "r", Recipe.model_validate({"name": "r", "wiki": {"world": {"pages": 90}}}))
    changed = Recipe.model_validate({"name": "r", "sft": {"steps": 7}, "systems": ["sft"]})
    run_steps(steps, tmp_path / "r", changed)
    assert json.loads((tmp_path / "r" / "config.json").read_text())["sft"]["steps"] == 7
    shutil.rmtree(tmp_path / "r" / "sft")
    with pytest.raises(ConfigChanged, match=r"sft\.steps: 7, now 8"):
        claim(tmp_path / "r", Recipe.model_validate({"name": "r", "sft": {"steps": 8}, "systems": ["sft"]}))


def test_a_finished_stage_whose_input_was_changed_since_is_refused(tmp_path: Path) -> None:
    steps, stages = fake_run()
    run_steps(steps, tmp_path / "r", Recipe(name="r"))
    (tmp_path / "r" / "wiki" / "facts.jsonl").write_text("{}\n")
    with pytest.raises(ConfigChanged, match=r"sft was made from another wiki than .*wiki holds now"):
        run_steps(steps, tmp_path / "r", Recipe(name="r"))
    (tmp_path / "r" / "wiki" / "facts.jsonl").unlink()
    run_steps(steps, tmp_path / "r", Recipe(name="r"))
    assert [stage.runs for stage in stages.values()] == [1, 1, 1]


def test_a_run_in_use_is_refused(tmp_path: Path) -> None:
    steps, _ = fake_run()
    (tmp_path / "r").mkdir()
    with exclusive(tmp_path / "r"), pytest.raises(UserError, match="another process is working here"):
        run_steps(steps, tmp_path / "r", Recipe(name="r"))
    assert not list((tmp_path / "r").iterdir())


@pytest.mark.parametrize("name", ["", ".", "..", "../elsewhere", "/tmp/x", "a/b", "a\\b", " ", "-x"])
def test_a_run_stays_in_its_directory(name: str) -> None:
    with pytest.raises(UserError, match="name: String should match"):
        load_recipe(RECIPES / "quickstart.toml", {"name": name})


def test_words_and_looks_may_change(tmp_path: Path) -> None:
    claim(tmp_path / "r", Recipe(name="r"))
    before = (tmp_path / "r" / "config.json").read_bytes()
    claim(tmp_path / "r", Recipe.model_validate({"name": "r", "about": "x", "report": {"questions": 3}}))
    assert (tmp_path / "r" / "config.json").read_bytes() == before


def test_a_broken_run_config_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json: not JSON"):
        claim(tmp_path, Recipe(name="r"))


def test_the_plan_wires_every_input_to_an_earlier_step() -> None:
    steps = plan(load_recipe(RECIPES / "quickstart.toml"))
    assert [step.name for step in steps] == [
        *("wiki", "graph", "questions", "trajectories", "sft", "rl"),
        *(f"evaluation/{system}" for system in ("expert", "untrained", "sft", "rl")),
    ]
    seen: set[str] = set()
    for step in steps:
        assert {path.split("/")[0] for path in step.inputs.values()} <= seen, step.name
        seen.add(step.name)


def test_the_control_is_a_second_cold_start() -> None:
    recipe = load_recipe(RECIPES / "quickstart.toml", {"control": {"seconds": "440"}, "systems": ["sft", "control"]})
    assert recipe.control is not None
    assert (recipe.control.seconds, recipe.control.rename) == (440, recipe.sft.rename)
    assert [step.name for step in plan(recipe)][-3:] == ["control", "evaluation/sft", "evaluation/control"]
    with pytest.raises(UserError, match=r"no \[control\] table"):
        plan(load_recipe(RECIPES / "quickstart.toml", {"systems": ["control"]}))
    with pytest.raises(UserError, match="unknown 'oracle'"):
        plan(load_recipe(RECIPES / "quickstart.toml", {"systems": ["oracle"]}))
    with pytest.raises(UserError, match=r"expected: unknown 'wikki'; did you mean 'wiki'\?"):
        plan(load_recipe(RECIPES / "quickstart.toml", {"expected": {"wikki": 3}}))


def test_one_seed_for_all_and_shared_tables(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text("seed = 5\n[tools]\ntop_k = 3\n[rl]\nseed = 9\n[rl.tools]\ntop_k = 4\n")
    recipe = load_recipe(file)
    assert (recipe.graph.seed, recipe.sft.seed, recipe.rl.seed, recipe.wiki.world.seed) == (5, 5, 9, 5)
    assert (recipe.trajectories.tools.top_k, recipe.rl.tools.top_k, recipe.evaluation.tools.top_k) == (3, 4, 3)
    assert load_recipe(file, {"seed": "6"}).graph.seed == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[grahp]\n", "unknown table 'grahp'; did you mean 'graph'"),
        ("[sft]\nsecnds = 3\n", r"unknown key 'sft\.secnds'; did you mean 'seconds'"),
        ("[rl]\nlearning_rate = nan\n", r"rl\.learning_rate: Input should be a finite number"),
        ("[wiki.world]\nseed = -1\n", r"wiki\.world\.seed: Input should be greater than or equal to 0"),
        ("[sft]\nseconds = 'long'\n", r"sft\.seconds: Input should be a valid number"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "r.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        load_recipe(file)


def test_seconds_survive_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "seconds.json"
    file.write_text('{"sft": 100.0}')
    with Stopwatch(file, {"sft": 150.0, "rl": 50.0}) as stopwatch:
        assert stopwatch.remaining == 100.0
        with stopwatch.step("sft"):
            time.sleep(0.02)
        assert 100 < stopwatch.seconds["sft"] < 101
        assert 25 < stopwatch.remaining < 50  # the first step took two thirds of what was foreseen
    assert json.loads(file.read_text())["sft"] == stopwatch.seconds["sft"]


def test_clock_reads_well() -> None:
    assert [clock(seconds) for seconds in (7, 760, 3723)] == ["0:07", "12:40", "1:02:03"]
