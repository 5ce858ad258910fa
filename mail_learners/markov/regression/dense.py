r"""Regression on any features: Λ⁻¹ and every visited row's width by rank-one updates.

With `g = Λ⁻¹φ` and `q = φᵀg` a transition with features φ changes (Sherman, Morrison 1950)

.. math:: \Lambda^{-1} \leftarrow \Lambda^{-1} - \frac{g g^\top}{1 + q}, \qquad
          \|\phi'\|^2_{\Lambda^{-1}} \leftarrow \|\phi'\|^2_{\Lambda^{-1}}
          - \frac{(\phi'^\top g)^2}{1 + q},

so that an episode costs O(H (d² + D A d)) for D rows a step. All steps are changed in one batch.
"""

import numpy as np

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray
from mail_learners.markov.feature_blocks import FeatureBlocks
from mail_learners.markov.regression.rows import RowNumbers, grown

__all__ = ["REFRESH", "DenseRegression"]

REFRESH = 128
"""After how many episodes Λ⁻¹ and the widths are computed anew from the visits, against drift."""


class DenseRegression:
    """See `mail_learners.markov.regression.Regression`.

    Args:
        features: with a table.
        steps: H.
        ridge: λ > 0.
    """

    def __init__(self, features: FeatureBlocks, *, steps: int, ridge: float) -> None:
        d, actions, capacity = features.dimension, features.num_actions, 8
        self._features = features
        self._ridge = ridge
        self._rows = RowNumbers(features, steps)
        self._steps = np.arange(steps)
        self._episodes = 0
        self._phi = np.zeros((steps, capacity, actions, d))
        self._visits = np.zeros((steps, capacity, actions))
        self._widths = np.zeros((steps, capacity, actions))
        self._inverse = np.tile(np.eye(d) / ridge, (steps, 1, 1))  # Λ⁻¹: h d d
        self._moments = np.zeros((steps, d, capacity))  # N: h d, rows of step h + 1
        self._weights = np.zeros((steps, d))

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
        """‖φ‖²_{Λ⁻¹}: `(H, size, A)`, zero where a step has no such row."""
        return self._widths[:, : self.size]

    def width(self, h: int, row: int) -> FloatArray:
        """‖φ‖²_{Λ⁻¹} of one row: `(A,)`."""
        return self._widths[h, row]

    def fit(self, h: int, values: FloatArray) -> None:
        """Solve w = Λ⁻¹ N V."""
        self._weights[h] = self._inverse[h] @ (self._moments[h, :, : len(values)] @ values)

    def predict(self, h: int, rows: slice) -> FloatArray:
        """φᵀw: `(R, A)`."""
        return self._phi[h, rows] @ self._weights[h]

    def record(self, rows: IntArray, actions: IntArray) -> None:
        """Update every step by the transition that the episode made there."""
        steps, n = self._steps, self.size
        phi = self._phi[steps, rows, actions]  # h d
        g = (self._inverse @ phi[:, :, None])[:, :, 0]
        scale = 1 / (1 + (phi * g).sum(axis=1))
        self._inverse -= (scale[:, None] * g)[:, :, None] * g[:, None, :]
        along = (self._phi[:, :n].reshape(len(steps), -1, g.shape[1]) @ g[:, :, None])[:, :, 0]
        along = along.reshape(len(steps), n, -1)  # h row a
        self._widths[:, :n] -= scale[:, None, None] * along**2
        self._moments[steps[:-1], :, rows[1:]] += phi[:-1]
        self._visits[steps, rows, actions] += 1
        self._episodes += 1
        if self._episodes % REFRESH == 0:
            self._refresh()

    def _add(self, h: int, block: int) -> int:
        row = self._rows.add(h, block)
        self._phi = grown(self._phi, 1, row + 1)
        self._visits = grown(self._visits, 1, row + 1)
        self._widths = grown(self._widths, 1, row + 1)
        self._moments = grown(self._moments, 2, row + 1)
        phi = self._phi[h, row] = self._features.at(h)[block]  # a d
        self._widths[h, row] = ((phi @ self._inverse[h]) * phi).sum(axis=1)
        return row

    def _refresh(self) -> None:
        n, d = self.size, self._phi.shape[-1]
        for h in self._steps:
            phi = self._phi[h, :n].reshape(-1, d)  # row a, d
            gram = (phi * self._visits[h, :n].reshape(-1, 1)).T @ phi + self._ridge * np.eye(d)
            inverse = np.linalg.inv(gram)
            self._inverse[h] = (inverse + inverse.T) / 2
            widths = ((phi @ self._inverse[h]) * phi).sum(axis=1)
            self._widths[h, :n] = widths.reshape(n, -1)
