"""Rollouts: questions in, episodes with the very tokens that were sampled out.

Every group (one question, G episodes) sees the world under names of its own: the prompt is renamed, what the agent asks
is translated back for the tools, what it reads is renamed, and its answer is translated back before it is scored. So a
policy cannot be rewarded for knowing a name.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from websailor.agent import AgentConfig, run_episode
from websailor.models.base import Sampling
from websailor.models.local.engine import Conversation
from websailor.models.local.policy import LocalPolicy
from websailor.records import Question, Trajectory
from websailor.scoring import Scorer
from websailor.tools.base import Toolbox
from websailor.tools.renaming import RenamedToolbox, Renaming


@dataclass(slots=True)
class Sample:
    """A rollout as the trainer sees it."""

    token_N: NDArray[np.int64]
    mask_N: NDArray[np.bool_]
    """True on the tokens the policy sampled."""
    logprob_N: NDArray[np.float32]
    """Log-probability of each sampled token when it was drawn; 0 elsewhere."""
    advantage: float = 0.0


@dataclass(frozen=True, slots=True)
class Rollout:
    """One episode of a group."""

    question: Question
    group: int
    trajectory: Trajectory
    """Scored; messages in the names the policy saw, `answer` in the world's own."""
    sample: Sample


@dataclass(frozen=True, slots=True)
class Environment:
    """What the policy acts in, the same for every question."""

    toolbox: Toolbox
    scorer: Scorer
    agent: AgentConfig
    sampling: Sampling
    lexicon: Sequence[str] = ()
    """Name words to permute; none, and everything keeps its name."""
    decades: bool = False
    """Permute the decades too."""


async def roll_out(
    policy: LocalPolicy, environment: Environment, questions: Sequence[tuple[int, Question]], size: int, seed: int
) -> list[Rollout]:
    """`size` episodes of every (group number, question), all at once, in the order given.

    `seed` decides names and samples, the same whichever other questions are rolled out beside.
    """
    episodes = []
    for number, question in questions:
        renaming = None
        if environment.lexicon:
            rng = random.Random(f"{seed}/{number}/{question.id}")
            renaming = Renaming.draw(environment.lexicon, rng, decades=environment.decades)
        episodes += [
            _episode(policy, environment, question, number, renaming, seed * size + index) for index in range(size)
        ]
    return await asyncio.gather(*episodes)


async def _episode(
    policy: LocalPolicy,
    environment: Environment,
    question: Question,
    group: int,
    renaming: Renaming | None,
    seed: int,
) -> Rollout:
    asked, toolbox = question, environment.toolbox
    if renaming is not None:
        asked, toolbox = renaming.rename_question(question), RenamedToolbox(toolbox, renaming)
    session = policy.episode(question, seed)
    try:
        trajectory = await run_episode(
            asked, session, toolbox, environment.agent, environment.sampling, seed, policy.name
        )
    finally:
        session.close()
    if renaming is not None and trajectory.answer is not None:
        trajectory = trajectory.model_copy(update={"answer": renaming.invert(trajectory.answer)})
    score = await environment.scorer(question, trajectory)
    return Rollout(question, group, trajectory.model_copy(update={"score": score}), sample_of(session.conversation))


def sample_of(conversation: Conversation) -> Sample:
    """The conversation's record as arrays."""
    return Sample(
        np.asarray(conversation.token_ids, dtype=np.int64),
        np.asarray(conversation.own, dtype=bool),
        np.asarray(conversation.logprobs, dtype=np.float32),
    )
