"""Who was asked what and when: the log of a query budget, as immutable columns."""

import csv
import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ForeignResultsError, MissingFileError, ShapeError
from mail_wrappers.options import array_of, check_path, check_text, check_whole

__all__ = ["UNKNOWN", "Purpose", "QueryLog", "QueryLogWriter"]

Purpose = Literal["label", "move"]
"""What a question was for: a label (or a reward) for the learner, or a move that was played."""
PURPOSES: tuple[Purpose, ...] = ("label", "move")
UNKNOWN = -1
"""The episode or step of a question whose asker does not know it."""
WIDTH = 6
"""The numbers in a row."""


@dataclass(frozen=True, eq=False)
class QueryLog:
    """The questions granted, in order; a row is one call's questions at one place.

    All columns are read-only and of one length.

    Raises:
        ShapeError: columns that are no arrays of one length.
    """

    agent: NDArray[np.str_]  # who was asked, or for whom
    episode: NDArray[np.int64]  # from 0; -1 where the asker does not know
    step: NDArray[np.int64]  # from 0, the agent's own turns; -1 likewise
    purpose: NDArray[np.str_]  # "label" or "move"
    questions: NDArray[np.int64]  # how many
    cost: NDArray[np.int64]  # of all of them
    dropped: int = 0  # earlier rows that a bounded log has let go

    def __post_init__(self) -> None:
        check_whole("dropped", self.dropped, least=0)
        count = array_of("questions", self.questions, kinds="iu").shape[:1]
        for name, column in self.columns().items():
            kind = "U" if name in {"agent", "purpose"} else "iu"
            given = array_of(name, column, kinds=kind)
            if given is not column or given.shape != count:
                raise ShapeError(
                    f"{name}: expected an array {count or '(N,)'}, came {column!r:.200}"
                )

    def __len__(self) -> int:
        return len(self.questions)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name."""
        names = ("agent", "episode", "step", "purpose", "questions", "cost")
        return {name: getattr(self, name) for name in names}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the columns as CSV with a header; the file appears whole or not at all.

        Raises:
            InvalidOptionError: no path, or a name that UTF-8 does not write.
            MissingFileError: no folder to write into.
            ForeignResultsError: a folder is in the way.
        """
        target = check_path("path", path)
        if not target.parent.is_dir():
            raise MissingFileError(f"{target.parent}: expected a folder, came none")
        if target.is_dir():
            raise ForeignResultsError(f"{target}: expected no folder there; choose another path")
        for name in np.unique(self.agent).tolist():
            check_text("agent", name)
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
        columns = self.columns()
        with unfinished.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
        unfinished.replace(target)


class QueryLogWriter:
    """Appends rows, and shows them as a `QueryLog`.

    Args:
        most: the number of rows kept, the latest; None for all.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._rows = array("q")
        self._names: dict[str, int] = {}
        self._dropped = 0

    def append(
        self,
        agent: str,
        purpose: Purpose,
        *,
        episodes: int | Sequence[int],
        steps: int | Sequence[int],
        questions: int,
        cost: int,
    ) -> None:
        """Add `questions` at one place, or one at each of the first so many places."""
        code, what = self._names.setdefault(agent, len(self._names)), PURPOSES.index(purpose)
        if not isinstance(episodes, Sequence) and not isinstance(steps, Sequence):
            self._rows.extend((code, episodes, steps, what, questions, questions * cost))
        else:
            at = _each(episodes, questions), _each(steps, questions)
            for episode, step in zip(*at, strict=True):
                self._rows.extend((code, episode, step, what, 1, cost))
        if self._most is not None and len(self._rows) > 2 * WIDTH * self._most:
            self._trim()

    def log(self) -> QueryLog:
        """What has been appended so far."""
        self._trim()
        table = np.array(self._rows, dtype=np.int64).reshape(-1, WIDTH)
        names = np.array(list(self._names) or [""])
        agent, episode, step, purpose, questions, cost = table.T.copy()
        columns = (names[agent], episode, step, np.array(PURPOSES)[purpose], questions, cost)
        for column in columns:
            column.flags.writeable = False
        return QueryLog(*columns, dropped=self._dropped)

    def _trim(self) -> None:
        surplus = 0 if self._most is None else len(self._rows) // WIDTH - self._most
        if surplus > 0:
            del self._rows[: surplus * WIDTH]
            self._dropped += surplus


def _each(places: int | Sequence[int], questions: int) -> list[int]:
    if not isinstance(places, Sequence):
        return [places] * questions
    return [int(place) for place in places[:questions]]
