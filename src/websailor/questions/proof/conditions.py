"""What a condition on one variable means: the nodes for which it is true, or those for which it is not.

Enters: a `Without`, `Count` or `Bears`. Leaves: the sorted members, looked up once. What sources dispute may be false:
read generously, a disputed partner does not break a negation, and it may count or not; in the strict reading whoever
has one is neither without it nor sure to have so many. What a corpus that is not complete does not state may yet be so:
there a negation or a count means nothing, and is refused.
"""

import numpy as np

from websailor.errors import UserError
from websailor.questions.naming import plain
from websailor.questions.proof.facts import Facts, Rows, Table
from websailor.questions.proof.sets import Members, Nodes
from websailor.questions.proof.tenures import table_of
from websailor.records import Atom, Bears, Count, Without

NONE = np.zeros(0, dtype=np.int64)


def refuse_open(facts: Facts, what: str) -> None:
    """Raise `UserError` on a corpus that is not complete."""
    if facts.is_open:
        raise UserError(f"{what} asks of a corpus that it is complete, and this one is not: ask it of a generated one")


def bearers(facts: Facts, condition: Bears) -> Members:
    """Entities that bear the name or have it as an alias; what nothing states may bear any."""
    key = ("bears", plain(condition.name))
    found = facts.label_cache.get(key)
    if found is None:
        found = Members(facts.bearers.get(key[1], facts.unknown), facts.node_count, lasting=True)
        facts.label_cache[key] = found
    return found


def partnered(facts: Facts, condition: Without | Count, strict: bool = False) -> tuple[Members, bool]:
    """The nodes of which a negation or a count speaks, and whether it means them or all others.

    Raises `UserError` on a corpus that is not complete.
    """
    refuse_open(facts, "a negation or a count")
    if isinstance(condition, Without):
        key = ("without", condition.relation, str(condition.forward), condition.object or "", str(strict))
    else:
        key = ("count", condition.relation, str(condition.forward), str(condition.number), str(strict))
    found = facts.label_cache.get(key)
    if found is None:
        denied = isinstance(condition, Without)
        nodes = _denied(facts, condition, strict) if denied else _counted(facts, condition, strict)
        found = Members(nodes, facts.node_count, lasting=True)
        facts.label_cache[key] = found
    return found, isinstance(condition, Count) and condition.number > 0


def _tables(facts: Facts, relation: str) -> tuple[Table, Table] | None:
    """All that is stated of a relation, and what nobody disputes of it."""
    stated = facts.tables.get(relation)
    sure = table_of(facts, Atom(relation=relation, subject="", object="", fact=""), strict=True)
    return None if stated is None or sure is None else (stated, sure)


def _side(table: Table, forward: bool) -> Rows:
    return table.by_subject if forward else table.by_object


def _denied(facts: Facts, condition: Without, strict: bool) -> Nodes:
    """Who has the partner, surely or (strict) as far as anything states it."""
    tables = _tables(facts, condition.relation)
    if tables is None:
        return NONE
    stated = tables[0] if strict else tables[1]
    if condition.object is None:
        return _side(stated, condition.forward).keys
    node = facts.index.get(condition.object)
    return NONE if node is None else _side(stated, not condition.forward).of(np.array([node], dtype=np.int64))[1]


def _counted(facts: Facts, condition: Count, strict: bool) -> Nodes:
    """Who may have, or (strict) surely has, so many partners; of none at all: who has not."""
    tables = _tables(facts, condition.relation)
    if tables is None:
        return NONE
    stated, sure = (_side(table, condition.forward) for table in tables)
    least, most = np.zeros(len(stated.keys), dtype=np.int64), np.diff(stated.starts)
    least[np.searchsorted(stated.keys, sure.keys)] = np.diff(sure.starts)
    if condition.number == 0:
        return stated.keys if strict else stated.keys[least > 0]
    fits = (least == condition.number) & (most == condition.number) if strict else (least <= condition.number)
    return stated.keys[fits & (most >= condition.number)]
