"""What of an experiment is shown: panels of a figure, blocks of a table, and their axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from mail_learners.experiments.records import Measurement
from mail_learners.statistics import Average

__all__ = ["Axis", "Panel", "Presentation", "Scale", "games_of", "nothing_more", "series_of"]

Scale = Literal["linear", "log", "symlog"]
"""How an axis is divided."""


def games_of(measurement: Measurement) -> float:
    """The number of games, the usual horizontal axis."""
    return measurement.games


def series_of(measurement: Measurement) -> str:
    """The usual name of a line or row: the learner, with its features if it has any."""
    features = measurement.features
    return f"{measurement.learner} [{features}]" if features else measurement.learner


def nothing_more(measurements: Sequence[Measurement]) -> Sequence[Measurement]:  # noqa: ARG001
    """No derived numbers."""
    return ()


@dataclass(frozen=True, slots=True)
class Axis:
    """The horizontal axis.

    Attributes:
        label: what it shows.
        scale: how it is spaced in figures.
        of: each measurement's place on it.
        words: what places 0, 1, … are called, where they are no sizes; empty for their numbers.
    """

    label: str = "games"
    scale: Scale = "log"
    of: Callable[[Measurement], float] = games_of
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One metric as a panel of the figure or a block of the table.

    Attributes:
        metric: the full name, such as `nash_gap/total`; `*` stands for any text, in tables.
        title: what a reader sees above it.
        scale: of the vertical axis; `symlog` is linear up to `threshold` and shows zero.
        threshold: in the metric's unit.
        target: a value worth a dashed line, or None.
        experiment: the `experiment` column shown here; empty for the experiment's name. `*` stands
            for any text: variants that differ in what the axis shows share a panel.
        axis: the horizontal axis; None for the presentation's.
        average: how seeds are summed up: by their `mean`; by their `geometric` mean, for positive
            values that vary by factors; as a `share`, for values that are 0 or 1.
    """

    metric: str
    title: str
    scale: Scale = "linear"
    threshold: float = 1e-3
    target: float | None = None
    experiment: str = ""
    axis: Axis | None = None
    average: Average = "mean"

    def shows(self, measurement: Measurement, experiment: str) -> bool:
        """Whether a measurement belongs here; `experiment` is the experiment's name."""
        return fnmatchcase(measurement.metric, self.metric) and fnmatchcase(
            measurement.experiment, self.experiment or experiment
        )


@dataclass(frozen=True, slots=True)
class Presentation:
    """How an experiment's measurements are shown.

    Attributes:
        title: above the figure and the table.
        table: the table's blocks, top to bottom.
        plot: the figure's panels, row by row; none for no figure.
        axis: the horizontal axis of both.
        series: the name of the line or row that a measurement belongs to.
        rows: what the lines and rows are.
        notes: sentences below the table.
        derive: numbers that follow from several cells together, such as exponents and ratios: shown
            like the others, but not stored in `results.csv`, from which they can be computed.
    """

    title: str
    table: tuple[Panel, ...] = ()
    plot: tuple[Panel, ...] = ()
    axis: Axis = Axis()
    series: Callable[[Measurement], str] = series_of
    rows: str = "learner"
    notes: tuple[str, ...] = ()
    derive: Callable[[Sequence[Measurement]], Sequence[Measurement]] = nothing_more

    def axis_of(self, panel: Panel) -> Axis:
        """The horizontal axis of a panel."""
        return self.axis if panel.axis is None else panel.axis
