"""`websailor evaluate`: a checkpoint, an endpoint or the expert on a file of questions."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, given, recipe_table, settings_command, web_inputs
from websailor.cli.output import show_spending, stdout
from websailor.cli.records import record_file
from websailor.errors import UserError
from websailor.evaluation import Config, run
from websailor.files import read_json
from websailor.recipe import make_config, overlay

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


@settings_command("evaluate")
def evaluate_(
    questions: Path,
    /,
    *,
    model: str,
    out: Path,
    wiki: Path | None = None,
    recipe: RecipeFile = None,
    flags: Flags = NO_FLAGS,
) -> None:
    """pass@1 and pass@k with 95 % intervals; resumes at the level of one question and one run.

    Settings are those of the run that the questions belong to, then the recipe's [evaluation] table, then flags. An
    endpoint does not get the run's agent, sampling and tools: those are cut to the size of the embedded agent.

    Parameters
    ----------
    questions
        A questions directory or its records.jsonl.
    model
        A checkpoint folder, an endpoint `openai:MODEL@URL`, or `expert`.
    out
        The directory to make.
    wiki
        A wiki directory; default: that of the run which the questions belong to. With --web live there is none.
    """
    file = record_file(questions)
    home = file.parent.parent
    remote = model.startswith("openai:")
    table = _of_run(home, () if not remote else ("agent", "sampling", "tools"))
    if recipe is not None:
        table = overlay(table, recipe_table(recipe, "evaluation", Config))
    config = make_config(Config, overlay(table, given(flags)), "flags")
    if wiki is None and config.web == "simulated" and (home / "wiki").is_dir():
        wiki = home / "wiki"
    inputs = {**web_inputs(config.web, wiki), "questions": file}
    if model == "expert":
        if "wiki" not in inputs:
            raise UserError("the embedded expert knows the simulated web alone: name an endpoint with --model")
        from websailor.trajectories.expert import ExpertPolicy
        from websailor.wiki import open_wiki

        policy = partial(ExpertPolicy, address=config.tools.address, language=open_wiki(inputs["wiki"]).language)
    elif remote:
        from websailor.models.endpoint import EndpointPolicy, parse_endpoint

        policy = partial(EndpointPolicy, parse_endpoint(model, **config.endpoint.model_dump()))
        policy()  # a missing key is told before anything is written
    else:
        inputs["checkpoint"] = Path(model)
        if not (inputs["checkpoint"] / "tokenizer.json").is_file():
            raise UserError(
                f"--model {model}: no checkpoint folder there (config.json, model.safetensors, tokenizer.json)"
            )
        from websailor.models.local.policy import LocalPolicy

        policy = partial(LocalPolicy, inputs["checkpoint"])
    counts = run(config, inputs, out, policy).counts
    for name in sorted(name for name in counts if name.startswith("pass_at_") and f"{name}_low" in counts):
        low, high = counts[f"{name}_low"], counts[f"{name}_high"]
        words = f"{name.replace('pass_at_', 'pass@')}  {100 * counts[name]:.1f} %"
        stdout.print(f"[bold]{words}[/bold]  ({100 * low:.1f} – {100 * high:.1f})")
    failed = f" ({counts['failed_calls']:.2f} of them failed)" if counts["failed_calls"] else ""
    stdout.print(
        f"{counts['questions']:.0f} questions · {counts['tool_calls']:.2f} calls per episode{failed} · "
        f"{100 * counts['format_errors']:.1f} % of turns broke the format"
    )
    if broken := counts.get("broken"):
        stdout.print(f"{broken:.0f} episodes broke down and are not counted: {out / 'rejects.jsonl'}", soft_wrap=True)
    show_spending(out)
    stdout.print(f"details: {out / 'summary.json'}", soft_wrap=True)


def _of_run(home: Path, but: tuple[str, ...]) -> dict[str, Any]:
    """The evaluation settings of the run in `home`, without some tables; nothing where there is no run."""
    file = home / "config.json"
    found = read_json(file) if file.is_file() else {}
    table = found.get("evaluation", {}) if isinstance(found, dict) else {}
    return {name: value for name, value in table.items() if name not in but}
