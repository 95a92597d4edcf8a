"""The base of all records, and the types of values."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

ValueType = Literal["entity", "date", "number", "text"]
SourceKind = Literal["infobox", "sentence", "table"]


class Record(BaseModel):
    """Base of all records: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
