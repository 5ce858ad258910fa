r"""Optimistic value iteration on an empirical model, for a reward that lies on situations.

From `n(x, a)` joint actions in situations x and `n(x, a, x')` transitions, a player j plans against
the other's known policy μ with

.. math:: Q(x, a_j) = \hat R(x) + E_{a_i \sim \mu(\cdot|x)}\Bigl[\min\Bigl\{\frac{c\,V_{\max}}
          {\sqrt{n(x, a)}} + \gamma \sum_{x'} \hat P(x' \mid x, a) V(x'),\, V_{\max}\Bigr\}\Bigr],
          \qquad V = \max_{a_j} Q \text{ clipped to } [0, V_{\max}],

after UCBVI (Azar, Osband, Munos 2017, arXiv 1703.05449) with one constant c for its logarithms;
joint actions never tried are worth V_max. The model counts joint actions, so that it stays valid
whoever the other player is: it is kept as the clones change.

Discounted games have one situation per state; with a horizon H there is one per step and state, and
nothing follows the last step.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import joint_actions
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import sample_actions
from mail_learners.markov.planning import TIE

__all__ = ["EmpiricalGame"]


class EmpiricalGame:
    """What play has shown of a two-player game's transitions; mutable.

    Args:
        game: is played, never looked into.
        steps: how long an episode is, and how many sweeps a plan takes.
    """

    def __init__(self, game: MarkovGame, steps: int) -> None:
        layers = game.horizon or 1
        self._game = game
        self._steps = steps
        self._shape = (layers, game.num_states)
        self._visits = np.zeros((layers * game.num_states, *game.num_actions))
        self._cells = np.zeros((2, 0), dtype=np.int64)  # situation and joint action, what follows
        self._counts = np.zeros(0)
        self._values = [np.zeros(layers * game.num_states) for _ in range(2)]

    def play(
        self, tables: Sequence[FloatArray], *, count: int, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray]:
        """Play `count` episodes and learn from them; the steps and states that occurred."""
        current = self._game.sample_initial_states(count, rng=rng)
        layers, states = self._shape
        visited: list[IntArray] = []
        cells: list[IntArray] = []
        for t in range(self._steps):
            h = t if layers > 1 else 0
            actions = np.stack([sample_actions(x[h, current], rng=rng) for x in tables], axis=1)
            following = self._game.dynamics.sample_next(h, current, actions, rng=rng)
            source = h * states + current
            visited.append(source)
            joint = source * self._visits[0].size + joint_actions(self._game.dynamics, actions)
            after = following if layers == 1 else (h + 1) * states + following
            cells.append(np.stack([joint, after]))
            current = following
        self._learn(np.concatenate(cells, axis=1))
        situations = np.concatenate(visited)
        return situations // states, situations % states

    def plan(
        self, paid: FloatArray, other: FloatArray, player: int, *, highest: float, scale: float
    ) -> FloatArray:
        """The optimistic policy of `player`.

        Args:
            paid: R̂, `(1 or H, S)`.
            other: μ of the other player, `(1 or H, S, A_j)`.
            player: who plans.
            highest: V_max.
            scale: c.

        Returns:
            `(1 or H, S, A_i)`, uniform among the best actions.
        """
        gamma = 1.0 if self._game.discount is None else self._game.discount
        visits = np.maximum(self._visits, 1)
        tried = self._visits > 0
        bonus = np.where(tried, scale * highest / np.sqrt(visits), highest)
        mixing = np.expand_dims(other.reshape(-1, other.shape[2]), 1 + player)  # x 1 a_j, x a_j 1
        values, rewards = self._values[player], paid.reshape(-1, 1)
        worth = np.zeros((len(values), self._game.num_actions[player]))
        for _ in range(self._steps):
            ahead = bonus + gamma * self._expected(values) / visits  # x a_1 a_2
            worth = rewards + (mixing * np.minimum(ahead, highest)).sum(axis=2 - player)
            values = np.clip(worth.max(axis=1), 0, highest)
        self._values[player] = values
        alike = worth >= worth.max(axis=1, keepdims=True) - TIE * highest
        table = alike / alike.sum(axis=1, keepdims=True)
        return table.reshape(*self._shape, -1)

    def _expected(self, values: FloatArray) -> FloatArray:
        """Σ_x' n(x, a, x') V(x'): `(X,)` → `(X, A_1, A_2)`; nothing follows the last step."""
        after = np.append(values, np.zeros(self._shape[1]))[self._cells[1]]
        sums = np.bincount(self._cells[0], self._counts * after, self._visits.size)
        return np.asarray(sums, dtype=np.float64).reshape(self._visits.shape)

    def _learn(self, cells: IntArray) -> None:
        self._visits.reshape(-1)[:] += np.bincount(cells[0], minlength=self._visits.size)
        merged = np.concatenate([self._cells, cells], axis=1)
        weights = np.concatenate([self._counts, np.ones(cells.shape[1])])
        keys = merged[0] * (self._shape[0] + 1) * self._shape[1] + merged[1]
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        self._cells = merged[:, first]
        self._counts = np.bincount(inverse.reshape(-1), weights)
