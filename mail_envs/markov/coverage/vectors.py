"""Feature vectors of many rows at once, in full or with at most one number each.

A *row* `(r, n, j)` is a state r, what the players that do not deviate do as far as the features
see it, n, and what the deviating player does, j (one j where the features do not see it).
"""

from dataclasses import dataclass

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

__all__ = ["DenseVectors", "UnitVectors", "Vectors", "as_vectors", "unit_rows"]


@dataclass(frozen=True, eq=False)
class DenseVectors:
    """Vectors in full: `(R, N, J, d)`."""

    table: FloatArray

    @property
    def dimension(self) -> int:
        """The length d of a vector."""
        return self.table.shape[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """`(R, N, J)`."""
        return self.table.shape[:-1]

    @property
    def squares(self) -> FloatArray:
        """‖v‖², `(R, N, J)`."""
        return np.square(self.table).sum(axis=-1)

    def along(self, directions: FloatArray) -> FloatArray:
        """vᵀu: `(B, d)` → `(B, R, N, J)`."""
        flat = directions @ self.table.reshape(-1, self.dimension).T  # (b d) (d rnj)
        return flat.reshape(len(directions), *self.table.shape[:-1])

    def mean(self, weights: FloatArray) -> FloatArray:
        """Σ w v: `(B, R, N, J)` → `(B, d)`."""
        return weights.reshape(len(weights), -1) @ self.table.reshape(-1, self.dimension)

    def second_moments(self, weights: FloatArray) -> FloatArray:
        """Σ w v vᵀ: `(B, R, N, J)` → `(B, d, d)`."""
        rows = self.table.reshape(-1, self.dimension)
        return (weights.reshape(len(weights), 1, -1) * rows.T) @ rows  # (b d rnj) (rnj d)


@dataclass(frozen=True, eq=False)
class UnitVectors:
    """Vectors with at most one number that is not zero; second moments are diagonal.

    Attributes:
        columns: where the number stands, 0..d-1, `(R, N, J)`.
        values: the number, `(R, N, J)`.
        dimension: d.
    """

    columns: IntArray
    values: FloatArray
    dimension: int

    @property
    def shape(self) -> tuple[int, ...]:
        """`(R, N, J)`."""
        return self.columns.shape

    @property
    def squares(self) -> FloatArray:
        """‖v‖², `(R, N, J)`."""
        return np.square(self.values)

    def along(self, directions: FloatArray) -> FloatArray:
        """vᵀu: `(B, d)` → `(B, R, N, J)`."""
        return directions[:, self.columns] * self.values

    def mean(self, weights: FloatArray) -> FloatArray:
        """Σ w v: `(B, R, N, J)` → `(B, d)`."""
        return self._sums(weights * self.values)

    def diagonal(self, weights: FloatArray) -> FloatArray:
        """The diagonal of Σ w v vᵀ: `(B, R, N, J)` → `(B, d)`."""
        return self._sums(weights * self.squares)

    def _sums(self, shares: FloatArray) -> FloatArray:
        columns = self.columns.reshape(-1)
        sums = np.empty((len(shares), self.dimension))
        for total, share in zip(sums, shares.reshape(len(shares), -1), strict=True):
            total[:] = np.bincount(columns, share, self.dimension)
        return sums


Vectors = DenseVectors | UnitVectors
"""Feature vectors in either form."""


def unit_rows(columns: IntArray, dimension: int) -> FloatArray:
    """The unit vectors of given coordinates: `(B,)` → `(B, dimension)`."""
    rows = np.zeros((len(columns), dimension))
    rows[np.arange(len(columns)), columns] = 1
    return rows


def as_vectors(table: FloatArray) -> Vectors:
    """Vectors `(R, N, J, d)` in the form that fits them."""
    if table.shape[-1] == 0 or (np.count_nonzero(table, axis=-1) > 1).any():
        return DenseVectors(table)
    columns = np.abs(table).argmax(axis=-1)
    values = np.take_along_axis(table, columns[..., None], axis=-1)[..., 0]
    return UnitVectors(columns, values, table.shape[-1])
