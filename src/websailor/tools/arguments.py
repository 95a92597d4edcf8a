"""Arguments of a call against the tool's JSON schema: the part of the schema language that tool schemas use.

Enters: decoded JSON and a schema (`type`, also a list of types; `properties`, `required`, `items`, `minItems`, `enum`).
Leaves: the arguments, with a lone value wrapped where a list is wanted (a reading that cannot be mistaken).
"""

from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class ArgumentError(ValueError):
    """The arguments do not fit the schema; the message says which and why."""


def checked(arguments: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the tool takes them. Raises `ArgumentError`."""
    if not isinstance(arguments, dict):
        raise ArgumentError("the arguments must be a JSON object")
    properties: dict[str, Any] = schema.get("properties", {})
    unknown = [f'there is no argument "{name}"' for name in arguments if name not in properties]
    missing = [f'the argument "{name}" is missing' for name in schema.get("required", ()) if name not in arguments]
    if unknown or missing:  # a misspelt one is both: the first of each says it
        raise ArgumentError("; ".join([*unknown[:1], *missing[:1]]))
    return {name: _checked(value, properties[name], name) for name, value in arguments.items()}


def _checked(value: Any, schema: dict[str, Any], where: str) -> Any:
    declared = schema.get("type", list(_TYPES))
    types = [declared] if isinstance(declared, str) else list(declared)
    if not any(_is(value, name) for name in types):
        item = schema.get("items", {}).get("type")
        if "array" not in types or (isinstance(item, str) and not _is(value, item)):
            raise ArgumentError(f'"{where}" must be {_a(types, item)}')
        value = [value]
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            raise ArgumentError(f'"{where}" is empty')
        value = [_checked(item, schema.get("items", {}), f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, str) and not value:
        raise ArgumentError(f'"{where}" is empty')
    if "enum" in schema and value not in schema["enum"]:
        raise ArgumentError(f'"{where}" must be one of {", ".join(map(str, schema["enum"]))}')
    return value


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _a(types: list[str], item: Any = None) -> str:
    words = [f"an {name}" if name[0] in "aio" else f"a {name}" for name in types]
    if isinstance(item, str):
        words = [f"{word} of {item}s" if word == "an array" else word for word in words]
    return " or ".join(words)


def sound(value: Any) -> Any:
    """JSON without halves of surrogate pairs: no file could hold them, and what was put must come back the same."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {sound(name): sound(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [sound(part) for part in value]
    return value
