"""Stage: SailorFog-QA-V2, questions whose one answer is proved.

Reads a wiki directory (input `wiki`) and a graph directory (input `graph`: `entities.jsonl`, `facts.jsonl`). Writes
`records.jsonl` (`records.Question`, training questions first, then held-out ones) and `rejects.jsonl` with the reason
of every refusal.

The one answer is the only one in the graph. In a generated world that is the whole truth; of a real encyclopedia it is
what the corpus states, so there synonyms and mirrored keys count together, and an unknown type, date or amount rules
no rival out.

The way of one question: a subgraph of a rare shape and a focus in it (`shapes`) -> the exact query (`structure`) ->
proof (`proof`) -> as vague as the one answer allows (`widening`, `operators`) -> measured (`measure`) -> in words
(`words`) -> leak test and level (`level`) -> evidence (`evidence`). The same seed gives the same questions, however
often the run was interrupted.
"""

from collections.abc import Mapping
from pathlib import Path

from websailor.models.base import Policy
from websailor.questions.config import Config, RewritingConfig
from websailor.records import Manifest

__all__ = ["Config", "RewritingConfig", "rewrite", "run", "verify"]


def run(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """Make questions from `inputs["wiki"]` and `inputs["graph"]` in `out`.

    Raises `UserError` when the graph is empty, has no cycle although one is asked for, or yields no question at all.
    """
    from websailor.questions.stage import make

    return make(config, inputs, out)


def rewrite(config: RewritingConfig, inputs: Mapping[str, Path], out: Path, policy: Policy | None = None) -> Manifest:
    """Have a language model rewrite the questions of `inputs["questions"]` (a directory or a file), made from
    `inputs["wiki"]` and `inputs["graph"]`, in the questions directory `out`.

    `policy` opens the conversations; without it `config.model` does. Raises `UserError` when the questions belong to
    another graph, and when the endpoint gives no reply; what is done by then is kept.
    """
    from websailor.questions.rewriting_stage import rewrite_all

    if policy is None:
        from websailor.models.endpoint import EndpointPolicy, parse_endpoint

        policy = EndpointPolicy(parse_endpoint(config.model, **config.endpoint.model_dump()))
    return rewrite_all(config, inputs, out, policy)


def verify(file: Path, wiki: Path, graph: Path) -> list[str]:
    """Prove every question of a file again. Returns one line for each that fails, naming it; empty when all hold.

    Raises `UserError` when the questions were made from another graph.
    """
    from websailor.questions.verification import verify_file

    return verify_file(file, wiki, graph)
