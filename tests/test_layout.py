"""The plan of the package, enforced: imports run one way, files stay small, heavy things stay where they belong."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "websailor"
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LEVELS = (
    ("records", "errors"),
    ("diversity", "files", "identity", "progress", "recipe", "retry_after", "stopwatch"),
    ("wiki", "models"),
    ("tools",),
    ("agent", "scoring"),
    ("graph", "questions", "trajectories", "sft", "rl", "evaluation"),
    ("report",),
    ("pipeline", "scale"),
    ("cli",),
)
"""Lowest first. A room may import from lower levels and from itself, never from its own level's other rooms."""

BASE = {"records", "errors", "diversity", "files", "identity", "progress", "recipe", "retry_after", "stopwatch"}
"""Single modules at the bottom; those of one level may use one another (they cannot form rooms)."""

TRAINING_ROOMS = ("sft/", "rl/", "models/local/")


def level_of(room: str) -> int:
    for number, rooms in enumerate(LEVELS):
        if room in rooms:
            return number
    raise AssertionError(f"room {room} has no place in the plan: add it to LEVELS")


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(file: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, room) of every import of the package in a file, wherever it stands."""
    inside = ("websailor", *file.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join((*base, *(node.module or "").split("."))).strip(".")
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "websailor" else [module]
        for name in names:
            parts = name.split(".")
            if parts[0] == "websailor" and len(parts) > 1:
                yield getattr(node, "lineno", 0), parts[1]


def module_level(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run on import: everything outside functions and `if TYPE_CHECKING`."""
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If):
            if "TYPE_CHECKING" not in ast.dump(statement.test):
                yield from module_level(statement.body)
            yield from module_level(statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from module_level([*statement.body, *statement.orelse, *statement.finalbody])
            for handler in statement.handlers:
                yield from module_level(handler.body)
        elif isinstance(statement, ast.With | ast.ClassDef):
            yield from module_level(statement.body)


def identifier(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", FILES, ids=identifier)
def test_a_source_file_keeps_to_the_plan(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    faults: list[str] = []
    if len(text.splitlines()) > 400:
        faults.append(f"{len(text.splitlines())} lines; 400 is the limit")
    if text.strip() and not ast.get_docstring(tree):
        faults.append("no docstring: say what enters, what leaves, why")
    if file != PACKAGE / "__init__.py":
        here = room_of(file)
        for line, there in imported_rooms(file, tree):
            down = level_of(there) < level_of(here)
            beside = here in BASE and there in BASE and level_of(there) == level_of(here)
            if here != there and not down and not beside:
                faults.append(f"line {line}: {here} imports {there}: imports go down the plan or stay in the room")
    if not str(file.relative_to(PACKAGE)).startswith(TRAINING_ROOMS):
        for statement in module_level(tree.body):
            names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
            if isinstance(statement, ast.ImportFrom) and not statement.level:
                names = [statement.module or ""]
            if any(name.split(".")[0] in ("torch", "transformers", "trl") for name in names):
                faults.append(f"line {statement.lineno}: {names[0]} at module level outside the training rooms")
    assert not faults, "\n".join(f"{identifier(file)}: {fault}" for fault in faults)


@pytest.mark.parametrize("file", TESTS, ids=identifier)
def test_tests_use_fakes_through_protocols(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            names = [module, *(alias.name for alias in node.names)]
            assert not any(name.startswith(("unittest.mock", "mock")) for name in names), (
                f"{identifier(file)} uses mock"
            )
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "monkeypatch":
            assert node.attr not in ("setattr", "setitem"), f"{identifier(file)}:{node.lineno} patches: use a fake"


def test_there_is_something_to_guard() -> None:
    assert len(FILES) > 10
    for room in ("wiki", "tools", "models", "agent", "scoring", *LEVELS[5], "report"):
        assert (PACKAGE / room / "__init__.py").is_file(), f"{room} has no front door"


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_parses(recipe: Path) -> None:
    from websailor.pipeline import load_recipe

    assert load_recipe(recipe).name == recipe.stem


def test_the_three_recipes_are_there() -> None:
    assert {path.stem for path in (ROOT / "recipes").glob("*.toml")} >= {"quickstart", "wikipedia", "paper"}
