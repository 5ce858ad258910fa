"""From measurements to what is shown: means with intervals over seeds, by line and place."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.records import Kind, Measurement, in_order
from mail_learners.statistics import (
    GeometricMean,
    Proportion,
    Summary,
    average,
)

__all__ = ["Block", "block", "count_seeds", "show_mean", "show_number", "values_of"]


@dataclass(frozen=True, slots=True)
class Block:
    """One panel's numbers.

    Attributes:
        panel: what they are numbers of.
        kinds: how they were found, `exact`, `estimate` or both.
        places: where on the horizontal axis there are any, ascending.
        series: by name of the line or row, then by place, the mean over seeds.
    """

    panel: Panel
    kinds: tuple[Kind, ...]
    places: tuple[float, ...]
    series: Mapping[str, Mapping[float, Summary]]

    @property
    def title(self) -> str:
        """The panel's title; an estimate says that it is one."""
        return f"{self.panel.title} (estimate)" if "estimate" in self.kinds else self.panel.title


def block(
    measurements: Iterable[Measurement], panel: Panel, presentation: Presentation, experiment: str
) -> Block:
    """Gather one panel's numbers.

    Args:
        measurements: of the whole experiment.
        panel: the metric to gather.
        presentation: the axis and the names of lines.
        experiment: the `experiment` column of panels that name none.

    Returns:
        The means with 95 % intervals over all measurements that share a line and a place, lines
        in the order of `results.csv`.
    """
    chosen = in_order(each for each in measurements if panel.shows(each, experiment))
    values = values_of(chosen, panel, presentation)
    series = {
        name: {place: average(row[place], panel.average) for place in sorted(row)}
        for name, row in values.items()
    }
    places = sorted({place for row in series.values() for place in row})
    found = {measurement.kind for measurement in chosen}
    return Block(
        panel, tuple(kind for kind in get_args(Kind) if kind in found), tuple(places), series
    )


def values_of(
    measurements: Iterable[Measurement], panel: Panel, presentation: Presentation
) -> dict[str, dict[float, list[float]]]:
    """The values of a panel's measurements, one per seed, by line and place, in their order."""
    axis = presentation.axis_of(panel)
    values: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for measurement in measurements:
        place = axis.of(measurement)
        values[presentation.series(measurement)][place].append(measurement.value)
    return {name: dict(row) for name, row in values.items()}


def count_seeds(blocks: Iterable[Block]) -> str:
    """How many seeds stand behind the means: `5`, or `2 to 5` where not all have as many."""
    rows = [row for each in blocks for row in each.series.values()]
    counts = {mean.count for row in rows for mean in row.values()} or {0}
    least, most = min(counts), max(counts)
    return f"{most}" if least == most else f"{least} to {most}"


def show_mean(mean: Summary | None) -> str:
    """A mean with its half-width, factor or interval, for reading; a dash where there is none.

    >>> from mail_learners.statistics import Mean
    >>> show_mean(Mean(0.98432, 0.0141, 5)), show_mean(Mean(81.0, None, 1)), show_mean(None)
    ('0.984 ± 0.014', '81', '–')
    >>> show_mean(GeometricMean(12.0, 1.25, 5))
    '12 ×/÷ 1.250'
    >>> show_mean(Proportion(4, 8, 0.25, 0.75))
    '0.500 [0.250, 0.750]'
    """
    if mean is None:
        return "–"
    if isinstance(mean, Proportion):
        return f"{show_number(mean.value)} [{show_number(mean.low)}, {show_number(mean.high)}]"
    if isinstance(mean, GeometricMean):
        shown = show_number(round(mean.value) if mean.value >= 100 else mean.value)
        return shown if mean.factor is None else f"{shown} ×/÷ {show_number(mean.factor)}"
    if mean.half_width is None:
        return show_number(mean.value)
    return f"{show_number(mean.value)} ± {show_number(mean.half_width)}"


def show_number(value: float) -> str:
    """A number for reading: three decimals at most, more only for what they would hide.

    Zero is `0` when it is exactly zero, never by rounding.

    >>> [show_number(value) for value in (0.0, 1.0, 0.98432, 2e-05, 14.25, 5478.0, 0.5)]
    ['0', '1', '0.984', '2e-05', '14.25', '5478', '0.500']
    """
    size = abs(value)
    if value == round(value, 0) if size < float("inf") else True:
        return f"{value:.0f}"
    if size < 5e-4:
        return f"{value:.0e}"
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"
