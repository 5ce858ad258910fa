r"""Dynamics of low rank: linear in joint features.

.. math:: P_h(s' \mid s, a) = \phi_h(z(s), a)^\top M_h(s'), \qquad
          r_{h,i}(s, a) = \phi_h(z(s), a)^\top \theta_{h,i},

with φ in R^d and signed measures M_h (Xie et al. 2020, arXiv 2002.07066). Nothing of size S × S
is formed: an expected next value is φᵀ(M V), O(d S + M A_1⋯A_n d).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import ShapeError
from mail_envs.markov.checks import (
    ROW_TOLERANCE,
    IntArray,
    action_axes,
    establish,
    refuse,
)
from mail_envs.markov.dynamics.operations import aggregate, block_of, joint_actions, step_index
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.dynamics.tables import checked_blocks, common_steps, finite_steps
from mail_envs.protocols import FloatArray

__all__ = ["FactoredDynamics"]

NEGATIVE_TOLERANCE = 1e-12
"""How far below zero a product φᵀM may fall by rounding."""

CHUNK = 1 << 23
"""How many products are formed at once while they are checked (64 MiB)."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class FactoredDynamics:
    """P = φᵀM and r = φᵀθ; the latents are the d coordinates of φ.

    Args:
        features: φ, `(M, A_1, …, A_n, d)` or per step `(H, M, A_1, …, A_n, d)`.
        measures: M, `(d, S)` or per step `(H, d, S)`.
        reward_weights: θ, `(n, d)` or per step `(n, H, d)`.
        blocks: z, `(S,)` with values in 0..M-1, where states share rows of features; without
            it M = S and every state has its own.

    Raises:
        ShapeError: shapes that do not fit together.
        InvalidModelError: NaN, or features and measures whose products are no distributions.
    """

    features: FloatArray  # (1 or H, M, A_1, …, A_n, d)
    measures: FloatArray  # (1 or H, d, S)
    reward_weights: FloatArray  # (n, 1 or H, d)
    blocks: IntArray | None  # (S,)
    reward_table: FloatArray  # (n, 1 or H, M, A_1, …, A_n)
    num_steps: int

    def __init__(
        self,
        features: ArrayLike,
        measures: ArrayLike,
        reward_weights: ArrayLike,
        *,
        blocks: ArrayLike | None = None,
    ) -> None:
        theta = finite_steps(reward_weights, "reward_weights", ("i", "d"), position=1)
        phi = finite_steps(features, "features", ("s", *action_axes(len(theta)), "d"))
        table = finite_steps(measures, "measures", ("d", "s'"))
        _, d, states = table.shape
        _check_dimension(d, features=phi.shape[-1], reward_weights=theta.shape[-1])
        decoder = None if blocks is None else checked_blocks(blocks, states, phi.shape[1])
        if decoder is None and phi.shape[1] != states:
            raise ShapeError(f"features: expected {states} states as in measures, came {phi.shape}")
        steps = common_steps(features=len(phi), measures=len(table), reward_weights=theta.shape[1])
        establish(self, features=phi, measures=table, reward_weights=theta, blocks=decoder)
        establish(self, num_steps=steps, reward_table=_linear_rewards(phi, theta))
        _check_products(phi, table)

    @property
    def dimension(self) -> int:
        """The length d of a feature vector."""
        return self.features.shape[-1]

    @property
    def num_states(self) -> int:
        """S."""
        return self.measures.shape[-1]

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_1, …, A_n."""
        return self.features.shape[2:-1]

    @property
    def num_blocks(self) -> int:
        """M."""
        return self.features.shape[1]

    @property
    def num_latents(self) -> int:
        """The length d of a feature vector."""
        return self.dimension

    def latent_values(self, h: int, values: FloatArray) -> FloatArray:
        """M_h V: `(…, S)` → `(…, d)`."""
        return values @ self._measures(h).T  # (… s') (s' d)

    def emit(self, h: int, latent_weights: FloatArray) -> FloatArray:
        """wᵀM_h: `(…, d)` → `(…, S)`."""
        return latent_weights @ self._measures(h)  # (… d) (d s')

    def mix(self, h: int, latent_values: FloatArray) -> FloatArray:
        """φ_h(z, a)ᵀ W: `(…, d)` → `(…, M, A_1, …, A_n)`."""
        mixed = latent_values @ self._features(h).T  # (… d) (d za)
        return mixed.reshape(*latent_values.shape[:-1], self.num_blocks, *self.num_actions)

    def unmix(self, h: int, weights: FloatArray) -> FloatArray:
        """Σ_{z,a} w(z, a) φ_h(z, a): `(…, M, A_1, …, A_n)` → `(…, d)`."""
        batch = weights.shape[: -1 - len(self.num_actions)]
        return weights.reshape(*batch, -1) @ self._features(h)

    def latent_kernel(self, h: int, joint: FloatArray) -> FloatArray:
        """Σ_s M_h(s) Σ_a joint(s, a) φ_h(z(s), a)ᵀ: `(S, A_1, …, A_n)` → `(d, d)`."""
        d = self.dimension
        phi = self._features(h).reshape(self.num_blocks, -1, d)
        phi = phi if self.blocks is None else phi[self.blocks]
        mixed = joint.reshape(self.num_states, 1, -1) @ phi  # (s 1 a) (s a d)
        return self._measures(h) @ mixed[:, 0]  # (d s) (s d)

    def by_block(self) -> "FactoredDynamics":
        """The same features, measures summed over the states of each block."""
        if self.blocks is None:
            return self
        summed = np.moveaxis(aggregate(self, np.moveaxis(self.measures, -1, 0)), 0, -1)
        return FactoredDynamics(self.features, summed, self.reward_weights)

    def sample_next(
        self, h: int | IntArray, states: IntArray, actions: IntArray, *, rng: np.random.Generator
    ) -> IntArray:
        """Draw s' for `(B,)` states and `(B, n)` actions.

        Where features and measures are distributions, a coordinate is drawn from φ and a state
        from its measure: O(log d + log S) a draw. Otherwise the rows φᵀM of the batch are
        formed: O(d S) a draw.
        """
        phi_rows = step_index(len(self.features), h) * self.num_blocks + block_of(self, states)
        phi_rows = phi_rows * int(np.prod(self.num_actions)) + joint_actions(self, actions)
        first = step_index(len(self.measures), h)
        if not self.is_mixture:
            return self._sample_products(phi_rows, np.broadcast_to(first, states.shape), rng)
        mixing, emission = self._samplers
        rows = first * self.dimension + mixing.draw(phi_rows, rng=rng) % self.dimension
        return emission.draw(rows, rng=rng) % self.num_states

    @cached_property
    def is_mixture(self) -> bool:
        """Whether all features and measures are distributions."""
        return _are_distributions(self.features) and _are_distributions(self.measures)

    @cached_property
    def _samplers(self) -> tuple[RowSampler, RowSampler]:
        return (
            RowSampler.of_table(self.features.reshape(-1, self.dimension)),
            RowSampler.of_table(self.measures.reshape(-1, self.num_states)),
        )

    def _sample_products(
        self, phi_rows: IntArray, steps: IntArray, rng: np.random.Generator
    ) -> IntArray:
        phi = self.features.reshape(-1, self.dimension)[phi_rows]
        rows = np.empty((len(phi), self.num_states))
        for step in np.unique(steps):
            chosen = steps == step
            rows[chosen] = phi[chosen] @ self.measures[step]
        rows = np.maximum(rows, 0)  # products may fall below zero by a rounding error
        return RowSampler.of_table(rows).draw(np.arange(len(rows)), rng=rng) % self.num_states

    def _features(self, h: int) -> FloatArray:
        return self.features[step_index(len(self.features), h)].reshape(-1, self.dimension)

    def _measures(self, h: int) -> FloatArray:
        return self.measures[step_index(len(self.measures), h)]


def _check_dimension(d: int, **others: int) -> None:
    for name, dimension in others.items():
        if dimension != d:
            raise ShapeError(f"{name}: expected dimension {d} as in measures, came {dimension}")


def _linear_rewards(features: FloatArray, weights: FloatArray) -> FloatArray:
    """φᵀθ: `(n, 1 or H, M, A_1, …, A_n)`."""
    steps = max(len(features), weights.shape[1])
    table = np.empty((len(weights), steps, *features.shape[1:-1]))
    for h in range(steps):
        phi = features[step_index(len(features), h)]
        theta = weights[:, step_index(weights.shape[1], h)]
        table[:, h] = np.moveaxis(phi @ theta.T, -1, 0)  # (z a i) -> (i z a)
    table.setflags(write=False)
    return table


def _are_distributions(table: FloatArray) -> bool:
    return bool((table >= 0).all() and np.allclose(table.sum(-1), 1, rtol=0, atol=ROW_TOLERANCE))


def _check_products(features: FloatArray, measures: FloatArray) -> None:
    """Refuse features and measures whose products are no distributions, a chunk at a time."""
    if _are_distributions(features) and _are_distributions(measures):
        return
    axes = ("h", "s", *action_axes(features.ndim - 3))
    steps = max(len(features), len(measures))
    for h in range(steps):
        phi, table = features[step_index(len(features), h)], measures[step_index(len(measures), h)]
        sums = phi @ table.sum(axis=1)
        off = np.abs(sums - 1) > ROW_TOLERANCE
        expected = f"products with measures that sum to 1 within {ROW_TOLERANCE:g}"
        refuse(off, sums, expected, f"features (step {h})", axes[1:])
        lowest = _lowest_products(phi, table)
        refuse(
            lowest < -NEGATIVE_TOLERANCE,
            lowest,
            "products with measures of at least 0",
            f"features (step {h})",
            axes[1:],
        )


def _lowest_products(phi: FloatArray, measures: FloatArray) -> FloatArray:
    """min_s' φᵀM(s') of every row: `(M, A_1, …, A_n, d)` → `(M, A_1, …, A_n)`."""
    rows = phi.reshape(-1, phi.shape[-1])
    chunk = max(1, CHUNK // measures.shape[1])
    lowest = [(rows[i : i + chunk] @ measures).min(axis=1) for i in range(0, len(rows), chunk)]
    return np.concatenate(lowest).reshape(phi.shape[:-1])
