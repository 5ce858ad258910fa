"""Independent linear games of n players, the PettingZoo way.

>>> from mail_envs import independent_linear_v0
>>> env = independent_linear_v0.parallel_env(seed=3)
>>> env.possible_agents, env.feature_map("player_2").dimension
(['player_0', 'player_1', 'player_2'], 12)
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
        features: `"own"`, φ_i, or `"one-hot"` of (s, a).
        game: further keywords of `library.independent_linear`.
    """
    model = library.independent_linear(seed, **game)
    maps = library.named_features(model, features)
    text = block_text(model)
    return Setting(model, name="independent_linear_v0", feature_maps=maps, text=text)


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
