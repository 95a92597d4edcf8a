"""What a page says about a goal: the extractive reader behind `visit`, and the snippets of the in-memory web.

Enters: a page and the goal in words. Leaves: its title, the infobox lines and the sentences that share most with the
goal, in page order. A shared word weighs the more the fewer lines of the page hold it. Deterministic, no model.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from websailor.records import InfoboxField, Page
from websailor.wiki.sentences import sentences
from websailor.wiki.tables import read_row
from websailor.wiki.works import read_work

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_STOPWORDS = frozenset(
    """
    a an and are as at be by did do does find for from had has have how in is it its of on or page that the their there
    this to was were what when where which who whom whose will with
    """.split()  # noqa: SIM905
)
MOST_LINE = 2000
"""Characters of a sentence or infobox line: a page without full stops must not fill the agent's context."""
_STEM = 5
"""Words agree when their first letters do: `founded`, `founder`."""


def terms(text: str) -> list[str]:
    """The words that count, lower case, cut to their stem; Chinese characters one by one."""
    return [word[:_STEM] for word in _WORD.findall(text.lower()) if word not in _STOPWORDS]


@dataclass(frozen=True, slots=True)
class ReadablePage:
    """A page cut into lines, with the words of each: prepared once, asked many times."""

    title: str
    title_terms: frozenset[str]
    fields: tuple[str, ...]
    """Infobox lines `key: value, value`."""
    sentences: tuple[str, ...]
    field_terms: tuple[frozenset[str], ...]
    sentence_terms: tuple[frozenset[str], ...]
    frequency: dict[str, int]
    """In how many lines a word occurs."""


def readable(page: Page) -> ReadablePage:
    """Prepare a page for `extract`."""
    fields = tuple(_bounded(_field_line(field)) for field in page.infobox)
    lines = tuple(line for sentence in sentences(page.text) if (line := _bounded(" ".join(sentence.split()))))
    field_terms = tuple(frozenset(terms(line)) for line in fields)
    sentence_terms = tuple(frozenset(terms(line)) for line in lines)
    frequency = Counter(term for line in (*field_terms, *sentence_terms) for term in line)
    return ReadablePage(
        title=page.title,
        title_terms=frozenset(terms(page.title)),
        fields=fields,
        sentences=lines,
        field_terms=field_terms,
        sentence_terms=sentence_terms,
        frequency=dict(frequency),
    )


def _field_line(field: InfoboxField) -> str:
    """As the snippets show it: `born in: Torid Vel`."""
    return f"{field.key.replace('_', ' ')}: {', '.join(value.text for value in field.values)}"


def _bounded(line: str) -> str:
    return line if len(line) <= MOST_LINE else f"{line[:MOST_LINE]} ..."


def extract(page: ReadablePage, goal: str, most_sentences: int, most_fields: int) -> str:
    """Title line, at most `most_fields` infobox lines, at most `most_sentences` sentences; table rows and works with
    their years on lines of their own.

    Lines without a word of the goal are left out, unless none has one: then the first lines stand for the page.
    """
    wanted = frozenset(terms(goal))
    wanted = wanted - page.title_terms or wanted
    chosen_fields = _best(page.field_terms, wanted, page.frequency, most_fields)
    chosen = _best(page.sentence_terms, wanted, page.frequency, most_sentences)
    if not chosen_fields and not chosen:
        chosen_fields = list(range(min(most_fields, len(page.fields))))
        chosen = list(range(min(most_sentences, len(page.sentences))))
    parts = [page.title, *(page.fields[index] for index in chosen_fields)]
    running: list[str] = []
    for line in (page.sentences[index] for index in chosen):
        if read_row(line) or read_work(line):
            parts += [" ".join(running), line] if running else [line]
            running = []
        else:
            running.append(line)
    return "\n".join([*parts, " ".join(running)] if running else parts)


def best_sentence(page: ReadablePage, query: str) -> str:
    """The one sentence or infobox line that shares most with the query; the first sentence when none does."""
    wanted = frozenset(terms(query))
    lines = (*page.sentences, *page.fields)
    best = _best((*page.sentence_terms, *page.field_terms), wanted, page.frequency, 1)
    if best:
        return lines[best[0]]
    return lines[0] if lines else ""


def _best(lines: Sequence[frozenset[str]], wanted: frozenset[str], frequency: dict[str, int], most: int) -> list[int]:
    """Indices, ascending, of the `most` lines that score highest above zero; ties go to the earlier line."""
    scored = []
    for index, words in enumerate(lines):
        shared = wanted & words
        if shared:
            # sorted: float sums must not depend on the order of a set
            scored.append((-sum(sorted(1 / frequency[word] for word in shared)), index))
    return sorted(index for _, index in sorted(scored)[:most])
