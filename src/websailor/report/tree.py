"""A question's subgraph where there is no browser: a tree of lines for the terminal, and an SVG that stands alone.

Enters: a pattern and the names of entities. Leaves: text. The tree begins at what is asked for and follows the atoms
outwards; an atom that closes a cycle ends at a variable that has its own place in the tree, marked with `↺`.
"""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from websailor.records import Atom, Pattern
from websailor.report.drawing import condition_words, domain_words, pattern_svg

_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0,0.5L8,4L0,7.5z"/></marker></defs>'
)


def pattern_tree(pattern: Pattern, names: Mapping[str, str]) -> str:
    """Lines such as `├─ born_in → x1 (a settlement) = Torid Vel`; what is after `=` is what the question hides."""
    lines = [f"◉ {_told(pattern, pattern.focus, names)}"]
    drawn = {pattern.focus}
    told: set[int] = set()

    def grow(variable: str, margin: str) -> None:
        branches: list[tuple[Atom, str, bool]] = []
        for number, atom in enumerate(pattern.atoms):
            if number not in told and variable in (atom.subject, atom.object):
                other = atom.object if atom.subject == variable else atom.subject
                told.add(number)
                branches.append((atom, other, other in drawn))
                drawn.add(other)
        for position, (atom, other, again) in enumerate(branches):
            last = position == len(branches) - 1
            arrow = f"{atom.relation} →" if atom.subject == variable else f"← {atom.relation}"
            qualified = (f" at {atom.at}" if atom.at else "") + (f" by the {atom.stated_in}" if atom.stated_in else "")
            end = f"↺ {other}" if again else _told(pattern, other, names)
            lines.append(f"{margin}{'└─' if last else '├─'} {arrow}{qualified} {end}")
            if not again:
                grow(other, margin + ("   " if last else "│  "))

    grow(pattern.focus, "")
    lines += [f"  {left} ≠ {right}" for left, right in pattern.distinct]
    lines += [f"  {condition_words(condition, names)}" for condition in pattern.conditions]
    return "\n".join(lines)


def _told(pattern: Pattern, variable: str, names: Mapping[str, str]) -> str:
    domains = [domain for domain in pattern.domains if domain.variable == variable]
    said = ", ".join(domain_words(domain, names) for domain in domains)
    witness = pattern.assignment.get(variable, "")
    hidden = names.get(witness, witness)
    shown = f"{variable} ({said})" if said else variable
    return f"{shown} = {hidden}" if hidden and hidden != said else shown


def standalone_svg(pattern: Pattern, names: Mapping[str, str]) -> Markup:
    """The drawing of the report page as a file of its own, with its styles and arrow heads inside."""
    style = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    drawing = pattern_svg(pattern, names)
    opened, _, rest = drawing.partition(">")
    within = f"<style>svg {{ background: var(--card); }}\n{style}</style>{_TIP}"
    return Markup(f'{opened} xmlns="http://www.w3.org/2000/svg">{within}{rest}')
