"""What follows from the `Dynamics` protocol alone, as functions.

Letters: `z` a block, `s` a state, `a` a joint action (`a_1 … a_n`, one axis each), `i` a player.
"""

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics.protocol import Dynamics
from mail_envs.protocols import FloatArray

__all__ = [
    "aggregate",
    "block_of",
    "expected_next_value",
    "joint_actions",
    "lift",
    "push",
    "rewards",
    "rewards_at",
    "step_index",
]


def step_index(count: int, h: int | IntArray) -> int | IntArray:
    """Where step `h` stands in a table of `count` steps: 0 where there is only one."""
    return 0 if count == 1 else h


def rewards(dynamics: Dynamics, h: int) -> FloatArray:
    """r̄_h: `(n, M, A_1, …, A_n)`, by block; a view."""
    table = dynamics.reward_table
    return table[:, step_index(table.shape[1], h)]


def rewards_at(
    dynamics: Dynamics, h: int | IntArray, states: IntArray, actions: IntArray
) -> FloatArray:
    """The rewards of a batch.

    Args:
        dynamics: the game's dynamics.
        h: one step for the whole batch, or `(B,)`.
        states: `(B,)`.
        actions: `(B, n)`, in player order.

    Returns:
        `(n, B)`.
    """
    table = dynamics.reward_table
    rows = step_index(table.shape[1], h) * dynamics.num_blocks + block_of(dynamics, states)
    cells = rows * int(np.prod(dynamics.num_actions)) + joint_actions(dynamics, actions)
    return table.reshape(len(table), -1)[:, cells]


def block_of(dynamics: Dynamics, states: IntArray) -> IntArray:
    """z(s): `(B,)` → `(B,)`."""
    return states if dynamics.blocks is None else dynamics.blocks[states]


def joint_actions(dynamics: Dynamics, actions: IntArray) -> IntArray:
    """Number joint actions as C order does: `(B, n)` → `(B,)` in 0..A_1⋯A_n - 1."""
    joint = actions[:, 0]
    for player, count in enumerate(dynamics.num_actions[1:], start=1):
        joint = joint * count + actions[:, player]
    return joint


def expected_next_value(dynamics: Dynamics, h: int, values: FloatArray) -> FloatArray:
    """E[V(s') | s, a] by block: `(…, S)` → `(…, M, A_1, …, A_n)`.

    `lift` makes it `(…, S, A_1, …, A_n)`; where every state is its own block it already is.
    """
    return dynamics.mix(h, dynamics.latent_values(h, values))


def push(dynamics: Dynamics, h: int, weights: FloatArray) -> FloatArray:
    """Σ_{z,a} w(z, a) P_h(s'|z, a), an occupancy one step on: `(…, M, A_1, …, A_n)` → `(…, S)`.

    `aggregate` makes the weights of a state occupancy and a policy.
    """
    return dynamics.emit(h, dynamics.unmix(h, weights))


def lift(dynamics: Dynamics, table: FloatArray, *, axis: int = 0) -> FloatArray:
    """Spread a table over blocks to states: axis `axis` of length M becomes one of length S."""
    return table if dynamics.blocks is None else np.take(table, dynamics.blocks, axis=axis)


def aggregate(dynamics: Dynamics, table: FloatArray) -> FloatArray:
    """Sum a table over states within each block, the adjoint of `lift`: `(S, …)` → `(M, …)`."""
    if dynamics.blocks is None:
        return table
    columns = table.reshape(len(table), -1)
    summed = np.empty((dynamics.num_blocks, columns.shape[1]))
    for j in range(columns.shape[1]):
        summed[:, j] = np.bincount(dynamics.blocks, columns[:, j], dynamics.num_blocks)
    return summed.reshape(dynamics.num_blocks, *table.shape[1:])
