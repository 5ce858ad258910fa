"""Drawing from many distributions at once, by inversion, without a loop over the batch."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

__all__ = ["RowSampler"]


@dataclass(frozen=True, eq=False)
class RowSampler:
    """Inverse distribution functions of R rows of probabilities, laid end to end.

    A draw bisects inside its own row, all rows of a batch in step: ⌈log2 of the longest row⌉
    array operations a batch. One uniform number a draw, so that a draw depends on its place in
    the stream alone; entries of probability zero are never drawn.

    Attributes:
        cumulative: `(Z,)`, running sums that begin anew in each row.
        starts: `(R,)`, where each row begins.
        lengths: `(R,)`, how many entries it has, at least one.
        rounds: bisections needed by the longest row.
    """

    cumulative: FloatArray
    starts: IntArray
    lengths: IntArray
    rounds: int

    @classmethod
    def of_table(cls, table: FloatArray) -> Self:
        """The sampler of the rows of `table`, `(R, N)`."""
        rows, length = table.shape
        return cls(
            cumulative=np.cumsum(table, axis=1).reshape(-1),
            starts=np.arange(rows, dtype=np.int64) * length,
            lengths=np.full(rows, length, dtype=np.int64),
            rounds=(length - 1).bit_length(),
        )

    @classmethod
    def of_ragged(cls, probabilities: FloatArray, boundaries: NDArray[np.integer]) -> Self:
        """The sampler of rows laid end to end: row r is entries `boundaries[r:r+2]`."""
        starts = np.asarray(boundaries[:-1], dtype=np.int64)
        lengths = np.diff(boundaries).astype(np.int64)
        cumulative = np.empty_like(probabilities)
        for length in np.unique(lengths):  # rows of one length make a rectangle
            entries = starts[lengths == length, None] + np.arange(length)
            cumulative[entries] = np.cumsum(probabilities[entries], axis=1)
        return cls(cumulative, starts, lengths, rounds=int(lengths.max() - 1).bit_length())

    def draw(self, rows: IntArray, *, rng: np.random.Generator) -> IntArray:
        """Draw one entry for each of `rows`, `(B,)`; returns positions in the flat table."""
        if len(rows) == 1:
            return self._draw_one(int(rows[0]), rng.random())
        low = self.starts[rows]
        high = low + (self.lengths[rows] - 1)
        total = self.cumulative[high]
        target = np.minimum(rng.random(len(rows)) * total, np.nextafter(total, 0))
        for _ in range(
            self.rounds
        ):  # the answer, first with cumulative > target, is in [low, high]
            middle = (low + high) >> 1
            below = self.cumulative[middle] <= target
            low = np.where(below, middle + 1, low)
            high = np.where(below, high, middle)
        return low

    def _draw_one(self, row: int, uniform: float) -> IntArray:
        """The same entry as in a larger batch, without the overhead of one."""
        start = int(self.starts[row])
        entries = self.cumulative[start : start + int(self.lengths[row])]
        target = min(uniform * entries[-1], np.nextafter(entries[-1], 0))
        return np.array([start + entries.searchsorted(target, side="right")], dtype=np.int64)
