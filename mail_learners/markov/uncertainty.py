r"""How wrong a clone is where: exactly, or estimated from pairs of the expert's moves.

MURMAIL's responder is paid `‖μ^E(·|s) − μ_k(·|s)‖²` in every state s. From two independent moves
A, A' of the expert in s,

.. math:: R(s) = 1\{A = A'\} - 2 \mu_k(A \mid s) + \|\mu_k(\cdot \mid s)\|^2 \in [-1, 2]

is an unbiased estimate (arXiv 2505.17610, Lemma G.7): `E 1{A = A'} = ‖μ^E‖²`. As pairs that were
asked for earlier clones are as good for the present one, all are kept, and R is averaged over them
with both moves of a pair in its second term.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import expected_next_value
from mail_envs.markov.evaluation import discounted_sum
from mail_envs.markov.marginal import expect_against, joint_with
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import sample_actions

__all__ = ["MovePairs", "distance", "seek"]

IMPROVEMENT = 1e-12
"""By how much, relatively, another action must be better to be preferred."""

MAX_ROUNDS = 1000
"""Of policy iteration; it ends after a few."""


def distance(expert: FloatArray, clone: FloatArray) -> FloatArray:
    """‖μ^E − μ‖²: `(1 or H, S, A)` twice → `(1 or H, S)`."""
    return ((expert - clone) ** 2).sum(axis=-1)


class MovePairs:
    """Pairs of one expert's moves, by situation; mutable.

    Args:
        expert: μ^E, `(1 or H, S, A)`.
        shape: of situations, `(1 or H, S)`.
    """

    def __init__(self, expert: FloatArray, shape: tuple[int, int]) -> None:
        self._expert = np.broadcast_to(expert, (*shape, expert.shape[2]))
        self._same = np.zeros(shape)
        self._moves = np.zeros(self._expert.shape)
        self.pairs: FloatArray = np.zeros(shape)
        """How many pairs were asked for in each situation."""

    def ask(self, steps: IntArray, states: IntArray, *, rng: np.random.Generator) -> int:
        """Ask for a pair in each of `(B,)` situations; returns the number of queries, 2 B."""
        rows = self._expert[steps, states]
        first, second = sample_actions(rows, rng=rng), sample_actions(rows, rng=rng)
        np.add.at(self.pairs, (steps, states), 1)
        np.add.at(self._same, (steps, states), first == second)
        np.add.at(self._moves, (steps, states, first), 1)
        np.add.at(self._moves, (steps, states, second), 1)
        return 2 * len(states)

    def estimate(self, clone: FloatArray, *, unknown: float) -> FloatArray:
        """The mean of R for `clone`: `(1 or H, S)`; `unknown` where no pair was asked for."""
        asked = np.maximum(self.pairs, 1)
        cross = (clone * self._moves).sum(axis=-1)  # of both moves, hence not twice
        mean = (self._same - cross) / asked + (clone**2).sum(axis=-1)
        return np.where(self.pairs > 0, mean, unknown)


def seek(
    game: MarkovGame, paid: FloatArray, tables: Sequence[FloatArray], player: int
) -> FloatArray:
    """The policy of `player` that collects most of a reward on situations, in the known game.

    By backward induction, or by policy iteration where the game has a discount.

    Args:
        game: a two-player game.
        paid: `(1 or H, S)`.
        tables: `(1 or H, S, A_i)` per player; that of `player` is where policy iteration begins.
        player: who collects.

    Returns:
        A deterministic table of the shape of `tables[player]`.
    """
    if game.horizon is None:
        return _iterate(game, paid[0], tables, player)[None]
    policy = np.empty_like(tables[player])
    values = np.zeros(game.num_states)
    for h in reversed(range(game.horizon)):
        worth = _next_worth(game, h, values, tables[1 - player][h], player)
        policy[h] = np.eye(worth.shape[1])[worth.argmax(axis=1)]
        values = paid[h] + worth.max(axis=1)
    return policy


def _iterate(
    game: MarkovGame, paid: FloatArray, tables: Sequence[FloatArray], player: int
) -> FloatArray:
    own, other = tables[player][0], tables[1 - player][0]
    policy = np.eye(own.shape[1])[own.argmax(axis=1)]
    for _ in range(MAX_ROUNDS):
        joint = joint_with(other, policy, player, game.num_actions)
        values = discounted_sum(game, paid, joint)
        worth = _next_worth(game, 0, values, other, player)
        slack = IMPROVEMENT * float(np.abs(worth).max(initial=0))
        better = worth.max(axis=1) > (worth * policy).sum(axis=1) + slack
        if not better.any():
            break
        policy = np.where(better[:, None], np.eye(worth.shape[1])[worth.argmax(axis=1)], policy)
    return policy


def _next_worth(
    game: MarkovGame, h: int, values: FloatArray, other: FloatArray, player: int
) -> FloatArray:
    """E[V(s') | s, a_i] against the other's `(S, A_j)`: `(S, A_i)`."""
    table = expected_next_value(game.dynamics, h, values)
    return expect_against(game.dynamics, table, other, player)
