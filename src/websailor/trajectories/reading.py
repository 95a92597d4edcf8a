"""Reading observations: the text of a search or visit becomes hits, pages and statements.

Enters: what the tools printed, and nothing else. Leaves: `Notes`, a store of (subject, relation, object) statements
seen so far, from infobox lines and from sentences of the relation lexicon's phrasings, and the addresses of pages seen
in results. The expert knows of the world only what stands in its `Notes`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from websailor.trajectories.words import (
    dates_work,
    has_phrasings,
    headings,
    in_works,
    is_listed,
    is_literal,
    keys,
    kind_in,
    mirror_keys,
    subject_headings,
    table_label,
    templates,
    years,
)
from websailor.wiki.tables import read_row
from websailor.wiki.titles import plain_name
from websailor.wiki.works import read_work

SEPARATOR = "\n=======\n"
_HIT = re.compile(r"^\d+\. (.+)$")
_LINKED_HIT = re.compile(r"^\d+\. \[(.+)\]\((\S+)\)$")
_FIELD = re.compile(r"^([a-z][a-z0-9_ ]{0,40}): (.+)$")
_LIST = re.compile(r",\s+(?:and\s+)?|\s+and\s+")
_PRONOUN = r"(?:He|She|It|They|The [a-z]+|This [a-z]+)"
_NAME = r"[^\s.,;:][^.,;:]*?"
_LITERAL = r"[-−]?\d(?:[\d,.]*\d)?"
_TENURE = r" (?:from|since|between|until|in) "
_CELL = rf"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*|{_LITERAL}"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One line of search results."""

    title: str
    snippet: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PageView:
    """What a visit showed of one page."""

    title: str
    fields: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]


def same_name(one: str, other: str) -> bool:
    """Equal as names: case, spacing and a disambiguating parenthesis aside."""
    return name_key(one) == name_key(other)


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """The same for names that are equal."""
    return " ".join(plain_name(name).casefold().split())


def similar_name(one: str, other: str) -> bool:
    """One is the beginning or the end of the other, or has more between the same first and last words: a page says
    `Berber`, `Einstein` or `Neil A. Armstrong` for a title with more or fewer words."""
    first, second = sorted((name_key(one).split(), name_key(other).split()), key=len)
    if not first:
        return False
    ends = (first[0], first[-1]) == (second[0], second[-1])
    return first in (second[: len(first)], second[-len(first) :]) or (len(first) > 1 and ends)


def mentions(text: str, name: str) -> bool:
    """Does the text hold the name, as whole words?"""
    return re.search(rf"(?<!\w){re.escape(name_key(name))}(?!\w)", " ".join(text.casefold().split())) is not None


def same_value(one: str, other: str) -> bool:
    """Equal as values: dates by their years, all else by its words."""
    first, second = years(one), years(other)
    return bool(set(first) & set(second)) if first and second else name_key(one) == name_key(other)


def is_list(title: str) -> bool:
    """Is the page one that lists others?"""
    return title.startswith(("List of ", "Category:", "Lists of ", "Index of "))


def heading(text: str) -> str:
    """`Art director(s)` -> `art director`."""
    plain = " ".join(re.sub(r"\([^()]*\)|[*†‡#]", " ", text).lower().split())
    return plain[:-1] if plain.endswith("s") and not plain.endswith(("ss", "us")) else plain


def split_values(text: str) -> tuple[str, ...]:
    """The single values of an infobox line: the parts between commas and semicolons, as written."""
    parts = tuple(part.strip() for part in re.split(r"[,;]\s+", text) if part.strip())
    return parts or (text.strip(),)


def read_search(text: str) -> list[SearchHit]:
    """Hits in order over all queries of the call; lines that are not hits (a heading, "no results") are passed over."""
    hits: list[SearchHit] = []
    for line in text.splitlines():
        if match := _LINKED_HIT.match(line):
            hits.append(SearchHit(match.group(1), "", match.group(2)))
        elif match := _HIT.match(line):
            title, _, snippet = match.group(1).partition(": ")
            hits.append(SearchHit(title.strip(), snippet.strip(), None))
        elif hits and hits[-1].url is not None and not hits[-1].snippet:
            hits[-1] = SearchHit(hits[-1].title, line.strip(), hits[-1].url)
    return hits


def read_visit(text: str) -> list[PageView]:
    """Pages in order. A part with nothing below its first line is a page without a match, or an error message."""
    views: list[PageView] = []
    for part in text.split(SEPARATOR):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        if not lines:
            continue
        fields: list[tuple[str, str]] = []
        sentences: list[str] = []
        for line in lines[1:]:
            field = _FIELD.match(line)
            if field and not sentences:
                fields.append((field.group(1).replace(" ", "_"), field.group(2)))
            else:
                sentences.append(line)
        views.append(PageView(lines[0], tuple(fields), tuple(sentences)))
    return views


@lru_cache(maxsize=4096)
def _phrasings(relation: str, language: str) -> tuple[re.Pattern[str], ...]:
    """One pattern for each way the lexicon states the relation, with groups `s` and `o`."""
    value = {True: _LITERAL, False: rf"(?!\d){_NAME}", None: _NAME}[is_literal(relation)]
    several = rf"{_NAME}(?:, {_NAME})*"
    slots = {"s": f"(?P<s>{_PRONOUN}|{several})", "o": f"(?P<o>{_PRONOUN}|{value})"}
    compiled: list[re.Pattern[str]] = []
    for template in templates(relation, language):
        parts = re.split(r"\{(\w+)\}", template.rstrip(".").strip())
        body = "".join(slots.get(part, _NAME) if index % 2 else re.escape(part) for index, part in enumerate(parts))
        compiled.append(re.compile(rf"(?:^|(?<=[.;] )){body}(?=[.,;]|$|{_TENURE})"))
    if (label := table_label(relation)) is not None:
        compiled.append(re.compile(rf"(?:^|(?<= )){re.escape(label)} \| (?P<o>{_CELL})"))
    return tuple(compiled)


class Notes:
    """Statements seen so far, in the order they were seen."""

    def __init__(self, relations: Iterable[str], language: str = "en") -> None:
        self._relations = tuple(dict.fromkeys(relations))
        self._language = language
        self._objects: dict[tuple[str, str], list[str]] = {}
        self._titles: dict[str, list[str]] = {}
        self._kinds: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._same: dict[str, str] = {}
        self._shown: dict[str, str] = {}

    # ------------------------------------------------------------ asking

    def objects(self, subject: str, relation: str) -> tuple[str, ...]:
        """Everything seen as `relation(subject, _)`; a plain name stands for every page title that it may be."""
        exact = self._objects.get((subject, relation))
        if exact is not None or plain_name(subject) != subject:
            return tuple(exact or ())
        titles = self._titles.get(self.key(subject), ())
        return tuple(value for title in titles for value in self._objects.get((title, relation), ()))

    def subjects(self, relation: str, object_name: str) -> tuple[str, ...]:
        """Titles of everything seen as `relation(_, object_name)`, in the order seen."""
        return self.subjects_where(relation, lambda written: self.alike(relation, written, object_name))

    def alike(self, relation: str, one: str, other: str) -> bool:
        """Do two names stand for one entity? Where pages word a relation freely, a shortened name will do."""
        return self.key(one) == self.key(other) or (not has_phrasings(relation) and similar_name(one, other))

    def title(self, name: str) -> str:
        """The title that a visit for the name showed; the name itself if there was none."""
        return self._shown.get(name_key(name), name)

    def subjects_where(self, relation: str, holds: Callable[[str], bool]) -> tuple[str, ...]:
        """Titles of everything seen with an object of the relation for which `holds`, in the order seen."""
        return tuple(
            title
            for (title, stated), objects in self._objects.items()
            if stated == relation and any(map(holds, objects))
        )

    def kind(self, title: str) -> str | None:
        """The kind that a sentence "... is a company ..." gave the page, if one was seen."""
        return self._kinds.get(title)

    def address(self, name: str) -> str | None:
        """The URL printed for a page of this name, if results carried URLs."""
        return self._addresses.get(self.key(name))

    def key(self, name: str) -> str:
        """Names that a visit showed to be one page share a key."""
        plain = name_key(name)
        return self._same.get(plain, plain)

    # ------------------------------------------------------------ writing down

    def add_search(self, text: str) -> list[SearchHit]:
        """Note every hit's address and what its snippet states."""
        hits = read_search(text)
        for hit in hits:
            if hit.url is not None:
                self._addresses.setdefault(name_key(hit.title), hit.url)
            field = _FIELD.match(hit.snippet)
            if field:
                self._add_field(hit.title, field.group(1).replace(" ", "_"), field.group(2))
            else:
                self._add_sentences(hit.title, hit.snippet)
        return hits

    def add_visit(self, text: str, asked: str) -> list[PageView]:
        """Note what the pages state; `asked` is the name the visit was for (a redirect may show another title)."""
        views = read_visit(text)
        for view in views:
            if len(views) == 1 and (view.fields or view.sentences) and not same_name(view.title, asked):
                self._same[name_key(asked)] = self.key(view.title)
                self._shown[name_key(asked)] = view.title
            for relation, value in view.fields:
                self._add_field(view.title, relation, value)
            for sentence in view.sentences:
                self._add_sentences(view.title, sentence)
        return views

    def _add_field(self, title: str, key: str, text: str) -> None:
        stated = {key, key.rstrip("0123456789").rstrip("_")}
        values = split_values(text)
        for relation in self._relations:
            if stated & keys(relation):
                for value in (*values, text) if len(values) > 1 else values:
                    self._add(title, relation, value)
            if stated & mirror_keys(relation):
                for value in values:
                    self._add(value, relation, title)

    def _add_row(self, row: list[tuple[str, str]]) -> None:
        """A row of a table: who stands under `Film` has what stands under `Art director(s)`."""
        cells = [(heading(name), content) for name, content in row]
        for relation in self._relations:
            subjects = [content for name, content in cells if name in subject_headings(relation)]
            for name, content in cells if len(subjects) == 1 else ():
                if name in headings(relation):
                    for value in _LIST.split(content):
                        self._add(subjects[0], relation, value)

    def _add_work(self, title: str, work: str, year: str) -> None:
        """A line of the list of works on somebody's page."""
        for relation in self._relations:
            if in_works(relation):
                self._add(work, relation, title)
            elif dates_work(relation) and not is_listed(relation):
                self._add(work, relation, year)

    def _add_sentences(self, title: str, text: str) -> None:
        if row := read_row(text):
            self._add_row(row)
            return
        if (work := read_work(text)) is not None:
            self._add_work(title, *work)
            return
        if title not in self._kinds and (kind := kind_in(text)) is not None:
            self._kinds[title] = kind
        for relation in self._relations:
            for phrasing in _phrasings(relation, self._language):
                for match in phrasing.finditer(text):
                    value = self._spoken_of(match.group("o"), title)
                    stated_of = match.group("s").strip() if "s" in match.re.groupindex else title
                    for subject in _LIST.split(stated_of):
                        self._add(self._spoken_of(subject, title), relation, value)

    def _spoken_of(self, words: str, title: str) -> str:
        """The page's title where a sentence says "she" or the plain name."""
        return title if re.fullmatch(_PRONOUN, words) or same_name(words, title) else words.strip()

    def _add(self, subject: str, relation: str, value: str) -> None:
        titles = self._titles.setdefault(self.key(subject), [])
        if subject not in titles:
            titles.append(subject)
        objects = self._objects.setdefault((subject, relation), [])
        if value not in objects:
            objects.append(value)
