r"""Features in the units of the experts' second moments, and what lies outside their range.

With `Λ = E^E[φ φᵀ]` every feature splits into its part in the range of Λ and the rest. The range is
the span of the features that the experts meet with positive probability, however small: it is
found from those vectors alone, not from Λ, whose small eigenvalues may just be rare visits. A
direction counts as seen if some singular value of them, squared and relative to the largest ‖φ‖²,
is above `RANK`; a feature is outside if its part beyond those directions is, likewise, above twice
`RANK`. What the experts meet is never outside: no row of theirs is longer, beyond the directions
that count, than their largest singular value there. Coordinates are first brought to a
largest entry of one, which changes no coefficient: all are the same for any basis of the features.

On the range `ψ = Λ^{-1/2} φ` up to a rotation: with the rows `√w φ` of the experts factored as QR,
`ψ = R^{-T} φ`. Then `‖φ‖²_{Λ⁻¹} = ‖ψ‖²` and `Λ` becomes the identity. Features with a single number
keep their diagonal Λ, of any dimension, and zero is zero there without any tolerance.
"""

from typing import NamedTuple

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.markov.coverage.deviations import BoolArray
from mail_envs.markov.coverage.vectors import DenseVectors, UnitVectors, Vectors
from mail_envs.protocols import FloatArray

__all__ = ["RANK", "Whitened", "whiten"]

RANK = 1e-10
"""Relative to the largest ‖φ‖², up to where the square of a feature counts as zero."""


class Whitened(NamedTuple):
    """ψ of all rows, and the rest of those that are outside.

    `inside` is zero in rows that no deviation reaches. `outside` is None where nothing is, and
    otherwise holds the coordinates of the rest in the directions that the experts do not see.
    """

    inside: Vectors
    outside: Vectors | None


def whiten(vectors: Vectors, weights: FloatArray, reached: BoolArray) -> Whitened:
    """ψ, and what is outside.

    Args:
        vectors: φ.
        weights: with which probability the experts meet each row, `(R, N, J)`.
        reached: which rows some deviation meets, `(R, N, J)`; the experts' are among them.
    """
    if isinstance(vectors, UnitVectors):
        return _whiten_units(vectors, weights, reached)
    return _whiten_rows(vectors.table, weights, reached)


def _whiten_units(vectors: UnitVectors, weights: FloatArray, reached: BoolArray) -> Whitened:
    moments = vectors.diagonal(weights[None])[0]
    seen = moments[vectors.columns] > 0
    scale = np.sqrt(np.where(seen, moments[vectors.columns], 1.0))
    inside = np.where(seen & reached, vectors.values / scale, 0.0)
    outside = np.where(~seen & reached, vectors.values, 0.0)
    rest = _compressed(vectors, outside) if outside.any() else None
    return Whitened(_compressed(vectors, inside), rest)


def _compressed(vectors: UnitVectors, values: FloatArray) -> UnitVectors:
    """Only the columns in which there is a number."""
    used = np.unique(vectors.columns[values != 0])
    columns = np.searchsorted(used, vectors.columns)
    inside = np.minimum(columns, max(0, len(used) - 1))  # whatever the column of a zero
    return UnitVectors(inside, values, max(1, len(used)))


def _whiten_rows(table: FloatArray, weights: FloatArray, reached: BoolArray) -> Whitened:
    rows = np.where(reached[..., None], table, 0.0).reshape(-1, table.shape[-1])
    rows = rows / _or_one(np.abs(rows).max(axis=0, initial=0))
    largest = float(np.square(rows).sum(axis=-1).max(initial=0))
    seen = np.flatnonzero(weights)
    _, singular, right = np.linalg.svd(rows[seen], full_matrices=False)
    basis = right[np.square(singular) > RANK * largest].T  # d k
    coordinates = rows @ basis
    rest = rows - coordinates @ basis.T
    out = np.square(rest).sum(axis=-1) > 2 * RANK * largest
    inside = _in_units_of(coordinates, seen, weights.reshape(-1)[seen])
    shape = table.shape[:-1]
    return Whitened(
        inside=DenseVectors(inside.reshape(*shape, -1)),
        outside=_directions(np.where(out[:, None], rest, 0.0), shape) if out.any() else None,
    )


def _in_units_of(coordinates: FloatArray, seen: IntArray, weights: FloatArray) -> FloatArray:
    """R^{-T} of each row, with QR = the seen rows times √w, the heaviest first."""
    if coordinates.shape[1] == 0:
        return np.zeros((len(coordinates), 1))
    scaled = coordinates[seen] * np.sqrt(weights)[:, None]
    order = np.argsort(-np.square(scaled).sum(axis=1), kind="stable")
    triangle = np.linalg.qr(scaled[order]).R
    return np.asarray(np.linalg.solve(triangle.T, coordinates.T), dtype=np.float64).T


def _or_one(scale: FloatArray) -> FloatArray:
    return np.where(scale > 0, scale, 1.0)


def _directions(rest: FloatArray, shape: tuple[int, ...]) -> DenseVectors:
    """Coordinates of the rest in an orthonormal basis of its span."""
    _, singular, right = np.linalg.svd(rest, full_matrices=False)
    basis = right[np.square(singular) > RANK * np.square(singular[0])].T
    return DenseVectors((rest @ basis).reshape(*shape, -1))
