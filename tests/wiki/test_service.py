"""The wiki over HTTP: a real server on the loopback, asked by a real client, started and stopped as a user would."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from websailor.wiki.reader import Wiki

pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")

COMMAND = [sys.executable, "-m", "websailor.cli", "serve", "web"]


class Server:
    """`websailor serve web` in a process of its own."""

    def __init__(self, wiki: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--wiki", str(wiki), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline()
        self.address = urlsplit(self.greeting.split()[-1]).netloc

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer. `body`: a value for JSON, or bytes as they are."""
        connection = HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
            assert answer.headers["content-type"] == "application/json" or answer.status == 405
            return answer.status, json.loads(content)
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def server(small_wiki: Wiki) -> Iterator[Server]:
    started = Server(small_wiki.path)
    yield started
    if started.process.poll() is None:
        started.stop()


def test_health_and_greeting(server: Server, small_wiki: Wiki) -> None:
    assert server.greeting.startswith(f"{len(small_wiki)} pages at http://127.0.0.1:")
    assert server.ask("GET", "/health") == (200, {"status": "ok", "wiki": "Testwiki", "language": "en", "pages": 5})


def test_search_answers_as_the_wiki_does(server: Server, small_wiki: Wiki) -> None:
    queries = ["capital of England", "born 1791", "C++ (", 'foo:bar "unclosed', "", "xyzzy"]
    status, answer = server.ask("POST", "/search", {"queries": queries, "k": 2})
    assert status == 200
    assert answer["results"] == [[hit.model_dump() for hit in small_wiki.search(query, 2)] for query in queries]
    assert [hit["title"] for hit in answer["results"][0]] == ["London"]
    assert server.ask("GET", f"/search?query={quote('capital of England')}&k=2")[1]["results"] == answer["results"][:1]


def test_visit_by_title_and_address(server: Server, small_wiki: Wiki) -> None:
    page = small_wiki.page("Charles Babbage")
    assert page is not None
    expected = (200, json.loads(page.model_dump_json()))
    assert server.ask("POST", "/visit", {"title": "Babbage"}) == expected
    assert server.ask("POST", "/visit", {"url": page.url}) == expected
    assert server.ask("GET", f"/visit?url={quote(page.url, safe='')}") == expected
    assert server.ask("GET", "/visit?title=Charlie%20Babbage") == expected


def test_retrieve_speaks_as_search_r1_does(server: Server, small_wiki: Wiki) -> None:
    """The fields that its `search_r1_like` clients read."""
    asked = {"queries": ["who designed the Analytical Engine", "Thames"], "topk": 2, "return_scores": True}
    status, answer = server.ask("POST", "/retrieve", asked)
    assert status == 200 and len(answer["result"]) == 2
    for found, query in zip(answer["result"], asked["queries"], strict=True):
        hits = small_wiki.search(query, 2)
        assert [item["score"] for item in found] == [hit.score for hit in hits]
        for item, hit in zip(found, hits, strict=True):
            title, _, text = item["document"]["contents"].partition("\n")
            assert title == f'"{hit.title}"' and hit.snippet in text
    plain = server.ask("POST", "/retrieve", {"queries": ["Thames"]})[1]
    assert plain["result"] == [[item["document"] for item in answer["result"][1]]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/search", b"no json", 400, "JSON"),
        ("POST", "/search", {}, 400, "queries: Field required"),
        ("POST", "/search", {"queries": []}, 400, "queries"),
        ("POST", "/search", {"queries": ["a"], "k": 0}, 400, "k: "),
        ("POST", "/search", {"queries": ["a"], "topk": 3}, 400, "topk: Extra inputs"),
        ("POST", "/search", {"queries": "London"}, 400, "queries: "),
        ("GET", "/search", None, 400, "queries"),
        ("GET", "/search?query=a&k=many", None, 400, "k: "),
        ("POST", "/retrieve", {"queries": ["a"], "topk": 10_000}, 400, "topk: "),
        ("POST", "/visit", {}, 400, "either a title or a url"),
        ("POST", "/visit", {"title": "A", "url": "B"}, 400, "either a title or a url"),
        ("POST", "/visit", {"title": "Nowhere"}, 404, "no page 'Nowhere'"),
        ("GET", "/visit?url=https%3A%2F%2Felsewhere.example%2Fx", None, 404, "https://elsewhere.example/x"),
        ("GET", "/visit?url=http%3A%2F%2F%5B", None, 404, "no page of this wiki"),
        ("GET", "/nothing", None, 404, "Not Found"),
        ("GET", "/retrieve", None, 405, "Method Not Allowed"),
        ("POST", "/search", b'{"queries": ["' + b"a" * 9_000_000 + b'"]}', 413, "fewer queries"),
    ],
)
def test_bad_requests_are_told_why(server: Server, method: str, path: str, body: Any, status: int, words: str) -> None:
    got, answer = server.ask(method, path, body)
    assert got == status and list(answer) == ["error"] and words in answer["error"]


def test_many_clients_and_large_batches(server: Server, small_wiki: Wiki) -> None:
    expected = [[hit.model_dump() for hit in small_wiki.search(query)] for query in ("London", "Ada", "engine")]
    with ThreadPoolExecutor(16) as pool:
        batches = pool.map(
            lambda n: server.ask("POST", "/search", {"queries": ["London", "Ada", "engine"] * n}), range(1, 40)
        )
        for number, (status, answer) in enumerate(batches, 1):
            assert status == 200 and answer["results"] == expected * number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told(small_wiki: Wiki, number: signal.Signals) -> None:
    started = Server(small_wiki.path)
    assert started.ask("GET", "/health")[0] == 200
    assert started.stop(number) == (0, "")


def test_requests_that_never_arrive_are_given_up_in_silence(small_wiki: Wiki) -> None:
    started = Server(small_wiki.path)
    host, _, port = started.address.rpartition(":")
    start = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        slow.sendall(start)
        with socket.create_connection((host, int(port)), timeout=30) as gone:
            gone.sendall(start)
        assert started.ask("GET", "/health")[0] == 200
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
        slow.sendall(start)
        assert started.stop() == (0, "")


def refused(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not done.stdout
    return done.stderr


def test_what_cannot_be_served_is_refused(small_wiki: Wiki, tmp_path: Path) -> None:
    wiki = str(small_wiki.path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--port {port}: another program listens there" in refused("--wiki", wiki, "--port", str(port))
    assert "not a wiki directory" in refused("--wiki", str(tmp_path))
    assert "0 to 65535" in refused("--wiki", wiki, "--port", "70000")
    assert "--host 203.0.113.7" in refused("--wiki", wiki, "--port", "0", "--host", "203.0.113.7")
