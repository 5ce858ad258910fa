r"""Intervals: over seeds by Student's distribution, for a proportion by Wilson's score.

Means over n seeds, with the sample's deviation s = sqrt(Σ (x_i − x̄)² / (n − 1)), have the
interval x̄ ± t(1 − α/2; n − 1) · s / √n (Student, 1908); exact for normal values, and able to
leave the range of a bounded quantity. Positive values that vary by factors have the same interval
for their logarithms: a geometric mean ×/÷ a factor.

A proportion of k successes in n trials, p = k / n, has the interval of those π that a score test
does not refuse, |p − π| ≤ z √(π (1 − π) / n) (Wilson, 1927):

    (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n)

which stays within [0, 1] and has a width at p = 0 and p = 1 too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from mail_envs.errors import InvalidMeasurementError

__all__ = [
    "Average",
    "GeometricMean",
    "Mean",
    "Proportion",
    "Summary",
    "average",
    "geometric_interval",
    "paired_difference",
    "student_interval",
    "welch_difference",
    "wilson_interval",
]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over seeds.

    Attributes:
        value: the mean.
        half_width: half the interval's width; None where one value says nothing of the spread.
        count: the number of values.
    """

    value: float
    half_width: float | None
    count: int

    @property
    def low(self) -> float:
        """The interval's lower end; the value itself where there is no interval."""
        return self.value - (self.half_width or 0.0)

    @property
    def high(self) -> float:
        """The interval's upper end; the value itself where there is no interval."""
        return self.value + (self.half_width or 0.0)


@dataclass(frozen=True, slots=True)
class GeometricMean:
    """A geometric mean over seeds.

    Attributes:
        value: the mean.
        factor: the interval is value / factor to value · factor; None for one value.
        count: the number of values.
    """

    value: float
    factor: float | None
    count: int

    @property
    def low(self) -> float:
        """The interval's lower end; the value itself where there is no interval."""
        return self.value / (self.factor or 1.0)

    @property
    def high(self) -> float:
        """The interval's upper end; the value itself where there is no interval."""
        return self.value * (self.factor or 1.0)


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of successes among `count` trials, with its interval.

    0 ≤ low ≤ value ≤ high ≤ 1.
    """

    successes: int
    count: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share."""
        return self.successes / self.count


Average = Literal["mean", "geometric", "share"]
"""How values over seeds become one."""

Summary = Mean | GeometricMean | Proportion
"""A mean, a geometric mean or a share, with its interval."""


def average(values: Sequence[float], how: Average) -> Summary:
    """Sum up the values of seeds, with a 95 % interval, in one of three ways.

    Raises:
        InvalidMeasurementError: no values, or values that cannot be averaged so.
    """
    if how == "mean":
        return student_interval(values)
    if how == "geometric":
        return geometric_interval(values)
    for value in values:
        if value not in (0.0, 1.0):
            raise InvalidMeasurementError(f"a share of seeds: expected values 0 or 1, came {value}")
    return wilson_interval(sum(map(int, values)), len(values))


def student_interval(values: Sequence[float], *, confidence: float = 0.95) -> Mean:
    """The mean of independent values with Student's interval.

    Args:
        values: one number per seed, in any order: the result does not depend on it.
        confidence: how often such intervals hold the true mean, in (0, 1).

    Returns:
        The mean; without half-width for one value, with half-width 0 for equal ones. Infinite
        values make the mean infinite (NaN where both signs meet) and the half-width infinite.

    Raises:
        InvalidMeasurementError: no values.
    """
    if not values:
        raise InvalidMeasurementError("an interval over seeds: expected values, came none")
    n = len(values)
    if min(values) == max(values):
        return Mean(values[0], 0.0 if n > 1 else None, n)
    if not all(map(math.isfinite, values)):
        return Mean(sum(values), math.inf, n)
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import, needed here alone

    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    quantile = float(stdtrit(n - 1, 0.5 + confidence / 2))
    return Mean(mean, quantile * deviation / math.sqrt(n), n)


def geometric_interval(values: Sequence[float], *, confidence: float = 0.95) -> GeometricMean:
    """The geometric mean of independent values with Student's interval for their logarithms.

    Args:
        values: positive and finite, one per seed, in any order.
        confidence: as of `student_interval`.

    Returns:
        The mean and the factor; without factor for one value, with factor 1 for equal ones.

    Raises:
        InvalidMeasurementError: no values, or one that is not positive and finite.
    """
    for value in values:
        if not 0 < value < math.inf:
            raise InvalidMeasurementError(
                f"a geometric mean: expected positive finite values, came {value}"
            )
    logs = student_interval([math.log(value) for value in values], confidence=confidence)
    factor = None if logs.half_width is None else math.exp(logs.half_width)
    equal = min(values) == max(values)  # then without the rounding of a logarithm
    return GeometricMean(values[0] if equal else math.exp(logs.value), factor, logs.count)


def paired_difference(
    ours: Sequence[float], theirs: Sequence[float], *, confidence: float = 0.95
) -> Mean:
    """The mean of ours less theirs, pair by pair, with Student's interval.

    Args:
        ours: one number per pair.
        theirs: the other number of each pair, in the same order.
        confidence: as of `student_interval`.

    Raises:
        InvalidMeasurementError: no pairs, or a number without its partner.
    """
    if len(ours) != len(theirs):
        raise InvalidMeasurementError(
            f"paired differences: expected as many of both, came {len(ours)} and {len(theirs)}"
        )
    differences = [
        0.0 if one == other else one - other for one, other in zip(ours, theirs, strict=True)
    ]  # equal infinities differ by nothing
    return student_interval(differences, confidence=confidence)


def welch_difference(
    ours: Sequence[float], theirs: Sequence[float], *, confidence: float = 0.95
) -> Mean:
    """The difference of two independent means with Welch's interval (1947).

    With a = s² / n of ours and b of theirs, it is ± t(1 - α/2; ν) √(a + b), with the degrees of
    freedom ν = (a + b)² / (a² / (n - 1) + b² / (m - 1)).

    Args:
        ours: independent values.
        theirs: independent values, of another spread perhaps.
        confidence: as of `student_interval`.

    Returns:
        The difference, its `count` the smaller number of values; without half-width where a side
        has one value, with an infinite one where a value is infinite.

    Raises:
        InvalidMeasurementError: a side has no values.
    """
    x, y = (student_interval(values) for values in (ours, theirs))
    value, count = (0.0 if x.value == y.value else x.value - y.value), min(x.count, y.count)
    if count == 1:
        return Mean(value, None, count)
    if not all(map(math.isfinite, (*ours, *theirs))):
        return Mean(value, math.inf, count)
    a, b = (_variance(values) / len(values) for values in (ours, theirs))
    if a + b == 0:
        return Mean(value, 0.0, count)
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import, needed here alone

    freedom = (a + b) ** 2 / (a * a / (x.count - 1) + b * b / (y.count - 1))
    return Mean(value, float(stdtrit(freedom, 0.5 + confidence / 2)) * math.sqrt(a + b), count)


def _variance(values: Sequence[float]) -> float:
    """s², of finite values, at least two; exactly 0 for equal ones."""
    if min(values) == max(values):
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Proportion:
    """A proportion with Wilson's interval.

    Args:
        successes: how many trials succeeded, 0..trials.
        trials: the number of independent trials, at least 1.
        confidence: how often such intervals hold the true probability, in (0, 1).

    Raises:
        InvalidMeasurementError: no trials, or more successes than trials.
    """
    if not (trials >= 1 and 0 <= successes <= trials):
        raise InvalidMeasurementError(
            f"a proportion: expected 0 <= successes <= trials and a trial, came {successes} "
            f"successes in {trials} trials"
        )
    p, z = successes / trials, NormalDist().inv_cdf(0.5 + confidence / 2)
    z2_n = z * z / trials
    half = math.sqrt(p * (1 - p) * z2_n + z2_n * z2_n / 4)
    low = (p + z2_n / 2 - half) / (1 + z2_n)
    high = (p + z2_n / 2 + half) / (1 + z2_n)
    low = max(low, 0.0) if successes else 0.0
    return Proportion(successes, trials, low, high if successes < trials else 1.0)
