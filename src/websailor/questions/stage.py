"""The run of the stage: index after index, resumable, duplicates refused.

Enters: a config and the input directories. Leaves: the stage directory. Questions are made in the order of their index,
so an interrupted run that goes on ends with the same file as one that was never interrupted.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from websailor.errors import UserError
from websailor.files import StageDirectory, read_jsonl
from websailor.progress import progress_bar
from websailor.questions.composition import palette_of
from websailor.questions.config import Config
from websailor.questions.corpus import load_corpus
from websailor.questions.maker import Maker, question_id
from websailor.questions.operators import CLOSED_WORLD
from websailor.questions.pools import Part, draw_pools
from websailor.questions.seen import Refused, Seen
from websailor.records import Manifest, Question, Reject
from websailor.wiki import open_wiki
from websailor.wiki.world.held_out import held_out_rule, is_world_held_out

log = logging.getLogger(__name__)

GAVE_UP = "gave_up"
"""The reason of a question that no try gave."""
HOPELESS = 20
"""Questions given up from the start after which a run ends that has made none."""


def make(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """See `questions.run`."""
    with StageDirectory(out, "questions", config, inputs) as directory:
        if directory.finished:
            return directory.manifest()
        wiki = open_wiki(inputs["wiki"])
        apart = is_world_held_out(inputs["wiki"])
        if apart and config.count:
            raise UserError(
                f"{inputs['wiki']} is a world whose seed is held out, for evaluation alone: "
                "set count to 0 and held_out_count to the questions you want, or generate a world of another seed"
            )
        closed = not CLOSED_WORLD.isdisjoint((*config.operators, *config.palette))
        truth = inputs["wiki"] / "facts.jsonl" if closed else None
        corpus = load_corpus(inputs["graph"], bool(wiki.lexicon), truth)
        palette = palette_of(corpus, config)
        pools = draw_pools(corpus, config, palette.sought, held_out_rule(inputs["wiki"]), apart)
        maker = Maker(config, corpus, wiki, pools, palette)
        seen = Seen(config.per_answer, config.per_cell, config.per_page)
        made: set[str] = set()
        for question in read_jsonl(out / "records.jsonl", Question):
            seen.add(question)
            made.add(question.id)
        parts: tuple[tuple[Part, int], ...] = (("train", config.count), ("held_out", config.held_out_count))
        jobs: Iterator[tuple[Part, int]] = ((part, index) for part, count in parts for index in range(count))
        wanted = config.count + config.held_out_count
        given_up = 0
        with progress_bar("questions", wanted) as bar:
            for part, index in jobs:
                name = question_id(config.seed, part, index)
                stands = name in made or (name not in directory.done and _make_one(maker, directory, part, index, seen))
                given_up = 0 if stands else given_up + 1
                if given_up >= (config.patience if made or stands else min(config.patience, HOPELESS)):
                    break
                if stands:
                    made.add(name)
                bar.advance()
        _report(directory, wanted)
        return directory.finish(crossing_subgraphs=maker.pools.crossing)


def _make_one(maker: Maker, directory: StageDirectory, part: Part, index: int, seen: Seen) -> bool:
    """Try until a question stands; every refusal is kept with its reason. False when none does."""
    name = question_id(maker.config.seed, part, index)
    for attempt in range(maker.config.attempts):
        try:
            question = maker.attempt(part, index, attempt, seen)
        except Refused as refusal:
            reject = Reject(id=f"{name}/{attempt}", reason=refusal.reason, detail=refusal.detail)
            if reject.id not in directory.done:
                directory.reject(reject)
            continue
        seen.add(question)
        directory.append(question)
        return True
    directory.reject(Reject(id=name, reason=GAVE_UP, detail=f"{maker.config.attempts} tries"))
    return False


def _report(directory: StageDirectory, wanted: int) -> None:
    """Say what ran out, over all of the run, interrupted or not."""
    made = directory.counts["records"]
    if made == wanted:
        return
    rejects = read_jsonl(directory.path / "rejects.jsonl", Reject)
    reasons = Counter(reject.reason for reject in rejects if reject.reason != GAVE_UP)
    most = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(4))
    if not made:
        raise UserError(
            f"no question passed (most refusals: {most}; all are in {directory.path / 'rejects.jsonl'}): "
            "widen the config (level, candidates, named_anchors, clues) or build a larger graph, with another --out"
        )
    log.warning("%d of %d questions made; most refusals: %s", made, wanted, most)
