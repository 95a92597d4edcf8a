"""The extractor's model behind an endpoint on this machine, named in the config."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from encyclopedia import page

from websailor import graph
from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.records import Fact
from websailor.tools.memory import InMemoryWeb

TORID = {"subject": "Ada Lin", "relation": "birth_place", "object": "Torid", "quote": "Ada Lin grew up in Torid."}


class Endpoint(BaseHTTPRequestHandler):
    """Gives every conversation the same reply and remembers what it was asked."""

    asked: list[dict[str, Any]] = []  # noqa: RUF012 - one server, one test

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        message = {"role": "assistant", "content": json.dumps({"facts": [TORID]})}
        body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_the_model_of_the_config_is_asked(url: str, tmp_path: Path) -> None:
    site = "https://en.wikipedia.org/wiki/"
    ada = page("Ada Lin", "person", text="Ada Lin grew up in Torid.", links=["Torid"])
    ada = ada.model_copy(update={"url": f"{site}Ada_Lin"})
    settings = {"seeds": ["Ada Lin"], "extractor": "llm", "model": f"openai:m@{url}", "returns": 0, "patience": 0}
    graph.run(graph.Config.model_validate(settings), {}, tmp_path, web=InMemoryWeb([ada]))
    (fact,) = read_jsonl(tmp_path / "facts.jsonl", Fact)
    assert (fact.subject, fact.relation, fact.object) == ("Ada Lin", "birth_place", "Torid")
    assert fact.source.kind == "sentence"
    (asked,) = Endpoint.asked
    assert asked["model"] == "m"
    assert "Ada Lin grew up in [[Torid]]." in asked["messages"][-1]["content"]


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    config = graph.Config.model_validate({"seeds": ["Ada"], "extractor": "llm", "model": "gpt"})
    with pytest.raises(UserError, match="openai:MODEL@URL"):
        graph.run(config, {}, tmp_path, web=InMemoryWeb([]))
