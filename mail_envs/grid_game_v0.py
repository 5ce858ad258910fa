"""The grid game, the PettingZoo way.

>>> from mail_envs import grid_game_v0
>>> env = grid_game_v0.parallel_env(render_mode="ansi")
>>> observations, infos = env.reset(seed=0)
>>> print(env.render(), end="")
step 0:
. . *
0 . .
. 1 .
"""

from typing import Literal

from mail_envs.errors import UnknownNameError
from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.experts import nash_experts
from mail_envs.markov.library.grid_features import GridFeatures
from mail_envs.markov.rendering import grid_picture, grid_text
from mail_envs.markov.setting import Experts, Setting

__all__ = ["env", "parallel_env", "setting"]

EXPERTS: dict[str, Experts] = {"published": library.grid_experts, "nash": nash_experts}


def setting(
    size: int = 3,
    *,
    expert: Literal["published", "nash"] = "published",
    features: GridFeatures = "one-hot",
    discount: float = 0.9,
) -> Setting:
    """The game and what is known of it.

    Args:
        size: n; the published sizes are 3 and 5.
        expert: `"published"`, of the published sizes alone, or `"nash"`, of `mail_envs.solve`.
        features: the feature maps, see `library.grid_features`.
        discount: γ.

    Raises:
        UnknownNameError: another expert or feature map, or a size without published experts.
    """
    if expert not in EXPERTS:
        raise UnknownNameError(f"expert: expected one of {tuple(EXPERTS)}, came {expert!r}")
    model = library.grid_game(size, discount=discount)
    return Setting(
        model,
        name="grid_game_v0",
        make_experts=EXPERTS[expert],
        feature_maps=library.grid_features(model, features),
        text=grid_text(model),
        picture=grid_picture(model),
    )


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
