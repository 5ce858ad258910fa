r"""Nash equilibria of Markov games, where they can be computed exactly.

**Two-player zero-sum.** With a horizon, backward induction over stage games,

.. math:: G_h(s) = r_{h,1}(s, \cdot) + E V_{h+1}(s'), \qquad V_h(s) = \mathrm{val}\, G_h(s).

Discounted, the Shapley operator `(T V)(s) = val[r_1(s, ·) + γ E V(s')]` is a γ-contraction (Shapley
1953): if a sweep moves no state by more than δ, none is farther than δ γ/(1-γ) from the value of
the game. `shapley_iteration` iterates T alone. `solve` also tries, each round, the exact value of
the stage strategies (Pollatschek and Avi-Itzhak 1969), and takes it only where it beats the
contraction, so that it converges for every game, and mostly within ten rounds.

**Identical interest**, any number of players: the best joint actions of the common problem.

**Any number of players with a horizon**, where every stage game on the way back has an equilibrium
in pure actions (dominant actions, potential games): the one with the largest sum of payoffs, the
first in C order among equals.

Other games raise `UnsolvedGameError`; `coarse_correlated_equilibrium` serves those with a horizon.

Everything is solved on blocks and spread to states: states of one block play alike, which is what
makes the equilibrium of a block game log-linear.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mail_envs.errors import InvalidOptionError, UnsolvedGameError
from mail_envs.markov.best_response import independent_gap
from mail_envs.markov.dynamics import expected_next_value, lift, rewards
from mail_envs.markov.evaluation import (
    DIRECT_LIMIT,
    TOLERANCE,
    discounted_sum,
    fixed_point,
)
from mail_envs.markov.marginal import expect_joint, joint_policy
from mail_envs.markov.matrix_game import (
    TIE_TOLERANCE,
    MatrixSolution,
    Ties,
    matrix_game_values,
    solve_matrix_games,
)
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray
from mail_envs.truth import BestResponse, NashGap

__all__ = ["Equilibrium", "ShapleyValues", "shapley_iteration", "solve"]

Stage = Callable[[FloatArray], tuple[tuple[FloatArray, ...], FloatArray]]
"""From stage payoffs `(n, M, A_1, …, A_n)` to policies `(M, A_i)` and values `(n, M)`."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """A Nash equilibrium in policies that are alike within blocks.

    Attributes:
        game: whose equilibrium it is.
        block_policies: one per player, `(1 or H, M, A_i)`, read-only.
        block_values: `(n, 1 or H, M)`, read-only.
    """

    game: MarkovGame
    block_policies: tuple[FloatArray, ...]
    block_values: FloatArray

    def __post_init__(self) -> None:
        for array in (*self.block_policies, self.block_values):
            array.setflags(write=False)

    @cached_property
    def policies(self) -> tuple[FloatArray, ...]:
        """One read-only table per player, `(H, S, A_i)`, or `(S, A_i)` if discounted."""
        return tuple(self._spread(table, axis=1) for table in self.block_policies)

    @cached_property
    def state_values(self) -> FloatArray:
        """V of every player: `(n, H, S)`, or `(n, S)` if discounted; read-only."""
        return self._spread(self.block_values, axis=2)

    @cached_property
    def values(self) -> FloatArray:
        """V of every player at the start: `(n,)`, read-only."""
        values = self.block_values[:, 0] @ self.game.by_block.initial_distribution
        values.setflags(write=False)
        return values

    @cached_property
    def gap(self) -> NashGap:
        """The exact Nash gap of `policies`: zero up to rounding, and the proof of it."""
        gap = independent_gap(self.game.by_block, self.block_policies)
        responses = tuple(
            BestResponse(r.player, r.value, lift(self.game.dynamics, r.policy, axis=-2))
            for r in gap.best_responses
        )
        return NashGap(gap.per_player, gap.values, responses)

    def _spread(self, table: FloatArray, *, axis: int) -> FloatArray:
        """From blocks to states, without the step axis where there are no steps."""
        spread = lift(self.game.dynamics, table, axis=axis)
        spread = spread.squeeze(axis - 1) if self.game.horizon is None else spread
        spread.setflags(write=False)
        return spread


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """What `shapley_iteration` reached: values by block, and how near they certainly are."""

    values: FloatArray  # (M,), of player 0
    sweeps: int
    error_bound: float
    """No value is farther than this from the value of the game, rounding apart."""


def solve(
    game: MarkovGame, *, ties: Ties = "lexicographic", tie_tolerance: float | None = None
) -> Equilibrium:
    """A Nash equilibrium, exact up to rounding.

    Args:
        game: two-player zero-sum; of identical interest; or with a horizon and equilibria in
            pure actions at every stage.
        ties: which of several optimal strategies a stage of a zero-sum game plays, see
            `mail_envs.markov.matrix_game`.
        tie_tolerance: how much worse than optimal, in units of reward, an action may be at one
            stage and still count as optimal; None for a rounding error.

    Returns:
        An immutable `Equilibrium`, the same on every platform up to rounding.

    Raises:
        UnsolvedGameError: a game of another kind.
        UnknownNameError: another tie rule.
    """

    def minimax(payoffs: FloatArray) -> tuple[tuple[FloatArray, ...], FloatArray]:
        solution = solve_matrix_games(payoffs[0], ties=ties, tie_tolerance=tie_tolerance)
        return (solution.rows, solution.columns), np.stack([solution.values, -solution.values])

    def pure(payoffs: FloatArray) -> tuple[tuple[FloatArray, ...], FloatArray]:
        return _pure_equilibria(payoffs, tie_tolerance)

    small = game.by_block
    if game.is_zero_sum:
        if small.horizon is None:
            values = _zero_sum_values(small)
            return _one_stage(game, np.stack([values, -values]), minimax)
        return _backward_induction(game, minimax)
    if small.horizon is not None:
        return _backward_induction(game, pure)
    if game.is_identical_interest:
        return _one_stage(game, _team_values(small), pure)
    raise UnsolvedGameError(
        f"{game!r}: expected a horizon, zero sum or identical interest, came a discounted game "
        f"of {game.num_players} players with neither"
    )


def shapley_iteration(
    game: MarkovGame, *, tolerance: float = 1e-10, max_sweeps: int = 100_000
) -> ShapleyValues:
    """Value iteration for a discounted two-player zero-sum game, from zero.

    Args:
        game: the game.
        tolerance: sweeps stop once the largest change of a value is below it.
        max_sweeps: or after so many.

    Returns:
        Values by block, `(M,)`, with the number of sweeps and a certified bound on their error.

    Raises:
        UnsolvedGameError: a game of another kind.
        InvalidOptionError: `max_sweeps` below 1.
    """
    if max_sweeps < 1:
        raise InvalidOptionError(f"max_sweeps: expected at least 1, came {max_sweeps}")
    if game.discount is None or not game.is_zero_sum:
        raise UnsolvedGameError(f"expected a discounted two-player zero-sum game, came {game!r}")
    small = game.by_block
    values, sweeps, change = np.zeros(small.num_states), 0, np.inf
    while sweeps < max_sweeps and not change < tolerance:
        swept, _ = _shapley(small, values)
        change = float(np.abs(swept - values).max())
        values, sweeps = swept, sweeps + 1
    return ShapleyValues(values, sweeps, change * game.discount / (1 - game.discount))


def stage_payoffs(game: MarkovGame, h: int, values: FloatArray) -> FloatArray:
    """r_h(z, a) + E V(s'), the second discounted if the game is: `(n, S)` → `(n, M, A_1 … A_n)`."""
    discount = 1.0 if game.discount is None else game.discount
    return rewards(game.dynamics, h) + discount * expected_next_value(game.dynamics, h, values)


def _backward_induction(game: MarkovGame, stage: Stage) -> Equilibrium:
    small, horizon = game.by_block, game.horizon or 0
    policies = tuple(np.empty((horizon, small.num_states, count)) for count in game.num_actions)
    values = np.empty((game.num_players, horizon, small.num_states))
    following = np.zeros((game.num_players, small.num_states))
    for h in reversed(range(horizon)):
        chosen, following = stage(stage_payoffs(small, h, following))
        values[:, h] = following
        for table, policy in zip(policies, chosen, strict=True):
            table[h] = policy
    return Equilibrium(game, policies, values)


def _one_stage(game: MarkovGame, values: FloatArray, stage: Stage) -> Equilibrium:
    """The stationary equilibrium of a discounted game whose values `(n, M)` are known."""
    chosen, reached = stage(stage_payoffs(game.by_block, 0, values))
    return Equilibrium(game, tuple(policy[None] for policy in chosen), reached[:, None])


def _shapley(game: MarkovGame, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """T V, and the stage games on the way: `(M,)` → `(M,)`, `(M, A_1, A_2)`."""
    games = stage_payoffs(game, 0, np.stack([values, -values]))[0]
    return matrix_game_values(games), games


def _zero_sum_values(game: MarkovGame) -> FloatArray:
    """The value of a discounted game by Shapley sweeps, and jumps where they help: `(M,)`.

    In exact arithmetic the change shrinks by γ or more each round; where it no longer shrinks,
    only rounding is left.
    """
    discount, values, previous = game.discount or 0.0, np.zeros(game.num_states), np.inf
    while True:
        swept, games = _shapley(game, values)
        change = float(np.abs(swept - values).max())
        allowed = TOLERANCE * (1 - discount) * float(np.abs(swept).max())
        if change * discount <= allowed or change >= previous:
            return swept
        values = _jump(game, solve_matrix_games(games), swept, discount * change)
        previous = change


def _jump(
    game: MarkovGame, solution: MatrixSolution, swept: FloatArray, promised: float
) -> FloatArray:
    """The exact value of the stage strategies, if T moves it less than `promised`; else T V."""
    if game.dynamics.num_latents > DIRECT_LIMIT:
        return swept
    joint = joint_policy([solution.rows, solution.columns])
    paid = expect_joint(game.dynamics, rewards(game.dynamics, 0)[0], joint)
    jumped = discounted_sum(game, paid, joint)
    moved = float(np.abs(_shapley(game, jumped)[0] - jumped).max())
    return jumped if moved < promised else swept


def _team_values(game: MarkovGame) -> FloatArray:
    """The best discounted values of identical interests: `(n, M)`."""

    def sweep(values: FloatArray) -> FloatArray:
        worth = stage_payoffs(game, 0, np.stack([values] * game.num_players))[0]
        return worth.reshape(game.num_states, -1).max(axis=1)

    values = fixed_point(sweep, np.zeros(game.num_states), discount=game.discount or 0.0)
    return np.stack([values] * game.num_players)


def _pure_equilibria(
    payoffs: FloatArray, tie_tolerance: float | None
) -> tuple[tuple[FloatArray, ...], FloatArray]:
    """Each stage's pure equilibrium with the largest sum, the first in C order among equals."""
    n, stages, *actions = payoffs.shape
    slack = TIE_TOLERANCE * float(np.abs(payoffs).max()) if tie_tolerance is None else tie_tolerance
    stable = np.ones(payoffs.shape[1:], dtype=np.bool_)  # z a
    for i in range(n):
        stable &= payoffs[i] >= payoffs[i].max(axis=1 + i, keepdims=True) - slack
    total = np.where(stable, payoffs.sum(axis=0), -np.inf).reshape(stages, -1)
    if not stable.any(axis=tuple(range(1, n + 1))).all():
        stage = int(np.argmin(stable.reshape(stages, -1).any(axis=1)))
        raise UnsolvedGameError(
            f"expected an equilibrium in pure actions at every stage, found none at block {stage}; "
            "see coarse_correlated_equilibrium"
        )
    chosen = (total >= total.max(axis=1, keepdims=True) - slack).argmax(axis=1)
    policies = tuple(
        np.eye(count)[own]
        for count, own in zip(actions, np.unravel_index(chosen, actions), strict=True)
    )
    return policies, payoffs.reshape(n, stages, -1)[:, np.arange(stages), chosen]
