"""Checking what a caller asks of a learner, where it is asked."""

from collections.abc import Collection

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_envs.markov import MarkovGame

__all__ = ["at_least", "episode_length", "one_of", "positive"]


def at_least(lowest: int, value: int, name: str) -> int:
    """`value` as an integer of at least `lowest`.

    Raises:
        InvalidOptionError: anything else.
    """
    if value != int(value) or value < lowest:
        raise InvalidOptionError(f"{name}: expected an integer of at least {lowest}, came {value}")
    return int(value)


def positive(value: float, name: str) -> float:
    """`value`, if it is a positive finite number.

    Raises:
        InvalidOptionError: anything else.
    """
    if not 0 < value < float("inf"):
        raise InvalidOptionError(f"{name}: expected a positive finite number, came {value}")
    return float(value)


def one_of(known: Collection[str], value: str, name: str) -> str:
    """`value`, if it is among `known`.

    Raises:
        UnknownNameError: anything else.
    """
    if value not in known:
        raise UnknownNameError(f"{name}: expected one of {sorted(known)}, came {value!r}")
    return value


def episode_length(game: MarkovGame, horizon: int | None) -> int:
    """How many steps an episode of `game` has while data is gathered.

    Args:
        game: a game with a horizon H, or with a discount γ.
        horizon: None for H, or for `1 / (1 - γ)` rounded, the number of steps in which a
            discounted return is earned; a discounted game takes any other number of steps too.

    Raises:
        InvalidOptionError: below 1, or another horizon than the game's own.
    """
    if game.horizon is None:
        own = max(1, round(1 / (1 - (game.discount or 0.0))))
        return own if horizon is None else at_least(1, horizon, "horizon")
    if horizon is not None and horizon != game.horizon:
        raise InvalidOptionError(
            f"horizon: expected the game's own, {game.horizon}, or None, came {horizon}"
        )
    return game.horizon
