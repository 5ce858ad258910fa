r"""Concentrability at the level of features.

With `Λ_h = E^E_h[φφᵀ]` under the experts, and player j deviating by π:

.. math::
    C^{mean}_h = \max_\pi \, E_\pi[\phi]^\top \Lambda_h^{-1} E_\pi[\phi],

.. math::

    C^{ray}_h = \max_\pi \sup_w \frac{w^\top E_\pi[\phi\phi^\top] w}{w^\top \Lambda_h w}
              = \max_\pi \lambda_{\max}(\Lambda_h^{-1/2} E_\pi[\phi\phi^\top] \Lambda_h^{-1/2}),

.. math::

    C^{tr}_h = \max_\pi \, E_\pi \|\phi\|^2_{\Lambda_h^{-1}},

so that `C_mean ≤ C_ray ≤ C_tr ≤ d C_ray`. On own features `C_ray ≤` the state-level coefficient,
since `E_π[φφᵀ] ⪯ max_s d_π(s)/d_E(s) Λ`. In a linear game with joint features C_mean carries errors
from step to step: `E_π f(s_{h+1}) = E_π[φ_h]ᵀ w ≤ √C_mean ‖w‖_Λ ≤ √(C_mean E^E f(s_{h+1})²)` with
`w = Σ_s' M_h(s') f(s')`.

What each costs:

- **Infinity is decided first.** C_ray and C_tr are infinite if some deviation meets a feature
  outside the range of Λ; the witness maximises `‖Π φ‖²`, Π the projection beyond that range.
  C_mean is infinite if some deviation's mean leaves the range: a dynamic program for each of ±uᵀφ,
  u a direction beyond it (relative to `CANCELLED`, as means may cancel). It may be finite where the
  others are not, and then is bounded by the trace of what is inside.
- **C_tr** is one dynamic program.
- **C_ray** of features with one number each has diagonal moments: one dynamic program for each
  coordinate. Otherwise every extreme occupancy is tried where there are few
  (`mail_envs.markov.coverage.extremes`); where there are not, the answer is an interval from what
  climbing found to the least of what is certain: C_tr, and the state-level coefficient for
  own features.
- **C_mean** likewise, bounded by C_ray. With one direction two dynamic programs are exact.

Where what is found meets what is certain, up to `CLOSE`, that is the value.
"""

from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.alternation import Found, climb_mean, climb_rayleigh
from mail_envs.markov.coverage.extremes import Candidates, Extremes
from mail_envs.markov.coverage.moments import Moments
from mail_envs.markov.coverage.state_level import StateRatio
from mail_envs.markov.coverage.steering import best_ratio
from mail_envs.markov.coverage.vectors import UnitVectors, Vectors, unit_rows
from mail_envs.protocols import FloatArray

__all__ = ["Bounds", "FeatureBounds", "feature_bounds"]

CANCELLED = 1e-10
"""Up to where a mean outside the range is rounding, relative to the mean of absolute values."""

CLOSE = 1e-12
"""How near to each other, relatively, two bounds are the same but for rounding."""

GROUP = 64
"""How many directions, or candidates, are looked at together before one knows to go on."""


class Bounds(NamedTuple):
    """What is attained by choices `(K, R)`, and what no deviation exceeds."""

    lower: float
    upper: float
    choices: IntArray


class FeatureBounds(NamedTuple):
    """The three coefficients of one step."""

    mean: Bounds
    rayleigh: Bounds
    trace: Bounds


def feature_bounds(
    moments: Moments, extremes: Extremes, ratio: StateRatio, *, own: bool
) -> FeatureBounds:
    """The three coefficients of a pair of players at one step.

    Args:
        moments: of the features.
        extremes: of the same deviations.
        ratio: the all-policy coefficient of states at that step.
        own: whether the features are those of the imitated player.
    """
    steered = moments.steer(moments.inside.squares[None])
    trace = _exact(float(steered.values[0]), steered.choices[0])
    seeds = np.stack([trace.choices, ratio.choices])
    if moments.outside is None:
        certain = min(trace.upper, ratio.value) if own else trace.upper
        rayleigh = _rayleigh(moments, extremes, seeds, certain)
        return FeatureBounds(_mean(moments, extremes, seeds, rayleigh.upper), rayleigh, trace)
    beyond = moments.steer(moments.outside.squares[None])
    infinite = _exact(np.inf, beyond.choices[0])
    mean = _escaping_mean(moments, moments.outside)
    mean = mean or _mean(moments, extremes, seeds, trace.upper)
    return FeatureBounds(mean, infinite, infinite)


def _rayleigh(moments: Moments, extremes: Extremes, seeds: IntArray, certain: float) -> Bounds:
    attained = moments.rayleigh(moments.visits(seeds)).values
    index = int(attained.argmax())
    known = _between(Found(float(attained[index]), seeds[index]), certain)
    if known.lower == known.upper:
        return known
    if isinstance(moments.inside, UnitVectors):
        payoffs = _undominated(_squares_by_column(moments, moments.inside))
        best = best_ratio(moments.deviations, moments.h, payoffs, np.ones(len(payoffs)))
        return known if best is None else _exact(best.value, best.choices)
    candidates = extremes.candidates(moments.h, sees_action=moments.sees_action)
    if candidates is not None:
        return _largest_rayleigh(moments, candidates)
    return _between(climb_rayleigh(moments, seeds), certain)


def _mean(moments: Moments, extremes: Extremes, seeds: IntArray, certain: float) -> Bounds:
    attained = moments.mean(moments.visits(seeds)).values
    index = int(attained.argmax())
    known = _between(Found(float(attained[index]), seeds[index]), certain)
    if known.lower == known.upper:
        return known
    if moments.inside.dimension > 1:
        candidates = extremes.candidates(moments.h, sees_action=moments.sees_action)
        if candidates is None:
            return _between(climb_mean(moments, seeds), certain)
        values = _mean_values(moments, candidates.visits)
        index = int(values.argmax())
        return _exact(float(values[index]), candidates.choices(index))
    return _exact(*climb_mean(moments, seeds))


def _escaping_mean(moments: Moments, outside: Vectors) -> Bounds | None:
    """Infinity, if some mean is outside the range; a few directions at a time."""
    for first in range(0, outside.dimension, GROUP):
        group = np.arange(first, min(first + GROUP, outside.dimension))
        directions = unit_rows(group, outside.dimension)
        along = outside.along(directions)
        size = moments.steer(np.abs(along)).values  # (B,)
        there = moments.steer(np.concatenate([along, -along]))
        share = there.values - CANCELLED * np.concatenate([size, size])
        if (share > 0).any():
            return _exact(np.inf, there.choices[int(share.argmax())])
    return None


def _squares_by_column(moments: Moments, inside: UnitVectors) -> FloatArray:
    """E[ψ_k²] over what the others do, for each coordinate k: `(k, R, J)`."""
    states, _, last = inside.shape
    payoffs = np.zeros((inside.dimension, states, last))
    shares = inside.squares * moments.weights[:, :, None]
    r, j = np.ogrid[:states, :last]
    np.add.at(payoffs, (inside.columns, r[:, None], j[None]), shares)
    return payoffs


def _undominated(payoffs: FloatArray) -> FloatArray:
    """Of payoffs that are positive in one cell (r, j) alone, the largest for each cell."""
    flat = payoffs.reshape(len(payoffs), -1)
    single = np.count_nonzero(flat, axis=1) == 1
    cells, largest = flat.argmax(axis=1), flat.max(axis=1)
    order = np.lexsort((-largest, cells))
    first = np.unique(cells[order][single[order]], return_index=True)[1]
    kept = np.concatenate([np.flatnonzero(~single), order[single[order]][first]])
    return payoffs[np.sort(kept)]


def _largest_rayleigh(moments: Moments, candidates: Candidates) -> Bounds:
    """Over all candidates, those with the largest trace first, as long as they may be the best."""
    traces = np.concatenate([moments.trace(part) for part in _groups(candidates.visits)])
    order = np.argsort(-traces, kind="stable")
    best, which = -np.inf, int(order[0])
    for first in range(0, len(order), GROUP):
        group = order[first : first + GROUP]
        if traces[group[0]] <= best:
            break
        values = moments.rayleigh(candidates.visits[group]).values
        if values.max() > best:
            best, which = float(values.max()), int(group[values.argmax()])
    return _exact(best, candidates.choices(which))


def _mean_values(moments: Moments, visits: FloatArray) -> FloatArray:
    return np.concatenate([moments.mean(part).values for part in _groups(visits)])


def _groups(visits: FloatArray) -> list[FloatArray]:
    return [visits[first : first + GROUP] for first in range(0, len(visits), GROUP)]


def _between(found: Found, certain: float) -> Bounds:
    same = found.value >= certain * (1 - CLOSE)
    return Bounds(found.value, found.value if same else certain, found.choices)


def _exact(value: float, choices: IntArray) -> Bounds:
    return Bounds(value, value, choices)
