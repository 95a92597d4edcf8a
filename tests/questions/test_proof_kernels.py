"""The compiled loops of the proof engine against the same in plain Python, and tables of some of the statements."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.questions.proof.facts import Statements, table, table_of_some
from websailor.questions.proof.kernels import member_mask, without_repeats
from websailor.questions.proof.sets import FEW, Members

NODE = st.integers(0, 12)
NODES = st.lists(NODE, max_size=20)
EDGES = st.lists(st.tuples(NODE, NODE), min_size=1, max_size=60)


def as_array(nodes: list[int] | set[int]) -> np.ndarray:
    return np.array(sorted(nodes) if isinstance(nodes, set) else nodes, dtype=np.int64)


@settings(deadline=None)
@given(nodes=NODES, of=st.sets(NODE))
def test_membership_asks_in_any_order(nodes: list[int], of: set[int]) -> None:
    assert member_mask(as_array(nodes), as_array(of)).tolist() == [node in of for node in nodes]


@settings(deadline=None)
@given(nodes=NODES)
def test_repeats_go_and_an_array_without_any_stays(nodes: list[int]) -> None:
    given_ = as_array(sorted(nodes))
    assert without_repeats(given_).tolist() == sorted(set(nodes))
    assert given_.tolist() == sorted(nodes)


@settings(max_examples=200, deadline=None)
@given(
    edges=EDGES, asked=NODES, within=st.none() | st.sets(NODE), padding=st.sampled_from([0, FEW]), dense=st.booleans()
)
def test_edges_are_those_of_the_nodes_that_lead_within(
    edges: list[tuple[int, int]], asked: list[int], within: set[int] | None, padding: int, dense: bool
) -> None:
    rows = table(*(as_array(list(side)) for side in zip(*edges, strict=True)), node_count=13 if dense else 0).by_subject
    assert bool(len(rows.dense)) == dense
    # Many nodes asked at once are looked up by a mask, a few by search.
    many = asked + [12] * padding
    limit = None if within is None else Members(as_array(within), 13)
    owner, value = rows.of(as_array(many), limit)
    expected = [
        (node, other)
        for node in many
        for other in sorted({b for a, b in edges if a == node})
        if within is None or other in within
    ]
    assert list(zip(owner.tolist(), value.tolist(), strict=True)) == expected


@settings(deadline=None)
@given(edges=EDGES, kept=st.integers(0, 2**60 - 1))
def test_a_table_of_some_statements_is_that_of_those_alone(edges: list[tuple[int, int]], kept: int) -> None:
    subject, other = (as_array(list(side)) for side in zip(*sorted(edges), strict=True))
    nothing = np.zeros(len(edges))
    stated = Statements(
        subject,
        other,
        np.lexsort((subject, other)),
        nothing.astype(np.int32),
        nothing.astype(np.int32),
        nothing.astype(np.int8),
        nothing.astype(np.bool_),
    )
    keep = np.array([bool(kept >> number & 1) for number in range(len(edges))])
    found, expected = table_of_some(stated, keep), table(subject[keep], other[keep])
    for one, two in ((found.by_subject, expected.by_subject), (found.by_object, expected.by_object)):
        assert one.keys.tolist() == two.keys.tolist()
        assert one.starts.tolist() == two.starts.tolist()
        assert one.values.tolist() == two.values.tolist()
