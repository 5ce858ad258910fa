r"""Climbing towards the largest Rayleigh quotient or mean, from many starts.

Both are maxima over a deviation *and* a direction u of ψ, and each half is easy:

==========  ==========================================  =======================================
            best deviation for u                         best u for the deviation
==========  ==========================================  =======================================
Rayleigh    payoff `(uᵀψ)²`                              the top eigenvector of `E_π[ψψᵀ]`
mean        payoff `uᵀψ`                                 `E_π ψ` itself, normalised
==========  ==========================================  =======================================

Taking turns never makes it worse and ends in a deviation that is best for its own direction, which
need not be the best of all: the value found is a *lower* bound. The starts are fixed by the
problem, without chance: the directions of the deviations with the largest trace and the largest
state ratio, the eigenvectors of the former's second moments, and the longest ψ that deviations
meet; for the mean each in both senses.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.moments import Attained, Moments
from mail_envs.markov.coverage.vectors import UnitVectors, unit_rows
from mail_envs.protocols import FloatArray

__all__ = ["Found", "climb_mean", "climb_rayleigh"]

STARTS = 64
"""The largest number of starts."""

FEWEST = 8
"""The smallest number of starts, however large the game."""

WORK = 1 << 31
"""How many operations the starts of a discounted game may cost together, for each power of R."""

PROGRESS = 1e-12
"""By how much, relative, a turn must raise the value for the next one to be taken."""


class Found(NamedTuple):
    """A value and the choices `(K, R)` that attain it."""

    value: float
    choices: IntArray


def climb_rayleigh(moments: Moments, seeds: IntArray) -> Found:
    """The largest Rayleigh quotient found.

    Args:
        moments: of vectors in full; diagonal ones need no search.
        seeds: choices to start from, `(B, K, R)`, the one with the largest trace first.
    """

    def payoffs(directions: FloatArray) -> FloatArray:
        return np.square(moments.inside.along(directions))

    first = moments.rayleigh(moments.visits(seeds)).directions
    return _climb(moments, _starts(moments, seeds, first), payoffs, moments.rayleigh)


def climb_mean(moments: Moments, seeds: IntArray) -> Found:
    """The largest squared norm of a mean found; arguments as of `climb_rayleigh`."""
    first = moments.mean(moments.visits(seeds)).directions
    one_way = _starts(moments, seeds, first)
    directions = np.concatenate([one_way, -one_way])
    return _climb(moments, directions, moments.inside.along, moments.mean)


def _climb(
    moments: Moments,
    directions: FloatArray,
    payoffs: Callable[[FloatArray], FloatArray],
    attained_by: Callable[[FloatArray], Attained],
) -> Found:
    """Take turns until no start rises: values grow, and policies are finitely many."""
    best: Found | None = None
    values = np.full(len(directions), -np.inf)
    while best is None or len(values):
        choices = moments.steer(payoffs(directions)).choices
        attained = attained_by(moments.visits(choices))
        index = int(attained.values.argmax())
        if best is None or attained.values[index] > best.value:
            best = Found(float(attained.values[index]), choices[index])
        rising = attained.values > values + PROGRESS * np.abs(attained.values)
        values, directions = attained.values[rising], attained.directions[rising]
    return best


def _starts(moments: Moments, seeds: IntArray, first: FloatArray) -> FloatArray:
    """Directions to start from, `(B, k)`."""
    states = len(moments.deviations.start)
    count = max(FEWEST, min(STARTS, WORK // states**3))
    axes = _eigenvectors(moments, seeds[:1], count)
    longest = _longest(moments, max(1, count - len(first) - len(axes)))
    return np.concatenate([first, longest, axes])[:count]


def _eigenvectors(moments: Moments, seed: IntArray, count: int) -> FloatArray:
    """Of E[ψψᵀ] under one deviation, the largest first: `(at most count, k)`."""
    inside, rows = moments.inside, moments.rows(moments.visits(seed))
    if isinstance(inside, UnitVectors):
        order = np.argsort(-inside.diagonal(rows)[0], kind="stable")
        return unit_rows(order[:count], inside.dimension)
    return np.linalg.eigh(inside.second_moments(rows)[0])[1].T[::-1][:count]


def _longest(moments: Moments, count: int) -> FloatArray:
    """The directions of the longest different ψ, `(at most count, k)`."""
    inside = moments.inside
    squares = inside.squares.reshape(-1)
    order = np.argsort(-squares, kind="stable")
    order = order[squares[order] > 0]
    if isinstance(inside, UnitVectors):
        columns = inside.columns.reshape(-1)[order]
        used = np.sort(np.unique(columns, return_index=True)[1])[:count]
        return unit_rows(columns[used], inside.dimension)
    vectors = inside.table.reshape(-1, inside.dimension)[order]
    vectors = vectors / np.sqrt(squares[order])[:, None]
    kept = np.sort(np.unique(vectors, axis=0, return_index=True)[1])[:count]
    return vectors[kept]
