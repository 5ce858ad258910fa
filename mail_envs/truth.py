"""What is exactly true of a game: best responses, exploitability, Nash gap.

With V_i^π the value of joint policy π to player i, player i's **gain** by deviating is

    gain_i(π) = max over π_i' of V_i^(π_i', π_-i)  −  V_i^π  ≥ 0,

the **Nash gap** is their sum (NashConv) or their maximum, as one asks, and zero exactly at a Nash
equilibrium (arXiv 2602.22810, 2510.09325, 2505.17610). The functions here are doors: each family of
games registers its own exact method. Nothing here is sampled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from mail_envs.protocols import FloatArray

__all__ = ["BestResponse", "NashGap", "best_response", "loss_probability", "nash_gap"]

Utility = Callable[[FloatArray], FloatArray]
"""From the returns of the responding player, `(B,)`, to what it wants of them, `(B,)`."""


@dataclass(frozen=True, eq=False)
class BestResponse:
    """A policy that no other beats against the given opponents, and its exact value."""

    player: int
    value: float
    policy: Any
    """Of the kind that the game's `nash_gap` takes: a callable for boards, an array for tables."""


@dataclass(frozen=True, eq=False)
class NashGap:
    """How much players gain by deviating from a joint policy; exact.

    `per_player` and `values` are read-only float64 arrays `(n,)` in player order, in units of
    the game's return; `best_responses` holds one `BestResponse` per player.
    """

    per_player: FloatArray
    values: FloatArray
    best_responses: tuple[BestResponse, ...]

    def __post_init__(self) -> None:
        for name in ("per_player", "values"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def total(self) -> float:
        """The sum of all players' gains (NashConv; the duality gap of a zero-sum game)."""
        return float(self.per_player.sum())

    @property
    def maximum(self) -> float:
        """The largest gain of any player."""
        return float(self.per_player.max())


Policies = Sequence[Any] | Mapping[str, Any]


@singledispatch
def nash_gap(game: object, policies: Policies) -> NashGap:
    """How much each player gains by deviating from `policies`, exactly.

    Args:
        game: a board game (`mail_envs.board.LineGame`) or a Markov game.
        policies: one per player, a sequence in player order or a mapping by agent name. For
            boards callables `(observations, action_masks) -> probabilities`, batched; for Markov
            games arrays `(S, A_i)` or `(H, S, A_i)`.

    Returns:
        An immutable `NashGap`.

    Raises:
        TypeError: a game of an unknown kind.
        InvalidPolicyError: an answer that is no distribution over legal actions.
        ShapeError: an answer, or a number of policies, of the wrong shape.
        UnknownAgentError: a mapping that does not name exactly the game's agents.
        GameTooLargeError: more positions than can be enumerated; an estimate is never given in
            their place. `mail_envs.board.find_mistake` examines deterministic policies there.
    """
    raise _unknown("nash_gap", nash_gap.registry, game)


@singledispatch
def best_response(
    game: object, policies: Policies, player: int | str, utility: Utility | None = None
) -> BestResponse:
    """The best policy of `player` against the others' `policies`, and its exact value.

    Args:
        game: as in `nash_gap`.
        policies: as in `nash_gap`; the entry of `player` itself is not asked and may be None.
        player: index or agent name.
        utility: what the player wants instead of its return; a function from its returns to
            utilities. None: the return itself.

    Raises:
        UnknownAgentError: a player that the game does not have.
        ShapeError, ValueError: utilities of another shape, or infinite ones.
        Exception: as `nash_gap` otherwise.
    """
    raise _unknown("best_response", best_response.registry, game)


@singledispatch
def loss_probability(game: object, policies: Policies, player: int | str) -> float:
    """The largest probability with which anybody can beat `player`'s policy; exact.

    A game that `player` loses is one whose return to it is negative. Arguments as in
    `best_response`; only `player`'s own entry of `policies` is asked.
    """
    raise _unknown("loss_probability", loss_probability.registry, game)


def _unknown(function: str, registry: Mapping[type, object], game: object) -> TypeError:
    known = sorted(kind.__name__ for kind in registry if kind is not object)
    return TypeError(f"{function}: expected a game of {known}, came {type(game).__name__}")
