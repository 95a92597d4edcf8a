"""ZIM files (offline copies of wikis in HTML, as Kiwix distributes them) as a source of pages.

Enters: a file. Leaves: batches of pages, as from a dump.

Needs libzim, which is GPL-licensed and therefore an extra: `pip install 'websailor[zim]'`. Titles, redirects and links
are those of the file; it has no categories.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from websailor.errors import UserError
from websailor.records import Page
from websailor.wiki.batches import Batch, pack
from websailor.wiki.markup_html import scan_html
from websailor.wiki.pages import page_of
from websailor.wiki.titles import Site

if TYPE_CHECKING:
    from libzim.reader import Archive, Entry

MAGIC = b"ZIM\x04"
ENTRIES = 128
"""Entries of the file that make a unit of work; most of them are pictures."""
_SITE = Site(case_sensitive=True)
"""A file may hold `iPod` beside `IPod`."""
_SAID = frozenset({"Language", "Source", "Name", "Title"})
_LANGUAGES = {"eng": "en", "zho": "zh", "deu": "de", "fra": "fr", "spa": "es", "rus": "ru", "jpn": "ja", "por": "pt"}


def open_zim(path: Path) -> "Archive":
    """Open a file. `UserError` when libzim is missing, or the file damaged."""
    try:
        from libzim.reader import Archive
    except ImportError as error:
        raise UserError(
            f"{path}: a ZIM file: to read one `pip install 'websailor[zim]'`, or take the XML dump of the same wiki"
        ) from error
    try:
        return Archive(path)
    except RuntimeError as error:
        raise UserError(f"{path}: a damaged or cut off ZIM file ({error}): download it again") from error


def zim_site(archive: "Archive") -> Site:
    """What the metadata of a file say about its wiki."""
    said = _SAID.intersection(archive.metadata_keys)
    known = {key: archive.get_metadata(key).decode(errors="replace").strip() for key in said}
    code = known.get("Language", "").split(",")[0]
    language = _LANGUAGES.get(code, code[:2]) or "en"
    host = urlsplit(source if "//" in (source := known.get("Source", "")) else f"//{source}").netloc
    name = known.get("Name") or known.get("Title") or "zim"
    return Site(
        name=known.get("Title") or name,
        language=language,
        url_prefix=f"https://{host or name.lower().replace(' ', '-').replace('_', '-') + '.zim.example'}/wiki/",
        case_sensitive=True,
    )


class ZimFile(NamedTuple):
    """A file as it is now."""

    path: Path
    changed: int
    """When it was written last, in nanoseconds."""


def read_entries(dictionary: bytes | None, file: ZimFile, site: Site, first: int, last: int) -> Batch:
    """The articles and redirects among entries `first` to `last` - 1, as a unit of work."""
    batch = Batch(compressed=dictionary is not None)
    archive = _archive(file)
    try:
        for number in range(first, last):
            page = _page(file, archive._get_entry_by_id(number), site, number)
            if page is not None:
                batch.entries.append(pack(page, dictionary))
    except RuntimeError as error:
        raise UserError(f"{file.path}: damaged near entry {first} ({error}): download it again") from error
    return batch


@lru_cache(maxsize=1)
def _archive(file: ZimFile) -> "Archive":
    return open_zim(file.path)


def entry_count(archive: "Archive") -> int:
    """Entries that may be articles."""
    return archive.entry_count if archive.has_new_namespace_scheme else archive.all_entry_count


def _page(file: ZimFile, entry: "Entry", site: Site, number: int) -> Page | None:
    if not _archive(file).has_new_namespace_scheme and not entry.path.startswith("A/"):
        return None
    title = site.normalise(entry.title)
    if not title:
        return None
    if entry.is_redirect:
        goal = entry.get_redirect_entry()
        while goal.is_redirect:
            goal = goal.get_redirect_entry()
        return Page(id=number, title=title, url=site.url(title), redirect_to=site.normalise(goal.title))
    item = entry.get_item()
    if not item.mimetype.startswith("text/html"):
        return None
    markup = scan_html(bytes(item.content).decode("utf-8", "replace"), _titles(file, entry.path))
    return page_of(number, title, site.url(title), markup, disambiguation=False) if markup.text else None


def _titles(file: ZimFile, here: str) -> Callable[[str], str | None]:
    """What the links of the entry at the path `here` lead to."""

    def title(href: str) -> str | None:
        try:
            parts = urlsplit(href)
        except ValueError:
            # No address at all.
            return None
        if parts.scheme or parts.netloc or not parts.path:
            return None
        path = normpath(join(dirname(here), unquote(parts.path))).lstrip("/")
        return _title_at(file, path.removeprefix("../"))

    return title


@lru_cache(maxsize=1 << 17)
def _title_at(file: ZimFile, path: str) -> str | None:
    archive = _archive(file)
    if not archive.has_entry_by_path(path):
        return None
    entry = archive.get_entry_by_path(path)
    if not entry.is_redirect and not entry.get_item().mimetype.startswith("text/html"):
        return None
    return _SITE.normalise(entry.title) or None


def ranges(archive: "Archive", done: int) -> Iterator[tuple[int, int]]:
    """First and last entry of every unit of work behind the first `done`."""
    count = entry_count(archive)
    for first in range(done * ENTRIES, count, ENTRIES):
        yield first, min(first + ENTRIES, count)
