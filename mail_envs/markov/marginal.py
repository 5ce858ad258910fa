r"""What one player faces when the others' policies are fixed.

Averaging a table over the others' moves,

.. math:: f_i(s, a_i) = \sum_{a_{-i}} \pi_{-i}(a_{-i} \mid s) \, f(z(s), a),

turns rewards and expected next values of the game into those of player i's own decision problem,
O(S A_1⋯A_n) whatever the form of the dynamics. Everything here is about one step: policies are
`(S, A_j)`, joint policies `(S, A_1, …, A_n)`, and the others' joint policy π_-i is `(S, N)`,
with `N` the product of their numbers of actions, in C order of the players' own order.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov.dynamics import Dynamics, lift
from mail_envs.protocols import FloatArray

__all__ = [
    "expect_against",
    "expect_joint",
    "expect_others",
    "joint_policy",
    "joint_with",
    "others_of_joint",
    "others_policy",
]


def joint_policy(policies: Sequence[FloatArray]) -> FloatArray:
    """The product of independent policies: n times `(S, A_j)` → `(S, A_1, …, A_n)`."""
    joint = policies[0]
    for policy in policies[1:]:
        ones = (1,) * (joint.ndim - 1)
        joint = joint[..., None] * policy.reshape(len(policy), *ones, -1)
    return joint


def others_policy(policies: Sequence[FloatArray], states: int) -> FloatArray:
    """The product of the others' independent policies, `(S, A_j)` each: `(S, N)`."""
    return joint_policy(policies).reshape(states, -1) if policies else np.ones((states, 1))


def others_of_joint(joint: FloatArray, player: int) -> FloatArray:
    """What the others play under a joint policy, unconditionally: `(S, A_1, …, A_n)` → `(S, N)`."""
    return joint.sum(axis=1 + player).reshape(len(joint), -1)


def joint_with(
    others: FloatArray, own: FloatArray, player: int, actions: tuple[int, ...]
) -> FloatArray:
    """The product of `others`, `(S, N)`, and `player`'s `(S, A_i)`: `(S, A_1, …, A_n)`."""
    rest = tuple(count for j, count in enumerate(actions) if j != player)
    joint = others[:, :, None] * own[:, None, :]
    return np.moveaxis(joint.reshape(len(own), *rest, actions[player]), -1, 1 + player)


def expect_against(
    dynamics: Dynamics, table: FloatArray, others: FloatArray, player: int
) -> FloatArray:
    """f_i(s, a_i) against the others' joint policy.

    Args:
        dynamics: says which block a state lies in.
        table: f by block, `(…, M, A_1, …, A_n)`; axes before the block are a batch.
        others: π_-i, `(S, N)`.
        player: i.

    Returns:
        `(…, S, A_i)`.
    """
    actions = dynamics.num_actions
    lead = table.ndim - 1 - len(actions)
    rows = np.moveaxis(table, lead + 1 + player, -1)
    rows = rows.reshape(*table.shape[: lead + 1], -1, actions[player])  # … z n a
    return np.einsum("...sna,sn->...sa", lift(dynamics, rows, axis=lead), others)


def expect_others(
    dynamics: Dynamics, table: FloatArray, policies: Sequence[FloatArray | None], player: int
) -> FloatArray:
    """f_i(s, a_i) against the others' independent policies: `(…, M, A_1, …, A_n)` → `(…, S, A_i)`.

    `policies` holds `(S, A_j)` for each player; that of `player` itself is not used.
    """
    rest = [p for j, p in enumerate(policies) if j != player and p is not None]
    return expect_against(dynamics, table, others_policy(rest, dynamics.num_states), player)


def expect_joint(dynamics: Dynamics, table: FloatArray, joint: FloatArray) -> FloatArray:
    """Σ_a joint(a|s) f(z(s), a): `(…, M, A_1, …, A_n)`, `(S, A_1, …, A_n)` → `(…, S)`."""
    batch = table.shape[: table.ndim - 1 - len(dynamics.num_actions)]
    rows = table.reshape(*batch, dynamics.num_blocks, -1)
    rows = lift(dynamics, rows, axis=len(batch))
    return np.einsum("...sa,sa->...s", rows, joint.reshape(len(joint), -1))
