"""What a report adds to the tables: interquartile means and probabilities of improvement.

They are given for the metrics that say who is better. Panels of one metric family whose range is
bounded, as probabilities are, share a scale: seats and variants are then tasks of one comparison.
Metrics without bounds are compared panel by panel.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite

import numpy as np

from mail_learners.aggregates import (
    Estimate,
    interquartile_mean,
    probability_of_improvement,
)
from mail_learners.experiments.presentation import Axis, Panel
from mail_learners.experiments.records import Measurement, in_order
from mail_learners.experiments.summary import show_number, values_of
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.vocabulary import Better, Metric, metric_of

__all__ = ["Comparison", "comparisons_of", "show_estimate"]

SEED = 2108_13264
"""Of the bootstrap: a report's numbers are a function of its measurements alone."""

Values = Mapping[str, Mapping[float, Sequence[float]]]
"""Values over seeds, by line and place."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric, compared between lines.

    Attributes:
        title: the panel's, or those of all panels that are tasks of it.
        tasks: the panels' titles.
        better: which values speak for a line.
        axis: what places are.
        places: where there are numbers, ascending.
        means: interquartile means by line and place.
        place: where improvement is judged: the largest place with the most lines.
        improvement: by line and other line, the probability that a run of the first is better.
    """

    title: str
    tasks: tuple[str, ...]
    better: Better
    axis: Axis
    places: tuple[float, ...]
    means: Mapping[str, Mapping[float, Estimate]]
    place: float
    improvement: Mapping[str, Mapping[str, Estimate]]


def comparisons_of(
    experiment: Experiment, measurements: Sequence[Measurement]
) -> tuple[Comparison, ...]:
    """The comparisons of an experiment's plotted panels, or of its tables if it plots nothing.

    Args:
        experiment: names panels and metrics.
        measurements: with the derived ones.
    """
    rng = np.random.default_rng(SEED)
    found = [
        _comparison(experiment, panels, measurements, rng)
        for panels in _groups(experiment, measurements)
    ]
    return tuple(each for each in found if each is not None)


def show_estimate(estimate: Estimate | None) -> str:
    """An estimate with its interval, for reading.

    >>> show_estimate(Estimate(0.5, 0.25, 0.75, 8)), show_estimate(Estimate(1.0, 1.0, 1.0, 8))
    ('0.500 [0.250, 0.750]', '1 [1, 1]')
    >>> show_estimate(Estimate(3.0, None, None, 1)), show_estimate(None)
    ('3', '–')
    """
    if estimate is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return show_number(estimate.value)
    low, high = show_number(estimate.low), show_number(estimate.high)
    return f"{show_number(estimate.value)} [{low}, {high}]"


def _groups(experiment: Experiment, measurements: Sequence[Measurement]) -> list[list[Panel]]:
    """The panels that are compared, those of one comparison together."""
    presentation = experiment.presentation
    shown = presentation.plot or presentation.table
    metrics = {panel: _metric(panel, experiment, measurements) for panel in shown}
    judged = [p for p, metric in metrics.items() if metric is not None and metric.better]
    usual = [panel for panel in judged if panel.axis is None]

    def scale(panel: Panel) -> tuple[str, str]:
        metric = metrics[panel]
        if metric is None or isfinite(metric.high):
            return "" if metric is None else metric.pattern, ""
        return panel.metric, panel.experiment

    return [list(group) for _, group in groupby(usual or judged, key=scale)]


def _metric(
    panel: Panel, experiment: Experiment, measurements: Sequence[Measurement]
) -> Metric | None:
    """What a panel's numbers are; None if it has none, or shares of seeds."""
    shown = (each for each in measurements if panel.shows(each, experiment.name))
    first = next(shown, None)
    if first is None or panel.average == "share":
        return None
    return metric_of(first.metric, experiment.vocabulary)


def _comparison(
    experiment: Experiment,
    panels: Sequence[Panel],
    measurements: Sequence[Measurement],
    rng: np.random.Generator,
) -> Comparison | None:
    presentation = experiment.presentation
    metric = _metric(panels[0], experiment, measurements)
    better = (metric.better if metric is not None else None) or "lower"
    tasks = [
        values_of(
            in_order(m for m in measurements if panel.shows(m, experiment.name)),
            panel,
            presentation,
        )
        for panel in panels
    ]
    lines = list(dict.fromkeys(name for task in tasks for name in task))
    scores = {name: _strata(tasks, name) for name in lines}
    places = sorted({place for row in scores.values() for place in row})
    if not places:
        return None
    means = {
        name: {place: interquartile_mean(row[place], rng=rng) for place in places if place in row}
        for name, row in scores.items()
    }
    place = max(places, key=lambda p: (sum(p in row for row in scores.values()), p))
    there = {name: row[place] for name, row in scores.items() if place in row}
    return Comparison(
        title=" and ".join(panel.title for panel in panels),
        tasks=tuple(panel.title for panel in panels),
        better=better,
        axis=presentation.axis_of(panels[0]),
        places=tuple(places),
        means={name: row for name, row in means.items() if row},
        place=place,
        improvement=_improvement(there, -1.0 if better == "lower" else 1.0, rng),
    )


def _strata(tasks: Iterable[Values], name: str) -> dict[float, list[list[float]]]:
    """A line's scores by place, an array a task, where every task has finite ones."""
    rows = [task.get(name, {}) for task in tasks]
    shared = set(rows[0]).intersection(*rows[1:])
    return {
        place: [list(row[place]) for row in rows]
        for place in shared
        if all(isfinite(value) for row in rows for value in row[place])
    }


def _improvement(
    scores: Mapping[str, list[list[float]]], sign: float, rng: np.random.Generator
) -> dict[str, dict[str, Estimate]]:
    signed = {name: [[sign * v for v in task] for task in s] for name, s in scores.items()}
    if len(signed) < 2:
        return {}
    return {
        name: {
            other: probability_of_improvement(ours, theirs, rng=rng)
            for other, theirs in signed.items()
            if other != name
        }
        for name, ours in signed.items()
    }
