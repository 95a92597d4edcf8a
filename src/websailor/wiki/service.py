"""The offline web over HTTP: an ASGI application over one wiki.

`POST /search` and `/visit` answer in the words of this package; `POST /retrieve` answers as the retrieval server of
Search-R1 does, so that trainers made for that one can point at this one. Requests hold many queries, since what trains
agents asks for whole batches. A request that cannot be answered is a JSON object with one key, `error`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from websailor.records import Record
from websailor.wiki.reader import Wiki

MOST_QUERIES = 4096
MOST_RESULTS = 100
LONGEST_BODY = 8_000_000
"""Bytes of a request."""
SLOWEST_BODY = 8
"""Seconds until a request has arrived; less than a server that is stopped waits."""
_AT_ONCE = 8
"""Queries answered without handing the event loop back."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class Search(Record):
    """What `/search` is asked."""

    queries: list[str] = Field(min_length=1, max_length=MOST_QUERIES)
    k: int = Field(default=10, ge=1, le=MOST_RESULTS)
    """Results for each query."""


class Visit(Record):
    """What `/visit` is asked: one of the two."""

    title: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Visit":
        if (self.title is None) == (self.url is None):
            raise ValueError("give either a title or a url")
        return self


class Retrieve(Record):
    """What `/retrieve` is asked, as Search-R1 asks it."""

    queries: list[str] = Field(min_length=1, max_length=MOST_QUERIES)
    topk: int | None = Field(default=None, ge=1, le=MOST_RESULTS)
    return_scores: bool = False


DEFAULT_TOPK = 3
"""Search-R1's own default."""


def make_service(wiki: Wiki) -> Starlette:
    """The application over an open wiki."""

    async def health(_: Request) -> Response:
        return _json({"status": "ok", "wiki": wiki.site.name, "language": wiki.language, "pages": len(wiki)})

    async def search(request: Request) -> Response:
        if request.method == "GET":
            asked = _checked(Search, {"queries": request.query_params.getlist("query"), **_given(request, "k")})
        else:
            asked = await _body(request, Search)

        def answer() -> Response:
            return _json({"results": [wiki.search(query, asked.k) for query in asked.queries]})

        return await _answered(answer, len(asked.queries))

    async def visit(request: Request) -> Response:
        if request.method == "GET":
            asked = _checked(Visit, _given(request, "title", "url"))
        else:
            asked = await _body(request, Visit)
        title = asked.title if asked.url is None else wiki.title_of(asked.url)
        page = None if title is None else wiki.page(title)
        if page is None:
            what = f"no page {asked.title!r}" if asked.url is None else f"no page of this wiki under {asked.url}"
            raise HTTPException(404, f"{what}: search for it with /search")
        return _json(page)

    async def retrieve(request: Request) -> Response:
        asked = await _body(request, Retrieve)
        k = DEFAULT_TOPK if asked.topk is None else asked.topk

        def answer() -> Response:
            return _json({"result": [_retrieved(wiki, query, k, asked.return_scores) for query in asked.queries]})

        return await _answered(answer, len(asked.queries))

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/search", search, methods=["GET", "POST"]),
            Route("/visit", visit, methods=["GET", "POST"]),
            Route("/retrieve", retrieve, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused},
    )


def _retrieved(wiki: Wiki, query: str, k: int, scores: bool) -> list[dict[str, Any]]:
    documents = []
    for hit in wiki.passages(query, k):
        # Search-R1 takes the first line of `contents` as the title.
        document = {"id": hit.url, "contents": f'"{hit.title}"\n{hit.snippet}'}
        documents.append({"document": document, "score": hit.score} if scores else document)
    return documents


async def _answered(answer: Callable[[], Response], queries: int) -> Response:
    """Few queries are answered at once; many in a thread, so that others need not wait for all of them."""
    return answer() if queries <= _AT_ONCE else await run_in_threadpool(answer)


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")


async def _body(request: Request, model: type[ModelT]) -> ModelT:
    """The body of a request. Raises `HTTPException` that says what is wrong with it."""
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            async for block in request.stream():
                body += block
                if len(body) > LONGEST_BODY:
                    raise HTTPException(
                        413, f"the request is longer than {LONGEST_BODY} bytes: send fewer queries at once"
                    )
    except TimeoutError as error:
        raise HTTPException(408, f"the request took longer than {SLOWEST_BODY} seconds to arrive") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the request broke off") from error
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise HTTPException(400, _problem(error)) from error


def _checked(model: type[ModelT], values: dict[str, Any]) -> ModelT:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise HTTPException(400, _problem(error)) from error


def _given(request: Request, *names: str) -> dict[str, str]:
    return {name: request.query_params[name] for name in names if name in request.query_params}


def _problem(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(
        to_json({"error": error.detail}), error.status_code, headers=error.headers, media_type="application/json"
    )
