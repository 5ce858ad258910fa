"""What was played: states and joint actions of episodes, and who was exploring.

An episode here always has the same number H of steps, so that a run of K episodes is two
rectangular arrays, and its first k episodes are their first k rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mail_envs.errors import ShapeError
from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

__all__ = ["Counts", "Episodes", "MarkovDemonstrations", "count_actions", "demonstrations_of"]


@dataclass(frozen=True, eq=False)
class Episodes:
    """K episodes of H steps; read-only.

    Attributes:
        states: `(K, H)`.
        actions: `(K, H, n)`, in player order.
        explorer: the player that the learner controlled; None where all were experts.
    """

    states: IntArray
    actions: IntArray
    explorer: int | None = None

    def __post_init__(self) -> None:
        if self.actions.ndim != 3 or self.states.shape != self.actions.shape[:2]:
            raise ShapeError(
                f"episodes: expected states (K, H) and actions (K, H, n), came "
                f"{self.states.shape} and {self.actions.shape}"
            )
        self.states.setflags(write=False)
        self.actions.setflags(write=False)

    def __len__(self) -> int:
        return len(self.states)

    @property
    def num_steps(self) -> int:
        """H."""
        return self.states.shape[1]

    @property
    def num_players(self) -> int:
        """The number n of players."""
        return self.actions.shape[2]

    @property
    def queries(self) -> int:
        """How many moves experts were asked for: one a step from every player but the explorer."""
        experts = self.num_players - (self.explorer is not None)
        return self.states.size * experts

    def first(self, count: int) -> "Episodes":
        """The first `count` episodes; all of them if there are fewer."""
        return Episodes(self.states[:count], self.actions[:count], self.explorer)


@dataclass(frozen=True, eq=False)
class MarkovDemonstrations:
    """N decisions of one player's expert, in the order in which they were made; read-only.

    Attributes:
        player: whose expert decided.
        steps: `(N,)`, 0..H-1.
        states: `(N,)`.
        actions: `(N,)`.
    """

    player: int
    steps: IntArray
    states: IntArray
    actions: IntArray

    def __post_init__(self) -> None:
        for column in (self.steps, self.states, self.actions):
            if column.shape != self.actions.shape:
                raise ShapeError(
                    f"demonstrations: expected {len(self.actions)} rows in each column, came "
                    f"{column.shape}"
                )
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.actions)


def demonstrations_of(episodes: Sequence[Episodes], player: int) -> MarkovDemonstrations:
    """What `player`'s expert did in all episodes in which another, or nobody, explored.

    A player is so taught by the moves of its expert in the states to which *others* deviated.
    """
    taught = [part for part in episodes if part.explorer != player]
    empty = np.zeros(0, dtype=np.int64)
    steps = [np.tile(np.arange(part.num_steps), len(part)) for part in taught]
    return MarkovDemonstrations(
        player=player,
        steps=np.concatenate([empty, *steps]),
        states=np.concatenate([empty, *(part.states.reshape(-1) for part in taught)]),
        actions=np.concatenate(
            [empty, *(part.actions[..., player].reshape(-1) for part in taught)]
        ),
    )


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each action was taken in each situation that occurred: sufficient for cloning.

    Attributes:
        rows: `(U,)`, the distinct situations in increasing order.
        counts: `(U, A)`.
    """

    rows: IntArray
    counts: FloatArray


def count_actions(rows: IntArray, actions: IntArray, num_actions: int) -> Counts:
    """Count `(N,)` actions by `(N,)` situations; the cost depends on N alone."""
    distinct, inverse = np.unique(rows, return_inverse=True)
    cells = inverse.reshape(-1) * num_actions + actions
    counts = np.bincount(cells, minlength=len(distinct) * num_actions)
    return Counts(distinct, counts.reshape(len(distinct), num_actions).astype(np.float64))
