"""What was decided while episodes were played, kept as demonstrations."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mail_envs.errors import ShapeError
from mail_envs.protocols import FloatArray
from mail_learners.flattening import batched, empty, seen_space
from mail_learners.playing import Decision, Episode, MultiAgentEnv, action_count
from mail_wrappers import Decisions, Demonstrations

__all__ = ["Recorder", "weighted"]


class Row(NamedTuple):
    """One decision and who would decide how."""

    decision: Decision
    answer: FloatArray  # (A,)
    action: int
    episode: int
    step: int


class Recorder:
    """Keeps decisions in the order in which they were made.

    Args:
        env: whose agents decide.
    """

    def __init__(self, env: MultiAgentEnv) -> None:
        self._env = env
        self._rows: list[Row] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        episode: Episode,
        decisions: Sequence[Decision],
        answers: Sequence[FloatArray],
        actions: Sequence[int],
    ) -> None:
        """Keep some decisions of an episode that have not been acted on yet.

        Args:
            episode: which.
            decisions: of it.
            answers: the distributions `(A,)` from which `actions` are drawn, by decision.
            actions: by decision.
        """
        for decision, answer, action in zip(decisions, answers, actions, strict=True):
            kept = decision._replace(seen=copy.deepcopy(decision.seen), mask=decision.mask.copy())
            self._rows.append(Row(kept, answer, action, episode.number, episode.steps))

    @property
    def demonstrations(self) -> Demonstrations:
        """What has been kept so far, with the distributions behind it."""
        return Demonstrations({agent: self.of(agent) for agent in self._env.possible_agents})

    def of(self, agent: str) -> Decisions:
        """One agent's decisions."""
        rows = [row for row in self._rows if row.decision.agent == agent]
        space = seen_space(self._env.observation_space(agent))
        width = action_count(self._env, agent)
        seen = [row.decision.seen for row in rows]
        masks = np.array([row.decision.mask for row in rows], dtype=np.int8)
        answers = np.array([row.answer for row in rows], dtype=np.float64)
        return Decisions(
            observations=batched(space, seen) if rows else empty(space),
            actions=np.array([row.action for row in rows], dtype=np.int64),
            episodes=np.array([row.episode for row in rows], dtype=np.int64),
            steps=np.array([row.step for row in rows], dtype=np.int64),
            action_masks=masks.reshape(-1, width),
            distributions=answers.reshape(-1, width),
        )


def weighted(decisions: Decisions) -> tuple[Decisions, FloatArray]:
    """Decisions with distributions as weighted decisions, which is how `clone` takes them.

    Returns:
        A decision for every action of positive probability, and `(M,)` these probabilities.

    Raises:
        ShapeError: decisions without distributions.
    """
    chances = decisions.distributions
    if chances is None:
        raise ShapeError("weighted: expected decisions with distributions, came some without")
    rows, actions = np.nonzero(chances)
    return replace(decisions.take(rows), actions=actions.astype(np.int64)), chances[rows, actions]
