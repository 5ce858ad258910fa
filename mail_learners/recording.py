"""What was decided while episodes were played, kept as demonstrations."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mail_envs.protocols import FloatArray
from mail_learners.flattening import batched, empty, seen_space
from mail_learners.playing import Decision, Episode, MultiAgentEnv, action_count
from mail_wrappers import Demonstrations

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
        """What has been kept so far."""
        names, rows = tuple(self._env.possible_agents), self._rows
        space = seen_space(self._env.observation_space(names[0]))
        width = action_count(self._env, names[0])
        seen = [row.decision.seen for row in rows]
        return Demonstrations(
            agent_names=names,
            observations=batched(space, seen) if rows else empty(space),
            action_masks=np.array([r.decision.mask for r in rows], np.int8).reshape(-1, width),
            actions=np.array([row.action for row in rows], dtype=np.int64),
            agents=np.array([names.index(row.decision.agent) for row in rows], dtype=np.int8),
            episodes=np.array([row.episode for row in rows], dtype=np.int64),
            steps=np.array([row.step for row in rows], dtype=np.int64),
        )

    def labels(self, agent: str) -> tuple[Demonstrations, FloatArray]:
        """One agent's decisions as labels that are distributions: see `weighted`."""
        answers = [row.answer for row in self._rows if row.decision.agent == agent]
        width = action_count(self._env, agent)
        return weighted(self.demonstrations.of(agent), np.array(answers).reshape(-1, width))


def weighted(
    decisions: Demonstrations, distributions: FloatArray
) -> tuple[Demonstrations, FloatArray]:
    """Decisions and the distributions `(N, A)` behind them as weighted decisions, `clone`'s form.

    Returns:
        A decision for every action of positive probability, and `(M,)` these probabilities.
    """
    rows, actions = np.nonzero(distributions)
    chosen = decisions.where(rows)
    return replace(chosen, actions=actions.astype(np.int64)), distributions[rows, actions]
