r"""What one player can make of a game while all the others stay with the experts.

With the others fixed the deviating player j faces a decision problem of its own, on the states that
it can reach at all:

.. math:: K_h(s' \mid s, a_j) = E_{a_{-j} \sim \pi^E_{-j,h}(\cdot|s)} P_h(s' \mid s, a).

Everything about deviations is computed on this problem. Which states can be reached, and which the
experts visit, is read off the *pattern* of K and never off numbers that might have been rounded:
where a state cannot be reached its occupancy is exactly zero.

An *occupancy* here is that of one step h, or the one normalised discounted occupancy; `T` is the
number of occupancies, H or 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import GameTooLargeError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import (
    Dynamics,
    FactoredDynamics,
    aggregate,
    expected_next_value,
    push,
)
from mail_envs.markov.dynamics.factored import NEGATIVE_TOLERANCE
from mail_envs.markov.marginal import expect_against, joint_with, others_policy
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import at_step
from mail_envs.protocols import FloatArray

__all__ = ["KERNEL_LIMIT", "BoolArray", "Deviations", "deviations_of"]

BoolArray = NDArray[np.bool_]
"""Flags."""

KERNEL_LIMIT = 1 << 23
"""How many transition probabilities K may hold (64 MiB)."""

CHUNK = 1 << 22
"""How many numbers are formed at once while K is read off the dynamics (32 MiB)."""


@dataclass(frozen=True, eq=False)
class Deviations:
    """The decision problem of a deviating player; R states, A actions.

    Attributes:
        player: j, who deviates.
        states: the states that any deviation reaches at any time, `(R,)`, ascending.
        kernels: K, `(1 or H, R, A, R)`.
        start: d_0, `(R,)`.
        expert: π^E_j, what j would play, `(1 or H, R, A)`.
        allowed: what j may play when it deviates, `(1 or H, R, A)`.
        horizon: H, or
        discount: γ.
        visits: the experts' occupancy, `(T, R)`, exactly zero where they never are.
        reached: where allowed deviations lead, `(T, R)`.
    """

    player: int
    states: IntArray
    kernels: FloatArray
    start: FloatArray
    expert: FloatArray
    allowed: BoolArray
    horizon: int | None
    discount: float | None
    visits: FloatArray
    reached: BoolArray

    @property
    def num_occupancies(self) -> int:
        """T: H, or 1 where the game is discounted."""
        return self.horizon or 1

    @property
    def is_stationary(self) -> bool:
        """Whether every step is alike."""
        return len(self.kernels) == 1 and len(self.allowed) == 1

    @property
    def unvisited(self) -> BoolArray:
        """Where deviations lead and the experts never are, `(T, R)`."""
        return self.reached & (self.visits == 0)

    def kernel(self, h: int) -> FloatArray:
        """K_h, `(R, A, R)`."""
        return at_step([self.kernels], h)[0]

    def penalty(self, h: int) -> FloatArray:
        """0 for what is allowed and -∞ for what is not, `(R, A)`."""
        return np.where(self.allowed[h if len(self.allowed) > 1 else 0], 0.0, -np.inf)

    def restricted(self, allowed: BoolArray) -> "Deviations":
        """The same problem with fewer actions.

        Args:
            allowed: `(1 or H, S, A)`, over all states of the game; some action in each.
        """
        mine = allowed[:, self.states]
        reached = _supports(self.kernels, mine, self.start, self.horizon, self.discount)
        return replace(self, allowed=mine, reached=reached)


def deviations_of(game: MarkovGame, tables: Sequence[FloatArray], player: int) -> Deviations:
    """The decision problem of `player` against the experts `tables`, every action allowed.

    Args:
        game: any game.
        tables: the experts, `(1 or H, S, A_i)` per player.
        player: j.

    Raises:
        GameTooLargeError: K would hold more than `KERNEL_LIMIT` numbers.
    """
    rest = [table for i, table in enumerate(tables) if i != player]
    alike = game.dynamics.num_steps == 1 and all(len(table) == 1 for table in rest)
    steps = 1 if alike else game.horizon or 1
    others = [others_policy(at_step(rest, h), game.num_states) for h in range(steps)]
    states = np.flatnonzero(_in_reach(game, others, player))
    _check_size(game, steps, len(states), player)
    kernels = np.stack([_kernel(game, h, others[h], player, states) for h in range(steps)])
    start, expert = game.initial_distribution[states], tables[player][:, states]
    allowed = np.ones((1, len(states), game.num_actions[player]), dtype=np.bool_)
    return Deviations(
        player=player,
        states=states,
        kernels=kernels,
        start=start,
        expert=expert,
        allowed=allowed,
        horizon=game.horizon,
        discount=game.discount,
        visits=_occupancy(kernels, expert, start, game.horizon, game.discount),
        reached=_supports(kernels, allowed, start, game.horizon, game.discount),
    )


def _in_reach(game: MarkovGame, others: Sequence[FloatArray], player: int) -> BoolArray:
    """The states that any deviation reaches at any time, `(S,)`."""
    d, floor = game.dynamics, _floor(game.dynamics)
    found = latest = game.initial_distribution > 0
    count = 0 if game.discount == 0 else (game.horizon or game.num_states + 1) - 1
    for h in range(count):
        against = others[h if len(others) > 1 else 0]
        anything = np.ones((game.num_states, game.num_actions[player]))
        joint = joint_with(against, anything, player, game.num_actions)
        weights = latest.reshape(-1, *(1,) * game.num_players) * joint
        latest = push(d, h, aggregate(d, weights)) > floor
        if len(others) == 1 and not (latest & ~found).any():
            return found
        found = found | latest
    return found


def _kernel(
    game: MarkovGame, h: int, others: FloatArray, player: int, states: IntArray
) -> FloatArray:
    """K_h between the given states, `(R, A, R)`."""
    d, floor = game.dynamics, _floor(game.dynamics)
    kernel = np.empty((len(states), game.num_actions[player], len(states)))
    size = max(1, CHUNK // (game.num_states * int(np.prod(game.num_actions))))
    for first in range(0, len(states), size):
        targets = states[first : first + size]
        indicators = np.zeros((len(targets), game.num_states))
        indicators[np.arange(len(targets)), targets] = 1
        table = expected_next_value(d, h, indicators)  # t z a_1 … a_n
        rows = expect_against(d, table, others, player)  # t s a
        kernel[:, :, first : first + size] = np.moveaxis(rows[:, states], 0, -1)
    kernel[kernel <= floor] = 0
    return kernel


def _floor(dynamics: Dynamics) -> float:
    """Up to where a probability is rounding: 0, except where signed measures cancel."""
    signed = isinstance(dynamics, FactoredDynamics) and not dynamics.is_mixture
    return NEGATIVE_TOLERANCE if signed else 0.0


def _check_size(game: MarkovGame, steps: int, reached: int, player: int) -> None:
    numbers = steps * reached * reached * game.num_actions[player]
    if numbers > KERNEL_LIMIT:
        raise GameTooLargeError(
            f"{game!r}: expected at most {KERNEL_LIMIT} transition probabilities among the states "
            f"that deviations of {game.agents[player]} reach, came {numbers} among {reached} "
            "states; only block games with policies and features alike within blocks may be larger"
        )


def _occupancy(
    kernels: FloatArray,
    policy: FloatArray,
    start: FloatArray,
    horizon: int | None,
    discount: float | None,
) -> FloatArray:
    """The occupancies of one policy, `(T, R)`.

    The discounted system I - γPᵀ is diagonally dominant by columns with entries of at most 0 off
    the diagonal: elimination needs no pivoting and never subtracts, so zeros stay exact.
    """
    if discount is not None:
        moves = np.einsum("sa,sat->st", policy[0], kernels[0])
        system = np.eye(len(start)) - discount * moves.T
        return np.asarray(np.linalg.solve(system, (1 - discount) * start))[None]
    visits = np.empty((horizon or 0, len(start)))
    for h in range(len(visits)):
        visits[h] = start
        (own, kernel) = at_step([policy, kernels], h)
        start = np.einsum("s,sa,sat->t", start, own, kernel)
    return visits


def _supports(
    kernels: FloatArray,
    allowed: BoolArray,
    start: FloatArray,
    horizon: int | None,
    discount: float | None,
) -> BoolArray:
    """Where allowed actions lead, `(T, R)`."""
    edges: BoolArray = np.any(allowed[..., None] & (kernels > 0), axis=2)  # (1 or H) s t
    found: BoolArray = np.greater(start, 0)
    if discount is not None:
        latest = found if discount > 0 else np.zeros_like(found)
        while latest.any():
            latest = edges[0][latest].any(axis=0) & ~found
            found = found | latest
        return found[None]
    reached = np.empty((horizon or 0, len(start)), dtype=np.bool_)
    for h in range(len(reached)):
        reached[h] = found
        found = edges[h if len(edges) > 1 else 0][found].any(axis=0)
    return reached
