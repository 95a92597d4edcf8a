"""Graphs as inline SVG: enter entities and facts, or the pattern of a question; leaves markup whose texts are all escaped."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from websailor.records import Domain, Entity, Fact, Pattern
from websailor.report.layout import packed_layout

KIND_COLOURS = 12
"""The style sheet has this many colours for kinds; rarer kinds share the last."""


def sample_graph(
    entities: Mapping[str, Entity], facts: Sequence[Fact], size: int, start: str | None = None
) -> tuple[list[Entity], list[Fact]]:
    """A connected piece of at most `size` entities around `start` (default: the best connected one), breadth first with a cap per node.

    The cap of 8 neighbours keeps one hub from filling the picture.
    """
    touching: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.value_type == "entity" and fact.subject in entities and fact.object in entities:
            touching[fact.subject].append(fact)
            touching[fact.object].append(fact)
    if not touching:
        return [], []
    first = start if start in touching else max(sorted(touching), key=lambda name: len(touching[name]))
    chosen = {first}
    queue = deque([first])
    while queue and len(chosen) < size:
        here = queue.popleft()
        fresh = sorted({fact.object if fact.subject == here else fact.subject for fact in touching[here]} - chosen)
        fresh.sort(key=lambda name: -len(touching[name]))
        for name in fresh[: min(8, size - len(chosen))]:
            chosen.add(name)
            queue.append(name)
    inside = {fact.id: fact for name in sorted(chosen) for fact in touching[name] if {fact.subject, fact.object} <= chosen}
    return [entities[name] for name in sorted(chosen)], list(inside.values())


def kind_colours(entities: Sequence[Entity]) -> dict[str, int]:
    """Kind -> colour number, the most frequent kinds first."""
    counts = Counter(entity.kind for entity in entities)
    ordered = sorted(counts, key=lambda kind: (-counts[kind], kind))
    return {kind: min(position, KIND_COLOURS - 1) for position, kind in enumerate(ordered)}


def graph_svg(entities: Sequence[Entity], facts: Sequence[Fact], colours: Mapping[str, int]) -> tuple[Markup, list[dict[str, Any]]]:
    """The drawing, and per node what the reading panel shows: name, kind, neighbours, facts in words."""
    width, height, margin = 960, 600, 36
    index = {entity.id: position for position, entity in enumerate(entities)}
    edges = [(index[fact.subject], index[fact.object]) for fact in facts if fact.subject != fact.object]
    position_N2 = _fit(packed_layout(len(entities), edges), width, height, margin)
    degree = Counter(end for edge in edges for end in edge)
    labelled = {node for node, _ in degree.most_common(14)}
    nodes: list[dict[str, Any]] = [
        {"name": entity.name, "kind": entity.kind, "near": [], "facts": []} for entity in entities
    ]
    parts: list[str] = []
    for fact in facts:
        left, right = index[fact.subject], index[fact.object]
        nodes[left]["facts"].append([fact.relation.replace("_", " "), entities[right].name, 1])
        nodes[right]["facts"].append([fact.relation.replace("_", " "), entities[left].name, 0])
        nodes[left]["near"].append(right)
        nodes[right]["near"].append(left)
        (x1, y1), (x2, y2) = position_N2[left], position_N2[right]
        parts.append(f'<line class="edge" data-a="{left}" data-b="{right}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    for node, entity in enumerate(entities):
        x, y = position_N2[node]
        radius = 4.5 + 1.5 * float(np.sqrt(degree[node]))
        parts.append(
            f'<circle class="node k{colours[entity.kind]}" data-n="{node}" data-kind="{colours[entity.kind]}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"<title>{escape(entity.name)} ({escape(entity.kind)})</title></circle>"
        )
    for node, entity in enumerate(entities):
        x, y = position_N2[node]
        visible = " shown" if node in labelled else ""
        parts.append(
            f'<text class="node-name{visible}" data-n="{node}" x="{x:.1f}" y="{y - 11:.1f}" text-anchor="middle">{escape(_short(entity.name, 26))}</text>'
        )
    drawing = Markup('<svg class="graph" viewBox="0 0 {w} {h}" tabindex="0" role="group" aria-label="{label}">{body}</svg>').format(
        w=width,
        h=height,
        label=f"{len(entities)} entities and {len(facts)} facts; the arrow keys walk from entity to entity",
        body=Markup("".join(parts)),
    )
    return drawing, nodes


def shape_svg(pattern: Pattern) -> Markup:
    """The bare shape of a question: dots and edges, the focus filled."""
    nodes = entity_variables(pattern)
    index = {variable: position for position, variable in enumerate(nodes)}
    edges = [(index[atom.subject], index[atom.object]) for atom in pattern.atoms if atom.subject in index and atom.object in index]
    position_N2 = _fit(packed_layout(len(nodes), edges), 120, 92, 14, largest=44)
    parts = []
    for left, right in edges:
        (x1, y1), (x2, y2) = position_N2[left], position_N2[right]
        parts.append(f'<line class="edge" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    for variable, node in index.items():
        x, y = position_N2[node]
        kind = "node focus" if variable == pattern.focus else "node"
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>')
    return Markup('<svg class="shape" viewBox="0 0 120 92" role="img" aria-label="{label}">{body}</svg>').format(
        label=f"a shape of {len(nodes)} entities and {len(edges)} relations", body=Markup("".join(parts))
    )


def pattern_svg(pattern: Pattern, names: Mapping[str, str]) -> Markup:
    """The subgraph behind a question, with what the question says of each node and the hidden name below it."""
    index = {variable: position for position, variable in enumerate(pattern.variables)}
    edges = [(index[atom.subject], index[atom.object]) for atom in pattern.atoms if atom.subject in index and atom.object in index]
    width = 560
    height = 150 + 46 * max(len(index) - 2, 0)
    position_N2 = _fit(packed_layout(len(index), edges), width, min(height, 420), 70, largest=170, margin_y=34)
    top = float(position_N2[:, 1].min()) - 34
    bottom = float(position_N2[:, 1].max()) + 44
    said = {domain.variable: domain for domain in pattern.domains}
    parts = [
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
        '<path class="tip" d="M0,0L8,4L0,8z"/></marker></defs>'
    ]
    labels: list[str] = []
    for atom in pattern.atoms:
        if atom.subject not in index or atom.object not in index:
            continue
        start, end = position_N2[index[atom.subject]], position_N2[index[atom.object]]
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
        (x1, y1), (x2, y2) = start + along * 11, end - along * 13
        parts.append(f'<line class="edge" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" marker-end="url(#tip)"/>')
        mx, my = (start + end) / 2
        labels.append(f'<text class="relation" x="{mx:.1f}" y="{my + 3:.1f}" text-anchor="middle">{escape(atom.relation.replace("_", " "))}</text>')
    for variable, node in index.items():
        x, y = position_N2[node]
        domain = said.get(variable)
        exact = domain is not None and domain.lattice in ("entity", "value")
        kind = "focus" if variable == pattern.focus else "anchor" if exact else "literal" if variable in pattern.value_types else "free"
        hidden = names.get(pattern.assignment.get(variable, ""), pattern.assignment.get(variable, ""))
        parts.append(f'<circle class="node {kind}" cx="{x:.1f}" cy="{y:.1f}" r="9"><title>{escape(hidden)}</title></circle>')
        above = "?" if variable == pattern.focus and domain is None else domain_words(domain, names) if domain else variable
        labels.append(f'<text class="said" x="{x:.1f}" y="{y - 15:.1f}" text-anchor="middle">{escape(_short(above, 28))}</text>')
        if hidden and hidden != above:
            labels.append(f'<text class="hidden" x="{x:.1f}" y="{y + 25:.1f}" text-anchor="middle">{escape(_short(hidden, 28))}</text>')
    return Markup('<svg class="pattern" viewBox="0 {top} {w} {h}" role="img" aria-label="{label}">{body}</svg>').format(
        top=f"{top:.0f}",
        w=width,
        h=f"{bottom - top:.0f}",
        label="the subgraph behind the question: " + ", ".join(f"{a.relation}({a.subject}, {a.object})" for a in pattern.atoms),
        body=Markup("".join(parts + labels)),
    )


def query_text(pattern: Pattern, names: Mapping[str, str]) -> str:
    """The formal query as lines a person can read: `find x` / `where born_in(x, y)` / `y is Torid Vel`."""
    lines = [f"find  {pattern.focus}"]
    conditions = [f"{atom.relation}({atom.subject}, {atom.object})" for atom in pattern.atoms]
    conditions += [f"{domain.variable} {_verb(domain)} {domain_words(domain, names)}" for domain in pattern.domains]
    conditions += [f"{left} ≠ {right}" for left, right in pattern.distinct]
    for position, condition in enumerate(conditions):
        lines.append(f"{'where' if position == 0 else '  and'} {condition}")
    return "\n".join(lines)


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
        case _:
            return domain.value


def _verb(domain: Domain) -> str:
    if domain.lattice == "initial":
        return "starts with"
    return "is" if domain.lattice in ("entity", "value", "kind") else "in"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _fit(
    position_N2: NDArray[np.float64], width: float, height: float, margin: float, largest: float = np.inf, margin_y: float | None = None
) -> NDArray[np.float64]:
    """Scale (both axes alike, at most `largest` a unit) and centre points into a box."""
    if not len(position_N2):
        return position_N2
    low, high = position_N2.min(axis=0), position_N2.max(axis=0)
    span = np.maximum(high - low, 1e-6)
    room = np.array([width - 2 * margin, height - 2 * (margin if margin_y is None else margin_y)])
    scale = min(float((room / span).min()), largest)
    return (position_N2 - (low + high) / 2) * scale + np.array([width, height]) / 2
