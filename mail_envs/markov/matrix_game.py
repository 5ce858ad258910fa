r"""Zero-sum matrix games, exactly and many at once.

The row player maximises and the column player minimises `xᵀ G y`; the value is

.. math:: v = \max_x \min_b (x^\top G)_b = \min_y \max_a (G y)_a.

Values come from a saddle point where there is one, from the closed form of 2 × 2 games, and
otherwise from a simplex method of our own (`mail_envs.markov.simplex`) on the shifted and scaled
matrix. Every result is certified by what the strategies guarantee; where rounding spoilt one, the
game is solved again in integers (`mail_envs.markov.exact_simplex`). No external solver is used, so
nothing depends on a solver's version.

**Ties.** Optimal strategies are often many. Which one is returned is defined by the game alone:

- `"lexicographic"`: the optimal pure action of lowest index where the player has one; otherwise
  the optimal mixed strategy that is lexicographically largest, that is, gives action 0 the most
  probability that an optimal strategy can, then action 1, and so on.
- `"uniform"`: all optimal pure actions alike where the player has one; otherwise as above.

An action counts as optimal if it guarantees the value up to a tolerance. So that rounding in the
entries decides nothing, strategies are chosen after the entries are rounded to a multiple of
2⁻⁴² of the largest; values are not rounded. Any such rule is discontinuous in G, and the order of
actions matters: values are invariant under relabelling, strategies are not.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import ShapeError, UnknownNameError
from mail_envs.markov.checks import check_finite
from mail_envs.markov.exact_simplex import exact_minimiser
from mail_envs.markov.simplex import lexicographic_strategies, optimal_strategies
from mail_envs.protocols import FloatArray

__all__ = ["TIES", "MatrixSolution", "Ties", "matrix_game_values", "solve_matrix_games"]

Ties: TypeAlias = Literal["lexicographic", "uniform"]
"""Which of several optimal strategies: the lexicographically first, or their uniform mixture."""
TIES = ("lexicographic", "uniform")
"""The rules for ties, by name."""

TIE_TOLERANCE = 2.0**-38
"""How much less than the value an optimal action may guarantee, relative to the largest entry."""

CERTIFIED = 1e-12
"""Within what a floating-point result is certified, relative to the range of the entries."""

QUANTUM = 2.0**-42
"""To what entries are rounded before strategies are chosen, relative to the largest entry."""


@dataclass(frozen=True, eq=False)
class MatrixSolution:
    """Values and one optimal strategy for each player of a batch of games; read-only."""

    values: FloatArray  # (B,)
    rows: FloatArray  # (B, m), of the maximiser
    columns: FloatArray  # (B, k), of the minimiser

    def __post_init__(self) -> None:
        for array in (self.values, self.rows, self.columns):
            array.setflags(write=False)


def matrix_game_values(matrices: ArrayLike) -> FloatArray:
    """The values of zero-sum matrix games.

    Args:
        matrices: `(B, m, k)`, what the column player pays the row player.

    Returns:
        `(B,)`, exact to about 1e-12 of the largest entry.

    Raises:
        ShapeError: another number of axes, or no actions.
        InvalidModelError: NaN or infinite entries.

    >>> matrix_game_values([[[3.0, -1.0], [-1.0, 1.0]]])
    array([0.33333333])
    """
    games = _checked(matrices)
    lower, upper = games.min(axis=2).max(axis=1), games.max(axis=1).min(axis=1)
    values = lower.copy()
    mixed = np.flatnonzero(upper - lower > 4 * np.finfo(np.float64).eps * _largest(games))
    if len(mixed):
        small = games.shape[1:] == (2, 2)
        values[mixed] = (_values_2x2 if small else _values_by_simplex)(games[mixed])
    return values


def solve_matrix_games(
    matrices: ArrayLike, *, ties: Ties = "lexicographic", tie_tolerance: float | None = None
) -> MatrixSolution:
    """Values and optimal strategies of zero-sum matrix games.

    Args:
        matrices: `(B, m, k)`, what the column player pays the row player.
        ties: which optimal strategies are returned, see the module.
        tie_tolerance: how much less than the value, in units of the entries, an action may
            guarantee and still count as optimal; None for 2⁻³⁸ of the largest entry.

    Raises:
        ShapeError: another number of axes, or no actions.
        InvalidModelError: NaN or infinite entries.
        UnknownNameError: another tie rule.

    >>> rock_paper_scissors = [[[0, -1, 1], [1, 0, -1], [-1, 1, 0]]]
    >>> solve_matrix_games(rock_paper_scissors).rows.round(6)
    array([[0.333333, 0.333333, 0.333333]])
    """
    if ties not in TIES:
        raise UnknownNameError(f"ties: expected one of {TIES}, came {ties!r}")
    games = _checked(matrices)
    largest = _largest(games)
    tolerance = TIE_TOLERANCE * largest if tie_tolerance is None else float(tie_tolerance)
    values = matrix_game_values(games)
    rounded = _rounded(games, largest)
    rows = _strategies(-rounded.swapaxes(1, 2), -values, ties, tolerance)
    return MatrixSolution(values, rows, _strategies(rounded, values, ties, tolerance))


def _strategies(games: FloatArray, values: FloatArray, ties: Ties, tolerance: float) -> FloatArray:
    """The minimiser's strategies: `(B, m, k)`, `(B,)` → `(B, k)`."""
    optimal = games.max(axis=1) <= values[:, None] + tolerance  # pure actions, (B k)
    pure = optimal.any(axis=1)
    if ties == "uniform":
        strategies = optimal / np.maximum(optimal.sum(axis=1, keepdims=True), 1)
    else:
        strategies = np.eye(games.shape[2])[optimal.argmax(axis=1)]
    if not pure.all():
        scaled, scale = _scaled(games[~pure])
        least = 1 + (values[~pure] - games[~pure].min(axis=(1, 2))) / scale
        strategies[~pure] = _mixed_strategies(scaled, least, tolerance / scale)
    return strategies


def _mixed_strategies(scaled: FloatArray, values: FloatArray, ties: FloatArray) -> FloatArray:
    """The minimiser's of games in [1, 2] whose values are known, certified: `(N, k)`."""
    strategies = lexicographic_strategies(scaled, ties)
    conceded = np.einsum("nab,nb->na", scaled, strategies).max(axis=1)
    allowed = CERTIFIED + (1 + sum(scaled.shape[1:])) * ties  # each held variable may cost a tie
    for n in np.flatnonzero(conceded > values + allowed):
        strategies[n] = exact_minimiser(scaled[n], tie=float(ties[n]))[1]
    return strategies


def _values_2x2(games: FloatArray) -> FloatArray:
    """(ad - bc) / (a + d - b - c) of games [[a, b], [c, d]] without a saddle point."""
    base = games[:, :1, :1]
    (a, b), (c, d) = np.moveaxis(games - base, 0, -1)  # a = 0: differences alone matter
    return base[:, 0, 0] + (a * d - b * c) / (a + d - b - c)


def _values_by_simplex(games: FloatArray) -> FloatArray:
    scaled, scale = _scaled(games)
    rows, columns = optimal_strategies(scaled)
    guaranteed = np.einsum("na,nab->nb", rows, scaled).min(axis=1)
    conceded = np.einsum("nab,nb->na", scaled, columns).max(axis=1)
    values = (guaranteed + conceded) / 2
    for n in np.flatnonzero(conceded - guaranteed > CERTIFIED):
        values[n] = exact_minimiser(scaled[n])[0]
    return games.min(axis=(1, 2)) + (values - 1) * scale


def _scaled(games: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Entries moved into [1, 2], and by what they were divided, a power of two: `(N,)`.

    Powers of two, so that scaling rounds nothing.
    """
    shifted = games - games.min(axis=(1, 2), keepdims=True)
    _, exponents = np.frexp(shifted.max(axis=(1, 2)))
    scale = np.ldexp(1.0, exponents)
    return 1 + shifted / scale[:, None, None], scale


def _rounded(games: FloatArray, largest: float) -> FloatArray:
    _, exponent = np.frexp(largest)
    quantum = np.ldexp(QUANTUM, exponent)
    return np.round(games / quantum) * quantum if largest > 0 else games


def _largest(games: FloatArray) -> float:
    return float(np.abs(games).max(initial=0))


def _checked(matrices: ArrayLike) -> FloatArray:
    games = np.asarray(matrices, dtype=np.float64)
    if games.ndim != 3 or 0 in games.shape[1:]:
        raise ShapeError(f"matrices: expected (B, m, k) with actions, came shape {games.shape}")
    check_finite(games, "matrices", ("B", "a_1", "a_2"))
    return games
