"""Where sentences begin and end.

Enters: a page's text. Leaves: spans or sentences. One rule for first sentences, snippets, extracts and evidence quotes,
so that a quote is always a whole sentence of its page.
"""

import re
from collections.abc import Iterator

# It starts with one set of characters: that lets it skip all others fast.
_END = re.compile(
    r"[.!?。！？\n](?:(?<=[.!?])([\"'”’)\]]*)\s+(?=[\"'“‘(\[]*[A-ZÀ-ÖØ-ÞА-Я0-9])|(?<=[。！？])|(?<=\n)\n*)"
)
# A full stop after these does not end a sentence.
_ABBREVIATIONS = (
    "Mr|Mrs|Ms|Dr|St|Sts|Mt|Ft|Jr|Sr|Prof|Rev|Gen|Col|Lt|Capt|Sgt|Gov|Sen|Rep|Hon|No|Nos|Vol|vol|pp|p|ed|eds|cf|c|ca|approx"
    "|vs|etc|viz|Inc|Ltd|Co|Corp|Bros|Op|op|b|d|r|fl|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|lit|trans|est|fig|Fig"
)
_ABBREVIATION = re.compile(
    rf"(?:^|[\s(\"“'–-])(?:[A-Z]|[A-Z]\.[A-Z]|[a-z]\.[a-z]|Ph\.D|[A-Z]\.[A-Z]\.[A-Z]|{_ABBREVIATIONS})\.$"
)


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every sentence; list lines, table rows and headings count as sentences of their own."""
    start = 0
    for match in _END.finditer(text):
        broken = "\n" in match.group()
        end = match.end(1) if match.group(1) is not None else match.start() + (not broken)
        if not broken and text[end - 1 : end] == "." and _ABBREVIATION.search(text, max(start, end - 12), end):
            continue
        if text[start:end].strip():
            yield start, end
        start = match.end()
    if text[start:].strip():
        yield start, len(text)


def sentences(text: str) -> list[str]:
    """The sentences themselves."""
    return [text[start:end] for start, end in sentence_spans(text)]


def first_sentence(text: str) -> str:
    """The first sentence of the first paragraph that is prose: it ends like a sentence."""
    first = ""
    for start, end in sentence_spans(text[:4000]):
        sentence = text[start:end].strip()
        if sentence[-1:] in ".!?。！？\"'”" and len(sentence) > 15:
            return sentence
        first = first or sentence
    return first
