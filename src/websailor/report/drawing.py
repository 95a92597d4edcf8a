"""Graphs as inline SVG.

Enter: entities and facts, or the pattern of a question. Leaves: markup whose texts are all escaped.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from websailor.records import Atom, Bears, Compare, Condition, Count, Domain, Entity, Fact, Pattern, Without
from websailor.report.layout import packed_layout
from websailor.report.svg import Point, circle, line, picture, text

KIND_COLOURS = 12
"""The style sheet has this many colours for kinds; rarer kinds share the last."""


def sample_graph(entities: Mapping[str, Entity], facts: Sequence[Fact], size: int) -> tuple[list[Entity], list[Fact]]:
    """A piece of at most `size` entities around the best connected one, and the facts among them.

    Breadth first with at most 8 neighbours of each, so that one hub does not fill the picture; where the graph falls
    into parts, the next part begins when one is complete.
    """
    touching: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.value_type == "entity" and fact.subject in entities and fact.object in entities:
            touching[fact.subject].append(fact)
            touching[fact.object].append(fact)
    starts = iter(sorted(touching, key=lambda name: (-len(touching[name]), name)))
    chosen: set[str] = set()
    queue: deque[str] = deque()
    while len(chosen) < size:
        if not queue:
            start = next((name for name in starts if name not in chosen), None)
            if start is None:
                break
            chosen.add(start)
            queue.append(start)
        here = queue.popleft()
        fresh = sorted({fact.object if fact.subject == here else fact.subject for fact in touching[here]} - chosen)
        fresh.sort(key=lambda name: -len(touching[name]))
        taken = fresh[: min(8, size - len(chosen))]
        chosen.update(taken)
        queue.extend(taken)
    inside = {
        fact.id: fact for name in sorted(chosen) for fact in touching[name] if {fact.subject, fact.object} <= chosen
    }
    return [entities[name] for name in sorted(chosen)], list(inside.values())


def kind_colours(entities: Sequence[Entity]) -> dict[str, int]:
    """Kind -> colour number, the most frequent kinds first."""
    counts = Counter(entity.kind for entity in entities)
    ordered = sorted(counts, key=lambda kind: (-counts[kind], kind))
    return {kind: min(position, KIND_COLOURS - 1) for position, kind in enumerate(ordered)}


def graph_svg(
    entities: Sequence[Entity], facts: Sequence[Fact], colours: Mapping[str, int]
) -> tuple[Markup, list[dict[str, Any]]]:
    """The drawing, and per node what the reading panel shows: name, kind, neighbours, facts in words."""
    width, height, margin = 960, 600, 36
    index = {entity.id: position for position, entity in enumerate(entities)}
    edges = [(index[fact.subject], index[fact.object]) for fact in facts if fact.subject != fact.object]
    position_N2 = _fit(packed_layout(len(entities), edges), width, height, margin)
    degree = Counter(end for edge in edges for end in edge)
    labelled = _labelled(position_N2, [node for node, _ in degree.most_common()], 16)
    nodes: list[dict[str, Any]] = [
        {"name": entity.name, "kind": entity.kind, "near": [], "facts": []} for entity in entities
    ]
    parts: list[Markup] = []
    for fact in facts:
        left, right = index[fact.subject], index[fact.object]
        relation = fact.relation.replace("_", " ")
        nodes[left]["facts"].append([relation, entities[right].name, 1])
        nodes[right]["facts"].append([relation, entities[left].name, 0])
        nodes[left]["near"].append(right)
        nodes[right]["near"].append(left)
        parts.append(line("edge", _point(position_N2[left]), _point(position_N2[right]), data_a=left, data_b=right))
    for node, entity in enumerate(entities):
        radius = 4.5 + 1.5 * math.sqrt(degree[node])
        colour = colours[entity.kind]
        hover = f"{entity.name} ({entity.kind})"
        parts.append(circle(f"node k{colour}", _point(position_N2[node]), radius, hover, data_kind=colour))
    for node, entity in enumerate(entities):
        x, y = _point(position_N2[node])
        kind = "node-name shown" if node in labelled else "node-name"
        parts.append(text(kind, (x, y - 11), _short(entity.name, 26)))
    label = f"{len(entities)} entities and {len(facts)} facts; the arrow keys walk from entity to entity"
    return picture("graph", (0, 0, width, height), label, parts, tabindex=0, role="group"), nodes


def shape_svg(pattern: Pattern) -> Markup:
    """The bare shape of a question: dots and edges, the focus filled."""
    nodes = entity_variables(pattern)
    index = {variable: position for position, variable in enumerate(nodes)}
    edges = entity_edges(pattern, index)
    position_N2 = _fit(packed_layout(len(nodes), edges), 120, 92, 14, largest=44)
    parts = [_arrow(position_N2[left], position_N2[right], 6) for left, right in edges]
    for variable, node in index.items():
        parts.append(circle("node focus" if variable == pattern.focus else "node", _point(position_N2[node]), 5.5))
    return picture("shape", (0, 0, 120, 92), f"a shape of {len(nodes)} entities and {len(edges)} relations", parts)


def pattern_svg(pattern: Pattern, names: Mapping[str, str]) -> Markup:
    """The subgraph behind a question, with what the question says of each node and the hidden name below it."""
    index = {variable: position for position, variable in enumerate(pattern.variables)}
    width, height = 560.0, min(150.0 + 46 * max(len(index) - 2, 0), 420.0)
    layout_N2 = packed_layout(len(index), entity_edges(pattern, index))
    position_N2 = _fit(layout_N2, width, height, 70, largest=170, margin_y=34)
    said = {domain.variable: domain for domain in pattern.domains}
    parts: list[Markup] = []
    labels: list[Markup] = []
    for atom in pattern.atoms:
        if atom.subject not in index or atom.object not in index:
            continue
        start, end = position_N2[index[atom.subject]], position_N2[index[atom.object]]
        parts.append(_arrow(start, end, 11))
        x, y = _point((start + end) / 2)
        labels.append(text("relation", (x, y + 3), atom.relation.replace("_", " ")))
    for variable, node in index.items():
        x, y = _point(position_N2[node])
        witness = pattern.assignment.get(variable, "")
        hidden = names.get(witness, witness)
        domain = said.get(variable)
        above = domain_words(domain, names) if domain else "?" if variable == pattern.focus else variable
        parts.append(circle(f"node {_role(pattern, variable, domain)}", (x, y), 9, hidden))
        labels.append(text("said", (x, y - 15), _short(above, 28)))
        if hidden and hidden != above:
            labels.append(text("hidden", (x, y + 25), _short(hidden, 28)))
    top = float(position_N2[:, 1].min()) - 34
    label = "the subgraph behind the question: " + ", ".join(
        f"{atom.relation}({atom.subject}, {atom.object})" for atom in pattern.atoms
    )
    box = (0, top, width, float(position_N2[:, 1].max()) + 44 - top)
    return picture("pattern", box, label, parts + labels)


def query_text(pattern: Pattern, names: Mapping[str, str]) -> str:
    """The formal query as lines a person can read: `find x` / `where born_in(x, y)` / `y is Torid Vel`."""
    lines = [f"find  {pattern.focus}"]
    conditions = [_atom_words(atom) for atom in pattern.atoms]
    conditions += [f"{domain.variable} {_verb(domain)} {domain_words(domain, names)}" for domain in pattern.domains]
    conditions += [f"{left} ≠ {right}" for left, right in pattern.distinct]
    conditions += [condition_words(condition, names) for condition in pattern.conditions]
    for position, condition in enumerate(conditions):
        lines.append(f"{'where' if position == 0 else '  and'} {condition}")
    return "\n".join(lines)


def _atom_words(atom: Atom) -> str:
    qualified = (f" at {atom.at}" if atom.at else "") + (f" by the {atom.stated_in}" if atom.stated_in else "")
    return f"{atom.relation}({atom.subject}, {atom.object}){qualified}"


def condition_words(condition: Condition, names: Mapping[str, str]) -> str:
    """A condition in formal dress: `not spouse(x1, *)`, `|{y: author(y, x2)}| = 3`, `2 ≤ v0 - v1`."""
    if isinstance(condition, Without):
        other = "*" if condition.object is None else names.get(condition.object, condition.object)
        sides = (condition.variable, other) if condition.forward else (other, condition.variable)
        return f"not {condition.relation}({sides[0]}, {sides[1]})"
    if isinstance(condition, Count):
        sides = (condition.variable, "y") if condition.forward else ("y", condition.variable)
        return f"|{{y: {condition.relation}({sides[0]}, {sides[1]})}}| = {condition.number}"
    if isinstance(condition, Bears):
        return f"{condition.variable} is called {condition.name}"
    if isinstance(condition, Compare):
        middle = f"{condition.left} {'-' if condition.measure == 'difference' else '/'} {condition.right}"
        low = "" if condition.low is None else f"{condition.low:g} ≤ "
        high = "" if condition.high is None else f" ≤ {condition.high:g}"
        return f"{low}{middle}{high}"
    end = "largest" if condition.largest else "smallest"
    return f"of these, number {condition.place} from the {end} {condition.relation}"


def entity_variables(pattern: Pattern) -> list[str]:
    """The variables that stand for entities, not for years or numbers."""
    return [variable for variable in pattern.variables if variable not in pattern.value_types]


def domain_words(domain: Domain, names: Mapping[str, str]) -> str:
    """What a domain says: a name, `a person`, `starts with T`, `1950s`."""
    match domain.lattice:
        case "entity":
            return names.get(domain.value, domain.value)
        case "kind":
            return f"{'an' if domain.value[:1] in 'aeiou' else 'a'} {domain.value}"
        case "initial":
            return f"{domain.value}…"
        case "century":
            return f"century {domain.value}"
        case "range" | "converted":
            return domain.value.replace("..", "–")
        case _:
            return domain.value


def _labelled(position_N2: NDArray[np.float64], ranked: Sequence[int], count: int) -> set[int]:
    """The best connected nodes whose names do not run into one another."""
    chosen: list[int] = []
    for node in ranked:
        gap_C2 = np.abs(position_N2[chosen] - position_N2[node])
        if not ((gap_C2[:, 0] < 110) & (gap_C2[:, 1] < 15)).any():
            chosen.append(node)
        if len(chosen) == count:
            break
    return set(chosen)


def _role(pattern: Pattern, variable: str, domain: Domain | None) -> str:
    """CSS class of a node: what is asked for, what is named, a year or number, or something in between."""
    if variable == pattern.focus:
        return "focus"
    if domain is not None and domain.lattice in ("entity", "value"):
        return "anchor"
    return "literal" if variable in pattern.value_types else "free"


def entity_edges(pattern: Pattern, index: Mapping[str, int]) -> list[tuple[int, int]]:
    """(subject, object) of every atom between variables that have a position."""
    return [
        (index[atom.subject], index[atom.object])
        for atom in pattern.atoms
        if atom.subject in index and atom.object in index
    ]


def _arrow(start_2: NDArray[np.float64], end_2: NDArray[np.float64], gap: float) -> Markup:
    """An edge between two nodes that stops `gap` before each; the page defines the tip once."""
    along_2 = (end_2 - start_2) / max(float(np.linalg.norm(end_2 - start_2)), 1e-6)
    return line("edge", _point(start_2 + along_2 * gap), _point(end_2 - along_2 * (gap + 1)), marker_end="url(#tip)")


def _point(position_2: NDArray[np.float64]) -> Point:
    return float(position_2[0]), float(position_2[1])


def _verb(domain: Domain) -> str:
    if domain.lattice == "initial":
        return "starts with"
    return "is" if domain.lattice in ("entity", "value", "kind") else "in"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _fit(
    position_N2: NDArray[np.float64],
    width: float,
    height: float,
    margin: float,
    largest: float = np.inf,
    margin_y: float | None = None,
) -> NDArray[np.float64]:
    """Scale (both axes alike, at most `largest` a unit) and centre points into a box."""
    if not len(position_N2):
        return position_N2
    low, high = position_N2.min(axis=0), position_N2.max(axis=0)
    span = np.maximum(high - low, 1e-6)
    room = np.array([width - 2 * margin, height - 2 * (margin if margin_y is None else margin_y)])
    scale = min(float((room / span).min()), largest)
    return (position_N2 - (low + high) / 2) * scale + np.array([width, height]) / 2
