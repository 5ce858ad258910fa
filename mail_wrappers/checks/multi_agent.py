"""Checks of multi-agent environments: what views and recorders rest on.

An environment is played at random, legally, twice with each seed. A **trail** is one fingerprint
for every turn of an episode: what agents saw, were paid, and how they ended.
"""

from typing import cast

from gymnasium import spaces
from pettingzoo import ParallelEnv

from mail_wrappers.checks.aec import play_turns
from mail_wrappers.checks.contract import first_difference, require
from mail_wrappers.checks.parallel import play_rounds
from mail_wrappers.checks.scalars import check_play
from mail_wrappers.options import check_multi_agent
from mail_wrappers.others import MultiAgentEnv

__all__ = ["check_multi_agent_env"]


def check_multi_agent_env(
    env: MultiAgentEnv, *, episodes: int = 3, most_steps: int = 1000, seed: int = 0
) -> None:
    """Check that an environment keeps PettingZoo's contract, AEC or parallel.

    - Agents are distinct names; their spaces are the same objects whenever asked for.
    - Observations lie in their space; masks hold 0 and 1 and allow something; legal actions are
      accepted; what agents are paid are finite numbers; ends are told as truth values.
    - In turn: an agent at its turn is told the sum of what it was paid since its last. It leaves
      by its own `None` step after its end, and nobody else does; the episode is over when all left.
    - At once: every answer holds every agent that acted; who ended is gone and who did not is not.
    - Whoever left stays away until `reset`.
    - The same seed gives the same episode, byte for byte, whatever was played in between.

    Args:
        env: a PettingZoo environment.
        episodes: how many are played, twice each.
        most_steps: where an episode is broken off.
        seed: of the first episode, and of the actions; the others follow it.

    Raises:
        ContractError: the first promise that is broken: where, what was expected, what came.
    """
    check_multi_agent(env, named=False)
    seed = check_play(episodes, most_steps, seed)
    _check_agents(env)
    for agent in env.possible_agents:
        _check_spaces(env, agent)
    seeds = range(seed, seed + episodes)
    first = [_play(env, number, most_steps) for number in seeds]
    for number, trail in zip(seeds, first, strict=True):
        again = _play(env, number, most_steps)
        step = first_difference(trail, again)
        where = f"seed {number} played again, turn {step}"
        require(step is None, where, "what was seen and paid the first time", "something else")


def _play(env: MultiAgentEnv, seed: int, most_steps: int) -> list[bytes]:
    if isinstance(env, ParallelEnv):
        return play_rounds(env, seed=seed, most_steps=most_steps)
    return play_turns(env, seed=seed, most_steps=most_steps)


def _check_agents(env: MultiAgentEnv) -> None:
    names = list(getattr(env, "possible_agents", None) or ())
    require(names, "possible_agents", "at least one agent", names)
    require(len(set(names)) == len(names), "possible_agents", "distinct agents", names)


def _check_spaces(env: MultiAgentEnv, agent: str) -> None:
    for kind, ask in (("observation", env.observation_space), ("action", env.action_space)):
        where = f"{kind} space of {agent}"
        space = cast("object", ask(agent))
        require(isinstance(space, spaces.Space), where, "a Gymnasium space", space)
        require(ask(agent) is space, where, "the same object whenever asked for", "another")
