"""The base of all records, and the types of values."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

ValueType = Literal["entity", "date", "number", "text"]
SourceKind = Literal["infobox", "sentence", "table"]


class Record(BaseModel):
    """Base of all records: immutable, unknown fields refused.

    Their docstrings are for readers of the source alone; settings, whose docstrings are the help of flags, ask pydantic
    to read them, which takes a millisecond for each class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
