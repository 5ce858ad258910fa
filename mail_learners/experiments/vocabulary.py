"""The vocabulary of metrics: what each name in `results.csv` means.

A metric's name is a path of words. A word in braces stands for a family: `{player}` for any
agent's name, `{number}` for a whole number, any other word for one word of letters, digits,
`-` and `_`. An estimate may have two more rows beside it, `/low` and `/high`: the ends of its own
95 % interval (the sampling error within one seed, not the spread over seeds).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from mail_envs.errors import InvalidMeasurementError, UnknownNameError
from mail_learners.experiments.records import Kind, Measurement

__all__ = ["METRICS", "Better", "Metric", "check_measurements", "metric_of"]

ROUNDING = 1e-9
"""How far a value may leave its range by rounding alone."""

_PLACEHOLDERS = {"player": r"player_\d+", "number": r"\d+"}
_BOUNDS = ("/low", "/high")


Better = Literal["lower", "higher"]
"""Which direction of a metric is better."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A family of metrics.

    Attributes:
        pattern: the name, with `{word}` where names of the family differ.
        meaning: what the number says, in one sentence.
        unit: what it is counted in.
        low: its smallest possible value.
        high: its largest possible value.
        kinds: the kinds under which it may be reported.
        better: which values speak for a learner; None for a description.
    """

    pattern: str
    meaning: str
    unit: str
    low: float = 0.0
    high: float = float("inf")
    kinds: tuple[Kind, ...] = ("exact", "estimate")
    better: Better | None = None


METRICS = (
    Metric(
        "loss_probability/{player}",
        "largest probability with which anybody can beat this player's policy",
        "probability",
        high=1.0,
        better="lower",
    ),
    Metric(
        "nash_gap/{player}",
        "what this player gains by its best deviation",
        "return",
        better="lower",
    ),
    Metric(
        "nash_gap/total",
        "sum over players of what each gains by its best deviation",
        "return",
        better="lower",
    ),
    Metric(
        "nash_gap/maximum",
        "largest gain of one player by its best deviation",
        "return",
        better="lower",
    ),
    Metric(
        "states_covered/{player}",
        "distinct decision states of this player in its demonstrations",
        "states",
    ),
    Metric(
        "perturbed_loss_rate/{player}",
        "share of games that this player's policy loses against the slightly noisy expert of "
        "arXiv:2602.22810",
        "probability",
        high=1.0,
        kinds=("estimate",),
        better="lower",
    ),
)
"""The metrics that every experiment may report."""


def metric_of(name: str, vocabulary: Sequence[Metric] = METRICS) -> Metric:
    """The family that a metric's name belongs to, with or without `/low` or `/high`.

    Raises:
        UnknownNameError: no family of the vocabulary has this name.
    """
    base = _base(name)
    for metric in vocabulary:
        if _expression(metric.pattern).fullmatch(base):
            return metric
    known = ", ".join(metric.pattern for metric in vocabulary)
    raise UnknownNameError(f"metric {name!r} is not in the vocabulary: {known}")


def check_measurements(
    measurements: Iterable[Measurement], vocabulary: Sequence[Metric] = METRICS
) -> None:
    """Refuse what the vocabulary does not know or excludes.

    Raises:
        UnknownNameError: a metric outside the vocabulary.
        InvalidMeasurementError: a kind that the metric has not, a bound beside an exact value, or
            a value outside the metric's range by more than `ROUNDING`.
    """
    for measurement in measurements:
        metric = metric_of(measurement.metric, vocabulary)
        if measurement.kind not in metric.kinds:
            raise InvalidMeasurementError(
                f"{measurement}: expected kind {' or '.join(metric.kinds)}"
            )
        if measurement.metric.endswith(_BOUNDS) and measurement.kind != "estimate":
            raise InvalidMeasurementError(f"{measurement}: only an estimate has an interval")
        if not metric.low - ROUNDING <= measurement.value <= metric.high + ROUNDING:
            raise InvalidMeasurementError(
                f"{measurement}: expected a value in [{metric.low}, {metric.high}]"
            )


def _base(name: str) -> str:
    return re.sub(r"/(low|high)\Z", "", name)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    words = re.split(r"\{(\w+)\}", pattern)  # literal, family, literal, family, …
    return re.compile(
        "".join(
            _PLACEHOLDERS.get(word, r"[\w-]+") if place % 2 else re.escape(word)
            for place, word in enumerate(words)
        )
    )
