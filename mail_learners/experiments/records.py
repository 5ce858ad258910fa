r"""Measurements: the rows of `results.csv`.

One row is one number. Its columns are

=============  ====================================================================================
`experiment`   the experiment's name, or `name/variant` where it plays several games
`learner`      the learner's name as the table shows it
`features`     the feature map's name, empty where the learner has none
`seed`         the seed of the run
`games`        games (episodes) that each explorer played, or that were recorded
`queries`      questions put to experts while the data were gathered
`metric`       a name of the vocabulary (`mail_learners.experiments.vocabulary`)
`value`        the number, as the shortest decimal that reads back as the same float64
`kind`         `exact` (computed) or `estimate` (sampled)
=============  ====================================================================================

Rows are sorted by experiment, learner, features, seed, games, metric, kind, queries, value; text
by code point, numbers by size. Together with the shortest decimals and `\n` at line ends this
makes the bytes of the file a function of the set of measurements alone.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from mail_envs.errors import ForeignResultsError, InvalidMeasurementError
from mail_learners.files import write_atomically

__all__ = [
    "COLUMNS",
    "Kind",
    "Measurement",
    "from_row",
    "in_order",
    "read_results",
    "refuse_duplicates",
    "to_csv",
    "to_row",
    "write_results",
]

Kind = Literal["exact", "estimate"]
"""Whether a number was computed on the whole game or sampled."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number that an experiment found; the module's docstring explains the fields.

    Raises:
        InvalidMeasurementError: NaN, an unknown kind, an empty name, a negative count.
    """

    experiment: str
    learner: str
    features: str
    seed: int
    games: int
    queries: int
    metric: str
    value: float
    kind: Kind = "exact"

    def __post_init__(self) -> None:
        """Hold plain integers and floats, whatever numpy scalars came, and check them."""
        for name in ("seed", "games", "queries"):
            object.__setattr__(self, name, int(getattr(self, name)))
        object.__setattr__(self, "value", float(self.value))
        for name in ("experiment", "learner", "metric"):
            if not getattr(self, name):
                raise InvalidMeasurementError(f"{self}: expected a {name}, came an empty name")
        for name in ("seed", "games", "queries"):
            if getattr(self, name) < 0:
                raise InvalidMeasurementError(f"{self}: expected {name} of at least 0")
        if math.isnan(self.value):
            raise InvalidMeasurementError(f"{self}: expected a number, came NaN")
        if self.kind not in get_args(Kind):
            raise InvalidMeasurementError(f"{self}: expected kind exact or estimate")


COLUMNS = tuple(field.name for field in fields(Measurement))
"""The header of `results.csv`."""


def to_row(measurement: Measurement) -> list[str]:
    """A measurement as the texts of its columns.

    >>> to_row(Measurement("toy", "bc", "", 1, 10, 0, "nash_gap/total", 0.1))
    ['toy', 'bc', '', '1', '10', '0', 'nash_gap/total', '0.1', 'exact']
    """
    return [str(getattr(measurement, column)) for column in COLUMNS]


def from_row(row: Sequence[str]) -> Measurement:
    """The measurement that `to_row` wrote.

    Raises:
        InvalidMeasurementError: another number of columns, or texts that are no numbers.
    """
    if len(row) != len(COLUMNS):
        raise InvalidMeasurementError(f"expected {len(COLUMNS)} columns, came {list(row)}")
    experiment, learner, features, seed, games, queries, metric, value, kind = row
    try:
        numbers = int(seed), int(games), int(queries)
        number = float(value)
    except ValueError as error:
        raise InvalidMeasurementError(f"{list(row)}: {error}") from error
    if kind not in ("exact", "estimate"):
        raise InvalidMeasurementError(f"{list(row)}: expected kind exact or estimate")
    return Measurement(experiment, learner, features, *numbers, metric, number, kind)


def in_order(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Sort measurements as the module's docstring says."""
    return tuple(sorted(measurements, key=_order))


def refuse_duplicates(measurements: Iterable[Measurement]) -> None:
    """Refuse two values for one thing.

    Raises:
        InvalidMeasurementError: two rows agree in all of experiment, learner, features, seed,
            games and metric.
    """
    seen: set[tuple[str | int | float, ...]] = set()
    for measurement in measurements:
        key = _order(measurement)[:6]
        if key in seen:
            raise InvalidMeasurementError(f"{measurement}: this metric was measured already")
        seen.add(key)


def to_csv(measurements: Iterable[Measurement]) -> str:
    """The text of `results.csv`: the header and the rows in order, each ended by a newline."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(to_row(measurement) for measurement in in_order(measurements))
    return text.getvalue()


def write_results(path: Path, measurements: Iterable[Measurement]) -> None:
    """Write a `results.csv`, wholly or not at all."""
    write_atomically(path, to_csv(measurements))


def read_results(path: Path) -> tuple[Measurement, ...]:
    """Read a `results.csv`, in the order of the file; one that ends in `.gz` is unpacked.

    Raises:
        ForeignResultsError: no such file, one whose text, header or rows are not ours (the message
            has the line), or one that says a thing twice.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            text = file.read().decode("utf-8")
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ForeignResultsError(f"{path}: expected rows of numbers, came {error}") from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise ForeignResultsError(
            f"{path}: expected the columns {','.join(COLUMNS)}, came {lines[:1]}"
        )
    found = tuple(_read_row(path, number, row) for number, row in enumerate(lines[1:], start=2))
    try:
        refuse_duplicates(found)
    except InvalidMeasurementError as error:
        raise ForeignResultsError(f"{path}: {error}") from error
    return found


def _read_row(path: Path, line: int, row: Sequence[str]) -> Measurement:
    try:
        return from_row(row)
    except InvalidMeasurementError as error:
        raise ForeignResultsError(f"{path}, line {line}: {error}") from error


def _order(measurement: Measurement) -> tuple[str | int | float, ...]:
    m = measurement
    return (
        *(m.experiment, m.learner, m.features, m.seed, m.games, m.metric),
        *(m.kind, m.queries, m.value),
    )
