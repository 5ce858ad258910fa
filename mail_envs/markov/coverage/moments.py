r"""Feature moments of deviations at one step, in the units of the experts' own.

With ψ = Λ^{-1/2} φ (`mail_envs.markov.coverage.whitening`) the coefficients of a deviation π are

.. math:: \|E_\pi \psi\|^2, \qquad \lambda_{\max}(E_\pi[\psi\psi^\top]), \qquad E_\pi\|\psi\|^2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.deviations import Deviations
from mail_envs.markov.coverage.features import FeatureSource
from mail_envs.markov.coverage.steering import Steered, state_action_visits, steer
from mail_envs.markov.coverage.vectors import UnitVectors, Vectors, unit_rows
from mail_envs.markov.coverage.whitening import whiten
from mail_envs.markov.tabular import at_step
from mail_envs.protocols import FloatArray

__all__ = ["Attained", "Moments", "moments_of"]

BATCH = 1 << 23
"""How many numbers the moments of a batch are made of at once (64 MiB)."""


class Attained(NamedTuple):
    """What each of a batch attains, `(B,)`, and in which direction of ψ, `(B, k)`."""

    values: FloatArray
    directions: FloatArray


@dataclass(frozen=True, eq=False)
class Moments:
    """Features of one deviating player at one step.

    Attributes:
        deviations: the problem of the deviating player.
        h: the step; 0 where the game is discounted.
        weights: with which probability the players that stay do n, `(R, N)`.
        inside: ψ of each row.
        outside: what is beyond the range of Λ, or None.
    """

    deviations: Deviations
    h: int
    weights: FloatArray
    inside: Vectors
    outside: Vectors | None

    @property
    def sees_action(self) -> bool:
        """Whether features depend on what the deviating player does."""
        return self.inside.shape[2] > 1

    def steer(self, row_payoffs: FloatArray) -> Steered:
        """The largest expectations of payoffs on rows, `(B, R, N, J)`."""
        return steer(self.deviations, self.h, self.payoffs(row_payoffs))

    def payoffs(self, row_payoffs: FloatArray) -> FloatArray:
        """E over what the others do: `(B, R, N, J)` → `(B, R, J)`."""
        return np.einsum("brnj,rn->brj", row_payoffs, self.weights)

    def rows(self, visits: FloatArray) -> FloatArray:
        """How often each row is met: `(B, R, A)`, or `(B, R, 1)` if alike, → `(B, R, N, J)`."""
        seen = visits if self.sees_action else visits.sum(axis=2, keepdims=True)
        return seen[:, :, None, :] * self.weights[None, :, :, None]

    def mean(self, visits: FloatArray) -> Attained:
        """‖E ψ‖² and the direction of E ψ: `(B, R, A)` → `(B,)`, `(B, k)`."""
        means = self.inside.mean(self.rows(visits))
        values = np.square(means).sum(axis=1)
        lengths = np.sqrt(np.where(values > 0, values, 1.0))
        return Attained(values, means / lengths[:, None])

    def rayleigh(self, visits: FloatArray) -> Attained:
        """The top eigenvalue of E[ψψᵀ] and its vector: `(B, R, A)` → `(B,)`, `(B, k)`."""
        inside = self.inside
        if isinstance(inside, UnitVectors):
            diagonal = inside.diagonal(self.rows(visits))
            directions = unit_rows(diagonal.argmax(axis=1), inside.dimension)
            return Attained(diagonal.max(axis=1), directions)
        size = max(1, BATCH // (int(np.prod(inside.shape)) * inside.dimension))
        values, directions = np.empty(len(visits)), np.empty((len(visits), inside.dimension))
        for first in range(0, len(visits), size):
            part = slice(first, first + size)
            top, vectors = np.linalg.eigh(inside.second_moments(self.rows(visits[part])))
            values[part], directions[part] = top[:, -1], vectors[:, :, -1]
        return Attained(values, directions)

    def trace(self, visits: FloatArray) -> FloatArray:
        """E‖ψ‖²: `(B, R, A)` → `(B,)`."""
        worth = self.payoffs(self.inside.squares[None])[0]  # r j
        seen = visits if self.sees_action else visits.sum(axis=2, keepdims=True)
        return seen.reshape(len(seen), -1) @ worth.reshape(-1)

    def visits(self, choices: IntArray) -> FloatArray:
        """`(B, K, R)` → `(B, R, A)`."""
        return state_action_visits(self.deviations, self.h, choices)


def moments_of(
    deviations: Deviations,
    features: FeatureSource,
    tables: Sequence[FloatArray],
    imitated: int,
    h: int,
) -> Moments:
    """The moments of a pair of players at one step.

    Args:
        deviations: the problem of the deviating player.
        features: which ones, of the same game.
        tables: the experts, `(1 or H, S, A_i)` per player.
        imitated: the player whose clone is judged.
        h: the step; 0 where the game is discounted.
    """
    vectors = features.vectors(deviations, imitated, h)
    weights = features.weights(deviations, tables, imitated, h)
    expert = deviations.visits[h][:, None, None] * weights[:, :, None]
    reached = np.broadcast_to(deviations.reached[h][:, None, None], vectors.shape)
    reached = reached & (weights > 0)[:, :, None]
    if vectors.shape[2] > 1:
        expert = expert * at_step([deviations.expert], h)[0][:, None, :]
        reached = reached & (deviations.penalty(h) == 0)[:, None, :]
    inside, outside = whiten(vectors, expert, reached)
    return Moments(deviations, h, weights, inside, outside)
