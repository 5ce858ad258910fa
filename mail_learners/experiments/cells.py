"""Cells: the pieces of a sweep, each run, stored and missed on its own.

A cell is a description and nothing else; what it measures depends on the description alone, not
on where, when or beside what it runs. A cell may measure at one number of games or at several
(where a longer run passes through the shorter ones).
"""

import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_learners.experiments.records import Kind, Measurement
from mail_learners.files import checksum
from mail_learners.statistics import Proportion

__all__ = ["Cell", "CellResult", "RunCell", "Scalar", "Stopwatch", "Timing"]

Scalar = str | int | float | bool | None
"""What a parameter may be: JSON holds it and reads it back equal."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of a sweep.

    Attributes:
        experiment: the experiment's name, or `name/variant`.
        learner: the learner's name as the table shows it.
        seed: the seed from which everything random in the cell is drawn.
        games: the numbers of games at which the cell measures.
        features: the feature map's name, empty where the learner has none.
        parameters: everything else that the result depends on, as pairs in the order of their
            names; `Cell.of` takes them by keyword, `cell[name]` reads them.
    """

    experiment: str
    learner: str
    seed: int
    games: tuple[int, ...]
    features: str = ""
    parameters: tuple[tuple[str, Scalar], ...] = ()

    @classmethod
    def of(
        cls,
        experiment: str,
        *,
        learner: str,
        seed: int,
        games: int | tuple[int, ...],
        features: str = "",
        **parameters: Scalar,
    ) -> "Cell":
        """Make a cell with its parameters by keyword; one number of games may come bare."""
        sizes = (games,) if isinstance(games, int) else games
        return cls(experiment, learner, seed, sizes, features, tuple(sorted(parameters.items())))

    def __post_init__(self) -> None:
        """Refuse parameters that would not read back from JSON as they were."""
        for name, value in self.parameters:
            if not (value is None or type(value) in (str, int, float, bool)):
                raise InvalidOptionError(
                    f"parameter {name!r} of a cell: expected text, int, float, bool or None, came "
                    f"{value!r} of type {type(value).__name__}"
                )

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the cell's maker knows the type
        """The parameter of this name.

        Raises:
            UnknownNameError: the cell has no such parameter.
        """
        known = dict(self.parameters)
        if name not in known:
            raise UnknownNameError(f"cell has no parameter {name!r}, but {sorted(known)}")
        return known[name]

    def to_json(self) -> dict[str, Any]:
        """The description as JSON holds it."""
        return {
            "experiment": self.experiment,
            "learner": self.learner,
            "features": self.features,
            "seed": self.seed,
            "games": list(self.games),
            "parameters": dict(self.parameters),
        }

    @property
    def slug(self) -> str:
        """A file name without ending: readable first, then 12 digits of the description's hash."""
        sizes = "-".join(map(str, self.games[:1] + self.games[1:][-1:]))
        words = f"{self.experiment}_{self.learner}_{self.features}_s{self.seed}_g{sizes}"
        readable = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9-]+", "_", words)).lower()
        return f"{readable[:80]}_{checksum(self.to_json())[:12]}"

    def __str__(self) -> str:
        """How progress and errors call the cell."""
        learner = f"{self.learner} [{self.features}]" if self.features else self.learner
        sizes = "–".join(map(str, self.games[:1] + self.games[1:][-1:]))
        return f"{self.experiment}: {learner}, seed {self.seed}, games {sizes}"

    def measurement(
        self, metric: str, value: float, *, games: int, queries: int, kind: Kind = "exact"
    ) -> Measurement:
        """A measurement of this cell."""
        return Measurement(
            self.experiment,
            self.learner,
            self.features,
            self.seed,
            games,
            queries,
            metric,
            value,
            kind,
        )

    def proportion(
        self, metric: str, share: Proportion, *, games: int, queries: int
    ) -> tuple[Measurement, Measurement, Measurement]:
        """An estimated proportion with the ends of its interval beside it."""
        low, high = f"{metric}/low", f"{metric}/high"
        return (
            self.measurement(metric, share.value, games=games, queries=queries, kind="estimate"),
            self.measurement(low, share.low, games=games, queries=queries, kind="estimate"),
            self.measurement(high, share.high, games=games, queries=queries, kind="estimate"),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a phase of a cell took: on the clock, and of this process's processor time."""

    phase: str
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class CellResult:
    """What a cell found, and how long each of its phases took.

    Attributes:
        measurements: its rows of `results.csv`.
        timings: by phase.
        certificates: what anyone can replay, as `certificates.certificate` describes it.
    """

    measurements: tuple[Measurement, ...]
    timings: tuple[Timing, ...] = ()
    certificates: tuple[Mapping[str, Any], ...] = ()


RunCell = Callable[[Cell], CellResult]
"""Runs one cell, in a worker process."""


@dataclass
class Stopwatch:
    """Time the phases of a cell; a phase entered again adds up.

    >>> watch = Stopwatch()
    >>> with watch.phase("explore"):
    ...     total = sum(range(1000))
    >>> [timing.phase for timing in watch.timings]
    ['explore']
    """

    _seconds: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Add the time spent inside the `with` block to the phase of this name."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            before = self._seconds.get(name, (0.0, 0.0))
            self._seconds[name] = (
                before[0] + time.perf_counter() - wall,
                before[1] + time.process_time() - cpu,
            )

    @property
    def timings(self) -> tuple[Timing, ...]:
        """The phases in the order in which they were first entered."""
        return tuple(Timing(name, *seconds) for name, seconds in self._seconds.items())
