"""Flags from configs: a stage's `Config` gives its flags and their help; a TOML table lies below them.

Enters: what the command line set. Leaves: one validated config. The flags are checked together with the table, not
alone, because a setting may only make sense beside another that stands in the table.
"""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import App, ArgumentCollection, Parameter
from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from websailor.errors import UserError
from websailor.recipe import SHARED, check_keys, make_config, overlay, read_table, spread_shared
from websailor.tools.environment import WebChoice

ModelT = TypeVar("ModelT", bound=BaseModel)


class SettingsCommand(App):
    """A command that takes the settings of a stage.

    What they mean is said by their models, where pydantic has read it off the source. Cyclopts would read it off the
    source again, of each model and of pydantic's own base: that takes longer than everything else `--help` does.
    """

    def assemble_argument_collection(
        self, *, default_parameter: Parameter | None = None, parse_docstring: bool = False
    ) -> ArgumentCollection:
        """The command's arguments; with `parse_docstring` those of the function itself have their help, too."""
        collection = super().assemble_argument_collection(default_parameter=default_parameter)
        if parse_docstring:
            from docstring_parser import parse

            said = {one.arg_name: one.description for one in parse(inspect.getdoc(self.default_command) or "").params}
            for argument in collection:
                words = said.get(argument.field_info.name)
                if words and not argument.keys and not argument.parameter.help:
                    argument.parameter = Parameter.combine(argument.parameter, Parameter(help=words))
        return collection


def settings_command(name: str) -> Callable[[Callable[..., Any]], SettingsCommand]:
    """Makes a function the command `name`."""

    def made(function: Callable[..., Any]) -> SettingsCommand:
        command = SettingsCommand(name=name)
        command.default(function)
        return command

    return made


class AsGiven:
    """Annotation: the model carries exactly the flags that were given, unvalidated, and nothing else."""

    def __get_pydantic_core_schema__(self, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda given: source.model_construct(**given))


def given(flags: BaseModel) -> dict[str, Any]:
    """The flags that were set, nested like the TOML tables."""
    return {name: getattr(flags, name) for name in flags.model_fields_set}


RecipeFile = Annotated[
    Path | None, Parameter(name="--recipe", help="A TOML file whose table for this stage lies below the flags.")
]
"""A recipe (or any TOML file) whose table for this stage lies below the flags."""


def recipe_table(recipe: Path, table: str, model: type[BaseModel]) -> dict[str, Any]:
    """One table of a recipe, with what the recipe says for several stages below it. Raises `UserError`."""
    tables = read_table(recipe)
    for name in (table, *SHARED):
        if not isinstance(tables.get(name, {}), Mapping):
            raise UserError(f"{recipe}: {name} should be a table of settings (got {tables[name]!r})")
    check_keys(tables.get(table, {}), model, str(recipe), table)
    return spread_shared(tables).get(table, {})


def web_inputs(web: WebChoice, wiki: Path | None) -> dict[str, Path]:
    """The wiki as an input where the web is simulated; none where it is live. Raises `UserError`."""
    if web == "live":
        if wiki is not None:
            raise UserError("on the live web there is no wiki: leave out --wiki, or --web live")
        return {}
    if wiki is None:
        raise UserError("name a wiki with --wiki, or take the real web with --web live")
    return {"wiki": wiki}


def stage_config(model: type[ModelT], flags: ModelT, recipe: Path | None, table: str) -> ModelT:
    """The stage's config: defaults, then the `[table]` of the recipe, then the flags. Raises `UserError`."""
    below = {} if recipe is None else recipe_table(recipe, table, model)
    where = "flags" if recipe is None else f"{recipe} [{table}] and flags"
    return make_config(model, overlay(below, given(flags)), where)
