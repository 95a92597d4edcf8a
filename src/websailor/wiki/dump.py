"""Reading MediaWiki XML dumps: a file enters, its pages leave one at a time, in constant memory.

Plain, bzip2 (also multistream) and gzip files are told apart by their first bytes, not by their names. UTF-8, UTF-16,
every version of the export schema, with or without `<siteinfo>`, `<ns>` and `<redirect>`. Whatever is not a whole dump
raises `UserError` that says where it ends.
"""

import bz2
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] -- built from Cython, without stubs

from websailor.errors import UserError
from websailor.wiki.names import NAMES
from websailor.wiki.titles import NAMESPACES, Site

BLOCK = 1 << 18
UNPACKED = 1 << 22
"""Bytes that are unpacked at once: a few bytes of bzip2 may stand for gigabytes."""
LONGEST_REVISION = 128_000_000
"""Bytes of text without the end of a revision; MediaWiki itself allows 2 MB."""
_WHOLE = re.compile(r"\s*-?[0-9]+\s*")
_REDIRECT = re.compile(rf"\s*#(?:{NAMES['page']['redirect_words']})\s*:?\s*\[\[([^\[\]|#]+)", re.IGNORECASE)
_OTHER_FORMATS = {
    b"\xfd7zXZ": "an xz file: unpack it with `unxz`",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it with `7z x`",
    b"PK\x03\x04": "a zip archive: unpack it",
    b"(\xb5/\xfd": "a Zstandard file: unpack it with `unzstd`",
    b"SQLi": "an SQLite database: give the XML dump it was made from",
    b"%PDF": "a PDF file",
}


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it stands in the dump."""

    id: int
    title: str
    namespace: int
    text: str
    """Wikitext of the newest revision in the file."""
    redirect_to: str | None
    model: str = "wikitext"


class DumpReader:
    """Iterate once over the pages of `path`; `site` is complete from the first page on.

    `position` counts bytes of the file that have been read, `pages` what has been handed out.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(f"{path}: no such file: give a MediaWiki XML dump (.xml, .xml.bz2 or .xml.gz)")
        self.path = path
        self.size = path.stat().st_size
        self.position = 0
        self.pages = 0
        self.site = Site()
        self._unpacked = 0
        self._last_title: str | None = None
        self._head = b""

    def __iter__(self) -> Iterator[RawPage]:
        parser = _parser("{*}page", "{*}siteinfo", "{*}revision")
        checked = False
        last = 0
        try:
            for block in self._blocks():
                self._head = self._head or block[:4096]
                self._unpacked += len(block)
                parser.feed(block)
                for _, element in parser.read_events():
                    last = self._unpacked
                    if not checked:
                        self._check_root(element)
                        checked = True
                    if _local(element) == "revision":
                        _forget_older(element)
                        continue
                    if _local(element) == "siteinfo":
                        self.site = _read_site(element, self.site)
                    elif (page := _page(element, self.site, self.pages + 1)) is not None:
                        self.pages += 1
                        self._last_title = page.title
                        yield page
                    _forget(element)
                if self._unpacked - last > LONGEST_REVISION:
                    raise self._not_whole("damaged", f"no page ends within {LONGEST_REVISION} bytes")
            root = parser.close()
        except etree.XMLSyntaxError as error:
            raise self._damaged(str(error.msg)) from error
        if _local(root) != "mediawiki":
            raise self._not_a_dump(f"its first element is <{_local(root)}>, not <mediawiki>")

    @classmethod
    def site_of(cls, path: Path) -> Site:
        """What the head of a dump says about its wiki."""
        reader = cls(path)
        next(iter(reader), None)
        return reader.site

    def _blocks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            head = file.read(8)
            file.seek(0)
            if not head.strip():
                raise UserError(f"{self.path}: the file is empty: give a MediaWiki XML dump")
            for magic, words in _OTHER_FORMATS.items():
                if head.startswith(magic):
                    raise UserError(f"{self.path}: not a MediaWiki XML dump but {words}")
            if head.startswith(b"BZh"):
                yield from self._unpack(file, bz2.BZ2Decompressor, b"BZh", "bzip2")
            elif head.startswith(b"\x1f\x8b"):
                yield from self._unpack(file, _Gunzip, b"\x1f\x8b", "gzip")
            else:
                while block := file.read(BLOCK):
                    self.position += len(block)
                    yield block

    def _unpack(self, file: Any, decompressor: Any, magic: bytes, name: str) -> Iterator[bytes]:
        """Unpack a sequence of compressed streams (a multistream dump is about 100 pages a stream)."""
        stream, rest = decompressor(), b""
        while (block := b"" if not stream.needs_input else rest or file.read(BLOCK)) or not stream.needs_input:
            if block and not rest:
                self.position += len(block)
            rest = b""
            try:
                unpacked = stream.decompress(block, UNPACKED)
            except (OSError, zlib.error) as error:
                raise UserError(
                    f"{self.path}: damaged {name} data near byte {self.position} of {self.size}, after page "
                    f"{self.pages}{self._after()}: download it again"
                ) from error
            if unpacked:
                yield unpacked
            if stream.eof:
                rest = stream.unused_data or file.read(BLOCK)
                self.position += 0 if stream.unused_data else len(rest)
                if not rest.startswith(magic):
                    return
                stream = decompressor()
        raise UserError(
            f"{self.path}: cut off: the {name} data ends in the middle of a stream at byte {self.position}, after page "
            f"{self.pages}{self._after()}: download it again"
        )

    def _check_root(self, element: Any) -> None:
        root = element.getroottree().getroot()
        if _local(root) != "mediawiki":
            raise self._not_a_dump(f"its first element is <{_local(root)}>, not <mediawiki>")
        language = root.get("{http://www.w3.org/XML/1998/namespace}lang") or "en"
        self.site = Site(language=language, url_prefix=f"https://{language}.wikipedia.org/wiki/")

    def _after(self) -> str:
        return f" ({self._last_title!r})" if self._last_title else ""

    def _damaged(self, message: str) -> UserError:
        # UTF-16 has a zero in every other byte of the root's name.
        if b"<mediawiki" not in self._head.replace(b"\0", b""):
            return self._not_a_dump(message)
        return self._not_whole("cut off" if self.position >= self.size else "damaged", message)

    def _not_whole(self, kind: str, message: str) -> UserError:
        text = "" if self._unpacked == self.position else " of its unpacked text"
        return UserError(
            f"{self.path}: {kind} after page {self.pages}{self._after()}, at about byte {self._unpacked}{text}: "
            f"{message}: download it again"
        )

    def _not_a_dump(self, why: str) -> UserError:
        return UserError(
            f"{self.path}: not a MediaWiki XML dump, at byte 0: {why}: give a pages-articles dump (.xml, .xml.bz2)"
        )


def page_elements(blocks: Iterable[bytes], site: Site, first_id: int) -> Iterator[RawPage]:
    """The pages of a piece of a dump, given as a whole document in UTF-8. Raises lxml's `XMLSyntaxError`.

    Pages without an id are numbered from `first_id`.
    """
    parser = _parser("{*}page")
    for block in blocks:
        parser.feed(block)
        for _, element in parser.read_events():
            if (page := _page(element, site, first_id)) is not None:
                first_id += 1
                yield page
            _forget(element)
    parser.close()


def _parser(*tags: str) -> Any:
    return etree.XMLPullParser(events=("end",), tag=tags, resolve_entities=False, no_network=True, huge_tree=True)


def redirect_of(wikitext: str) -> str | None:
    """Where a page leads that is a redirect, as it is written."""
    match = _REDIRECT.match(wikitext)
    return match.group(1) if match else None


def _page(element: Any, site: Site, number: int) -> RawPage | None:
    """The page of a `<page>` element; None when it has no title. `number` is its id when it has none."""
    fields = {_local(child): child for child in element if isinstance(child.tag, str)}
    title = (fields["title"].text or "").strip() if "title" in fields else ""
    if not title:
        return None
    key = fields["ns"].text if "ns" in fields else None
    namespace = int(key) if key and _WHOLE.fullmatch(key) else site.namespace(title)
    # The mapping keeps the last <revision>: the newest in a dump with history.
    revision = {_local(child): child for child in fields["revision"]} if "revision" in fields else {}
    text = (revision["text"].text or "") if "text" in revision else ""
    model = (revision["model"].text or "wikitext") if "model" in revision else "wikitext"
    redirect = fields["redirect"].get("title") if "redirect" in fields else None
    redirect = redirect or redirect_of(text)
    identifier = (fields["id"].text or "").strip() if "id" in fields else ""
    return RawPage(
        id=int(identifier) if _WHOLE.fullmatch(identifier) else number,
        title=site.normalise(title),
        namespace=namespace,
        text=text,
        redirect_to=site.normalise(redirect) if redirect else None,
        model=model.strip(),
    )


class _Gunzip:
    """One gzip member, with the interface of `bz2.BZ2Decompressor`."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._is_full = False

    def decompress(self, data: bytes, most: int) -> bytes:
        unpacked = self._stream.decompress(self._stream.unconsumed_tail + data, most)
        self._is_full = len(unpacked) == most
        return unpacked

    @property
    def needs_input(self) -> bool:
        return not self._is_full and not self._stream.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


def _local(element: Any) -> str:
    """Name of an element without its namespace (which changes with every version of the schema)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _forget(element: Any) -> None:
    """Free an element that has been read and everything before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _forget_older(revision: Any) -> None:
    """Free the revisions before this one: of a page with its history the newest is read."""
    while (before := revision.getprevious()) is not None and _local(before) == "revision":
        revision.getparent().remove(before)


def _is_address(text: str) -> bool:
    try:
        return bool(urlsplit(text).netloc)
    except ValueError:
        return False


def _read_site(element: Any, site: Site) -> Site:
    fields = {_local(child): child for child in element}
    base = (fields["base"].text or "").strip() if "base" in fields else ""
    prefix = site.url_prefix
    if _is_address(base):
        prefix = base.rpartition("/")[0] + "/"
    namespaces = dict(NAMESPACES)
    if "namespaces" in fields:
        for child in fields["namespaces"]:
            if child.text and _WHOLE.fullmatch(child.get("key") or ""):
                namespaces[child.text.strip().lower()] = int(child.get("key"))
    return Site(
        name=(fields["sitename"].text or "Wikipedia").strip() if "sitename" in fields else site.name,
        language=site.language,
        url_prefix=prefix,
        case_sensitive="case" in fields and (fields["case"].text or "").strip() == "case-sensitive",
        namespaces=namespaces,
    )
