r"""Interquartile means and probabilities of improvement, with bootstrap intervals.

Runs of one learner on several tasks are **strata**: one array of scores a task. Following Agarwal,
Schwarzer, Castro, Courville and Bellemare (2021), arXiv:2108.13264,

* the **interquartile mean** is the mean of all scores but the ⌊n / 4⌋ smallest and largest of all n
  together: less ruled by outliers than the mean, less wasteful than the median;
* the **probability of improvement** of X over Y on a task is P(X > Y) + P(X = Y) / 2 for one run of
  each drawn at random, which is U / (n m) of Mann and Whitney (1947), averaged over tasks;
* intervals are percentiles of a **stratified bootstrap**: every task's runs are drawn anew from
  that task's runs, with replacement. From few runs they come out too narrow.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mail_envs.errors import InvalidMeasurementError

__all__ = ["RESAMPLES", "Estimate", "interquartile_mean", "probability_of_improvement"]

RESAMPLES = 2000
"""How often scores are drawn anew, unless told otherwise."""

Scores = Sequence[ArrayLike]
"""One array `(n,)` of finite scores a task; every task may have its own number of runs."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number estimated from runs, with its interval.

    Attributes:
        value: of the scores as they are.
        low: the interval's lower end; None where no task has two runs, so that nothing is known of
            the spread.
        high: its upper end, likewise.
        count: the number of scores behind it, of the smaller side where two are compared.
    """

    value: float
    low: float | None
    high: float | None
    count: int


def interquartile_mean(
    scores: Scores,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate:
    """The interquartile mean of all scores with its stratified bootstrap interval.

    Args:
        scores: on one scale, an array of runs a task.
        rng: draws the resamples.
        confidence: how much of the resamples the interval holds, in (0, 1).
        resamples: how many are drawn.

    Raises:
        InvalidMeasurementError: no task, a task without runs, a score that is not finite.

    >>> rng = np.random.default_rng(0)
    >>> interquartile_mean([[0.0, 1.0, 2.0, 3.0, 100.0]], rng=rng).value
    2.0
    """
    tasks = _checked(scores)
    everything = np.concatenate(tasks)
    value = float(_trimmed(everything[None])[0])
    if max(map(len, tasks)) == 1:
        return Estimate(value, None, None, len(everything))
    drawn = [task[rng.integers(len(task), size=(resamples, len(task)))] for task in tasks]
    low, high = _percentiles(_trimmed(np.concatenate(drawn, axis=1)), confidence)
    return Estimate(value, low, high, len(everything))


def probability_of_improvement(
    ours: Scores,
    theirs: Scores,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate:
    """How probably a run of ours scores more than one of theirs, ties counting half.

    Args:
        ours: an array of runs a task.
        theirs: the same tasks in the same order; numbers of runs may differ.
        rng: draws the resamples.
        confidence: as of `interquartile_mean`.
        resamples: likewise.

    Raises:
        InvalidMeasurementError: other numbers of tasks, or as `interquartile_mean`.

    >>> rng = np.random.default_rng(0)
    >>> probability_of_improvement([[1.0, 2.0]], [[0.0, 2.0]], rng=rng).value
    0.625
    """
    x, y = _checked(ours), _checked(theirs)
    if len(x) != len(y):
        raise InvalidMeasurementError(
            f"probability of improvement: expected as many tasks of both, came {len(x)} and "
            f"{len(y)}"
        )
    better = [_comparisons(*pair) for pair in zip(x, y, strict=True)]
    value = float(np.mean([each.mean() for each in better]))
    count = min(sum(map(len, x)), sum(map(len, y)))
    if max(max(each.shape) for each in better) == 1:
        return Estimate(value, None, None, count)
    drawn = np.mean([_redrawn(each, resamples, rng) for each in better], axis=0)
    low, high = _percentiles(drawn, confidence)
    return Estimate(value, low, high, count)


def _checked(scores: Scores) -> list[NDArray[np.float64]]:
    tasks = [np.asarray(task, dtype=np.float64).ravel() for task in scores]
    if not tasks:
        raise InvalidMeasurementError("scores: expected a task at least, came none")
    for place, task in enumerate(tasks):
        if not len(task):
            raise InvalidMeasurementError(f"scores: expected runs of task {place}, came none")
        if not np.isfinite(task).all():
            bad = task[~np.isfinite(task)][0]
            raise InvalidMeasurementError(
                f"scores: expected finite numbers, came {bad} in task {place}"
            )
    return tasks


def _trimmed(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row `(B, n)`, the mean without the ⌊n / 4⌋ smallest and largest, `(B,)`."""
    cut = math.floor(rows.shape[1] / 4)
    return np.sort(rows, axis=1)[:, cut : rows.shape[1] - cut].mean(axis=1)


def _comparisons(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where x is larger, ½ where they are equal, `(n, m)`."""
    return (x[:, None] > y) + 0.5 * (x[:, None] == y)


def _redrawn(
    better: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The mean comparison `(B,)` of runs drawn anew: a bilinear form in how often each is."""
    n, m = better.shape
    ours, theirs = (_counts(size, resamples, rng) for size in (n, m))
    return ((ours @ better) * theirs).sum(axis=1) / (n * m)


def _counts(size: int, resamples: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """How often each of `size` runs is drawn in as many draws with replacement, `(B, size)`."""
    drawn = rng.integers(size, size=(resamples, size)) + size * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * size).reshape(resamples, size)


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
