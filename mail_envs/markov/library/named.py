"""Feature maps by name, the names that all families share."""

from mail_envs.errors import UnknownNameError
from mail_envs.markov.features import OneHotFeatures
from mail_envs.markov.model import AnyFeatureMap, MarkovGame

__all__ = ["named_features"]


def named_features(
    game: MarkovGame, name: str, known: tuple[str, ...] = ("own", "one-hot")
) -> tuple[AnyFeatureMap, ...]:
    """One feature map per player.

    Args:
        game: the game.
        name: `"own"`, the maps that the game comes with, or `"one-hot"` of (s, a).
        known: the names that the game's family has, for the message.

    Raises:
        UnknownNameError: another name, or `"own"` of a game that comes with none.
    """
    if name == "own" and game.feature_maps is not None:
        return game.feature_maps
    if name == "one-hot":
        return tuple(OneHotFeatures(game.num_states, count) for count in game.num_actions)
    raise UnknownNameError(f"features: expected one of {known}, came {name!r}")
