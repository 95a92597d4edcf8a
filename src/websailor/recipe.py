"""Tables of settings become validated configs; a wrong key is answered with the nearest right one.

Enters: a TOML file (a recipe with a table per stage, or the table of one stage) and settings laid over it. Leaves:
pydantic configs. Exists so that the file, the flags and the library refuse the same mistakes in the same words.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from websailor.errors import UserError

ModelT = TypeVar("ModelT", bound=BaseModel)

STAGE_TABLES = ("wiki", "graph", "questions", "trajectories", "sft", "control", "rl", "evaluation", "report")
SHARED = ("tools", "agent")
SHARING = ("trajectories", "rl", "evaluation")
"""The stages in which an agent acts."""


WORDS = {
    "model_type": "should be a table of settings",
    "dict_type": "should be a table of settings",
    "tuple_type": "should be a list",
}
"""What pydantic says in the terms of Python, in those of TOML."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the most similar known word, or a list of them (the first 40) when none is similar."""
    words = list(known)
    close = get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    more = f" and {len(words) - 40} more" if len(words) > 40 else ""
    return f"; known: {', '.join(words[:40])}{more}"


def existing_file(path: Path, what: str) -> Path:
    """The path, or `UserError` that names the most similar file beside it."""
    if path.is_file():
        return path
    if path.is_dir():
        raise UserError(f"{path}: is a directory: name a {what} in it")
    siblings = sorted(item.name for item in path.parent.iterdir() if item.is_file()) if path.parent.is_dir() else []
    close = get_close_matches(path.name, siblings, n=1, cutoff=0.5)
    hint = f"; did you mean {path.with_name(close[0])}?" if close else ""
    raise UserError(f"{path}: no such {what}{hint}")


def read_table(path: Path, what: str = "recipe") -> dict[str, Any]:
    """Read a TOML file. Raises `UserError` with the line for a syntax error."""
    existing_file(path, what)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from error


def overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over` on top, table by table."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _over(below, value)
    return merged


def _over(base: Any, over: Any) -> Any:
    """`over` laid over `base` where both are tables, else `over` alone; what is no table is refused later."""
    return overlay(base, over) if isinstance(base, Mapping) and isinstance(over, Mapping) else over


def spread_shared(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a recipe says once under the stages that it holds for; what a stage's own table says wins.

    `[tools]` and `[agent]` go to the stages of `SHARING`, `[sft]` lies under `[control]`, `seed` goes to every stage
    and to the generated world. Nothing is checked here.
    """
    spread = {name: value for name, value in tables.items() if name not in SHARED}
    for stage in SHARING:
        shared = {name: tables[name] for name in SHARED if name in tables}
        if shared:
            spread[stage] = _over(shared, tables.get(stage, {}))
    if "control" in tables:
        spread["control"] = _over(tables.get("sft", {}), tables["control"])
    if "seed" in tables:
        seed = {"seed": tables["seed"]}
        for stage in STAGE_TABLES:
            if stage != "control" or stage in tables:
                spread[stage] = _over(seed, spread.get(stage, {}))
        spread["wiki"] = _over({"world": seed}, spread["wiki"])
    return spread


def check_keys(table: Mapping[str, Any], model: type[BaseModel], where: str, path: str = "") -> None:
    """Refuse the first key that `model` does not know, with the nearest one it knows. `where` names the file."""
    for key, value in table.items():
        dotted = f"{path}.{key}" if path else key
        if key not in model.model_fields:
            kind = "table" if isinstance(value, Mapping) and not path else "key"
            raise UserError(f"{where}: unknown {kind} '{dotted}'{nearest(key, model.model_fields)}")
        inner = _inner_model(model.model_fields[key].annotation)
        if isinstance(value, Mapping) and inner is not None:
            check_keys(value, inner, where, dotted)


def parse_settings(tokens: Sequence[str], model: type[BaseModel]) -> dict[str, Any]:
    """`--sft.seconds 300 --sft.no-rename --systems sft --systems rl` as nested tables; values stay texts.

    Raises `UserError` with the nearest key of `model`, or when a value is missing.
    """
    tables: dict[str, Any] = {}
    waiting = list(tokens)
    while waiting:
        token = waiting.pop(0)
        name, equals, value = token.removeprefix("--").partition("=")
        if not token.startswith("--") or not name:
            raise UserError(f"unexpected '{token}': settings are given as --table.key value")
        path = name.replace("-", "_").split(".")
        annotation = _annotation(path, model)
        if annotation is None and path[-1].startswith("no_"):
            path[-1] = path[-1].removeprefix("no_")
            annotation, equals, value = _annotation(path, model), "=", "false"
        if not equals:
            flag = annotation is bool and (not waiting or waiting[0].lower() not in ("true", "false"))
            if not flag and (not waiting or waiting[0].startswith("--")):
                check_keys(_nested(path, ""), model, "flags")
                raise UserError(f"{token} needs a value")
            value = "true" if flag else waiting.pop(0)
        check_keys(_nested(path, value), model, "flags")
        several = get_origin(annotation) in (tuple, list)
        before = _lookup(tables, path) if several else None
        tables = overlay(tables, _nested(path, [*(before or []), value] if several else value))
    return tables


def make_config(model: type[ModelT], table: Mapping[str, Any], where: str) -> ModelT:
    """Validate `table` as `model`. Raises `UserError` with one line that names the key and what was wrong."""
    check_keys(table, model, where)
    try:
        return model.model_validate(dict(table))
    except ValidationError as error:
        raise UserError(f"{where}: {first_problem(error)}") from error


PRIVATE = ("api_key_env", "base_url")
"""Settings in which somebody may have put a key by mistake: what was given is not repeated."""


def first_problem(error: ValidationError) -> str:
    """The first fault of a validation as one line: `sft.seconds: Input should be a valid number (got 'x')`."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    message = WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    silent = isinstance(problem["input"], Mapping) or not where or where.endswith(PRIVATE)
    given = "" if silent else f" (got {problem['input']!r})"
    more = f"; and {error.error_count() - 1} more" if error.error_count() > 1 else ""
    return f"{where}: {message}{given}{more}" if where else f"{message}{more}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every setting that differs, as `sft.seconds: 300, now 200`."""
    for key in sorted({*before, *after}):
        dotted = f"{path}.{key}" if path else key
        old, new = before.get(key), after.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, dotted)
        elif old != new:
            yield f"{dotted}: {old!r}, now {new!r}"


def _annotation(path: Sequence[str], model: type[BaseModel]) -> Any:
    """Type of the setting at a dotted path; None when there is none."""
    *tables, key = path
    for table in tables:
        inner = _inner_model(model.model_fields[table].annotation) if table in model.model_fields else None
        if inner is None:
            return None
        model = inner
    return model.model_fields[key].annotation if key in model.model_fields else None


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return value


def _lookup(tables: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = tables
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The pydantic model in `Model` or `Model | None`."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
