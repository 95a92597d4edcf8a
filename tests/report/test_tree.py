"""Subgraphs in the terminal and as files of their own."""

import xml.etree.ElementTree as ElementTree

from websailor.records import Atom, Count, Domain, Pattern
from websailor.report.tree import pattern_tree, standalone_svg

PATTERN = Pattern(
    focus="x0",
    variables=("x0", "x1", "x2", "v0"),
    value_types={"v0": "date"},
    atoms=(
        Atom(relation="born_in", subject="x0", object="x1", fact="f1"),
        Atom(relation="employed_by", subject="x0", object="x2", fact="f2", at="1956"),
        Atom(relation="hq_in", subject="x2", object="x1", fact="f3"),
        Atom(relation="founded", subject="x2", object="v0", fact="f4"),
    ),
    domains=(
        Domain(variable="x0", lattice="kind", value="person"),
        Domain(variable="v0", lattice="century", value="20"),
        Domain(variable="x1", lattice="entity", value="Torid Vel"),
    ),
    conditions=(Count(variable="x2", relation="employed_by", forward=False, number=3),),
    assignment={"x0": "Aren <Solak>", "x1": "Torid Vel", "x2": "Melik Works", "v0": "1921"},
)


def test_every_atom_stands_once_and_cycles_are_marked() -> None:
    assert pattern_tree(PATTERN, {"Melik Works": "Melik"}).splitlines() == [
        "◉ x0 (a person) = Aren <Solak>",
        "├─ born_in → x1 (Torid Vel)",
        "│  └─ ← hq_in ↺ x2",
        "└─ employed_by → at 1956 x2 = Melik",
        "   └─ founded → v0 (century 20) = 1921",
        "  |{y: employed_by(y, x2)}| = 3",
    ]


def test_a_drawing_of_its_own_is_a_whole_document() -> None:
    root = ElementTree.fromstring(standalone_svg(PATTERN, {}))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    names = {child.tag.rpartition("}")[2] for child in root.iter()}
    assert {"style", "defs", "marker", "circle", "line", "text"} <= names
    assert "Aren <Solak>" in "".join(root.itertext())
