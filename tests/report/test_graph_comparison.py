"""What densification did, on the page."""

from pathlib import Path

from sample_run import write_sample_run

from websailor.files import write_json
from websailor.graph.report import Comparison
from websailor.graph.statistics import measure
from websailor.report import Config, run


def page_of(path: Path) -> str:
    run(Config.model_validate({}), {"run": path}, path / "report")
    return (path / "report" / "index.html").read_text(encoding="utf-8")


def test_the_comparison_stands_on_the_page(tmp_path: Path) -> None:
    path = write_sample_run(tmp_path / "run")
    tree, cycle = measure([*"abc"], [("a", "b")]), measure([*"abc"], [("a", "b"), ("b", "c"), ("c", "a")])
    found = Comparison(before=tree, after=cycle, plain=tree, hubs_left_out=("<Hub>",))
    write_json(path / "graph" / "statistics.json", found.model_dump(mode="json"))
    text = page_of(path)
    assert "<th>plain expansion</th>" in text
    assert '<th scope="row">cycle rank</th><td>0</td><td>1</td><td>0</td>' in text
    assert "&lt;Hub&gt;" in text


def test_a_graph_that_was_read_whole_has_no_comparison(tmp_path: Path) -> None:
    path = write_sample_run(tmp_path / "run")
    one = measure([*"ab"], [("a", "b")])
    found = Comparison(before=one, after=one)
    write_json(path / "graph" / "statistics.json", found.model_dump(mode="json"))
    assert "What searches and pairs added" not in page_of(path)
