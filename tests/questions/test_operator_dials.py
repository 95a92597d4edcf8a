"""Dials that ask for operators, bits and shapes: obeyed, refused in one line, or said to have run out; resume."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich_world import rich_corpus, rich_maker, rich_question, rich_world
from small_world import small_corpus, small_world

from websailor import graph, questions, wiki
from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.questions import Config
from websailor.questions.composition import order_for, palette_of
from websailor.questions.config import span
from websailor.questions.corpus import Corpus, complete_relations
from websailor.questions.lexicon import Lexicon
from websailor.questions.operators import PROPOSERS
from websailor.questions.pools import draw_pools
from websailor.questions.seen import Refused, Seen, cell_of
from websailor.recipe import make_config
from websailor.records import Entity, Fact, Question, Source
from websailor.wiki.world.held_out import FIRST_HELD_OUT_SEED, HeldOut, is_cell_held_out

MIXED = Config.model_validate(
    {"palette": "all", "operators_per_question": "2..5", "max_clues": 6, "level": "2,3", "named_anchors": "0,1"}
)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("3..6", 3, 6), ("12..", 12, float("inf")), ("..4", 0, 4), ("5", 5, 5), ("", 0, float("inf")), ("1.5..2", 1.5, 2)],
)
def test_ranges(text: str, low: float, high: float) -> None:
    assert span(text) == (low, high)
    assert low in span(text)
    assert high + 1 not in span(text) or high == float("inf")


@pytest.mark.parametrize("text", ["..", "6..3", "a", "1-2", "3..4..5", "-1"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|least"):
        span(text)


def test_several_values_in_one_text() -> None:
    config = Config.model_validate({"operators": ["u4,U7", "U5"], "level": "2,3", "bits": 12, "named_anchors": "0"})
    assert config.operators == ("U4", "U7", "U5")
    assert config.level == (2, 3)
    assert config.bits == "12"
    assert config.named_anchors == (0,)
    assert Config.model_validate({"palette": "all"}).palette == tuple(f"U{number}" for number in range(5, 17))
    assert Config.model_validate({"level": 3}).named_anchors == (0,)
    assert Config.model_validate({"level": [2, 3]}).named_anchors == (1,)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"level": 1, "operators_per_question": 6}, "level 1"),
        ({"shape": "tree", "operators": "U4"}, "U4 is a cycle"),
        ({"shape": "tree", "min_cycle_rank": 1}, "min_cycle_rank"),
        ({"operators_per_question": "5..2"}, "least is above the most"),
        ({"operators": "U17"}, "U17 is no operator"),
        ({"operators": "U16"}, "3 % of a set"),
        ({"palette": "U2"}, "arise by themselves"),
        ({"operators": "U5,U6,U7,U8,U9,U10"}, "max_clues is 5"),
        ({"operators": "U5,U6", "operators_per_question": "..1"}, "every question must carry"),
        ({"operators_per_question": "5.."}, "at most 4"),
        ({"fog": 0, "bits": "3.."}, "nothing is vague"),
        ({"fog": 0, "operators": "U1"}, "fog is 0"),
        ({"max_nodes": 2, "shape": "cyclic"}, "max_nodes 3"),
        ({"level": 3, "named_anchors": 1}, "level 3 names nothing"),
    ],
)
def test_dials_that_contradict_each_other_are_refused_in_one_line(table: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        make_config(Config, table, "flags")
    assert "\n" not in str(error.value)


def real_corpus() -> Corpus:
    """Two real pages, with nothing that operators need."""
    source = Source(page="Ann Lee", kind="infobox", quote="birth_place: Ulm")
    return Corpus(
        [Entity(id="Ann Lee", name="Ann Lee", kind="person"), Entity(id="Ulm", name="Ulm", kind="settlement")],
        [Fact(id="f", subject="Ann Lee", relation="birth_place", object="Ulm", source=source)],
        Lexicon(is_generated=False),
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, "a real encyclopedia does not state all") for code in ("U5", "U7", "U8", "U12")),
        ("U6", "no dates"),
        ("U9", "neither tenures nor dates"),
        ("U10", "no two entities"),
        ("U13", "no two things share"),
        ("U14", "no two sources"),
        ("U15", "no dates"),
    ],
)
def test_what_a_corpus_cannot_support_is_refused_with_the_reason(
    code: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UserError, match=reason) as error:
        palette_of(real_corpus(), Config(operators=(code,)))
    assert "\n" not in str(error.value)
    with caplog.at_level(logging.WARNING):
        assert palette_of(real_corpus(), Config(palette=(code,))).optional == ()
    assert f"operator {code} is left out" in caplog.text


def test_a_graph_that_lacks_facts_supports_nothing_that_rests_on_what_is_not_stated(tmp_path: Path) -> None:
    truth = small_world().wiki / "facts.jsonl"
    corpus = small_corpus()
    complete = complete_relations(corpus.facts, truth)
    assert complete
    lost = next(fact for fact in corpus.facts if fact.relation in complete)
    assert complete - complete_relations([fact for fact in corpus.facts if fact != lost], truth) == {lost.relation}
    with pytest.raises(UserError, match="the graph lacks facts"):
        palette_of(corpus, Config(operators=("U8",)))
    with pytest.raises(UserError, match="no two sources"):
        questions.run(Config(operators=("U14",), count=1), small_world().inputs, tmp_path / "q")


def test_all_that_was_asked_for_is_in_every_question() -> None:
    config = Config.model_validate({"level": 3, "bits": "8..", "operators": "U4,U7", "shape": "cyclic"})
    found = [made for index in range(3) if (made := rich_question(config, index, 300)) is not None]
    assert found
    for made in found:
        assert {"U4", "U7"} <= {clue.operator for clue in made.clues}
        assert made.uncertainty.fog >= 8
        assert made.uncertainty.cycle_rank >= 1
        assert made.level == 3


def test_the_number_of_operators_is_in_the_range_asked_for() -> None:
    found = [made for index in range(6) if (made := rich_question(MIXED, index)) is not None]
    assert len(found) > 3
    for made in found:
        assert 2 <= len({clue.operator for clue in made.clues} - {"U0"}) <= 5


def test_a_tree_has_no_cycle() -> None:
    config = Config(shape="tree", max_nodes=5)
    assert all(not sample.cycle_rank for ones in rich_maker(config).pools.samples["train"].values() for sample in ones)
    made = rich_question(config, 0)
    assert made is not None
    assert made.uncertainty.cycle_rank == 0


def test_what_is_used_least_comes_first_and_what_is_used_up_not_at_all() -> None:
    import random

    config = Config(palette=("U5", "U6", "U8"), per_operator=30)
    palette = palette_of(rich_corpus(), config)
    seen = Seen()
    seen.operators.update({"U5": 29, "U6": 29, "U8": 0})
    first = [order_for(palette, config, seen, random.Random(number)).optional[0] for number in range(200)]
    assert first.count("U8") > 150
    seen.operators.update({"U5": 1})
    assert all("U5" not in order_for(palette, config, seen, random.Random(number)).optional for number in range(20))
    wanted = Config(operators=("U5",), per_operator=30)
    with pytest.raises(Refused, match="operator_used_up"):
        order_for(palette_of(rich_corpus(), wanted), wanted, seen, random.Random(0))


def test_cells_fill_up() -> None:
    made = rich_question(MIXED, 0)
    assert made is not None
    seen = Seen(per_cell=1)
    cell = cell_of({clue.operator for clue in made.clues}, made.uncertainty.cycle_rank, made.uncertainty.fog)
    seen.check_cell(cell)
    seen.add(made)
    with pytest.raises(Refused, match="cell_full"):
        seen.check_cell(cell)


def test_what_ran_out_is_said_with_reasons_and_the_run_ends_early(tmp_path: Path) -> None:
    config = Config.model_validate({"operators": "U5", "bits": "200..", "count": 1000, "attempts": 2, "pool": 300})
    with pytest.raises(UserError, match=r"no question passed \(most refusals: .*bits \d+"):
        questions.run(config, rich_world().inputs, tmp_path / "q")
    rejects = (tmp_path / "q" / "rejects.jsonl").read_text()
    assert rejects.count("gave_up") == 20
    with pytest.raises(UserError, match=r"no question passed \(most refusals: .*bits \d+"):
        questions.run(config, rich_world().inputs, tmp_path / "q")


def test_a_name_that_several_bear_is_not_asked_for() -> None:
    corpus, maker = rich_corpus(), rich_maker(MIXED)
    several = [number for number, entity in enumerate(corpus.entities) if len(corpus.homonyms(entity)) > 1]
    assert len(several) > 20
    assert not any(maker.pools.askable["train"][several])


def test_training_never_asks_of_a_held_out_cell() -> None:
    corpus, rule = rich_corpus(), HeldOut(cell_share=0.4)
    config = Config(max_nodes=4, pool=1500)

    def apart(rule_of_world: HeldOut | None) -> set[bool]:
        pools = draw_pools(corpus, config, rule=rule_of_world)
        drawn = [pools.draw("train", np.random.default_rng(number)) for number in range(80)]
        return {is_cell_held_out(one.sample.form.class_id, corpus.entities[one.node].kind, rule) for one in drawn}

    assert apart(rule) == {False}
    assert apart(None) == {False, True}


def test_a_pool_holds_only_subgraphs_that_can_be_asked_about_and_none_is_said_so() -> None:
    corpus, config = rich_corpus(), Config(max_nodes=4, pool=1500)
    pools = draw_pools(corpus, config, {"U14": PROPOSERS["U14"].seeks(corpus) or ()}, HeldOut(cell_share=0.9))
    pooled = [*pools.samples["train"].values(), *pools.holding.get(("train", "U14"), {}).values()]
    samples = [one for ones in pooled for one in ones]
    assert samples
    assert all(any(pools.may_ask("train", one, node) for node in one.nodes) for one in samples)
    with pytest.raises(UserError, match="has no subgraph"):
        draw_pools(corpus, config, rule=HeldOut(cell_share=1.0))


def test_a_world_of_a_held_out_seed_gives_no_training_question(tmp_path: Path) -> None:
    """Of such a world every page is for evaluation, and every question says so."""
    world = {"seed": FIRST_HELD_OUT_SEED, "world": {"profile": "rich", "pages": 300}}
    wiki.run(wiki.Config.model_validate(world), {}, tmp_path / "wiki")
    graph.run(graph.Config(whole=True, title_ranks=False), {"wiki": tmp_path / "wiki"}, tmp_path / "graph")
    inputs = {"wiki": tmp_path / "wiki", "graph": tmp_path / "graph"}
    with pytest.raises(UserError, match="a world whose seed is held out, for evaluation alone: set count to 0 and"):
        questions.run(Config(count=1, held_out_count=5, pool=300), inputs, tmp_path / "train")
    made = questions.run(Config(count=0, held_out_count=12, pool=300), inputs, tmp_path / "q")
    found = list(read_jsonl(tmp_path / "q" / "records.jsonl", Question))
    assert made.counts["records"] == len(found) == 12
    assert {question.split for question in found} == {"held_out"}
    assert made.counts["crossing_subgraphs"] == 0


def test_a_run_keeps_the_held_out_cells_that_the_world_states(tmp_path: Path) -> None:
    world = {"seed": 5, "world": {"pages": 400, "held_out_cells": 0.6}}
    wiki.run(wiki.Config.model_validate(world), {}, tmp_path / "wiki")
    graph.run(graph.Config(whole=True, title_ranks=False), {"wiki": tmp_path / "wiki"}, tmp_path / "graph")
    inputs = {"wiki": tmp_path / "wiki", "graph": tmp_path / "graph"}
    questions.run(Config(count=15, pool=600, level=(1, 2, 3)), inputs, tmp_path / "q")
    kind = {entity.id: entity.kind for entity in read_jsonl(tmp_path / "graph" / "entities.jsonl", Entity)}
    made = list(read_jsonl(tmp_path / "q" / "records.jsonl", Question))
    assert len(made) > 10
    rule = HeldOut(cell_share=0.6)
    assert not any(is_cell_held_out(one.shape, kind[one.pattern.assignment["x0"]], rule) for one in made)


COMMAND = """
import sys
from pathlib import Path
from websailor import graph, questions, wiki
config = questions.Config.model_validate_json(sys.argv[1])
questions.run(config, {"wiki": Path(sys.argv[2]), "graph": Path(sys.argv[3])}, Path(sys.argv[4]))
"""


def test_a_run_that_was_killed_ends_with_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    config = MIXED.model_copy(update={"count": 10, "pool": 800, "attempts": 80, "per_operator": 4, "per_cell": 3})
    place = rich_world()
    command = [sys.executable, "-c", COMMAND, config.model_dump_json(), str(place.wiki), str(place.graph)]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    kills = 0
    for wanted in (1, 4, 7):
        process = subprocess.Popen([*command, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        records = killed / "records.jsonl"
        while process.poll() is None and (not records.is_file() or records.read_bytes().count(b"\n") < wanted):
            time.sleep(0.01)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2
    subprocess.run([*command, str(killed)], check=True, capture_output=True)
    assert (killed / "records.jsonl").read_bytes() == (whole / "records.jsonl").read_bytes()
    assert (killed / "rejects.jsonl").read_bytes() == (whole / "rejects.jsonl").read_bytes()
    assert len(list(read_jsonl(whole / "records.jsonl", Question))) >= 5
