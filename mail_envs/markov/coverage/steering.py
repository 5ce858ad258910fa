r"""Deviations that steer an occupancy where one wants it, exactly and many at a time.

For a payoff `f(s, a_j)` on the occupancy of step h,

.. math:: \max_{\pi_j} E_{d_h^{\pi_j}}[ f(s, a_j) ]

is one backward sweep from h to 0 in the problem of the deviating player; for the discounted
occupancy it is an ordinary discounted problem with f as its reward, solved by policy iteration.
Payoffs come in batches, `(B, R, A)`, or `(B, R, 1)` where they do not depend on the action; the
maximum of each is attained by a deterministic policy, told by its *choices*, `(B, K, R)` action
numbers, with `K = h + 1` steps, or 1 where the game is discounted.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.deviations import Deviations
from mail_envs.protocols import FloatArray

__all__ = ["BestRatio", "Steered", "best_ratio", "best_ratios", "state_action_visits", "steer"]

IMPROVEMENT = 1e-13
"""By how much, relative to the largest value, another action must be better to be preferred."""

BATCH = 1 << 23
"""How many numbers the largest array of a batch holds (64 MiB)."""

FEW = 8
"""For how many candidates policy iteration is cheaper than bounding them further."""

NEGLIGIBLE = 1e-6
"""Down to which relative width bounds are tightened."""

LARGE = 64
"""From how many states on policy iteration begins with sweeps, which cost less than its rounds."""

SWEEPS = 100
"""The largest number of these sweeps."""

WARM = 1e-3
"""Down to which factor γ^k they go on."""


class Steered(NamedTuple):
    """Optimal values `(B,)` and the choices `(B, K, R)` that attain them."""

    values: FloatArray
    choices: IntArray


class BestRatio(NamedTuple):
    """The largest of many ratios, which one it is, and its choices `(K, R)`."""

    value: float
    which: int
    choices: IntArray


def steer(deviations: Deviations, h: int, payoffs: FloatArray) -> Steered:
    """The largest expected payoff of any allowed deviation, for each payoff of a batch.

    Args:
        deviations: the problem of the deviating player.
        h: the step of the occupancy; 0 where the game is discounted.
        payoffs: `(B, R, A)` or `(B, R, 1)`.
    """
    one = _steer_discounted if deviations.horizon is None else _steer_step
    parts = [one(deviations, h, part) for part in _parts(deviations, payoffs)]
    return Steered(
        values=np.concatenate([part.values for part in parts]),
        choices=np.concatenate([part.choices for part in parts]),
    )


def state_action_visits(deviations: Deviations, h: int, choices: IntArray) -> FloatArray:
    """How often each state meets each action of the deviating player: `(B, K, R)` → `(B, R, A)`.

    Args:
        deviations: the problem of the deviating player.
        h: the step of the occupancy; 0 where the game is discounted.
        choices: what is played.
    """
    actions = deviations.kernels.shape[2]
    if deviations.discount is not None:
        visits = _discounted_visits(deviations, choices[:, 0])
        return visits[:, :, None] * _one_hot(choices[:, 0], actions)
    visits = np.broadcast_to(deviations.start, (len(choices), len(deviations.start)))
    for k in range(h):
        weights = visits[:, :, None] * _one_hot(choices[:, k], actions)
        visits = _flat(weights) @ deviations.kernel(k).reshape(-1, visits.shape[1])
    return visits[:, :, None] * _one_hot(choices[:, h], actions)


def best_ratios(
    deviations: Deviations, payoffs: FloatArray, denominators: FloatArray
) -> list[BestRatio | None]:
    """The largest max_π E[f_b] / denominator_b over b, for each of the T occupancies.

    Args:
        deviations: the problem of the deviating player.
        payoffs: f, at least 0, the same for every occupancy, `(B, R, A)` or `(B, R, 1)`.
        denominators: `(T, B)`; where one is 0 there is no ratio.

    Returns:
        One for each occupancy; None where no denominator is positive.

    Where every step is alike one backward sweep serves all steps: what is k steps before the end
    does not depend on where the end is.
    """
    if deviations.horizon is None or not deviations.is_stationary:
        return [best_ratio(deviations, h, payoffs, row) for h, row in enumerate(denominators)]
    values = np.concatenate(
        [_start_values_by_step(deviations, part) for part in _parts(deviations, payoffs)], axis=1
    )
    ratios = np.divide(values, denominators, out=np.zeros_like(values), where=denominators > 0)
    found: list[BestRatio | None] = []
    for h, row in enumerate(ratios):
        index = int(row.argmax())
        choices = steer(deviations, h, payoffs[index : index + 1]).choices[0]
        known = bool(denominators[h].any())
        found.append(BestRatio(float(row[index]), index, choices) if known else None)
    return found


def best_ratio(
    deviations: Deviations, h: int, payoffs: FloatArray, denominators: FloatArray
) -> BestRatio | None:
    """The largest max_π E[f_b] / denominator_b over b, for one occupancy; see `best_ratios`."""
    candidates = np.flatnonzero(denominators > 0)
    if not len(candidates):
        return None
    scaled = payoffs[candidates] / denominators[candidates, None, None]
    if deviations.horizon is None:
        survivors = _survivors(deviations, scaled)
        values = steer(deviations, h, scaled[survivors]).values
    else:
        survivors = np.arange(len(candidates))
        parts = [_start_values(deviations, h, part) for part in _parts(deviations, scaled)]
        values = np.concatenate(parts)
    best = survivors[int(values.argmax())]
    choices = steer(deviations, h, scaled[best : best + 1]).choices[0]
    return BestRatio(float(values.max()), int(candidates[best]), choices)


def _parts(deviations: Deviations, payoffs: FloatArray) -> Iterator[FloatArray]:
    """A batch in pieces of bounded memory."""
    states, actions = deviations.kernels.shape[1:3]
    size = max(1, BATCH // (states * max(actions, states)))
    for first in range(0, len(payoffs), size):
        yield payoffs[first : first + size]


def _steer_step(deviations: Deviations, h: int, payoffs: FloatArray) -> Steered:
    choices = np.empty((len(payoffs), h + 1, payoffs.shape[1]), dtype=np.int64)
    worth = payoffs + deviations.penalty(h)  # b s a
    choices[:, h], values = worth.argmax(axis=-1), worth.max(axis=-1)
    for k in reversed(range(h)):
        worth = _next(deviations, k, values) + deviations.penalty(k)
        choices[:, k], values = worth.argmax(axis=-1), worth.max(axis=-1)
    return Steered(values @ deviations.start, choices)


def _start_values(deviations: Deviations, h: int, payoffs: FloatArray) -> FloatArray:
    """The values of `_steer_step` alone: `(B,)`."""
    values = (payoffs + deviations.penalty(h)).max(axis=-1)
    for k in reversed(range(h)):
        values = (_next(deviations, k, values) + deviations.penalty(k)).max(axis=-1)
    return values @ deviations.start


def _start_values_by_step(deviations: Deviations, payoffs: FloatArray) -> FloatArray:
    """The values of `_steer_step` for every step of a stationary problem: `(H, B)`."""
    penalty = deviations.penalty(0)
    values = (payoffs + penalty).max(axis=-1)
    found = [values @ deviations.start]
    for _ in range(1, deviations.num_occupancies):
        values = (_next(deviations, 0, values) + penalty).max(axis=-1)
        found.append(values @ deviations.start)
    return np.stack(found)


def _next(deviations: Deviations, h: int, values: FloatArray) -> FloatArray:
    """Σ_s' K_h(s'|s, a) V(s'): `(B, R)` → `(B, R, A)`."""
    kernel = deviations.kernel(h)
    states, actions = kernel.shape[:2]
    return (values @ kernel.reshape(-1, states).T).reshape(-1, states, actions)


def _steer_discounted(deviations: Deviations, h: int, payoffs: FloatArray) -> Steered:
    """Policy iteration for each payoff, begun by value iteration where there are many states."""
    penalty, discount = deviations.penalty(h), deviations.discount or 0.0
    worth, factor, sweeps = payoffs + penalty, discount, 0
    while len(deviations.start) >= LARGE and factor > WARM and sweeps < SWEEPS:
        worth = payoffs + discount * _next(deviations, h, worth.max(axis=-1)) + penalty
        factor, sweeps = factor * discount, sweeps + 1
    choices, values = worth.argmax(axis=-1), np.zeros(payoffs.shape[:2])
    active, reached = np.arange(len(payoffs)), np.full(len(payoffs), -np.inf)
    while len(active):
        paid, chosen = payoffs[active], choices[active]
        values[active] = _values(deviations, paid, chosen)
        worth = paid + discount * _next(deviations, h, values[active]) + penalty
        slack = IMPROVEMENT * np.abs(values[active]).max(axis=1, keepdims=True)
        kept = np.take_along_axis(worth, chosen[..., None], axis=-1)[..., 0]
        better = worth.max(axis=-1) > kept + slack
        total = values[active].sum(axis=1)
        goes_on = better.any(axis=1) & (total > reached[active])  # no better, or by rounding alone
        reached[active] = total
        choices[active[goes_on]] = np.where(better, worth.argmax(axis=-1), chosen)[goes_on]
        active = active[goes_on]
    return Steered((1 - discount) * values @ deviations.start, choices[:, None])


def _values(deviations: Deviations, payoffs: FloatArray, choices: IntArray) -> FloatArray:
    """V of deterministic policies, one for each payoff: `(B, R)`."""
    paid = np.take_along_axis(
        np.broadcast_to(payoffs, (*choices.shape, deviations.kernels.shape[2])),
        choices[..., None],
        axis=-1,
    )
    return _solve(_systems(deviations, choices), paid)


def _discounted_visits(deviations: Deviations, choices: IntArray) -> FloatArray:
    """The discounted occupancies of deterministic policies: `(B, R)` → `(B, R)`."""
    begun = (1 - (deviations.discount or 0.0)) * deviations.start
    known = np.broadcast_to(begun, choices.shape)[..., None]
    systems = np.swapaxes(_systems(deviations, choices), 1, 2)
    return _solve(systems, known)


def _solve(systems: FloatArray, known: FloatArray) -> FloatArray:
    """`(B, R, R)`, `(B, R, 1)` → `(B, R)`."""
    return np.asarray(np.linalg.solve(systems, known), dtype=np.float64)[..., 0]


def _systems(deviations: Deviations, choices: IntArray) -> FloatArray:
    """I - γP of deterministic policies: `(B, R)` → `(B, R, R)`."""
    kernel = deviations.kernel(0)
    states = np.arange(len(kernel))
    return np.eye(len(kernel)) - (deviations.discount or 0.0) * kernel[states, choices]


def _survivors(deviations: Deviations, payoffs: FloatArray) -> IntArray:
    """The payoffs, at least 0, that may have the largest value of all: indices, ascending.

    Value iteration from zero approaches each value from below; if a sweep raises no state by more
    than δ, none is farther from its value than δ γ/(1-γ) (MacQueen 1966). What cannot catch up
    with the best any more is left out.
    """
    penalty, discount = deviations.penalty(0), deviations.discount or 0.0
    alive, values, missing = np.arange(len(payoffs)), np.zeros(payoffs.shape[:2]), np.inf
    while len(alive) > FEW and missing > NEGLIGIBLE:
        following = discount * _next(deviations, 0, values)
        moved = (payoffs[alive] + following + penalty).max(axis=-1)
        low = (1 - discount) * moved @ deviations.start
        rises = discount * (moved - values).max(axis=-1)
        missing = float(rises.max() / low.max(initial=np.finfo(float).tiny))
        stays = (low + rises) * (1 + IMPROVEMENT) >= low.max()
        alive, values = alive[stays], moved[stays]
    return alive


def _one_hot(choices: IntArray, actions: int) -> FloatArray:
    return np.eye(actions)[choices]


def _flat(weights: FloatArray) -> FloatArray:
    return weights.reshape(len(weights), -1)
