r"""Coarse correlated equilibria of games with a horizon, by backward induction.

A joint distribution σ over actions is a **coarse correlated equilibrium** of a stage game with
payoffs `Q_i` if nobody gains by committing to an action before being told its recommendation:

.. math:: \sum_a \sigma(a) \, [ Q_i(a_i', a_{-i}) - Q_i(a) ] \le 0 \qquad
          \text{for all players } i \text{ and actions } a_i'.

Every game has one, as these are linear inequalities that each Nash equilibrium satisfies. Playing
one at every stage, with the values of what follows, is one of the whole game. It is a *joint*
distribution: the product of its marginals is in general no equilibrium at all (in the game of
chicken obeying a fair coin is one, and tossing two coins is not).

Of each stage's equilibria the one with the largest sum of payoffs is taken, by a linear program
(HiGHS) whose payoffs are shifted and scaled first. Its sum is determined; where several
distributions reach it, which of them comes may depend on the solver's version.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mail_envs.errors import UnsolvedGameError
from mail_envs.markov.best_response import cce_gap
from mail_envs.markov.dynamics import lift
from mail_envs.markov.equilibrium import stage_payoffs
from mail_envs.markov.model import MarkovGame
from mail_envs.protocols import FloatArray
from mail_envs.truth import BestResponse, NashGap

__all__ = ["CorrelatedEquilibrium", "coarse_correlated_equilibrium"]

FEASIBILITY = 1e-10
"""HiGHS's tolerance on the scaled inequalities; the least that it accepts."""


@dataclass(frozen=True, eq=False)
class CorrelatedEquilibrium:
    """A coarse correlated equilibrium, alike within blocks.

    Attributes:
        game: whose equilibrium it is.
        block_joint: `(H, M, A_1, …, A_n)`, read-only.
        block_values: `(n, H, M)`, read-only.
    """

    game: MarkovGame
    block_joint: FloatArray
    block_values: FloatArray

    def __post_init__(self) -> None:
        for array in (self.block_joint, self.block_values):
            array.setflags(write=False)

    @cached_property
    def joint(self) -> FloatArray:
        """The joint distributions, `(H, S, A_1, …, A_n)`, read-only."""
        joint = lift(self.game.dynamics, self.block_joint, axis=1)
        joint.setflags(write=False)
        return joint

    @cached_property
    def state_values(self) -> FloatArray:
        """V of every player: `(n, H, S)`, read-only."""
        values = lift(self.game.dynamics, self.block_values, axis=2)
        values.setflags(write=False)
        return values

    @cached_property
    def values(self) -> FloatArray:
        """V of every player at the start: `(n,)`, read-only."""
        values = self.block_values[:, 0] @ self.game.by_block.initial_distribution
        values.setflags(write=False)
        return values

    @cached_property
    def gap(self) -> NashGap:
        """How much each player gains by ignoring its recommendations: zero up to the solver's."""
        gap = cce_gap(self.game.by_block, self.block_joint)
        responses = tuple(
            BestResponse(r.player, r.value, lift(self.game.dynamics, r.policy, axis=-2))
            for r in gap.best_responses
        )
        return NashGap(gap.per_player, gap.values, responses)


def coarse_correlated_equilibrium(game: MarkovGame) -> CorrelatedEquilibrium:
    """The coarse correlated equilibrium with the largest sum of payoffs at every stage.

    Args:
        game: any game with a horizon.

    Raises:
        UnsolvedGameError: a discounted game.
    """
    if game.horizon is None:
        raise UnsolvedGameError(f"{game!r}: expected a horizon, came a discount")
    small, n = game.by_block, game.num_players
    joint = np.empty((game.horizon, small.num_states, *game.num_actions))
    values = np.empty((n, game.horizon, small.num_states))
    following = np.zeros((n, small.num_states))
    for h in reversed(range(game.horizon)):
        payoffs = stage_payoffs(small, h, following)  # i z a
        for z in range(small.num_states):
            joint[h, z] = _stage_equilibrium(payoffs[:, z])
        values[:, h] = (payoffs * joint[h]).reshape(n, small.num_states, -1).sum(axis=-1)
        following = values[:, h]
    return CorrelatedEquilibrium(game, joint, values)


def _stage_equilibrium(payoffs: FloatArray) -> FloatArray:
    """One stage's distribution: `(n, A_1, …, A_n)` → `(A_1, …, A_n)`."""
    from scipy.optimize import linprog  # noqa: PLC0415 - scipy is slow to import

    shape = payoffs.shape[1:]
    gains = np.concatenate([_gains(_normalised(q), i) for i, q in enumerate(payoffs)])  # (ia', a)
    welfare = _normalised(payoffs.sum(axis=0)).reshape(-1)
    result = linprog(
        -welfare,
        A_ub=gains,
        b_ub=np.zeros(len(gains)),
        A_eq=np.ones((1, welfare.size)),
        b_eq=[1.0],
        method="highs",
        options={
            "primal_feasibility_tolerance": FEASIBILITY,
            "dual_feasibility_tolerance": FEASIBILITY,
        },
    )
    if result.x is None:
        raise UnsolvedGameError(f"the stage's linear program ended with: {result.message}")
    weights = np.maximum(np.asarray(result.x, dtype=np.float64), 0)
    return (weights / weights.sum()).reshape(shape)


def _gains(payoff: FloatArray, player: int) -> FloatArray:
    """Q_i(a_i', a_-i) - Q_i(a): `(A_1, …, A_n)` → `(A_i, A_1⋯A_n)`."""
    deviated = np.moveaxis(payoff, player, 0)  # a_i' a_-i
    spread = np.broadcast_to(np.expand_dims(deviated, 1 + player), (len(deviated), *payoff.shape))
    return (spread - payoff).reshape(len(deviated), -1)


def _normalised(payoff: FloatArray) -> FloatArray:
    """Shifted and scaled into [0, 1]; all zero where constant."""
    shifted = payoff - payoff.min()
    largest = float(shifted.max())
    return shifted / largest if largest > 0 else shifted
