"""Dynamics as scipy CSR matrices, for games in which a move has few outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from mail_envs.errors import InvalidModelError, ShapeError
from mail_envs.markov.checks import ROW_TOLERANCE, IntArray, action_axes, establish, frozen
from mail_envs.markov.dynamics.operations import joint_actions, step_index
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.dynamics.tables import checked_rewards, common_steps, with_steps
from mail_envs.protocols import FloatArray

__all__ = ["CsrMatrix", "SparseDynamics"]

CsrMatrix: TypeAlias = Any
"""A `scipy.sparse.csr_array`; scipy has no annotations that a checker could read."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class SparseDynamics:
    """P_h(s'|s, a) as one CSR matrix a step; every state is its own block and its own latent.

    Args:
        transitions: a scipy sparse `(S·A_1⋯A_n, S)`, rows in C order of `(s, a_1, …, a_n)`, or
            a sequence of H of them, one per step.
        rewards: `(n, S, A_1, …, A_n)` or per step `(n, H, S, A_1, …, A_n)`, which tells the
            numbers of players and actions.

    Raises:
        ShapeError: shapes that do not fit together.
        InvalidModelError: NaN, negative probabilities, rows off one.
    """

    transitions: tuple[CsrMatrix, ...]  # 1 or H times (S·A_1⋯A_n, S)
    reward_table: FloatArray  # (n, 1 or H, S, A_1, …, A_n)
    num_steps: int

    def __init__(self, transitions: object, rewards: ArrayLike) -> None:
        payoffs = frozen(rewards, "rewards")
        n = payoffs.shape[0] if payoffs.ndim else 0
        payoffs, axes = with_steps(payoffs, "rewards", ("i", "s", *action_axes(n)), position=1)
        states, *actions = payoffs.shape[axes.index("s") :]
        payoffs = checked_rewards(payoffs, states, tuple(actions))
        matrices = tuple(transitions) if isinstance(transitions, Sequence) else (transitions,)
        tables = tuple(_frozen_csr(m, states, tuple(actions), h) for h, m in enumerate(matrices))
        steps = common_steps(transitions=len(tables), rewards=payoffs.shape[1])
        establish(self, transitions=tables, reward_table=payoffs, num_steps=steps)

    @property
    def num_states(self) -> int:
        """S."""
        return self.reward_table.shape[2]

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_1, …, A_n."""
        return self.reward_table.shape[3:]

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
        batch = latent_values.shape[:-1]
        mixed = self._rows(h) @ latent_values.reshape(-1, self.num_states).T  # (sa s') (s' …)
        return np.ascontiguousarray(mixed.T).reshape(*batch, self.num_states, *self.num_actions)

    def unmix(self, h: int, weights: FloatArray) -> FloatArray:
        """Σ_{s,a} w(s, a) P_h(s'|s, a): `(…, S, A_1, …, A_n)` → `(…, S)`."""
        batch = weights.shape[: -1 - len(self.num_actions)]
        cells = self.num_states * int(np.prod(self.num_actions))
        pushed = self._rows(h).T @ weights.reshape(-1, cells).T  # (s' sa) (sa …)
        return np.ascontiguousarray(pushed.T).reshape(*batch, self.num_states)

    def latent_kernel(self, h: int, joint: FloatArray) -> CsrMatrix:
        """Σ_a joint(s, a) P_h(s'|s, a): `(S, A_1, …, A_n)` → `(S, S)`, in CSR."""
        cells = np.arange(joint.size + 1)
        per_state = joint.size // self.num_states
        spread = csr_array(
            (joint.reshape(-1), cells[:-1], cells[::per_state]),
            shape=(self.num_states, joint.size),
        )
        return csr_array(spread @ self._rows(h))

    def by_block(self) -> Self:
        """The same dynamics: every state is its own block."""
        return self

    def sample_next(
        self, h: int | IntArray, states: IntArray, actions: IntArray, *, rng: np.random.Generator
    ) -> IntArray:
        """Draw s' ~ P_h(·|s, a) for `(B,)` states and `(B, n)` actions."""
        first = step_index(len(self.transitions), h) * self.num_states + states
        rows = first * int(np.prod(self.num_actions)) + joint_actions(self, actions)
        sampler, columns = self._sampler
        return columns[sampler.draw(rows, rng=rng)]

    def _rows(self, h: int) -> csr_array:
        return self.transitions[step_index(len(self.transitions), h)]

    @cached_property
    def _sampler(self) -> tuple[RowSampler, IntArray]:
        lengths = np.concatenate([np.diff(m.indptr) for m in self.transitions])
        boundaries = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        probabilities = np.concatenate([np.asarray(m.data, float) for m in self.transitions])
        columns = np.concatenate([m.indices for m in self.transitions]).astype(np.int64)
        return RowSampler.of_ragged(probabilities, boundaries), columns


def _frozen_csr(matrix: object, states: int, actions: tuple[int, ...], h: int) -> csr_array:
    """A read-only canonical CSR copy, checked row by row."""
    table = csr_array(matrix, dtype=np.float64, copy=True)
    name = f"transitions (sparse, step {h})"
    expected = (states * int(np.prod(actions)), states)
    shape = cast("tuple[int, int]", table.shape)  # scipy's own annotations say None
    if shape != expected:
        raise ShapeError(f"{name}: expected shape {expected} (s·a_1⋯a_n, s'), came {shape}")
    table.sum_duplicates()
    table.eliminate_zeros()
    bad = ~np.isfinite(table.data) | (table.data < 0)
    if bad.any():
        entry = int(np.argmax(bad))
        row = int(np.searchsorted(table.indptr, entry, side="right")) - 1
        place = _place(row, states, actions)
        raise InvalidModelError(
            f"{name}: expected finite probabilities of at least 0, came {table.data[entry]!s} at "
            f"({place}, s'={int(table.indices[entry])})"
        )
    sums = np.asarray(table.sum(axis=1)).reshape(-1)
    off = np.abs(sums - 1) > ROW_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise InvalidModelError(
            f"{name}: expected probabilities that sum to 1 within {ROW_TOLERANCE:g}, came "
            f"{sums[row]!s} at ({_place(row, states, actions)})"
        )
    for part in (table.data, table.indices, table.indptr):
        part.setflags(write=False)
    return table


def _place(row: int, states: int, actions: tuple[int, ...]) -> str:
    index = np.unravel_index(row, (states, *actions))
    axes = ("s", *action_axes(len(actions)))
    return ", ".join(f"{axis}={int(i)}" for axis, i in zip(axes, index, strict=True))
