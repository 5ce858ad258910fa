"""The lower-bound games, the PettingZoo way.

>>> from mail_envs import lower_bound_v0
>>> env = lower_bound_v0.parallel_env(concentrability=1000.0)
>>> env.expert("player_1").table[0, 0].tolist()
[0.999, 0.001]
"""

from functools import partial
from typing import Any, Literal

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.rendering import lower_bound_picture, lower_bound_text
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(
    variant: Literal["plain", "separating", "matrix"] = "plain",
    *,
    concentrability: float = 2.0,
    reach: tuple[float, float] | None = None,
    **game: Any,
) -> Setting:
    """The game and what is known of it.

    Args:
        variant: see `library.lower_bound`.
        concentrability: C ≥ 1, which sets the moves' reach and the expert's mixing by
            `library.dial`; not of `"separating"`, whose expert has no choice.
        reach: instead of the dial's.
        game: further keywords of `library.lower_bound`.
    """
    dialled = library.dial(concentrability)
    model = library.lower_bound(variant, reach=reach or dialled.reach, **game)
    mixing = None if variant == "separating" else dialled.mixing
    return Setting(
        model,
        name="lower_bound_v0",
        make_experts=partial(library.lower_bound_experts, mixing=mixing),
        text=lower_bound_text(model),
        picture=lower_bound_picture(model),
    )


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
