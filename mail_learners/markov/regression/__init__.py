r"""Ridge regression per step that never looks back at the episodes.

Least-squares value iteration needs, at step h after the transitions `(φ_j, s'_j)`,

.. math:: \Lambda = \lambda I + \sum_j \phi_j \phi_j^\top, \qquad
          \hat E[V](s, a) = \phi(s, a)^\top \Lambda^{-1} \sum_j \phi_j V(s'_j), \qquad
          \|\phi(s, a)\|^2_{\Lambda^{-1}},

for a V that is another one in every episode. The data enter through two statistics alone: `Λ`, and
`N = Σ_j φ_j e(s'_j)ᵀ` with one column for each distinct feature block of next states, because
`Σ_j φ_j V(s'_j) = N V`. A transition changes each by one outer product.

Blocks get a **row** at a step when they are first visited there, and only visited blocks are
priced: an episode costs what the number of distinct rows asks for, however many episodes went
before. One-hot features have a diagonal Λ: there everything is a count.
"""

from typing import Protocol

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray
from mail_learners.markov.feature_blocks import FeatureBlocks
from mail_learners.markov.regression.dense import DenseRegression
from mail_learners.markov.regression.diagonal import DiagonalRegression

__all__ = ["DenseRegression", "DiagonalRegression", "Regression", "regression_of"]


class Regression(Protocol):
    """The statistics of one explorer, all steps; mutable."""

    @property
    def size(self) -> int:
        """The largest number of rows at any step."""
        ...

    def rows_at(self, h: int) -> int:
        """How many rows there are at step h."""
        ...

    def row(self, h: int, state: int) -> int:
        """The row of a state's block at step h, made if there is none."""
        ...

    def widths(self) -> FloatArray:
        """‖φ‖²_{Λ⁻¹} of all rows: `(H, size, A)`; rows that a step does not have mean nothing."""
        ...

    def width(self, h: int, row: int) -> FloatArray:
        """‖φ‖²_{Λ⁻¹} of one row: `(A,)`."""
        ...

    def fit(self, h: int, values: FloatArray) -> None:
        """Regress step h on the values of the rows of step h + 1: `(n,)`, `n ≤ size`."""
        ...

    def predict(self, h: int, rows: slice) -> FloatArray:
        """Ê[V] of rows of step h by the last fit: `(R, A)`."""
        ...

    def record(self, rows: IntArray, actions: IntArray) -> None:
        """Learn from one episode: its rows and the explorer's actions, `(H,)` each."""
        ...


def regression_of(features: FeatureBlocks, *, steps: int, ridge: float) -> Regression:
    """Empty statistics: diagonal where the features are one-hot, dense otherwise.

    Args:
        features: the explorer's.
        steps: H.
        ridge: λ > 0; may be 0 where the features are one-hot.
    """
    if features.table is None:
        return DiagonalRegression(features, steps=steps, ridge=ridge)
    return DenseRegression(features, steps=steps, ridge=ridge)
