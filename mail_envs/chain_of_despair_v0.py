"""The chain of despair, the PettingZoo way.

>>> from mail_envs import chain_of_despair_v0
>>> env = chain_of_despair_v0.parallel_env(length=5, render_mode="ansi")
>>> observations, infos = env.reset(seed=0)
>>> print(env.render(), end="")
step 0: [s0] s2 s3 s4   s1
"""

from mail_envs.markov import library
from mail_envs.markov.environments import ParallelDoor, TurnDoor, doors
from mail_envs.markov.rendering import chain_picture, chain_text
from mail_envs.markov.setting import Setting

__all__ = ["env", "parallel_env", "setting"]


def setting(length: int = 8, *, discount: float = 0.9) -> Setting:
    """The game and what is known of it.

    Args:
        length: N; the published sizes are 4, 8 and 16.
        discount: γ.
    """
    model = library.chain_of_despair(length, discount=discount)
    return Setting(
        model,
        name="chain_of_despair_v0",
        make_experts=library.chain_experts,
        text=chain_text(model),
        picture=chain_picture(model),
    )


parallel_env: ParallelDoor
"""Make the environment in which all agents move at once, see `doors`."""

env: TurnDoor
"""Make the environment in which agents move in turn, see `doors`."""

parallel_env, env = doors(setting)
