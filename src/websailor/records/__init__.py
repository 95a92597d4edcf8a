"""The nouns that cross stages. Data only: frozen, validated, without behaviour.

Every stage reads and writes these as JSONL (`websailor.files`). A field is documented once, in the string beneath it.
"""

from websailor.records.agent import Citation, Message, Observation, Score, Step, StopReason, ToolCall, Trajectory, Usage
from websailor.records.base import Record, SourceKind, ValueType
from websailor.records.graph import Entity, Fact, Shape, Source, Subgraph
from websailor.records.pages import Hit, InfoboxField, Link, Page, Value
from websailor.records.questions import (
    Atom,
    Bears,
    Clue,
    Compare,
    Condition,
    Count,
    Domain,
    Evidence,
    Pattern,
    Phrase,
    Question,
    Rank,
    Uncertainty,
    Without,
)
from websailor.records.runs import Manifest, Output, Reject

__all__ = [
    "Atom",
    "Bears",
    "Citation",
    "Clue",
    "Compare",
    "Condition",
    "Count",
    "Domain",
    "Entity",
    "Evidence",
    "Fact",
    "Hit",
    "InfoboxField",
    "Link",
    "Manifest",
    "Message",
    "Observation",
    "Output",
    "Page",
    "Pattern",
    "Phrase",
    "Question",
    "Rank",
    "Record",
    "Reject",
    "Score",
    "Shape",
    "Source",
    "SourceKind",
    "Step",
    "StopReason",
    "Subgraph",
    "ToolCall",
    "Trajectory",
    "Uncertainty",
    "Usage",
    "Value",
    "ValueType",
    "Without",
]
