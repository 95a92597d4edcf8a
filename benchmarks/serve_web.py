"""`websailor serve web` against an endpoint in the style of Search-R1 on bm25s: requests per second and core.

Run: `python benchmarks/serve_web.py [--pages 3000] [--requests 500]`. Both answer `POST /retrieve` with Starlette on
uvicorn, each in one process, over the same pages of a generated world; a client on the loopback asks both the same
queries ("born in Velan Torid"), three documents each, in turns. Counted is the CPU time of the server's process alone.
A query is hit when the subject of a fact is among the documents. The peer does what Search-R1's retrieval server does,
with bm25s in the place of Pyserini: the first hundred words of the best pages.
"""

import argparse
import json
import os
import random
import signal
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
        self._address = ""

    def __enter__(self) -> "Server":
        """The server listens when its first line names its address."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().split()
        if not line:
            raise SystemExit(f"{self.process.args}: the server ended before it listened")
        self._address = urlsplit(line[-1]).netloc
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

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
        # A connection for each turn: a server closes one that waits for the other's turn (uvicorn after 5 seconds).
        connection = HTTPConnection(self._address, timeout=60)
        for start in range(0, len(asked), batch):
            part = asked[start : start + batch]
            body = {"queries": [query for query, _ in part], "topk": TOPK, "return_scores": True}
            connection.request("POST", "/retrieve", json.dumps(body), {"content-type": "application/json"})
            answer = json.loads(connection.getresponse().read())
            requests += 1
            for (_, title), found in zip(part, answer["result"], strict=True):
                hits += any(item["document"]["contents"].startswith(f'"{title}"\n') for item in found)
        connection.close()
        return requests / max(self.seconds() - before, 0.01), hits / len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        serve_bm25s(options.peer)
        return
    # Stopped from outside, it stops its servers: they would hold the pipe of whoever reads this, for ever.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "wiki"
        run(Config.model_validate({"world": {"pages": options.pages, "profile": "rich"}}), {}, path)
        asked = questions(open_wiki(path), 2 * options.requests)
        asked, batched = asked[: len(asked) // 2], asked[len(asked) // 2 :]
        # A group of rollouts asks the same again and again.
        group = random.Random(1).choices(asked[: max(1, len(asked) // 8)], k=len(asked))
        table = Table("queries", "endpoint", "requests/s per core", "queries/s per core", "ratio", f"hit@{TOPK}", "MB")
        with (
            Server(["-m", "websailor.cli", "serve", "web", "--wiki", str(path), "--port", "0"]) as ours,
            Server([__file__, "--peer", str(path)]) as peer,
        ):
            for what, queries, batch in (
                ("new, one a request", asked, 1),
                (f"new, {options.batch} a request", batched, options.batch),
                ("as rollout groups ask", group, 1),
            ):
                peer_rate, peer_hit = peer.ask(queries, batch)
                rate, hit = ours.ask(queries, batch)
                for name, server, per_s, found in (
                    ("websailor", ours, rate, hit),
                    ("Search-R1 style, bm25s", peer, peer_rate, peer_hit),
                ):
                    figures = (f"{per_s:,.0f}", f"{per_s * batch:,.0f}", f"{per_s / peer_rate:.2f}", f"{found:.3f}")
                    table.add_row(what, name, *figures, f"{server.megabytes():,.0f}")
        print(f"{len(open_wiki(path))} pages")
        Console(width=120).print(table)


if __name__ == "__main__":
    main()
