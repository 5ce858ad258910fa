"""Random linear games, the PettingZoo way.

>>> from mail_envs import random_linear_v0
>>> env = random_linear_v0.parallel_env(seed=3, states=50)
>>> env.game.dimension, env.game.features.shape
(5, (1, 50, 2, 2, 5))
"""

from typing import Any

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.library.linear import LinearFeatures
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(seed: int = 0, *, features: LinearFeatures = "one-hot", **game: Any) -> Setting:
    """The game and what is known of it.

    Args:
        seed: of the game.
        features: the feature maps, see `library.linear_features`.
        game: further keywords of `library.random_linear`.
    """
    model = library.random_linear(seed, **game)
    maps = library.linear_features(model, features)
    return Setting(model, name="random_linear_v0", feature_maps=maps)


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
