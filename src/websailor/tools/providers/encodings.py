"""Bytes of a page as text, the way browsers read them.

Enters: a body, and the encoding that its header names. Leaves: text. A byte order mark counts more than the header, the
header more than what an HTML page says of itself; where nobody says anything the bytes tell. Only encodings of the web
are known: Python has others, which are no encodings of text or take quadratic time.
"""

import codecs
import re

_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
"""Encodings that pages name while they use a wider one."""
_ALIASES = {
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-x-big5": "big5hkscs",
    "unicode": "utf-16",
    "windows-874": "cp874",
    "windows-949": "cp949",
    "windows-31j": "cp932",
    "iso-8859-8-i": "iso8859-8",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac-roman",
}
"""Names on the web that Python does not know."""
_KNOWN = re.compile(
    r"utf-(?:8|16|16-le|16-be|32|32-le|32-be)|cp(?:125\d|866|874|932|949)|iso8859-\d+|koi8-[rut]|mac-(?:roman|cyrillic)"
    r"|gb18030|big5hkscs|euc_jp|iso2022_jp|iso2022_kr|hz|johab|euc_jis_2004|ptcp154"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(
    rb"<meta[^>]{1,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})|<\?xml[^>]{1,200}?encoding=[\"']([\w.:-]{1,40})",
    re.I,
)
_GUESSES = ("gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "cp1253", "cp1255", "cp1256")
"""In question where nothing is said."""
SHOWN = 32768
"""Bytes from which an encoding is guessed."""
HEAD = 4096
"""Bytes in which a page says how it is written."""


def codec(label: str | None) -> str | None:
    """Python's name for an encoding of the web; None for anything else."""
    if not label:
        return None
    name = label.strip(" \t\n\"'").lower()
    try:
        name = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError):
        return None
    name = _WIDER.get(name, name)
    return name if _KNOWN.fullmatch(name) else None


def declared(content: bytes, label: str | None) -> str | None:
    """What the mark at the beginning, the header, or the page itself names."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    if (named := codec(label)) is not None:
        return named
    found = _META.search(content[:HEAD])
    inner = codec((found[1] or found[2]).decode("ascii", "replace")) if found else None
    # A page in which this could be read is not written in two or four bytes a character.
    return "utf-8" if inner is not None and inner.startswith("utf-") else inner


def decoded(content: bytes, label: str | None) -> str:
    """The text; what cannot be decoded is replaced."""
    name = declared(content, label)
    if name is None:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            name = _guessed(content)
    return content.decode(name, errors="replace").removeprefix("\ufeff")


def _guessed(content: bytes) -> str:
    """The encoding of bytes that nobody names and that are no UTF-8."""
    from charset_normalizer import from_bytes

    shown = content[:SHOWN]
    if len(shown) < len(content):  # cut where no encoding has the second half of a character
        shown = shown[: max(shown.rfind(mark) for mark in (b" ", b"\n", b">")) + 1] or shown
    best = from_bytes(shown, cp_isolation=list(_GUESSES)).best()
    return (codec(best.encoding) if best is not None else None) or "cp1252"
