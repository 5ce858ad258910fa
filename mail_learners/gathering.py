"""Gathering demonstrations of experts against an explorer.

Each episode has random streams of its own, derived from the seed, the explorer and the episode's
number: the first n episodes of a longer run are the episodes of a run of n.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from pettingzoo import AECEnv

from mail_envs.protocols import Policy
from mail_envs.protocols.asking import ask, sample_actions
from mail_wrappers import (
    CountedExpert,
    Demonstrations,
    QueryBudget,
    RecordDemonstrations,
    SingleAgentEnv,
)
from mail_wrappers.recorded_play import stream_seed
from mail_wrappers.turns import decision

__all__ = ["Explore", "Progress", "explore_in_turn", "explore_with", "stream_seed"]

MakeEnv = Callable[[], AECEnv[str, Any, Any]]
Progress = Callable[[int], None]
"""Called with the number of episodes done so far."""


class Explore(Protocol):
    """A way to play one agent for a number of episodes in a single-agent view."""

    def __call__(self, view: SingleAgentEnv, *, games: int, seed: int) -> None:
        """Play `games` episodes; what matters is recorded beneath the view."""
        ...


def explore_with(policy: Policy) -> Explore:
    """Explore by a fixed policy, for example the uniform one."""

    def explore(view: SingleAgentEnv, *, games: int, seed: int) -> None:
        for episode in range(games):
            rng = np.random.default_rng((seed, episode))
            view.reset(seed=stream_seed(seed, episode))
            over = False
            while not over:
                seen, mask = decision(view.env, view.agent)
                table = ask(policy, seen[None], mask[None], who=f"the explorer {view.agent}")
                action = int(sample_actions(table, rng=rng)[0])
                _, _, terminated, truncated, _ = view.step(action)
                over = terminated or truncated

    return explore


def explore_in_turn(
    make_env: MakeEnv,
    experts: Mapping[str, Policy],
    explore: Explore,
    *,
    games: int,
    seed: int,
    budget: QueryBudget,
) -> Demonstrations:
    """Let each agent explore alone against the others' experts, and record the experts.

    A player is taught by what its expert did while another explored.

    Args:
        make_env: makes the multi-agent environment.
        experts: one per agent.
        explore: how the exploring agent plays.
        games: episodes per explorer.
        seed: of everything random.
        budget: what the experts' moves are charged to.

    Returns:
        The recordings of all explorers one after the other, each counting episodes from 0.
    """
    parts: list[Demonstrations] = []
    for index, explorer in enumerate(experts):
        others = [agent for agent in experts if agent != explorer]
        recorder = RecordDemonstrations(make_env(), others)
        asked = {a: CountedExpert(experts[a], budget, name=f"the expert of {a}") for a in others}
        view = SingleAgentEnv(recorder, explorer, asked)
        explore(view, games=games, seed=stream_seed(seed, index))
        parts.append(recorder.demonstrations)
    return Demonstrations.merged(parts)
