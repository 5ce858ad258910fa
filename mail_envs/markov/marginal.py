r"""What one player faces when the others' policies are fixed.

Averaging a table over the others' independent moves,

.. math:: f_i(s, a_i) = \sum_{a_{-i}} \prod_{j \ne i} \pi_j(a_j \mid s) \, f(z(s), a),

turns rewards and expected next values of the game into those of player i's own decision problem,
O(S A_1⋯A_n) whatever the form of the dynamics. Policies here are those of one step, `(S, A_j)`.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov.dynamics import Dynamics, lift
from mail_envs.protocols import FloatArray

__all__ = ["expect", "expect_joint", "expect_others", "joint_policy"]


def expect_others(
    dynamics: Dynamics, table: FloatArray, policies: Sequence[FloatArray | None], player: int
) -> FloatArray:
    """f_i(s, a_i): `(…, M, A_1, …, A_n)` → `(…, S, A_i)`.

    Args:
        dynamics: says which block a state lies in.
        table: f by block; axes before the block are a batch.
        policies: `(S, A_j)` for each player; that of `player` itself is not used.
        player: i.
    """
    n = len(dynamics.num_actions)
    lead = table.ndim - 1 - n
    table = lift(dynamics, table, axis=lead)
    for j in reversed(range(n)):  # from the last, so that earlier axes keep their places
        policy = policies[j]
        if j != player and policy is not None:
            table = _average(table, policy, axis=lead + 1 + j, lead=lead)
    return table


def expect(
    dynamics: Dynamics, table: FloatArray, policies: Sequence[FloatArray | None]
) -> FloatArray:
    """Σ_a Π_j π_j(a_j|s) f(z(s), a): `(…, M, A_1, …, A_n)` → `(…, S)`."""
    own = policies[0]
    if own is None:
        raise TypeError("expect: expected a policy for every player, came None for player 0")
    return np.einsum("...sa,sa->...s", expect_others(dynamics, table, policies, 0), own)


def joint_policy(policies: Sequence[FloatArray]) -> FloatArray:
    """The product of independent policies: n times `(S, A_j)` → `(S, A_1, …, A_n)`."""
    joint = policies[0]
    for policy in policies[1:]:
        ones = (1,) * (joint.ndim - 1)
        joint = joint[..., None] * policy.reshape(len(policy), *ones, -1)
    return joint


def expect_joint(dynamics: Dynamics, table: FloatArray, joint: FloatArray) -> FloatArray:
    """Σ_a joint(a|s) f(z(s), a): `(…, M, A_1, …, A_n)`, `(S, A_1, …, A_n)` → `(…, S)`."""
    n = len(dynamics.num_actions)
    batch = table.shape[: table.ndim - 1 - n]
    rows = lift(dynamics, table.reshape(*batch, dynamics.num_blocks, -1), axis=len(batch))
    return np.einsum("...sa,sa->...s", rows, joint.reshape(len(joint), -1))


def _average(table: FloatArray, policy: FloatArray, *, axis: int, lead: int) -> FloatArray:
    """Σ_b table(…, s, …, b, …) policy(b|s) over the action axis `axis`; `lead` is that of s."""
    last = np.moveaxis(table, axis, -1)
    ones = (1,) * (last.ndim - lead - 2)
    return np.einsum("...b,...b->...", last, policy.reshape(len(policy), *ones, -1))
