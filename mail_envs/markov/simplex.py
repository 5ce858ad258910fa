r"""A simplex method for many small matrix games at once, with a rule for which optimum it returns.

For a matrix `A` with entries in [1, 2], player 2's (the minimiser's) problem is

.. math:: \max_q \sum_b q_b \quad\text{such that}\quad A q \le 1, \; q \ge 0,

whose optimum is one over the value of the game, reached exactly at `q = y / value` for the optimal
strategies `y` (Dantzig 1951). The slack basis is feasible, so there is no first phase.

Among optima the **lexicographically largest** is returned: the most probability on action 0, then
on action 1, and so on. Once the value is found, variables with a positive reduced cost are held at
zero, which leaves exactly the optimal face; then `q_0`, `q_1`, … are maximised over it in turn,
each time shrinking the face. The answer is defined by the game alone, not by the path of pivots.

All games of a batch pivot in step: the lowest column that helps enters, and of the rows that bind
first the one with the largest pivot leaves. At the end the basic system is solved anew from the
original entries, for both players. In floating point none of this is safe for every game, so
results are to be *certified* by what the strategies guarantee; `mail_envs.markov.exact_simplex`
serves the games that fail.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mail_envs.markov.checks import IntArray
from mail_envs.protocols import FloatArray

__all__ = ["lexicographic_strategies", "optimal_strategies"]

ZERO = 1e-12
"""Below this a reduced cost or a pivot counts as zero; entries of the games are of order one."""

PIVOTS = 20
"""How many pivots a game may take per column; a handful in all is usual."""

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
        """Pivot until no allowed column has a negative reduced cost, `(N, k + m + 1)`, in place.

        Games that take unusually long, which rounding may have sent in circles, are left as they
        are.
        """
        active = np.arange(len(self.rows))
        for _ in range(PIVOTS * costs.shape[1]):
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
        leaving = _leaving(rows[:, :, -1], slopes)
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


def optimal_strategies(games: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Optimal strategies of both players, any of them, to be certified by the caller.

    Args:
        games: `(N, m, k)`, entries in [1, 2].

    Returns:
        The maximiser's, `(N, m)`, and the minimiser's, `(N, k)`.
    """
    tableau = _Tableau.of(games)
    tableau.maximise(_first_costs(tableau, games.shape[2]))
    return _dual_solution(tableau, games), _basic_solution(tableau, games)


def lexicographic_strategies(games: FloatArray, ties: FloatArray) -> FloatArray:
    """The minimiser's lexicographically largest optimal strategies, to be certified by the caller.

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
    return _basic_solution(tableau, games)


def _first_costs(tableau: _Tableau, strategies: int) -> FloatArray:
    costs = np.zeros((len(tableau.rows), tableau.rows.shape[2]))
    costs[:, :strategies] = -1
    return costs


def _leaving(limits: FloatArray, slopes: FloatArray) -> IntArray:
    """Among rows that bind first, the one with the largest pivot."""
    usable = slopes > ZERO
    ratios = np.where(usable, limits / np.where(usable, slopes, 1), np.inf)
    first = usable & (ratios <= ratios.min(axis=1, keepdims=True) + ZERO)
    return np.where(first, slopes, -np.inf).argmax(axis=1)


def _systems(tableau: _Tableau, games: FloatArray) -> FloatArray:
    """The basic columns from the games' own entries, `(N, m, m)`; identities where singular."""
    count, m, _ = games.shape
    slacks = np.broadcast_to(np.eye(m), (count, m, m))
    columns = np.concatenate([games, slacks], axis=2)
    systems = columns[np.arange(count)[:, None], :, tableau.basis].swapaxes(1, 2)
    singular = np.linalg.det(systems) == 0
    return np.where(singular[:, None, None], slacks, systems)


def _basic_solution(tableau: _Tableau, games: FloatArray) -> FloatArray:
    """The solution q at the final basis, divided by its sum: `(N, k)`."""
    count, m, k = games.shape
    basic = np.linalg.solve(_systems(tableau, games), np.ones((count, m, 1)))[:, :, 0]
    q = np.zeros((count, k + m))
    q[np.arange(count)[:, None], tableau.basis] = basic
    return _distribution(q[:, :k])


def _dual_solution(tableau: _Tableau, games: FloatArray) -> FloatArray:
    """The prices of the rows at the final basis, divided by their sum: `(N, m)`."""
    paid = (tableau.basis < games.shape[2]).astype(np.float64)[:, :, None]  # Σ q counts strategies
    prices = np.linalg.solve(_systems(tableau, games).swapaxes(1, 2), paid)[:, :, 0]
    return _distribution(prices)


def _distribution(weights: FloatArray) -> FloatArray:
    """Weights divided by their sum, those below zero by rounding left out."""
    positive = np.maximum(weights, 0)
    positive[:, 0] += positive.sum(axis=1) == 0
    return positive / positive.sum(axis=1, keepdims=True)
