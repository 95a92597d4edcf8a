"""Facts read by a language model, each checked against the page before it counts.

Enters: a page, any `ChatModel`. Leaves: `Claims`: the statements that stand, and what was refused with the reason. The
model proposes, the page decides: the quoted span must stand on the page letter by letter and name both ends, the
relation must be one of the lexicon and fit the type of the page's entity, and an object must be a page or a link of the
span. What a model knows from elsewhere cannot get in.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from types import TracebackType
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from websailor.graph.catalogue import Catalogue
from websailor.graph.fields import plain_number
from websailor.graph.kinds import UNKNOWN, kind_of_page
from websailor.graph.statements import LONGEST_QUOTE, Statement
from websailor.models.base import ChatModel, Sampling
from websailor.records import Link, Message, Page
from websailor.wiki import relations as generated
from websailor.wiki import relations_wikipedia as wikipedia
from websailor.wiki.dates import find_date
from websailor.wiki.relations import Relation
from websailor.wiki.titles import plain_name

_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_PRONOUN = re.compile(r"\b(?:[Hh]e|[Ss]he|[Ii]t|[Tt]hey|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir)\b")
_AMOUNT = re.compile(r"([-−]?\d+(?:,\d{3})*(?:\.\d+)?)\s*(.*)")


class Claim(BaseModel):
    """One fact as the model wrote it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: str = Field(min_length=1)
    relation: str = Field(min_length=1)
    object: str = Field(min_length=1)
    quote: str = Field(min_length=1)
    start: int | None = None
    end: int | None = None


class Claims(NamedTuple):
    """What the model said of a page."""

    statements: tuple[Statement, ...]
    refused: tuple[tuple[str, str], ...]
    """(reason, claim) of what was not taken."""


class Refused(Exception):
    """A claim that does not stand; `args[0]` is the reason."""


def conversations(model: str, seed: int) -> Callable[[], ChatModel]:
    """New conversations with the model `openai:MODEL@URL`. Raises `UserError` when that names none or has no key."""
    from websailor.models.endpoint import EndpointModel, EndpointPolicy, parse_endpoint

    policy = EndpointPolicy(parse_endpoint(model))
    return lambda: EndpointModel(policy, seed)


class LlmExtractor:
    """Asks a model about pages, passage by passage. Use as a context manager."""

    def __init__(
        self, chat: Callable[[], ChatModel], catalogue: Catalogue, max_tokens: int, passage: int, passages: int
    ) -> None:
        self._chat = chat
        self._catalogue = catalogue
        self._sampling = Sampling(temperature=0.0, max_tokens=max_tokens, stop=())
        self._passage = passage
        self._passages = passages
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.__exit__(kind, error, trace)

    def claims(self, page: Page) -> Claims:
        """Statements of the text of a page that stand; the passages are read side by side."""
        if page.disambiguation or not page.text.strip():
            return Claims((), ())
        spans = list(passages(page.text, self._passage))[: self._passages]
        replies = self._runner.run(self._ask(page, spans))
        statements: dict[Statement, None] = {}
        refused: list[tuple[str, str]] = []
        for reply in replies:
            for claim in read_claims(reply, refused):
                try:
                    statements[checked(claim, page, self._catalogue)] = None
                except Refused as reason:
                    refused.append((str(reason), claim.model_dump_json(exclude_none=True)))
        return Claims(tuple(statements), tuple(refused))

    async def _ask(self, page: Page, spans: list[tuple[int, int]]) -> list[str]:
        async def one(start: int, end: int) -> str:
            request = prompt(page, start, end, self._catalogue.generated)
            reply = await self._chat().reply([Message(role="user", content=request)], (), self._sampling)
            return reply.message.content

        return await asyncio.gather(*(one(start, end) for start, end in spans))


def passages(text: str, length: int) -> Iterator[tuple[int, int]]:
    """Start and end of parts of a text, paragraphs kept whole where they are no longer than `length`."""
    start = 0
    while start < len(text):
        end = min(start + length, len(text))
        if end < len(text):
            cut = max(text.rfind("\n\n", start, end), text.rfind("\n", start + length // 2, end))
            cut = cut if cut > start else text.rfind(". ", start, end) + 1
            end = cut if cut > start else end
        if text[start:end].strip():
            yield start, end
        start = end


def prompt(page: Page, start: int, end: int, is_generated: bool) -> str:
    """The request about one passage."""
    parts, position = [], start
    for link in sorted(page.links, key=lambda link: link.offset):
        if position <= link.offset < end:
            parts.append(f"{page.text[position : link.offset]}[[{link.anchor}]]")
            position = link.offset + len(link.anchor)
    parts.append(page.text[position:end])
    kind = kind_of_page(page)
    return _template().format(
        title=plain_name(page.title),
        kind="" if kind == UNKNOWN else f", about a {kind.replace('_', ' ')}",
        relations="\n".join(_described(relation) for relation in vocabulary(is_generated).values()),
        passage="".join(parts).strip(),
    )


@cache
def _template() -> str:
    return files("websailor.graph").joinpath("llm_extraction.txt").read_text(encoding="utf-8")


@lru_cache(maxsize=2)
def vocabulary(is_generated: bool) -> dict[str, Relation]:
    """Relations that can be claimed, by name."""
    return dict(generated.relations() if is_generated else wikipedia.relations())


def _described(relation: Relation) -> str:
    subject, thing = " or ".join(relation.subject) or "anything", " or ".join(relation.object) or "anything"
    said = relation.clue[0].replace("{o}", "OBJECT")
    return f'- {relation.name}: SUBJECT ({subject}) "{said}", OBJECT ({thing})'


def read_claims(reply: str, refused: list[tuple[str, str]]) -> Iterator[Claim]:
    """The claims of a reply; what is no JSON or no claim goes to `refused`."""
    found = _OBJECT.search(reply)
    try:
        listed = json.loads(found[0])["facts"] if found else None
    except (ValueError, KeyError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        refused.append(("no_json", reply[:LONGEST_QUOTE]))
        return
    for one in listed:
        try:
            yield Claim.model_validate(one)
        except ValidationError:
            refused.append(("no_claim", json.dumps(one, ensure_ascii=False)[:LONGEST_QUOTE]))


def checked(claim: Claim, page: Page, catalogue: Catalogue) -> Statement:
    """The statement that a claim makes. Raises `Refused` with the reason when it does not stand."""
    relation = vocabulary(catalogue.generated).get(claim.relation)
    if relation is None:
        raise Refused("unknown_relation")
    quote = claim.quote.strip()
    place = page.text.find(quote)
    if place < 0 or not quote:
        raise Refused("quote_not_on_page")
    if len(quote) > LONGEST_QUOTE:
        raise Refused("quote_too_long")
    links = [
        link for link in page.links if place <= link.offset and link.offset + len(link.anchor) <= place + len(quote)
    ]
    subject = _subject(claim.subject, quote, links, page, catalogue)
    if subject is None and kind_of_page(page) not in (UNKNOWN, *relation.subject):
        raise Refused("wrong_type")
    value, unit = _object(claim.object, relation, quote, links, page, catalogue)
    if (claim.start, claim.end) != (None, None) and not all(
        str(year) in quote for year in (claim.start, claim.end) if year is not None
    ):
        raise Refused("tenure_not_in_quote")
    key = relation.keys[0] if isinstance(relation, wikipedia.InfoboxRelation) else relation.name
    return Statement(
        subject,
        key,
        relation.value_type,
        value,
        quote,
        table=" | " in quote,
        start=claim.start,
        end=claim.end,
        unit=unit,
        subject_kind=relation.subject[0] if len(relation.subject) == 1 else None,
    )


def _subject(name: str, quote: str, links: list[Link], page: Page, catalogue: Catalogue) -> str | None:
    """Title of the subject, None for the page's own entity."""
    own = plain_name(page.title)
    if name in (own, page.title):
        words = {own, *(word for word in own.split() if len(word) > 2 and word[0].isupper())}
        if any(_names(word, quote) for word in words) or _PRONOUN.search(quote):
            return None
        raise Refused("subject_not_in_quote")
    return _entity(name, quote, links, catalogue, "subject")


def _object(
    name: str, relation: Relation, quote: str, links: list[Link], page: Page, catalogue: Catalogue
) -> tuple[str | None, str | None]:
    """The object as a statement wants it, and its unit."""
    if relation.value_type == "entity":
        if name in (plain_name(page.title), page.title) and _names(name, quote):
            return None, None
        return _entity(name, quote, links, catalogue, "object"), None
    if not _names(name, quote):
        raise Refused("object_not_in_quote")
    if relation.value_type == "date":
        date = find_date(name)
        if date is None:
            raise Refused("no_date")
        return date.iso, None
    if relation.value_type == "number":
        amount = _AMOUNT.fullmatch(name)
        if amount is None:
            raise Refused("no_number")
        number = float(amount[1].replace(",", "").replace("−", "-"))
        return plain_number(number), amount[2].strip() or relation.unit
    return name, None


def _entity(name: str, quote: str, links: list[Link], catalogue: Catalogue, role: str) -> str:
    """Title that a name in the quote stands for: a link's, or a page of that title."""
    if not _names(name, quote):
        raise Refused(f"{role}_not_in_quote")
    for link in links:
        if name in (link.anchor, link.target, plain_name(link.target)):
            return link.target
    title = catalogue.resolve(name)
    if title is None:
        raise Refused(f"unknown_{role}")
    return title


def _names(name: str, quote: str) -> bool:
    """True when the quote holds the name as whole words."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", quote) is not None
