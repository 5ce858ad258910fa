r"""A simplex method for many small matrix games at once, with a rule for which optimum it returns.

For a matrix `A` with entries in [1, 2], player 2's (the minimiser's) problem is

.. math:: \max_q \sum_b q_b \quad\text{such that}\quad A q \le 1, \; q \ge 0,

whose optimum is one over the value of the game, reached exactly at `q = y / value` for the optimal
strategies `y` (Dantzig 1951). The slack basis is feasible, so there is no first phase.

Among optima the **lexicographically largest** is returned: the most probability on action 0, then
on action 1, and so on. Once the value is found, variables with a positive reduced cost are held at
zero, which leaves exactly the optimal face; then `q_0`, `q_1`, … are maximised over it in turn,
each time shrinking the face. The answer is defined by the game alone, not by the path of pivots.

All games of a batch pivot in step, by Bland's rule, which cannot cycle. At the end the basic system
is solved anew from the original entries, so that pivots leave no rounding behind.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

__all__ = ["lexicographic_strategies", "scaled_values"]

ZERO = 1e-12
"""Below this a reduced cost or a pivot counts as zero; entries of the games are of order one."""

MOVES = 1e-9
"""By how much, in probability, a later action must suffer for an earlier one to be held back."""


@dataclass
class _Tableau:
    """N linear programs in step: columns are k strategies, m slacks, and the right-hand side."""

    rows: FloatArray  # (N, m, k + m + 1)
    basis: IntArray  # (N, m), which column is basic in each row
    allowed: NDArray[np.bool_]  # (N, k + m), columns that may enter

    @classmethod
    def of(cls, games: FloatArray) -> "_Tableau":
        count, m, k = games.shape
        rows = np.zeros((count, m, k + m + 1))
        rows[:, :, :k] = games
        rows[:, :, k : k + m] = np.eye(m)
        rows[:, :, -1] = 1
        basis = np.broadcast_to(np.arange(k, k + m), (count, m)).copy()
        return cls(rows, basis, np.ones((count, k + m), dtype=np.bool_))

    def maximise(self, costs: FloatArray) -> None:
        """Pivot until no allowed column has a negative reduced cost, `(N, k + m + 1)`, in place."""
        active = np.arange(len(self.rows))
        while True:
            entering = (costs[active, :-1] < -ZERO) & self.allowed[active]
            unfinished = entering.any(axis=1)
            active = active[unfinished]
            if not len(active):
                return
            self._pivot(costs, active, entering[unfinished].argmax(axis=1))

    def _pivot(self, costs: FloatArray, active: IntArray, columns: IntArray) -> None:
        each = np.arange(len(active))
        rows = self.rows[active]
        slopes = rows[each, :, columns]  # (n m)
        leaving = _leaving(rows[:, :, -1], slopes, self.basis[active])
        pivot = rows[each, leaving] / slopes[each, leaving, None]
        rows -= slopes[:, :, None] * pivot[:, None, :]
        rows[each, leaving] = pivot
        rows[each, :, columns] = 0
        rows[each, leaving, columns] = 1
        self.rows[active] = rows
        self.basis[active, leaving] = columns
        moved = costs[active]
        moved -= moved[each, columns, None] * pivot
        moved[each, columns] = 0
        costs[active] = moved

    def hold(self, costs: FloatArray, slack: FloatArray | float) -> None:
        """Keep columns at zero whose entry would cost more than `slack`."""
        self.allowed &= costs[:, :-1] <= np.reshape(slack, (-1, 1))

    def costs_of(self, column: int) -> FloatArray:
        """Reduced costs of maximising one variable: its row where it is basic."""
        basic = self.basis == column  # (n m)
        costs = np.where(basic[:, :, None], self.rows, 0.0).sum(axis=1)
        costs[:, column] -= 1
        return costs


def scaled_values(games: FloatArray) -> FloatArray:
    """The values of `(N, m, k)` games with entries in [1, 2]: `(N,)`."""
    tableau = _Tableau.of(games)
    return 1 / _solve_basis(tableau, games).sum(axis=1)


def lexicographic_strategies(games: FloatArray, ties: FloatArray) -> FloatArray:
    """The minimiser's lexicographically largest optimal strategies.

    Args:
        games: `(N, m, k)`, entries in [1, 2].
        ties: `(N,)`, how much worse than optimal a variable's entry may be and still count as
            optimal, in units of the entries.

    Returns:
        `(N, k)`, rows summing to one.
    """
    tableau = _Tableau.of(games)
    costs = _first_costs(tableau, games.shape[2])
    tableau.maximise(costs)
    tableau.hold(costs, np.maximum(ties, ZERO))
    for action in range(games.shape[2]):
        costs = tableau.costs_of(action)
        tableau.maximise(costs)
        tableau.hold(costs, MOVES)
    q = _basic_solution(tableau, games)
    return q / q.sum(axis=1, keepdims=True)


def _first_costs(tableau: _Tableau, strategies: int) -> FloatArray:
    costs = np.zeros((len(tableau.rows), tableau.rows.shape[2]))
    costs[:, :strategies] = -1
    return costs


def _solve_basis(tableau: _Tableau, games: FloatArray) -> FloatArray:
    tableau.maximise(_first_costs(tableau, games.shape[2]))
    return _basic_solution(tableau, games)


def _leaving(limits: FloatArray, slopes: FloatArray, basis: IntArray) -> IntArray:
    """Bland's rule: among rows that bind first, the one whose basic column is lowest."""
    usable = slopes > ZERO
    ratios = np.where(usable, limits / np.where(usable, slopes, 1), np.inf)
    first = ratios <= ratios.min(axis=1, keepdims=True) + ZERO
    return np.where(first & usable, basis, np.iinfo(np.int64).max).argmin(axis=1)


def _basic_solution(tableau: _Tableau, games: FloatArray) -> FloatArray:
    """The solution q at the final basis, from the games' own entries: `(N, k)`."""
    count, m, k = games.shape
    slacks = np.broadcast_to(np.eye(m), (count, m, m))
    columns = np.concatenate([games, slacks], axis=2)
    each = np.arange(count)[:, None]
    system = columns[each, :, tableau.basis].swapaxes(
        1, 2
    )  # (n m m): one column per basic variable
    basic = np.linalg.solve(system, np.ones((count, m, 1)))[:, :, 0]
    q = np.zeros((count, k + m))
    q[each, tableau.basis] = np.maximum(basic, 0)
    return q[:, :k]
