"""Dynamics as full tables: the plainest form, and the one that the others are tested against."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.markov.checks import IntArray, establish
from mail_envs.markov.dynamics.operations import joint_actions, step_index
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.dynamics.tables import (
    checked_rewards,
    checked_transitions,
    common_steps,
    count_players,
)
from mail_envs.protocols import FloatArray

__all__ = ["DenseDynamics"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class DenseDynamics:
    """P_h(s'|s, a) as an array; every state is its own block and its own latent.

    Args:
        transitions: `(S, A_1, …, A_n, S)` or per step `(H, S, A_1, …, A_n, S)`.
        rewards: `(n, S, A_1, …, A_n)` or per step `(n, H, S, A_1, …, A_n)`; the length of its
            first axis is the number of players.

    Raises:
        ShapeError: shapes that do not fit together.
        InvalidModelError: NaN, negative probabilities, rows off one.
    """

    transitions: FloatArray  # (1 or H, S, A_1, …, A_n, S)
    reward_table: FloatArray  # (n, 1 or H, S, A_1, …, A_n)
    num_steps: int

    def __init__(self, transitions: ArrayLike, rewards: ArrayLike) -> None:
        table = checked_transitions(transitions, count_players(rewards))
        payoffs = checked_rewards(rewards, table.shape[1], table.shape[2:-1])
        steps = common_steps(transitions=len(table), rewards=payoffs.shape[1])
        establish(self, transitions=table, reward_table=payoffs, num_steps=steps)

    @property
    def num_states(self) -> int:
        """S."""
        return self.transitions.shape[1]

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_1, …, A_n."""
        return self.transitions.shape[2:-1]

    @property
    def num_blocks(self) -> int:
        """S."""
        return self.num_states

    @property
    def blocks(self) -> None:
        """None: every state is its own block."""

    @property
    def num_latents(self) -> int:
        """S."""
        return self.num_states

    def latent_values(self, h: int, values: FloatArray) -> FloatArray:  # noqa: ARG002 - the identity
        """V itself."""
        return values

    def emit(self, h: int, latent_weights: FloatArray) -> FloatArray:  # noqa: ARG002 - the identity
        """The weights themselves."""
        return latent_weights

    def mix(self, h: int, latent_values: FloatArray) -> FloatArray:
        """Σ_s' P_h(s'|s, a) V(s'): `(…, S)` → `(…, S, A_1, …, A_n)`."""
        mixed = latent_values @ self._rows(h).T  # (… s') (s' sa) -> (… sa)
        return mixed.reshape(*latent_values.shape[:-1], self.num_states, *self.num_actions)

    def unmix(self, h: int, weights: FloatArray) -> FloatArray:
        """Σ_{s,a} w(s, a) P_h(s'|s, a): `(…, S, A_1, …, A_n)` → `(…, S)`."""
        batch = weights.shape[: -1 - len(self.num_actions)]
        return weights.reshape(*batch, -1) @ self._rows(h)

    def latent_kernel(self, h: int, joint: FloatArray) -> FloatArray:
        """Σ_a joint(s, a) P_h(s'|s, a): `(S, A_1, …, A_n)` → `(S, S)`."""
        table = self._rows(h).reshape(self.num_states, -1, self.num_states)
        return (joint.reshape(self.num_states, 1, -1) @ table)[:, 0]  # (s 1 a) (s a s') -> (s s')

    def by_block(self) -> Self:
        """The same dynamics: every state is its own block."""
        return self

    def sample_next(
        self, h: int | IntArray, states: IntArray, actions: IntArray, *, rng: np.random.Generator
    ) -> IntArray:
        """Draw s' ~ P_h(·|s, a) for `(B,)` states and `(B, n)` actions."""
        first = step_index(len(self.transitions), h) * self.num_states + states
        rows = first * int(np.prod(self.num_actions)) + joint_actions(self, actions)
        return self._sampler.draw(rows, rng=rng) - rows * self.num_states

    def _rows(self, h: int) -> FloatArray:
        return self.transitions[step_index(len(self.transitions), h)].reshape(-1, self.num_states)

    @cached_property
    def _sampler(self) -> RowSampler:
        return RowSampler.of_table(self.transitions.reshape(-1, self.num_states))
