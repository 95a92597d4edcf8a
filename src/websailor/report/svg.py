"""The few SVG elements that drawings need.

Enters: positions, words, attributes. Leaves: markup. Every attribute and text is escaped here, in one place.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

Point = tuple[float, float]


def element(name: str, content: str = "", /, **attributes: str | float | None) -> Markup:
    """`<name ...>content</name>`.

    Attributes are given as `class_` or `data_n`: a last underscore is dropped, others become hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = escape(content)
    return Markup(f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>")


def line(kind: str, start: Point, end: Point, **attributes: str | float) -> Markup:
    """A straight line; `kind` is its CSS class."""
    return element("line", class_=kind, x1=start[0], y1=start[1], x2=end[0], y2=end[1], **attributes)


def circle(kind: str, centre: Point, radius: float, hover: str | None = None, **attributes: str | float) -> Markup:
    """A dot, with words that appear when the pointer rests on it."""
    title = element("title", hover) if hover else ""
    return element("circle", title, class_=kind, cx=centre[0], cy=centre[1], r=radius, **attributes)


def text(kind: str, at: Point, words: Markup | str, anchor: str = "middle", **attributes: str | float) -> Markup:
    """One line of text."""
    return element("text", words, class_=kind, x=at[0], y=at[1], text_anchor=anchor, **attributes)


def picture(
    kind: str, box: tuple[float, float, float, float], label: str, parts: Iterable[Markup], **more: str | float
) -> Markup:
    """The whole drawing; `box` is (left, top, width, height), `label` what a screen reader says."""
    body = Markup("").join(parts)
    more.setdefault("role", "img")
    more["viewBox"] = " ".join(_short(value) for value in box)
    return element("svg", body, class_=kind, aria_label=label, **more)


def _short(value: str | float) -> str:
    """Numbers with one decimal at most: a page of drawings is mostly coordinates."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
