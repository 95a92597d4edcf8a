"""Citations: what an answer rests on, checked against the pages.

Enters: the text between the answer tags, the steps, and the web. Leaves: the answer alone, and its citations. A model
writes them below its answer under the line `Sources:`, one line for each claim:

    - claim | "the sentence that supports it, word for word" | https://...

A quote that its page does not hold is kept and flagged. Where a model writes none, the sentences of the observations
that name the answer stand in for them, with the address of the page that they are from.
"""

import json
import re
from collections.abc import Iterator, Sequence

from websailor.records import Citation, Step, ToolCall
from websailor.tools.base import SEPARATOR, AsyncWeb, ToolFailure
from websailor.wiki.sentences import sentences

_HEADING = re.compile(r"^\s*\**(?:sources|citations|references|来源|引用)\**\s*[:：]\s*$", re.IGNORECASE | re.MULTILINE)
_LINE = re.compile(
    r"""^\s*(?:[-*•]|\d+[.)])\s*(?P<claim>[^|]*?)\s*\|\s*["“”']?(?P<quote>[^|]*?)["“”']?\s*\|\s*<?(?P<url>[^|<>]+?)>?\s*$"""
)
_HIT = re.compile(
    r"^\d+\. (?:\[.*\]\((?P<url>[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)$|(?P<title>[^:\n]+): )", re.MULTILINE
)
"""A result of a search, named by its address or by its title."""
_MEANINGLESS = re.compile(r"[\W_]+")
MOST_FOUND = 3
"""Sentences of observations that stand in for citations."""
SHORTEST_QUOTE = 8
"""Characters; a shorter quote is found on any page."""


def split_answer(text: str) -> tuple[str, tuple[Citation, ...]]:
    """The answer without its sources, and the sources. Lines of another form stay part of the answer."""
    heading = _HEADING.search(text)
    if heading is None:
        return text.strip(), ()
    matches = [_LINE.match(line) for line in text[heading.end() :].splitlines() if line.strip()]
    if not matches or not all(matches):
        return text.strip(), ()
    found = tuple(Citation(claim=m["claim"], quote=m["quote"].strip(), url=m["url"].strip()) for m in matches if m)
    return text[: heading.start()].strip(), found


async def checked(citations: Sequence[Citation], web: AsyncWeb) -> tuple[Citation, ...]:
    """The citations with `found` set: whether the page holds the quote. None: the page could not be loaded. One that
    names no page was seen in an observation and stays as it is; a page that is named by its title gets its address."""
    done: list[Citation] = []
    for citation in citations:
        if not citation.url:
            done.append(citation)
            continue
        try:
            page = (await web.fetch(citation.url)).value
        except ToolFailure:
            done.append(citation.model_copy(update={"found": None}))
            continue
        citation = citation.model_copy(update={"url": page.url or citation.url})
        facts = " ".join(f"{field.key} {' '.join(value.text for value in field.values)}" for field in page.infobox)
        text = f"{page.title} {page.text} {facts}"
        done.append(citation.model_copy(update={"found": holds(text, citation.quote)}))
    return tuple(done)


def holds(text: str, quote: str) -> bool:
    """True when a text holds a quote, whatever the case, punctuation and spaces. `...` in a quote leaves words out."""
    plain = _plain(text)
    parts = [_plain(part) for part in re.split(r"\.{3,}|…|\[\s*\]", quote)]
    parts = [part for part in parts if part]
    if sum(map(len, parts)) < SHORTEST_QUOTE:
        return False
    start = 0
    for part in parts:
        start = plain.find(part, start)
        if start < 0:
            return False
        start += len(part)
    return True


def from_observations(answer: str, steps: Sequence[Step]) -> tuple[Citation, ...]:
    """Sentences of what was read that name the answer, the latest first; each names the call that showed it, and the
    page where the observation tells which one it is of."""
    wanted = _plain(answer)
    found: dict[str, Citation] = {}
    if len(wanted) < 2:
        return ()
    for step in reversed(steps):
        if step.observation is None or step.observation.status == "error" or step.call is None:
            continue
        for page, text in _parts(step.call, step.observation.content):
            for sentence in sentences(text):
                line = " ".join(sentence.split())
                if wanted in _plain(line) and len(_plain(line)) > len(wanted):
                    cited = Citation(claim=answer, quote=line, url=page, seen_in=step.call.id, found=True)
                    found.setdefault(line, cited)
        if len(found) >= MOST_FOUND:
            break
    return tuple(found.values())[:MOST_FOUND]


def _parts(call: ToolCall, content: str) -> Iterator[tuple[str, str]]:
    """(address of the page, what is told of it) for every page that an observation is of; an empty address where it
    does not say."""
    if call.name == "visit":
        pages = _visited(call)
        texts = content.split(SEPARATOR)
        yield from zip(pages, texts, strict=True) if len(pages) == len(texts) else [("", content)]
        return
    hits = list(_HIT.finditer(content))
    if not hits:
        yield "", content
        return
    for hit, end in zip(hits, [*(after.start() for after in hits[1:]), len(content)], strict=True):
        yield hit["url"] or hit["title"], content[hit.end() : end].split(SEPARATOR)[0]


def _visited(call: ToolCall) -> list[str]:
    """The addresses of a call of `visit`, as the toolbox read them."""
    urls = json.loads(call.arguments, strict=False).get("url", [])
    return [url.strip() for url in ([urls] if isinstance(urls, str) else urls)]


def _plain(text: str) -> str:
    return _MEANINGLESS.sub(" ", text.casefold()).strip()
