r"""Dynamics over hidden blocks of states: a small latent game under many observed states.

.. math:: P_h(s' \mid s, a) = \bar P_h(z' \mid z(s), a) \, q(s' \mid z'), \quad z' = z(s'), \qquad
          r_{h,i}(s, a) = \bar r_{h,i}(z(s), a).

The decoder `z` and the emission `q` cost O(S), the latent tables O(m² A_1⋯A_n): a game of a
million states fits in a few megabytes, and everything that is exact on the m latent states is
exact on the S observed ones.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.markov.checks import (
    ROW_TOLERANCE,
    IntArray,
    check_finite,
    check_shape,
    establish,
    frozen,
    refuse,
)
from mail_envs.markov.dynamics.dense import DenseDynamics
from mail_envs.markov.dynamics.operations import aggregate, joint_actions, step_index
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.dynamics.tables import (
    checked_blocks,
    checked_rewards,
    checked_transitions,
    common_steps,
    count_players,
)
from mail_envs.protocols import FloatArray

__all__ = ["BlockDynamics"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class BlockDynamics:
    """A latent game of m states, each shown as one of the states of its block.

    Args:
        latent_transitions: P̄, `(m, A_1, …, A_n, m)` or per step `(H, m, A_1, …, A_n, m)`.
        latent_rewards: r̄, `(n, m, A_1, …, A_n)` or per step `(n, H, m, A_1, …, A_n)`.
        blocks: z, `(S,)`, values in 0..m-1, each of them taken.
        emission: q(s|z(s)), `(S,)`, summing to one in each block; None for the uniform
            distribution on each block.

    Raises:
        ShapeError: shapes that do not fit together.
        InvalidModelError: NaN, negative probabilities, rows or blocks off one, empty blocks.
    """

    latent_transitions: FloatArray  # (1 or H, m, A_1, …, A_n, m)
    reward_table: FloatArray  # (n, 1 or H, m, A_1, …, A_n)
    blocks: IntArray  # (S,)
    emission: FloatArray  # (S,), q(s|z(s))
    is_uniform: bool  # whether each block emits its states alike
    num_steps: int

    def __init__(
        self,
        latent_transitions: ArrayLike,
        latent_rewards: ArrayLike,
        blocks: ArrayLike,
        *,
        emission: ArrayLike | None = None,
    ) -> None:
        n = count_players(latent_rewards)
        table = checked_transitions(latent_transitions, n, name="latent transitions", state="z")
        m, *actions = table.shape[1:-1]
        payoffs = checked_rewards(latent_rewards, m, tuple(actions), state="z")
        decoder = checked_blocks(blocks, len(np.asarray(blocks)), m)
        establish(
            self,
            latent_transitions=table,
            reward_table=payoffs,
            blocks=decoder,
            emission=_checked_emission(emission, decoder, m),
            is_uniform=emission is None,
            num_steps=common_steps(latent_transitions=len(table), rewards=payoffs.shape[1]),
        )

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.blocks)

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_1, …, A_n."""
        return self.latent_transitions.shape[2:-1]

    @property
    def num_blocks(self) -> int:
        """The number m of latent states."""
        return self.latent_transitions.shape[1]

    @property
    def num_latents(self) -> int:
        """The number m of latent states."""
        return self.num_blocks

    def latent_values(self, h: int, values: FloatArray) -> FloatArray:  # noqa: ARG002 - q has no steps
        """Σ_s' q(s'|z') V(s'): `(…, S)` → `(…, m)`."""
        rows = values.reshape(-1, self.num_states)
        means = np.empty((len(rows), self.num_blocks))
        for mean, row in zip(means, rows, strict=True):
            mean[:] = np.bincount(self.blocks, row * self.emission, self.num_blocks)
        return means.reshape(*values.shape[:-1], self.num_blocks)

    def emit(self, h: int, latent_weights: FloatArray) -> FloatArray:  # noqa: ARG002 - q has no steps
        """w(z(s')) q(s'|z(s')): `(…, m)` → `(…, S)`."""
        return latent_weights[..., self.blocks] * self.emission

    def mix(self, h: int, latent_values: FloatArray) -> FloatArray:
        """Σ_z' P̄_h(z'|z, a) W(z'): `(…, m)` → `(…, m, A_1, …, A_n)`."""
        mixed = latent_values @ self._rows(h).T  # (… z') (z' za)
        return mixed.reshape(*latent_values.shape[:-1], self.num_blocks, *self.num_actions)

    def unmix(self, h: int, weights: FloatArray) -> FloatArray:
        """Σ_{z,a} w(z, a) P̄_h(z'|z, a): `(…, m, A_1, …, A_n)` → `(…, m)`."""
        batch = weights.shape[: -1 - len(self.num_actions)]
        return weights.reshape(*batch, -1) @ self._rows(h)

    def latent_kernel(self, h: int, joint: FloatArray) -> FloatArray:
        """Σ_a E_{s~q(·|z)}[joint(s, a)] P̄_h(z'|z, a): `(S, A_1, …, A_n)` → `(m, m)`."""
        m = self.num_blocks
        seen = aggregate(self, joint.reshape(self.num_states, -1) * self.emission[:, None])
        return (seen[:, None] @ self._rows(h).reshape(m, -1, m))[:, 0]  # (z 1 a) (z a z')

    def by_block(self) -> DenseDynamics:
        """The latent game itself."""
        return DenseDynamics(self.latent_transitions, self.reward_table)

    def sample_next(
        self, h: int | IntArray, states: IntArray, actions: IntArray, *, rng: np.random.Generator
    ) -> IntArray:
        """Draw z' ~ P̄_h(·|z(s), a), then s' ~ q(·|z'), for `(B,)` states and `(B, n)` actions."""
        m = self.num_blocks
        rows = step_index(len(self.latent_transitions), h) * m + self.blocks[states]
        rows = rows * int(np.prod(self.num_actions)) + joint_actions(self, actions)
        latents = self._latent_sampler.draw(rows, rng=rng) - rows * m
        return self.sample_emission(latents, rng=rng)

    def sample_emission(self, latents: IntArray, *, rng: np.random.Generator) -> IntArray:
        """Draw s ~ q(·|z) for `(B,)` latents."""
        members, starts, sizes, sampler = self._members
        if sampler is not None:
            return members[sampler.draw(latents, rng=rng)]
        size = sizes[latents]
        offset = (rng.random(len(latents)) * size).astype(np.int64)  # < size, as sizes < 2^52
        return members[starts[latents] + offset]

    def _rows(self, h: int) -> FloatArray:
        table = self.latent_transitions[step_index(len(self.latent_transitions), h)]
        return table.reshape(-1, self.num_blocks)

    @cached_property
    def _latent_sampler(self) -> RowSampler:
        return RowSampler.of_table(self.latent_transitions.reshape(-1, self.num_blocks))

    @cached_property
    def _members(self) -> tuple[IntArray, IntArray, FloatArray, RowSampler | None]:
        """States sorted by block, where each block begins, its size, its emission's sampler."""
        members = np.argsort(self.blocks, kind="stable")
        sizes = np.bincount(self.blocks, minlength=self.num_blocks)
        boundaries = np.concatenate([[0], np.cumsum(sizes)])
        sampler = None
        if not self.is_uniform:
            sampler = RowSampler.of_ragged(self.emission[members], boundaries)
        return members, boundaries[:-1], sizes.astype(np.float64), sampler


def _checked_emission(emission: ArrayLike | None, blocks: IntArray, m: int) -> FloatArray:
    if emission is None:
        q = 1 / np.bincount(blocks, minlength=m)[blocks]
        q.setflags(write=False)
        return q
    q = frozen(emission, "emission")
    check_shape(q, blocks.shape, "emission", ("s",))
    check_finite(q, "emission", ("s",))
    refuse(q < 0, q, "probabilities of at least 0", "emission", ("s",))
    sums = np.bincount(blocks, q, m)
    off = np.abs(sums - 1) > ROW_TOLERANCE
    refuse(off, sums, f"a sum of 1 within {ROW_TOLERANCE:g} in each block", "emission", ("z",))
    return q
