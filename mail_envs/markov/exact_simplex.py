r"""The simplex method of `mail_envs.markov.simplex` in integers, for games that rounding spoils.

The tableau is kept as integers over one common denominator, the last pivot; each pivot is

.. math:: t_{ij} \leftarrow (t_{ij} \, t_{rc} - t_{ic} \, t_{rj}) / D, \qquad D \leftarrow t_{rc},

where the division leaves no remainder (Edmonds 1967; Bareiss 1968). Nothing is rounded before the
result, whatever the game's condition, and Bland's rule cannot cycle. Each game takes its own turn,
a few tenths of a millisecond for 4 × 4.
"""

from fractions import Fraction

import numpy as np

from mail_envs.protocols import FloatArray

__all__ = ["exact_minimiser"]

Row = list[int]


ONE = 1 << 52
"""Entries become multiples of 2^-52: those of a game in [1, 2] lose nothing."""


def exact_minimiser(game: FloatArray, *, tie: float = 0.0) -> tuple[float, FloatArray]:
    """The value of a game, and the column player's lexicographically largest optimal strategy.

    Args:
        game: `(m, k)`, entries in [1, 2], what the minimiser pays.
        tie: how much worse than optimal a variable's entry may be and still count as optimal.

    Returns:
        The value, and `(k,)` probabilities, both rounded once, at the end.
    """
    tableau = _Integers([[int(x) for x in row] for row in np.round(game * ONE).astype(np.int64)])
    costs = tableau.first_costs()
    tableau.maximise(costs)
    tableau.hold(costs, Fraction(tie))
    for action in range(tableau.k):
        costs = tableau.costs_of(action)
        tableau.maximise(costs)
        tableau.hold(costs, Fraction(0))
    value, strategy = tableau.solution()
    return float(value), np.array([float(p) for p in strategy])


class _Integers:
    """One linear program: rows over a common denominator, columns k strategies, m slacks, limit.

    Rows read `Σ_b A(a, b) q(b) + slack(a) = 1`. The entries of A are 2^52 times those of `simplex`,
    so q is 2^-52 times its q, and the slacks are the same.
    """

    def __init__(self, game: list[Row]) -> None:
        self.m, self.k = len(game), len(game[0])
        self.rows: list[Row] = [
            [*row, *(int(i == j) for j in range(self.m)), 1] for i, row in enumerate(game)
        ]
        self.basis = list(range(self.k, self.k + self.m))
        self.allowed = [True] * (self.k + self.m)
        self.denominator = 1

    def first_costs(self) -> Row:
        """Reduced costs of maximising Σ q at the slack basis."""
        return [*([-1] * self.k), *([0] * (self.m + 1))]

    def costs_of(self, column: int) -> Row:
        """Reduced costs of maximising one variable: its row where it is basic."""
        width = self.k + self.m + 1
        row = self.rows[self.basis.index(column)] if column in self.basis else [0] * width
        return [t - self.denominator * (j == column) for j, t in enumerate(row)]

    def maximise(self, costs: Row) -> None:
        """Pivot by Bland's rule until no allowed column has a negative reduced cost; in place."""
        while True:
            entering = [j for j, ok in enumerate(self.allowed) if ok and costs[j] < 0]
            if not entering:
                return
            column = entering[0]
            usable = [i for i, row in enumerate(self.rows) if row[column] > 0]
            leaving = min(
                usable,
                key=lambda i: (Fraction(self.rows[i][-1], self.rows[i][column]), self.basis[i]),
            )
            self._pivot(costs, leaving, column)

    def hold(self, costs: Row, slack: Fraction) -> None:
        """Keep columns at zero whose entry would cost more than `slack`, in units of `simplex`."""
        limits = [slack * self.denominator] * self.k + [slack * self.denominator / ONE] * self.m
        self.allowed = [
            ok and cost <= limit
            for ok, cost, limit in zip(self.allowed, costs[:-1], limits, strict=True)
        ]

    def solution(self) -> tuple[Fraction, list[Fraction]]:
        """The value, in units of `simplex`, and the strategy, q divided by its sum."""
        q = [0] * (self.k + self.m)
        for row, column in zip(self.rows, self.basis, strict=True):
            q[column] = row[-1]
        total = sum(q[: self.k])
        return Fraction(self.denominator, total * ONE), [Fraction(x, total) for x in q[: self.k]]

    def _pivot(self, costs: Row, leaving: int, column: int) -> None:
        pivot_row, denominator = self.rows[leaving], self.denominator
        pivot = pivot_row[column]

        def eliminated(row: Row) -> Row:
            factor = row[column]
            return [
                (t * pivot - factor * p) // denominator for t, p in zip(row, pivot_row, strict=True)
            ]

        self.rows = [row if i == leaving else eliminated(row) for i, row in enumerate(self.rows)]
        costs[:] = eliminated(costs)
        self.basis[leaving] = column
        self.denominator = pivot
