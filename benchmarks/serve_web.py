"""`websailor serve web` against an endpoint in the style of Search-R1 on bm25s: requests per second and core.

Run: `python benchmarks/serve_web.py [--pages 20000] [--requests 1000]`. Both answer `POST /retrieve` with Starlette on
uvicorn, each in one process, over the same pages of a generated world; a client on the loopback asks both the same
queries ("born in Velan Torid"), three documents each, in turns. Counted is the CPU time of the server's process alone.
A query is hit when the subject of a fact is among the documents. The peer does what Search-R1's retrieval server does,
with bm25s in the place of Pyserini: the first hundred words of the best pages.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from search import questions, texts
from websailor.wiki import Config, open_wiki, run

PASSAGE_WORDS = 100
TOPK = 3


def serve_bm25s(wiki: Path) -> None:
    """The peer: index the pages, then serve until stopped."""
    import socket

    import bm25s
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    titles, bodies = texts(open_wiki(wiki))
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(bodies, show_progress=False), show_progress=False)
    passages = [
        f'"{title}"\n{" ".join(body.split()[:PASSAGE_WORDS])}' for title, body in zip(titles, bodies, strict=True)
    ]

    async def retrieve(request: Request) -> Response:
        asked = await request.json()
        tokens = bm25s.tokenize(asked["queries"], show_progress=False)
        rows, scores = retriever.retrieve(tokens, k=asked["topk"], n_threads=0, show_progress=False)
        return JSONResponse(
            {
                "result": [
                    [
                        {"document": {"id": str(row), "contents": passages[row]}, "score": float(score)}
                        for row, score in zip(found, points, strict=True)
                    ]
                    for found, points in zip(rows.tolist(), scores.tolist(), strict=True)
                ]
            }
        )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        app = Starlette(routes=[Route("/retrieve", retrieve, methods=["POST"])])
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


class Server:
    """A server in a process of its own, and a client that asks it."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self._connection = HTTPConnection(urlsplit(self.process.stdout.readline().split()[-1]).netloc)

    def seconds(self) -> float:
        """CPU time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Memory it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def ask(self, asked: Sequence[tuple[str, str]], batch: int) -> tuple[float, float]:
        """Requests per CPU second of the server, and the share of queries whose page came."""
        before, hits, requests = self.seconds(), 0, 0
        for start in range(0, len(asked), batch):
            part = asked[start : start + batch]
            body = {"queries": [query for query, _ in part], "topk": TOPK, "return_scores": True}
            self._connection.request("POST", "/retrieve", json.dumps(body), {"content-type": "application/json"})
            answer = json.loads(self._connection.getresponse().read())
            requests += 1
            for (_, title), found in zip(part, answer["result"], strict=True):
                hits += any(item["document"]["contents"].startswith(f'"{title}"\n') for item in found)
        return requests / max(self.seconds() - before, 0.01), hits / len(asked)

    def stop(self) -> None:
        self._connection.close()  # or the server waits for it
        self.process.terminate()
        self.process.wait(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        serve_bm25s(options.peer)
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "wiki"
        run(Config.model_validate({"world": {"pages": options.pages, "profile": "rich"}}), {}, path)
        asked = questions(open_wiki(path), 2 * options.requests)
        asked, batched = asked[: len(asked) // 2], asked[len(asked) // 2 :]
        # A group of rollouts asks the same again and again.
        group = random.Random(1).choices(asked[: max(1, len(asked) // 8)], k=len(asked))
        servers = {
            "websailor": Server(["-m", "websailor.cli", "serve", "web", "--wiki", str(path), "--port", "0"]),
            "Search-R1 style, bm25s": Server([__file__, "--peer", str(path)]),
        }
        table = Table("endpoint", "queries", "requests/s per core", "queries/s per core", f"hit@{TOPK}", "MB")
        for what, queries, batch in (
            ("new, one a request", asked, 1),
            (f"new, {options.batch} a request", batched, options.batch),
            ("as rollout groups ask", group, 1),
        ):
            for name, server in servers.items():
                rate, hit = server.ask(queries, batch)
                table.add_row(
                    name, what, f"{rate:,.0f}", f"{rate * batch:,.0f}", f"{hit:.3f}", f"{server.megabytes():,.0f}"
                )
        for server in servers.values():
            server.stop()
        Console().print(f"{len(open_wiki(path))} pages", table)


if __name__ == "__main__":
    main()
