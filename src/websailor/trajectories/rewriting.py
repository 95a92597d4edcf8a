"""Short thoughts in the place of an expert's long ones (WebSailor, arXiv:2507.02592, section 3.2).

Enters: a right trajectory and a model. Leaves: the same actions and observations with thoughts that the model wrote,
each given what stood before it and the action it leads to; or the reason why there are none. A thought that knows what
only comes later, that is long, in another language or full of tags is asked for again; where none stands, the expert's
own stays if it holds to the same rules, else the trajectory is refused.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from websailor.models.base import Policy, Reply, Sampling
from websailor.models.protocol import ParsedTurn, read_turn, render_turn
from websailor.records import Message, Question, Trajectory
from websailor.trajectories.config import RewritingConfig
from websailor.trajectories.filters import Refusal, written
from websailor.trajectories.languages import share, words
from websailor.trajectories.leaks import leaked
from websailor.wiki.relations import Language

REASKS = 3
"""Times that a thought which was refused is asked for again."""

_MARKUP = re.compile(r"</?[A-Za-z_][^<>\n]{0,80}>|\"arguments\"\s*:|```")
_LANGUAGES: dict[Language, str] = {"en": "English", "zh": "Chinese"}
_PROBLEMS = {
    "thought_empty": "there was no thought in it",
    "thought_tags": "it held tags or code",
    "thought_long": "it was too long",
    "thought_language": "it was in another language",
    "thought_leak": "it named something that is not known at this step",
}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A trajectory in new thoughts, or why there is none."""

    trajectory: Trajectory | None
    refusal: Refusal | None
    rewritten: int
    left: int
    """Thoughts that stayed as the expert wrote them."""
    refused: dict[str, int]
    """Reason -> thoughts of the rewriter that were refused."""


class Rewriter:
    """Writes the thoughts of one trajectory after the other; each thought is a conversation of its own."""

    def __init__(self, policy: Policy, config: RewritingConfig, language_share: float = 0.8) -> None:
        self.policy = policy
        self._config = config
        self._share = language_share
        self._sampling = Sampling(temperature=config.temperature, max_tokens=config.max_tokens, stop=())

    async def __call__(self, trajectory: Trajectory, question: Question, language: Language) -> Rewritten:
        """Rewrite every thought that goes with a call or with the answer, in order: each sees the new ones before it.

        Turns that broke the format stay as they are. Raises what the model raises.
        """
        messages = list(trajectory.messages)
        steps = list(trajectory.steps)
        answers = (question.answer, *question.aliases, trajectory.answer or "")
        refused: Counter[str] = Counter()
        rewritten = left = 0
        turns = [index for index, message in enumerate(messages) if message.role == "assistant"]
        for number, index in enumerate(turns):
            turn = read_turn(messages[index])
            if turn.error is not None:
                continue
            history, action = messages[:index], _action(turn)
            earlier = "\n".join([*(_said(message) for message in history if message.role != "system"), action])
            later = "\n".join(_later(messages[index + 1 :]))

            def problem(thought: str, earlier: str = earlier, later: str = later) -> Refusal | None:
                return self._problem(thought, earlier, later, answers, language)

            thought, reasons = await self._thought(question, number, history, action, language, problem)
            refused += reasons
            if thought is None:
                thought = turn.thought
                if found := problem(thought):
                    reason, detail = found
                    return Rewritten(None, (reason, f"turn {number + 1}: {detail}"), rewritten, left, dict(refused))
                left += 1
            else:
                rewritten += 1
            messages[index] = _with_thought(messages[index], turn, thought)
            if number < len(steps):
                steps[number] = steps[number].model_copy(update={"thought": thought})
        changed = trajectory.model_copy(update={"messages": tuple(messages), "steps": tuple(steps)})
        return Rewritten(changed, None, rewritten, left, dict(refused))

    async def _thought(
        self,
        question: Question,
        number: int,
        history: Sequence[Message],
        action: str,
        language: Language,
        problem: Callable[[str], Refusal | None],
    ) -> tuple[str | None, Counter[str]]:
        """A thought that stands, or None; and what was refused."""
        refused: Counter[str] = Counter()
        asked = _prompt("rewriting").format(
            question=question.prompt,
            history=_told(history, self._config.observation) or "(nothing yet)",
            action=action,
            words=self._config.words,
            language=_LANGUAGES[language],
        )
        again = ""
        for ask in range(1 + REASKS):
            model = self.policy.episode(question, number * (1 + REASKS) + ask)
            reply = await model.reply([Message(role="user", content=asked + again)], (), self._sampling)
            thought = _read(reply)
            found = problem(thought)
            if found is None:
                return thought, refused
            reason, detail = found
            refused[reason] += 1
            said = f"{_PROBLEMS[reason]} ({detail})" if reason != "thought_empty" else _PROBLEMS[reason]
            again = "\n\n" + _prompt("rewriting_again").format(problem=said)
        return None, refused

    def _problem(
        self, thought: str, earlier: str, later: str, answers: Sequence[str], language: Language
    ) -> Refusal | None:
        """What is wrong with a thought."""
        if not thought.strip():
            return "thought_empty", "no thought"
        if markup := _MARKUP.search(thought):
            return "thought_tags", markup[0]
        length = len(words(thought))
        if length > self._config.words:
            return "thought_long", f"{length} words, at most {self._config.words}"
        found = share(thought, language)
        if found < self._share:
            return "thought_language", f"{found:.0%} {_LANGUAGES[language]}"
        if leak := leaked(thought, earlier, later, answers):
            return "thought_leak", leak
        return None


def _read(reply: Reply) -> str:
    """The thought in a reply: what the model thought about it and words such as "Thought:" are no part of it."""
    if reply.truncated:
        return ""
    text = reply.message.content.rpartition("</think>")[2].strip()
    return re.sub(
        r"^(?:\*\*)?(?:The )?(?:thought|思考)(?:\*\*)?\s*[:：]\s*(?:\*\*)?", "", text, flags=re.IGNORECASE
    ).strip()


def _action(turn: ParsedTurn) -> str:
    if turn.answer is not None:
        return f"answer: {turn.answer}"
    (call,) = turn.calls
    return f"{call.name} {_texts(call.arguments)}"


def _said(message: Message) -> str:
    """All that a message says, with the characters of its calls as they are."""
    if message.role != "assistant":
        return message.content
    turn = read_turn(message)
    return written(message) if turn.error is not None else f"{turn.thought}\n{_action(turn)}"


def _later(messages: Sequence[Message]) -> list[str]:
    """What comes after a turn, but for the thoughts: those may guess, and are rewritten too."""
    found: list[str] = []
    for message in messages:
        if message.role != "assistant":
            found.append(message.content)
            continue
        turn = read_turn(message)
        found += [turn.answer or "", *(_texts(call.arguments) for call in turn.calls)]
    return found


def _texts(arguments: str) -> str:
    """Arguments with their characters as they are."""
    try:
        return json.dumps(json.loads(arguments, strict=False), ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments


def _told(history: Sequence[Message], characters: int) -> str:
    """The conversation so far as the rewriter reads it; system message and question stand elsewhere."""
    lines: list[str] = []
    for message in history[2:]:
        if message.role == "assistant":
            turn = read_turn(message)
            lines.append(f"Thought: {turn.thought}")
            lines.append(f"Action: {_action(turn)}" if turn.error is None else "Action: none that could be read")
        else:
            text = message.content
            lines.append(f"Result: {text if len(text) <= characters else text[:characters] + ' [shortened]'}")
    return "\n".join(lines)


def _with_thought(message: Message, turn: ParsedTurn, thought: str) -> Message:
    """The message with another thought, in the protocol that it is written in."""
    if message.reasoning is not None or message.tool_calls:
        content = "" if turn.calls else message.content
        return message.model_copy(update={"reasoning": thought, "content": content})
    if turn.answer is not None:
        said = Message(role="assistant", content=turn.answer, reasoning=thought)
    else:
        said = Message(role="assistant", content="", reasoning=thought, tool_calls=turn.calls)
    return message.model_copy(update={"content": render_turn(said)})


def _prompt(name: str) -> str:
    return (files("websailor.trajectories") / "prompts" / f"{name}.txt").read_text(encoding="utf-8").strip()
