"""The report: what it shows, what it survives, and that nothing on it comes from outside or runs by itself."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import networkx as nx
import pytest
from sample_run import write_sample_run

from websailor import report
from websailor.diversity import effective_number
from websailor.errors import UserError
from websailor.records import Pattern
from websailor.report.page import compare, duration, spread
from websailor.report.question_set import place
from websailor.report.run_directory import read_run

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'&{{7*7}}"


class Document(HTMLParser):
    """Tags with their attributes, and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def make_page(run: Path) -> str:
    report.run(report.Config.model_validate({}), {"run": run}, run / "report")
    return (run / "report" / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_page(write_sample_run(tmp_path_factory.mktemp("runs") / "sample"))


def test_the_page_shows_every_part(page: str) -> None:
    text = Document(page).text
    for words in (
        *("Reinforcement learning took the agent", "+19.0 points", "1,240", "295 refused"),
        *("The knowledge graph", "clustering", "nested reference", "bits left after each clue"),
        *(
            "find  x",
            "studied at",
            "Need the company.",
            "✓ right",
            "SFT loss",
            "Held-out pass@1 during RL",
            "not unique",
        ),
    ):
        assert words in text, words
    assert "No stage" not in text
    assert page.count('class="chart"') == 9


def test_nothing_comes_from_outside(page: str) -> None:
    for tag, attributes in Document(page).tags:
        assert tag not in ("iframe", "object", "embed", "base"), tag
        for name in ("src", "href", "action", "data", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:,")), f"<{tag} {name}={value}>"
    assert not re.search(r"url\((?!#)|@import|fetch\(|XMLHttpRequest|https?://(?!www\.w3\.org/)", page)
    assert "default-src 'none'" in page


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    page = make_page(write_sample_run(tmp_path / "bad<run>", hostile=HOSTILE))
    document = Document(page)
    assert [tag for tag, _ in document.tags].count("script") == 2
    assert not [attributes for tag, attributes in document.tags if any(name.startswith("on") for name in attributes)]
    assert "img" not in {tag for tag, _ in document.tags}
    assert "{{7*7}}" in page
    assert HOSTILE in html.unescape(page)


@pytest.mark.parametrize("missing", ["wiki", "graph", "questions", "trajectories", "sft", "rl", "evaluation"])
def test_a_missing_stage_is_said(tmp_path: Path, missing: str) -> None:
    run = write_sample_run(tmp_path / "run")
    shutil.rmtree(run / missing)
    text = Document(make_page(run)).text
    said = {
        "graph": "No graph in this run yet.",
        "questions": "No questions in this run yet.",
        "evaluation": "No evaluation has finished in this run.",
    }
    assert said.get(missing, "not in this run") in text


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    (tmp_path / "wiki").mkdir()
    text = Document(make_page(tmp_path)).text
    assert "No stage has finished yet." in text
    assert "No training in this run yet." in text


def test_torn_files_and_holes_are_survived(tmp_path: Path) -> None:
    run = write_sample_run(tmp_path / "run")
    with (run / "rl" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 61, "reward": 0.5, "loss": NaN}\n{"step": 6')
    with (run / "questions" / "records.jsonl").open("a") as file:
        file.write('{"id": "q0')
    assert "</html>" in make_page(run)


def test_a_report_does_not_take_the_place_of_something_else(tmp_path: Path) -> None:
    write_sample_run(tmp_path / "run")
    config, inputs = report.Config.model_validate({}), {"run": tmp_path / "run"}
    for _ in range(2):
        report.run(config, inputs, tmp_path / "page")
    before = (tmp_path / "run" / "questions" / "manifest.json").read_bytes()
    for folder in ("run", "run/questions"):
        with pytest.raises(UserError, match="holds something else than a report"):
            report.run(config, inputs, tmp_path / folder)
    assert (tmp_path / "run" / "questions" / "manifest.json").read_bytes() == before


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such run directory"):
        make_page(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no stage of a run"):
        make_page(tmp_path)


def test_the_comparison_prefers_what_tells_systems_apart(tmp_path: Path) -> None:
    run = read_run(write_sample_run(tmp_path / "run"))
    first = compare(run, 6)[0]
    right = {column["system"]: column["right"] for column in first["columns"]}
    assert list(right) == ["expert", "sft", "rl"]
    assert (right["sft"], right["rl"]) == (False, True)
    assert len(compare(run, 2)) == 2
    assert compare(run, 0) == []


def test_the_sample_takes_every_shape_in_turn(tmp_path: Path) -> None:
    questions = read_run(write_sample_run(tmp_path / "run")).questions
    shapes = {place(question.pattern)[0] for question in questions}
    assert len(shapes) > 1
    assert {place(question.pattern)[0] for question in spread(questions, len(shapes))} == shapes
    assert len(spread(questions, 1000)) == len(questions)


def test_effective_number() -> None:
    assert effective_number([5, 5, 5, 5]) == pytest.approx(4)
    assert effective_number([10, 0]) == pytest.approx(1)
    assert effective_number([]) == 0


def test_durations_read_well() -> None:
    assert [duration(s) for s in (0.42, 12, 59.9, 200, 7500)] == ["0.4 s", "12 s", "60 s", "3 min 20 s", "2 h 5 min"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser here")
def test_the_script_runs_in_a_browser(tmp_path: Path) -> None:
    """The page's own script gives every chart its note and changes the theme; the hostile one does not run."""
    page = make_page(write_sample_run(tmp_path / "run", hostile=HOSTILE))
    probe = """
<script>
addEventListener("load", () => {
  document.getElementById("theme").click();
  const graph = document.querySelector(".graph");
  graph.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
  const found = { notes: document.querySelectorAll(".chart-note").length, theme: document.documentElement.dataset.theme,
    reading: document.querySelector("#reading h3").textContent, lit: document.querySelectorAll(".node.on").length,
    hacked: window.hacked === 1, wide: document.documentElement.scrollWidth <= innerWidth };
  document.title = JSON.stringify(found);
});
</script>"""
    file = tmp_path / "probe.html"
    file.write_text(page.replace("</body>", probe + "</body>"), encoding="utf-8")
    done = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=420,900", "--virtual-time-budget=3000"),
            *("--dump-dom", file.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title
    found = json.loads(html.unescape(title[1]))
    assert found["notes"] == 9
    assert found["theme"] in ("light", "dark")
    assert found["reading"].endswith(HOSTILE)
    assert found["lit"] >= 2
    assert found["hacked"] is False
    assert found["wide"], "the page scrolls sideways on a phone"


def test_an_agent_that_rl_left_where_it_was_is_said_to_be_there(tmp_path: Path) -> None:
    run = write_sample_run(tmp_path / "run")
    sft, rl = (run / "evaluation" / system / "manifest.json" for system in ("sft", "rl"))
    rl.write_bytes(sft.read_bytes())
    text = Document(make_page(run)).text
    assert "Reinforcement learning left the agent at" in text
    assert "took the agent" not in text


def test_a_shape_is_that_of_the_finished_query(tmp_path: Path) -> None:
    """Against networkx: two questions have one class exactly when their graphs of entities are isomorphic."""
    questions = read_run(write_sample_run(tmp_path / "run")).questions[:12]

    def graph(pattern: Pattern) -> nx.DiGraph:
        made = nx.DiGraph()
        made.add_nodes_from(set(pattern.variables) - pattern.value_types.keys())
        made.add_edges_from((one.subject, one.object) for one in pattern.atoms if one.object in made)
        return made

    pairs = [(one.pattern, other.pattern) for one in questions for other in questions]
    same = [place(one)[0] == place(other)[0] for one, other in pairs]
    assert same == [nx.is_isomorphic(graph(one), graph(other)) for one, other in pairs]
    assert set(same) == {True, False}
