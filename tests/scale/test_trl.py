"""TRL trains our checkpoints on our exports, and sees the very tokens and the mask that our own trainer sees."""

from pathlib import Path
from typing import Any

import pytest

from toy_search import conversation, questions, tokenizer, write_checkpoint
from websailor.files import write_jsonl
from websailor.models.protocol import read_turn
from websailor.models.tokens import CHAT_TEMPLATE, encode_conversation, turn_text
from websailor.records import Message, Score, StopReason, Trajectory
from websailor.scale.parquet import export_parquet

pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "checkpoint"
    write_checkpoint(folder)
    return folder


@pytest.fixture(scope="module")
def trajectories() -> list[Trajectory]:
    return [
        Trajectory(
            id=f"{asked.id}/0",
            question_id=asked.id,
            model="expert",
            seed=0,
            messages=tuple(conversation(asked, asked.answer)),
            steps=(),
            answer=asked.answer,
            stop=StopReason.ANSWER,
            score=Score(value=1.0, reason="match", judge="exact"),
        )
        for asked in questions(8)
    ]


@pytest.fixture(scope="module")
def rows(trajectories: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("export")
    write_jsonl(folder / "records.jsonl", trajectories)
    export_parquet(folder / "records.jsonl", folder / "out.parquet")
    return datasets.load_dataset(
        "parquet", data_files=str(folder / "out.parquet"), split="train", cache_dir=str(folder / "cache")
    )


def plain(out: Path) -> dict[str, Any]:
    """Settings of a run of two steps that leaves nothing behind and speaks to no one."""
    return {
        "output_dir": str(out),
        "use_cpu": True,
        "bf16": False,
        "max_steps": 2,
        "learning_rate": 1e-3,
        "gradient_checkpointing": False,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_steps": 1,
    }


def losses(trainer: Any) -> list[float]:
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def test_sft_on_an_export_sees_our_tokens_and_our_mask(
    checkpoint: Path, trajectories: list[Trajectory], rows: Any, tmp_path: Path
) -> None:
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    config = SFTConfig(**plain(tmp_path), per_device_train_batch_size=4, assistant_only_loss=True, max_length=512)
    trainer: Any = SFTTrainer(
        model=str(checkpoint), args=config, train_dataset=rows.select_columns(["messages", "tools"])
    )
    assert trainer.processing_class.chat_template == CHAT_TEMPLATE
    for trajectory, row in zip(trajectories, trainer.train_dataset, strict=True):
        ids_N, mask_N = encode_conversation(tokenizer(), trajectory.messages)
        assert row["input_ids"] == ids_N.tolist()
        assert [label != -100 for label in row["labels"]] == mask_N.tolist()
    trainer.train()
    first, second = losses(trainer)
    assert 0 < second < first


def natively(trajectory: Trajectory) -> Trajectory:
    """The same as an endpoint with tool calls of its own gives it."""
    messages: list[Message] = []
    for number, message in enumerate(trajectory.messages):
        turn = read_turn(message, f"call_{number}") if message.role == "assistant" else None
        if turn is not None:
            messages.append(
                Message(role="assistant", content=turn.answer or "", reasoning=turn.thought, tool_calls=turn.calls)
            )
        else:
            answers = message.role == "tool"
            messages.append(message.model_copy(update={"tool_call_id": f"call_{number - 1}"}) if answers else message)
    return trajectory.model_copy(update={"messages": tuple(messages)})


def test_sft_on_an_export_of_native_calls(checkpoint: Path, trajectories: list[Trajectory], tmp_path: Path) -> None:
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    native = [natively(trajectory) for trajectory in trajectories]
    assert native[0].messages[2].tool_calls and native[0].messages[2].content == ""
    write_jsonl(tmp_path / "records.jsonl", native)
    export_parquet(tmp_path / "records.jsonl", tmp_path / "out.parquet")
    rows: Any = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    config = SFTConfig(**plain(tmp_path), per_device_train_batch_size=4, assistant_only_loss=True, max_length=512)
    trainer: Any = SFTTrainer(
        model=str(checkpoint), args=config, train_dataset=rows.select_columns(["messages", "tools"])
    )
    for one, row in zip(trajectories, trainer.train_dataset, strict=True):
        ids_N, mask_N = encode_conversation(tokenizer(), one.messages)
        assert row["input_ids"] == ids_N.tolist(), "the very tokens of the same in the text protocol"
        assert [label != -100 for label in row["labels"]] == mask_N.tolist()
    trainer.train()
    first, second = losses(trainer)
    assert 0 < second < first


def test_grpo_with_a_tool_takes_our_checkpoint_as_it_is(checkpoint: Path, rows: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    asked: list[str] = []
    said: list[list[str]] = []

    def search(query: list[str]) -> str:
        """Search the web.

        Args:
            query: What to search for.
        """
        asked.extend(word.strip() for word in query)
        return "1. Velan: Velan is a name."

    def by_turns(completions: list[Any], **_: Any) -> list[float | None]:
        said.extend([message["role"] for message in completion] for completion in completions)
        return [float(index % 2) for index in range(len(completions))]

    config = GRPOConfig(
        **plain(tmp_path), per_device_train_batch_size=4, num_generations=4, max_completion_length=96, beta=0.0
    )
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(checkpoint),
        reward_funcs=by_turns,
        args=config,
        train_dataset=datasets.Dataset.from_list([{"prompt": messages[:2]} for messages in rows["messages"]]),
        processing_class=AutoTokenizer.from_pretrained(checkpoint),
        tools=[search],
    )
    assert trainer.chat_template is None, "ours is prefix-preserving: nothing else is put in its place"
    trainer.train()
    assert "Velan" in asked, "the tiny policy calls the tool, and TRL reads the call"
    assert ["assistant", "tool", "assistant"] in said
    assert trainer.state.global_step == 2


def test_transformers_reads_a_turn_back(checkpoint: Path, rows: Any) -> None:
    from transformers import AutoTokenizer

    reader = AutoTokenizer.from_pretrained(checkpoint)
    for asked, messages in zip(questions(8), rows["messages"], strict=True):
        for said, exported in zip(conversation(asked, asked.answer), messages, strict=True):
            if said.role != "assistant":
                continue
            read = reader.parse_response(turn_text(said), prefix="<|im_start|>assistant\n")
            assert read["reasoning_content"].strip() == exported["reasoning_content"]
            again = reader.apply_chat_template([{"role": "user", "content": "?"}, read], tokenize=False)
            assert again.endswith("<|im_start|>assistant\n" + turn_text(said))
