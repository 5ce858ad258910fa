"""`mail-bench compare A B`: where two results folders agree, and by how much they differ elsewhere.

A **cell** here is one learner with its features and one seed on one variant of the experiment: what
one run measured at every size. It agrees if all its measurements are equal, to the last digit.
Where values differ, each metric of each learner and size is summed up over seeds: by differences
B - A of the seeds that both folders have, if they are two or more, or all; otherwise by the
difference of independent means (Welch).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mail_envs.errors import ForeignResultsError
from mail_learners.experiments.presentation import series_of
from mail_learners.experiments.records import Measurement, in_order
from mail_learners.experiments.results_folder import ResultsFolder
from mail_learners.experiments.store import IDENTITY
from mail_learners.experiments.summary import show_mean, show_number
from mail_learners.statistics import (
    Mean,
    paired_difference,
    student_interval,
    welch_difference,
)

__all__ = ["Comparison", "Difference", "compare", "to_rich"]

How = Literal["paired", "Welch"]
Name = tuple[str, str, int]
"""Variant, line and seed of a cell."""

_MOST_NAMED = 12
"""Of cells that differ or are missing, how many are named."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of one line at one size, in both folders.

    Attributes:
        experiment: the variant.
        line: the learner, with its features if it has any.
        games: the size.
        metric: its name.
        first: the mean in A over the seeds that are compared.
        second: the mean in B, likewise.
        change: B less A, with its 95 % interval.
        how: whether seed by seed or as independent means.
    """

    experiment: str
    line: str
    games: int
    metric: str
    first: float
    second: float
    change: Mean
    how: How

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero; never without an interval."""
        width = self.change.half_width
        return width is not None and not -width <= self.change.value <= width


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two folders of one experiment have in common.

    Attributes:
        first: A.
        second: B.
        agreeing: cells whose measurements are all equal.
        differing: cells that have other values, or not the same metrics and sizes.
        only_first: cells that B does not have.
        only_second: cells that A does not have.
        differences: of metrics with any unequal value that both have.
        equal: how many metrics of lines and sizes have the same values in both.
    """

    first: ResultsFolder
    second: ResultsFolder
    agreeing: tuple[Name, ...] = ()
    differing: tuple[Name, ...] = ()
    only_first: tuple[Name, ...] = ()
    only_second: tuple[Name, ...] = ()
    differences: tuple[Difference, ...] = ()
    equal: int = 0


@dataclass(frozen=True, slots=True)
class _Sides:
    """Values by seed in A and in B."""

    first: dict[int, float] = field(default_factory=dict[int, float])
    second: dict[int, float] = field(default_factory=dict[int, float])


def compare(first: ResultsFolder, second: ResultsFolder) -> Comparison:
    """Compare two folders of one experiment, whatever their options and versions.

    Raises:
        ForeignResultsError: they are of different experiments.
    """
    if first.experiment != second.experiment:
        raise ForeignResultsError(
            f"{second.path / IDENTITY}: expected experiment {first.experiment!r}, as in "
            f"{first.path}, came {second.experiment!r}"
        )
    one, other = (_by_cell(folder.measurements) for folder in (first, second))
    shared = [name for name in one if name in other]
    found = _summed_up(first.measurements, second.measurements)
    differences = tuple(each for each in found if each is not None)
    return Comparison(
        first,
        second,
        agreeing=tuple(name for name in shared if one[name] == other[name]),
        differing=tuple(name for name in shared if one[name] != other[name]),
        only_first=tuple(name for name in one if name not in other),
        only_second=tuple(name for name in other if name not in one),
        differences=differences,
        equal=len(found) - len(differences),
    )


def to_rich(comparison: Comparison) -> Group:
    """A comparison for the terminal."""
    parts: list[RenderableType] = [_folders(comparison), Text(_verdict(comparison), style="bold")]
    for words, names in (
        ("differing", comparison.differing),
        ("only in A", comparison.only_first),
        ("only in B", comparison.only_second),
    ):
        if names:
            parts.append(Text(f"{words}: {_named(names)}"))
    if comparison.differences:
        parts += [_table(comparison.differences), Text(_caption(comparison), style="dim")]
    return Group(*parts)


def _by_cell(measurements: Iterable[Measurement]) -> dict[Name, frozenset[Measurement]]:
    cells: dict[Name, list[Measurement]] = defaultdict(list)
    for each in in_order(measurements):
        cells[each.experiment, series_of(each), each.seed].append(each)
    return {name: frozenset(rows) for name, rows in cells.items()}


def _summed_up(
    first: Sequence[Measurement], second: Sequence[Measurement]
) -> list[Difference | None]:
    """Every metric of every line and size that both have; None where all values are equal."""
    sides: Mapping[tuple[str, str, int, str], _Sides] = defaultdict(_Sides)
    for each in in_order(first):
        sides[_key(each)].first[each.seed] = each.value
    for each in in_order(second):
        sides[_key(each)].second[each.seed] = each.value
    return [
        _difference(key, each)
        for key, each in sides.items()
        if each.first and each.second and not key[-1].endswith(("/low", "/high"))
    ]


def _key(measurement: Measurement) -> tuple[str, str, int, str]:
    m = measurement
    return m.experiment, series_of(m), m.games, m.metric


def _difference(key: tuple[str, str, int, str], sides: _Sides) -> Difference | None:
    """What two sides differ by; None where the seeds that they share have the same values."""
    shared = sorted(sides.first.keys() & sides.second.keys())
    paired = len(shared) > 1 or sides.first.keys() == sides.second.keys()
    ours = [sides.second[seed] for seed in (shared if paired else sorted(sides.second))]
    theirs = [sides.first[seed] for seed in (shared if paired else sorted(sides.first))]
    if paired and ours == theirs:
        return None
    change = paired_difference(ours, theirs) if paired else welch_difference(ours, theirs)
    means = student_interval(theirs).value, student_interval(ours).value
    return Difference(*key, *means, change, "paired" if paired else "Welch")


def _folders(comparison: Comparison) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for letter, folder in (("A", comparison.first), ("B", comparison.second)):
        state = "" if folder.ended else ", unfinished"
        failed = f", {len(folder.failures)} failed" if folder.failures else ""
        what = f"{folder.experiment}, mail-envs {folder.version}{state}{failed}"
        table.add_row(Text(letter, style="bold"), Text(str(folder.path)), Text(what))
    return table


def _verdict(comparison: Comparison) -> str:
    one, other = comparison.only_first, comparison.only_second
    counts = f"{len(comparison.agreeing)} cells agree, {len(comparison.differing)} differ"
    return f"{counts}, {len(one)} are only in A, {len(other)} only in B"


def _named(names: Sequence[Name]) -> str:
    shown = [f"{line} on {place}, seed {seed}" for place, line, seed in names[:_MOST_NAMED]]
    more = len(names) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _table(differences: Sequence[Difference]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    words = ("experiment", "learner", "games", "metric", "A", "B", "B - A, 95 %", "", "by")
    for word in words:
        numbers = word in ("games", "A", "B", "B - A, 95 %")
        table.add_column(word, justify="right" if numbers else "left", overflow="fold")
    for each in differences:
        texts = (each.experiment, each.line, str(each.games), each.metric)
        values = (show_number(each.first), show_number(each.second), show_mean(each.change))
        clear = "clear" if each.clear else ""
        table.add_row(*map(Text, (*texts, *values, clear, each.how)))
    return table


def _caption(comparison: Comparison) -> str:
    clear = sum(each.clear for each in comparison.differences)
    return (
        f"{len(comparison.differences)} means differ, {clear} of them clearly: their 95 % "
        f"interval excludes 0, as one in 20 does where nothing changed; {comparison.equal} are of "
        f"equal values. paired: seed by seed (Student); Welch: the folders have other seeds."
    )
