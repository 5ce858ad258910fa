r"""Regression on one-hot features: Λ is diagonal, and every figure is a count.

With `n(z, a)` visits and `n(z, a, z')` transitions

.. math:: \|\phi(z, a)\|^2_{\Lambda^{-1}} = \frac{1}{\lambda + n(z, a)}, \qquad
          \hat E[V](z, a) = \frac{\sum_{z'} n(z, a, z') V(z')}{\lambda + n(z, a)},

the tabular model with a prior of λ visits to value 0. An episode costs O(D A) and the number of
distinct transitions seen. With λ = 0 the width of a pair never tried is infinite, and nothing is
expected of it.
"""

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray
from mail_learners.markov.feature_blocks import FeatureBlocks
from mail_learners.markov.regression.rows import RowNumbers, grown

__all__ = ["DiagonalRegression"]


class DiagonalRegression:
    """See `mail_learners.markov.regression.Regression`.

    Args:
        features: one-hot.
        steps: H.
        ridge: λ ≥ 0.
    """

    def __init__(self, features: FeatureBlocks, *, steps: int, ridge: float) -> None:
        self._ridge = ridge
        self._rows = RowNumbers(features, steps)
        self._steps = np.arange(steps)
        self._visits = np.zeros((steps, 8, features.num_actions))
        self._widths = np.zeros((steps, 8, features.num_actions))  # 1 / (λ + n)
        self._scales = np.zeros((steps, 8, features.num_actions))  # the same, 0 for infinity
        self._sums = np.zeros((steps, 8, features.num_actions))
        self._transitions = [_Transitions(features.num_actions) for _ in range(steps)]

    @property
    def size(self) -> int:
        """The largest number of rows at any step."""
        return self._rows.size

    def rows_at(self, h: int) -> int:
        """How many rows there are at step h."""
        return self._rows.count(h)

    def row(self, h: int, state: int) -> int:
        """The row of a state's block at step h, made if there is none."""
        block = self._rows.block(state)
        row = self._rows.get(h, block)
        return self._add(h, block) if row is None else row

    def widths(self) -> FloatArray:
        """1 / (λ + n): `(H, size, A)`, zero where a step has no such row."""
        return self._widths[:, : self.size]

    def width(self, h: int, row: int) -> FloatArray:
        """1 / (λ + n) of one row: `(A,)`."""
        return self._widths[h, row]

    def fit(self, h: int, values: FloatArray) -> None:
        """Σ_z' n(z, a, z') V(z') for every row."""
        self._sums[h] = self._transitions[h].weigh(values, self._sums.shape[1])

    def predict(self, h: int, rows: slice) -> FloatArray:
        """Σ_z' n(z, a, z') V(z') / (λ + n(z, a)): `(R, A)`, 0 where nothing was tried."""
        return self._sums[h, rows] * self._scales[h, rows]

    def record(self, rows: IntArray, actions: IntArray) -> None:
        """Count every step's transition."""
        cells = (self._steps, rows, actions)
        self._visits[cells] += 1
        self._widths[cells] = self._scales[cells] = 1 / (self._ridge + self._visits[cells])
        path = rows.tolist()
        for transitions, row, action, following in zip(
            self._transitions[:-1], path, actions.tolist(), path[1:], strict=False
        ):
            transitions.add(row, action, following)

    def _add(self, h: int, block: int) -> int:
        row = self._rows.add(h, block)
        self._visits = grown(self._visits, 1, row + 1)
        self._widths = grown(self._widths, 1, row + 1)
        self._scales = grown(self._scales, 1, row + 1)
        self._sums = grown(self._sums, 1, row + 1)
        self._widths[h, row] = 1 / self._ridge if self._ridge > 0 else np.inf
        self._scales[h, row] = 1 / self._ridge if self._ridge > 0 else 0.0
        return row


class _Transitions:
    """The distinct transitions of one step and how often each was made."""

    def __init__(self, num_actions: int) -> None:
        self._num_actions = num_actions
        self._places: dict[tuple[int, int], int] = {}
        self._cells = np.zeros((2, 8), dtype=np.int64)  # row and action, row of step h + 1
        self._counts = np.zeros(8)

    def add(self, row: int, action: int, following: int) -> None:
        pair = (row * self._num_actions + action, following)
        place = self._places.setdefault(pair, len(self._places))
        if place == len(self._counts):
            self._cells = grown(self._cells, 1, place + 1)
            self._counts = grown(self._counts, 0, place + 1)
        self._cells[:, place] = pair
        self._counts[place] += 1

    def weigh(self, values: FloatArray, num_rows: int) -> FloatArray:
        """Σ_z' n(z, a, z') V(z'): `(n,)` → `(num_rows, A)`."""
        used = len(self._places)
        source, target = self._cells[:, :used]
        weights = self._counts[:used] * values[target]
        sums = np.bincount(source, weights, num_rows * self._num_actions)
        return np.asarray(sums, dtype=np.float64).reshape(num_rows, self._num_actions)
