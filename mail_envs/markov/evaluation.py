r"""What joint policies are worth, exactly.

**Horizon.** Backward induction, `V_H = 0` and

.. math:: V_{h,i}(s) = E_{a \sim \pi_h(\cdot|s)}[ r_{h,i}(s, a) + E V_{h+1,i}(s') ].

**Discount.** `V = r_π + γ P_π V` through the latents: with `P = φ M`, `W = M V` solves
`W = M r_π + γ (M φ_π) W`, a K × K system, and `V = r_π + γ φ_π W`. Beyond `DIRECT_LIMIT` latents
the equation is iterated instead until the error is certified below `TOLERANCE` times the largest
possible value: if one sweep moves no entry by more than δ, none is farther than δ γ/(1-γ) off.

**Occupancy.** `d_h(s)` is the probability of being in s at step h; discounted, the normalised
`d(s) = (1-γ) Σ_t γ^t Pr(s_t = s)`.

A policy here is either independent, one table `(1 or H, S, A_i)` per player, or correlated, one
joint table `(1 or H, S, A_1, …, A_n)`; both become joint weights of a step.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mail_envs.markov.dynamics import Dynamics, aggregate, expected_next_value, push, rewards
from mail_envs.markov.marginal import expect_joint, joint_policy
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import at_step
from mail_envs.protocols import FloatArray

__all__ = [
    "DIRECT_LIMIT",
    "TOLERANCE",
    "JointPolicy",
    "correlated",
    "discounted_sum",
    "fixed_point",
    "occupancy",
    "policy_values",
    "product",
    "start_values",
]

DIRECT_LIMIT = 2048
"""Up to how many latents a discounted equation is solved by elimination (a 32 MiB matrix)."""

TOLERANCE = 1e-13
"""The certified error of iterated discounted values, relative to the largest possible value."""

JointPolicy = Callable[[int], FloatArray]
"""From a step h to joint weights `(S, A_1, …, A_n)`."""


def product(tables: Sequence[FloatArray]) -> JointPolicy:
    """Independent play by `(1 or H, S, A_i)` tables."""
    if all(len(table) == 1 for table in tables):
        joint = joint_policy(at_step(tables, 0))
        return lambda h: joint  # noqa: ARG005 - the same at every step
    return lambda h: joint_policy(at_step(tables, h))


def correlated(table: FloatArray) -> JointPolicy:
    """Joint play by a `(1 or H, S, A_1, …, A_n)` table."""
    return lambda h: at_step([table], h)[0]


def start_values(game: MarkovGame, values: FloatArray) -> FloatArray:
    """Expected values at the start: `(…, H, S)` with a horizon, otherwise `(…, S)`, → `(…)`."""
    first = values if game.horizon is None else values[..., 0, :]
    return first @ game.initial_distribution


def policy_values(game: MarkovGame, joint: JointPolicy) -> FloatArray:
    """V of every player, step and state.

    Args:
        game: any game.
        joint: the joint policy, see `product` and `correlated`.

    Returns:
        `(n, H, S)` where the game has a horizon, otherwise `(n, S)`.
    """
    d = game.dynamics
    if game.discount is not None:
        paid = expect_joint(d, rewards(d, 0), joint(0))
        return discounted_sum(game, paid, joint(0))
    horizon = game.horizon or 0
    values = np.empty((game.num_players, horizon, game.num_states))
    following = np.zeros((game.num_players, game.num_states))
    for h in reversed(range(horizon)):
        table = rewards(d, h) + expected_next_value(d, h, following)  # i z a
        following = values[:, h] = expect_joint(d, table, joint(h))
    return values


def discounted_sum(game: MarkovGame, paid: FloatArray, joint: FloatArray) -> FloatArray:
    """V = paid + γ P_joint V, for a batch of state payments: `(…, S)` → `(…, S)`."""
    d, discount = game.dynamics, game.discount or 0.0
    if d.num_latents > DIRECT_LIMIT:
        return fixed_point(
            lambda v: paid + discount * expect_joint(d, expected_next_value(d, 0, v), joint),
            np.zeros_like(paid),
            discount=discount,
        )
    system = np.eye(d.num_latents) - discount * _as_array(d, joint)
    known = d.latent_values(0, paid)
    latent = _solve(system, known.reshape(-1, d.num_latents).T).T.reshape(known.shape)
    return paid + discount * expect_joint(d, d.mix(0, latent), joint)


def _largest(change: FloatArray) -> float:
    return float(np.abs(change).max(initial=0))


def _total(change: FloatArray) -> float:
    return float(np.abs(change).sum())


def fixed_point(
    sweep: Callable[[FloatArray], FloatArray],
    values: FloatArray,
    *,
    discount: float,
    norm: Callable[[FloatArray], float] = _largest,
    tolerance: float = TOLERANCE,
) -> FloatArray:
    """Iterate a γ-contraction until the remaining error is certified to be small.

    Args:
        sweep: a contraction by `discount` in `norm`.
        values: where to begin.
        discount: γ.
        norm: the largest entry, unless told otherwise.
        tolerance: the certified error, relative to the norm of the values.

    Returns:
        Values no farther than `tolerance · ‖values‖` from the fixed point, rounding apart: in
        exact arithmetic every change is smaller than the one before.
    """
    previous = np.inf
    while True:
        moved = sweep(values)
        change = norm(moved - values)
        values = moved
        if change * discount <= tolerance * (1 - discount) * norm(values) or change >= previous:
            return values
        previous = change


def occupancy(game: MarkovGame, joint: JointPolicy) -> FloatArray:
    """d_h(s), or the normalised discounted d(s), of a joint policy.

    Args:
        game: any game.
        joint: the joint policy, see `product` and `correlated`.

    Returns:
        `(H, S)`, or `(S,)` for discounted games; each row sums to one.
    """
    d, start = game.dynamics, game.initial_distribution
    if game.discount is not None:
        return _discounted_occupancy(game, joint(0))
    visits = np.empty((game.horizon or 0, game.num_states))
    for h in range(len(visits)):
        visits[h] = start
        start = push(d, h, _weights(d, start, joint(h)))
    return visits


def _discounted_occupancy(game: MarkovGame, joint: FloatArray) -> FloatArray:
    """The solution of d = (1-γ) d_0 + γ Mᵀu, with u = φ_πᵀ d of size K."""
    d, discount = game.dynamics, game.discount or 0.0
    begun = (1 - discount) * game.initial_distribution
    if d.num_latents > DIRECT_LIMIT:
        return fixed_point(
            lambda visits: begun + discount * push(d, 0, _weights(d, visits, joint)),
            begun,
            discount=discount,
            norm=_total,
        )
    system = np.eye(d.num_latents) - discount * _as_array(d, joint).T
    latent = _solve(system, d.unmix(0, _weights(d, begun, joint)))
    return begun + discount * d.emit(0, latent)


def _weights(dynamics: Dynamics, visits: FloatArray, joint: FloatArray) -> FloatArray:
    """How often each block meets each joint action: `(M, A_1, …, A_n)`."""
    return aggregate(dynamics, visits.reshape(-1, *(1,) * (joint.ndim - 1)) * joint)


def _as_array(dynamics: Dynamics, joint: FloatArray) -> FloatArray:
    kernel = dynamics.latent_kernel(0, joint)
    return kernel if isinstance(kernel, np.ndarray) else kernel.toarray()


def _solve(system: FloatArray, known: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(system, known), dtype=np.float64)
