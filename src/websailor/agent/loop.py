"""The ReAct loop: thought, call, observation, until an answer or a limit.

Enters: a question, a `ChatModel` for this conversation, a `Toolbox`, the limits. Leaves: a `Trajectory` whose `stop`
names the ending. The conversation only grows: a message that the model has accepted is never changed, so a model may
keep its cache through all turns.
"""

import asyncio
import datetime
from pathlib import Path

from websailor.agent.citations import split_answer
from websailor.agent.config import AgentConfig
from websailor.agent.context import ContextBudget
from websailor.models.base import ChatModel, ContextExceeded, Reply, Sampling
from websailor.models.protocol import ParsedTurn, canonical_call, last_chance, read_turn, repeated_call, system_prompt
from websailor.records import Citation, Message, Observation, Question, Step, StopReason, ToolCall, Trajectory, Usage
from websailor.tools.base import EPISODE, REFUSED, Asking, Toolbox

CITING = (Path(__file__).parent / "citing.txt").read_text(encoding="utf-8").strip()
REPEATED = "loop"
"""`Observation.provider` of a call that was not run because the episode has made it before."""


async def run_episode(
    question: Question,
    model: ChatModel,
    toolbox: Toolbox,
    config: AgentConfig,
    sampling: Sampling,
    seed: int,
    model_name: str,
) -> Trajectory:
    """Work one question: see `Episode.work`."""
    return await Episode(question, model, toolbox, config, sampling, seed, model_name).work()


class Episode:
    """One run through the loop. `trajectory` can be asked for at any time: what has happened so far is whole."""

    def __init__(
        self,
        question: Question,
        model: ChatModel,
        toolbox: Toolbox,
        config: AgentConfig,
        sampling: Sampling,
        seed: int,
        model_name: str,
    ) -> None:
        self._question = question
        self._seed = seed
        self._model_name = model_name
        self._model = model
        self._toolbox = toolbox
        self._config = config
        self._sampling = sampling.model_copy(
            update={"max_tokens": min(sampling.max_tokens, config.max_tokens_per_turn)}
        )
        self._signatures = toolbox.signatures
        date = config.date or datetime.date.today().isoformat()
        system = system_prompt(config.prompt, self._signatures, date)
        self.messages = [
            Message(role="system", content=f"{system}\n\n{CITING}" if config.citations else system),
            Message(role="user", content=question.prompt),
        ]
        self.budget = ContextBudget(config.context_tokens, self._sampling.max_tokens, last_chance(config.prompt))
        self.steps: list[Step] = []
        self.answer: str | None = None
        self.citations: tuple[Citation, ...] = ()
        self.stop: StopReason | None = None
        self.error: str | None = None
        self.turns = self.tool_calls = self.format_errors = 0
        self._usages: list[Usage] = []
        """Of the replies."""
        self._format_errors_in_a_row = self._failures_in_a_row = 0
        self._made: set[tuple[str, str]] = set()
        """Calls that succeeded, in canonical form; kept where repeating one is refused."""

    async def work(self) -> Trajectory:
        """Work the question to its end.

        Every ending is a `StopReason`. With `CONTEXT_LIMIT` the observation that did not fit was dropped and the model
        had one more turn: `answer` is what it said there, if anything. In all other limits `answer` is None.
        `usage.prompt_tokens` is the length of the last prompt, `completion_tokens` the sum over turns. Defects of the
        model or a tool raise.
        """
        EPISODE.set(Asking(f"{self._question.id}/{self._seed}"))
        clock = asyncio.timeout(self._config.seconds)
        try:
            async with clock:
                await self._run_turns()
        except TimeoutError:
            if not clock.expired():
                raise
            self.end(StopReason.TIME_LIMIT, f"{self._config.seconds:g} seconds are over")
        return self.trajectory()

    def trajectory(self) -> Trajectory:
        """The record of the episode; of one that has not ended, as interrupted."""
        return Trajectory(
            id=f"{self._question.id}/{self._seed}",
            question_id=self._question.id,
            model=self._model_name,
            seed=self._seed,
            messages=tuple(self.messages),
            steps=tuple(self.steps),
            answer=self.answer,
            citations=self.citations,
            stop=self.stop or StopReason.INTERRUPTED,
            error=self.error,
            usage=self._usage(),
        )

    def _usage(self) -> Usage:
        costs = [usage.cost for usage in self._usages]
        known = [cost for cost in costs if cost is not None]
        return Usage(
            prompt_tokens=self.budget.prompt_tokens,
            completion_tokens=sum(usage.completion_tokens for usage in self._usages),
            sent_tokens=sum(usage.prompt_tokens for usage in self._usages),
            cached_tokens=sum(usage.cached_tokens for usage in self._usages),
            cost=sum(known) if known and len(known) == len(costs) else None,
            currency=next((usage.currency for usage in self._usages if usage.currency), None),
            turns=self.turns,
            tool_calls=self.tool_calls,
            format_errors=self.format_errors,
        )

    def end(self, stop: StopReason, error: str | None = None) -> None:
        self.stop = stop
        self.error = error

    async def _run_turns(self) -> None:
        deadline = None if self._config.seconds is None else asyncio.get_running_loop().time() + self._config.seconds
        unseen = 0  # messages at the end that the model has not accepted yet and may be taken back
        while self.stop is None:
            if deadline is not None and asyncio.get_running_loop().time() >= deadline:
                self.end(StopReason.TIME_LIMIT, f"{self._config.seconds:g} seconds are over")
                return
            try:
                reply = await self._reply()
            except ContextExceeded as exceeded:
                await self._last_turn(unseen, str(exceeded))
                return
            before = len(self.messages)
            await self._take(reply)
            unseen = len(self.messages) - before

    async def _reply(self) -> Reply:
        reply = await self._model.reply(self.messages, self._signatures, self._sampling)
        self.budget.account(self.messages, reply.usage)
        self._usages.append(reply.usage)
        self.turns += 1
        self.messages.append(reply.message)
        return reply

    def _read(self, reply: Reply) -> ParsedTurn:
        turn = read_turn(reply.message, call_id=f"call_{self.turns}")
        if turn.error is not None and reply.truncated:
            words = f"The turn was cut off after {reply.usage.completion_tokens} tokens: think shorter."
            turn = turn.model_copy(update={"error": words})
        return turn

    async def _take(self, reply: Reply) -> None:
        """Act on a turn: end with its answer, or append what came of it."""
        turn = self._read(reply)
        if turn.answer is not None:
            self.steps.append(Step(thought=turn.thought, call=None, observation=None))
            self._say(turn.answer)
            self.end(StopReason.ANSWER)
            return
        call = turn.calls[0] if turn.calls else None
        # Without its observation until that is there: an episode that is broken off meanwhile is whole.
        self.steps.append(Step(thought=turn.thought, call=call, observation=None))
        if self.turns >= self._config.turns:
            self.format_errors += call is None
            self.end(StopReason.TURN_LIMIT, f"no answer within {self._config.turns} turns")
            return
        observation = await self._observe(turn, call)
        answers = _observation_messages(reply.message, call, observation)
        if self.stop is None and not self.budget.fits(answers):
            tokens = self.budget.estimate(answers)
            await self._last_turn(
                0,
                f"the observation of turn {self.turns} (about {tokens} tokens) did not fit",
            )
            return
        self.messages += answers
        self.steps[-1] = self.steps[-1].model_copy(update={"observation": observation})

    def _say(self, answer: str) -> None:
        """Take an answer; where citations were asked for, apart from its sources."""
        self.answer, self.citations = split_answer(answer) if self._config.citations else (answer, ())

    async def _observe(self, turn: ParsedTurn, call: ToolCall | None) -> Observation:
        """Run the call, or say what is wrong with the turn; counts what happened."""
        if call is None:
            assert turn.error is not None
            observation = Observation(content=turn.error, status="error", provider=REFUSED)
        else:
            observation = await self._run(call)
        refused = observation.provider == REFUSED
        self.format_errors += refused
        self.tool_calls += not refused
        self._format_errors_in_a_row = self._format_errors_in_a_row + 1 if refused else 0
        if not refused and observation.provider != REPEATED:
            self._failures_in_a_row = self._failures_in_a_row + 1 if observation.status == "error" else 0
        if self._format_errors_in_a_row >= self._config.format_errors:
            self.end(StopReason.FORMAT_ERROR, observation.content)
        elif self._failures_in_a_row >= self._config.tool_failures:
            self.end(StopReason.TOOL_FAILURE, observation.content)
        return observation

    async def _run(self, call: ToolCall) -> Observation:
        """Make the call, or say that it has been made before."""
        if self._config.repeated_calls == "run":
            return await self._toolbox.call(call)
        form = canonical_call(call)
        if form in self._made:
            return Observation(content=repeated_call(self._config.prompt), status="error", provider=REPEATED)
        observation = await self._toolbox.call(call)
        if observation.status != "error":
            self._made.add(form)
        return observation

    async def _last_turn(self, unseen: int, why: str) -> None:
        """Take back what the model refused, ask for the answer, and end."""
        if unseen:
            del self.messages[-unseen:]
            self.steps[-1] = self.steps[-1].model_copy(update={"observation": None})
        if not self.turns:
            self.end(StopReason.CONTEXT_LIMIT, why)
            return
        self.messages.append(Message(role="user", content=last_chance(self._config.prompt)))
        try:
            reply = await self._reply()
        except ContextExceeded as exceeded:
            self.messages.pop()
            self.end(StopReason.CONTEXT_LIMIT, f"{why}; and no room for an answer: {exceeded}")
            return
        turn = self._read(reply)
        if turn.answer is not None:
            self._say(turn.answer)
        self.format_errors += turn.error is not None
        self.steps.append(Step(thought=turn.thought, call=turn.calls[0] if turn.calls else None, observation=None))
        self.end(StopReason.CONTEXT_LIMIT, why)


def _observation_messages(said: Message, call: ToolCall | None, observation: Observation) -> list[Message]:
    """The observation as tool messages: one, or one for each of several native calls that were refused together."""
    ids = [one.id for one in said.tool_calls] or [call.id if call else None]
    return [Message(role="tool", content=observation.content, tool_call_id=one) for one in ids]
