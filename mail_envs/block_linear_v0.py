"""Block games, the PettingZoo way.

>>> from mail_envs import block_linear_v0
>>> env = block_linear_v0.parallel_env(seed=3, states=1000)
>>> observations, infos = env.reset(seed=0)
>>> env.observation_space("player_0"), infos["player_0"]["step"]
(Discrete(1000), 0)
>>> env.feature_map("player_0").dimension
20
"""

from typing import Any

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.rendering import block_text
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(seed: int = 0, *, features: str = "own", **game: Any) -> Setting:
    """The game and what is known of it.

    Args:
        seed: of the game.
        features: `"own"`, one-hot of (z, a), or `"one-hot"` of (s, a).
        game: further keywords of `library.block_linear`.
    """
    model = library.block_linear(seed, **game)
    maps = library.named_features(model, features)
    text = block_text(model)
    return Setting(model, name="block_linear_v0", feature_maps=maps, text=text)


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
