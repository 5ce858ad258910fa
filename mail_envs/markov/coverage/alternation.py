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

ROUNDS = 200
"""After how many turns climbing ends, wherever it is."""

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
    directions = _starts(moments, seeds, moments.rayleigh(moments.visits(seeds)).directions)
    best = Found(-np.inf, seeds[0])
    values = np.full(len(directions), -np.inf)
    for _ in range(ROUNDS):
        choices = moments.steer(np.square(moments.inside.along(directions))).choices
        attained = moments.rayleigh(moments.visits(choices))
        best = _better(best, attained, choices)
        values, directions = _rising(values, attained)
        if not len(values):
            break
    return best


def climb_mean(moments: Moments, seeds: IntArray) -> Found:
    """The largest squared norm of a mean found; arguments as of `climb_rayleigh`."""
    one_way = _starts(moments, seeds, moments.mean(moments.visits(seeds)).directions)
    directions = np.concatenate([one_way, -one_way])
    best = Found(-np.inf, seeds[0])
    values = np.full(len(directions), -np.inf)
    for _ in range(ROUNDS):
        choices = moments.steer(moments.inside.along(directions)).choices
        attained = moments.mean(moments.visits(choices))
        best = _better(best, attained, choices)
        values, directions = _rising(values, attained)
        if not len(values):
            break
    return best


def _better(best: Found, attained: Attained, choices: IntArray) -> Found:
    index = int(attained.values.argmax())
    found = Found(float(attained.values[index]), choices[index])
    return found if found.value > best.value else best


def _rising(values: FloatArray, attained: Attained) -> tuple[FloatArray, FloatArray]:
    """Those that still rise: their values and directions."""
    rising = attained.values > values + PROGRESS * np.abs(attained.values)
    return attained.values[rising], attained.directions[rising]


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
