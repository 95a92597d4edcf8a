"""A graph that was killed in the middle of its making ends as if it had not been; corpora that make no graph."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from websailor import graph
from websailor.errors import UserError
from websailor.wiki import Config as WikiConfig
from websailor.wiki import import_dump
from websailor.wiki import run as run_wiki

FILES = ("entities.jsonl", "facts.jsonl", "records.jsonl", "statistics.json", "possible.jsonl")


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("corpus") / "wiki"
    world = {"profile": "rich", "pages": 300, "community_size": 60}
    run_wiki(WikiConfig.model_validate({"world": world}), {}, out)
    return out


@pytest.mark.parametrize("flags", [["--whole"], ["--edges", "700", "--compare"]])
def test_kill_and_resume_give_the_same_graph(wiki: Path, tmp_path: Path, flags: list[str]) -> None:
    command = [sys.executable, "-m", "websailor.cli", "graph", "build", "--wiki", str(wiki), *flags]
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    records = tmp_path / "killed" / "records.jsonl"
    with subprocess.Popen([*command, "--out", str(tmp_path / "killed")], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (records.is_file() and records.stat().st_size > 20_000):
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "manifest.json").exists()
    subprocess.run([*command, "--out", str(tmp_path / "killed")], check=True, capture_output=True)
    for name in FILES:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert not list((tmp_path / "killed").glob("journal*"))


def dump(path: Path, *texts: str) -> Path:
    pages = "".join(
        f"<page><title>P{n}</title><ns>0</ns><id>{n}</id><revision><id>1</id><text>{text}</text></revision></page>"
        for n, text in enumerate(texts, 1)
    )
    path.write_text(f"<mediawiki>{pages}</mediawiki>", encoding="utf-8")
    return path


@pytest.mark.parametrize("whole", [True, False])
def test_a_corpus_without_links_is_refused(tmp_path: Path, whole: bool) -> None:
    out = tmp_path / "wiki"
    import_dump(dump(tmp_path / "dump.xml", "Mere text.", "More text."), out)
    with pytest.raises(UserError, match="no links"):
        graph.run(graph.Config(whole=whole), {"wiki": out}, tmp_path / "graph")


def test_a_corpus_without_facts_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "wiki"
    import_dump(dump(tmp_path / "dump.xml", "See [[P2]].", "See [[P1]]."), out)
    with pytest.raises(UserError, match="states no facts"):
        graph.run(graph.Config(), {"wiki": out}, tmp_path / "graph")
