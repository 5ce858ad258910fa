"""Additive games, the PettingZoo way.

>>> from mail_envs import additive_linear_v0
>>> env = additive_linear_v0.parallel_env(seed=3)
>>> env.feature_map("player_0").dimension, env.game.dimension
(5, 10)
"""

from typing import Any

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.library.additive import AdditiveFeatures
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(seed: int = 0, *, features: AdditiveFeatures = "own", **game: Any) -> Setting:
    """The game and what is known of it.

    Args:
        seed: of the game.
        features: the feature maps, see `library.additive_features`.
        game: further keywords of `library.additive_linear`.
    """
    model = library.additive_linear(seed, **game)
    maps = library.additive_features(model, features)
    return Setting(model, name="additive_linear_v0", feature_maps=maps)


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
