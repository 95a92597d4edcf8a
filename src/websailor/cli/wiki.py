"""`websailor wiki generate | import | search | show`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config
from websailor.cli.output import show_counts
from websailor.errors import UserError
from websailor.recipe import nearest
from websailor.wiki import Config, open_wiki, run
from websailor.wiki.world import WorldConfig

Knobs = Annotated[WorldConfig, Parameter(name="*"), AsGiven()]
Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_KNOBS = WorldConfig.model_construct()
NO_FLAGS = Config.model_construct()


@settings_command("generate")
def generate_(*, out: Path, knobs: Knobs = NO_KNOBS) -> None:
    """Write a fictional encyclopedia as a MediaWiki dump.

    Parameters
    ----------
    out
        The dump: FILE.xml or FILE.xml.bz2. The truth is written beside it.
    """
    from websailor.wiki.world import generate_dump

    if not out.name.endswith((".xml", ".xml.bz2")):
        raise UserError(f"--out {out}: a dump ends in .xml or .xml.bz2")
    config = stage_config(WorldConfig, knobs, None, "wiki")
    pages = generate_dump(config, out)
    show_counts(f"{out}", {"pages": pages, "communities": config.community_count, "name_words": config.lexicon_size})


@settings_command("import")
def import_(source: Path | None = None, /, *, out: Path, recipe: RecipeFile = None, flags: Flags = NO_FLAGS) -> None:
    """Import a dump into a searchable wiki; without a source a world is generated and imported.

    Parameters
    ----------
    source
        MediaWiki XML dump: .xml, .xml.bz2 or .xml.gz.
    out
        The wiki directory to make.
    """
    if source is not None:
        if "source" in flags.model_fields_set:
            raise UserError(f"{source} and --source {flags.source}: name one dump")
        flags = Config.model_construct(
            **{**{name: getattr(flags, name) for name in flags.model_fields_set}, "source": source}
        )
    manifest = run(stage_config(Config, flags, recipe, "wiki"), {}, out)
    show_counts(str(out), manifest.counts)


def search_(query: str, /, *, wiki: Path, k: int = 10) -> None:
    """Search a wiki as the agent does.

    Parameters
    ----------
    query
        Words.
    wiki
        A wiki directory.
    k
        Results at most.
    """
    from websailor.cli.output import stdout

    hits = open_wiki(wiki).search(_readable(query), k)
    if not hits:
        stdout.print("no page matches")
    for number, hit in enumerate(hits, 1):
        stdout.print(
            f"{number}. [bold]{_plain(hit.title)}[/bold]  {_plain(hit.snippet)}\n   [dim]{_plain(hit.url)}[/dim]",
            highlight=False,
        )


def show_(title: str, /, *, wiki: Path) -> None:
    """Show one page.

    Parameters
    ----------
    title
        The page; redirects are followed.
    wiki
        A wiki directory.
    """
    from websailor.cli.output import stdout

    opened = open_wiki(wiki)
    title = _readable(title)
    page = opened.page(title)
    if page is None:
        similar = [hit.title for hit in opened.search(title, 5)]
        raise UserError(f"{wiki}: no page '{title}'{nearest(title, similar) if similar else ''}")
    stdout.print(f"[bold]{_plain(page.title)}[/bold]  [dim]{_plain(page.url)}[/dim]", highlight=False)
    for field in page.infobox:
        stdout.print(
            f"  {_plain(field.key)}: {_plain('; '.join(value.text for value in field.values))}", highlight=False
        )
    stdout.print(f"\n{_plain(page.text)}\n", highlight=False)
    also = ", ".join(opened.redirects_to(page.title))
    parts = [f"{len(page.links)} links", f"{opened.inlinks(page.title)} inlinks"]
    parts += [f"also {also}"] if also else []
    parts += [", ".join(page.categories)] if page.categories else []
    stdout.print(f"[dim]{_plain(' · '.join(parts))}[/dim]", highlight=False)


def _readable(text: str) -> str:
    """A word of the command line without bytes that are no text."""
    return text.encode("utf-8", "replace").decode()


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
