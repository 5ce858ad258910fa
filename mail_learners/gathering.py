"""Gathering demonstrations: experts against an explorer, each agent exploring in turn.

Each episode has random streams of its own, derived from the seed, the explorer and the episode's
number: the first n episodes of a longer run are the episodes of a run of n.
"""

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from mail_envs.errors import BudgetExhaustedError
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import ask, sample_actions
from mail_wrappers import (
    CountedExpert,
    Demonstrations,
    QueryBudget,
    RecordDemonstrations,
    SingleAgentEnv,
)
from mail_wrappers.columns import stacked
from mail_wrappers.lockstep import action_count
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.streams import stream_seed
from mail_wrappers.tape import seat_of

__all__ = ["Explore", "explore_in_turn", "explore_with"]

MakeEnv = Callable[[], MultiAgentEnv]


class Explore(Protocol):
    """A way to play one agent for a number of episodes in a single-agent view."""

    def __call__(self, view: SingleAgentEnv, *, games: int, seed: int) -> None:
        """Play `games` episodes; what matters is recorded beneath the view."""
        ...


def explore_with(policy: Policy) -> Explore:
    """Explore by a fixed policy, for example the uniform one."""

    def explore(view: SingleAgentEnv, *, games: int, seed: int) -> None:
        action_count(view.env, view.agent)
        seat, who = seat_of(view.env, view.agent), f"the explorer {view.agent}"
        for episode in range(games):
            rng = np.random.default_rng((seed, episode))
            observation, info = view.reset(seed=stream_seed(seed, episode))
            over = False
            while not over:
                seen, mask = seat.look(observation, info, what=view.agent)
                table = ask(
                    policy, stacked([seen], seat.observations), np.asarray(mask)[None], who=who
                )
                action = int(sample_actions(table, rng=rng)[0])
                observation, _, terminated, truncated, info = view.step(action)
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
    agents: Collection[str] | None = None,
) -> Demonstrations:
    """Let each agent explore alone against the others' experts, and record the experts.

    A player is taught by what its expert did while another explored.

    Args:
        make_env: makes the multi-agent environment.
        experts: one per agent.
        explore: how the exploring agent plays.
        games: episodes per explorer.
        seed: of everything random.
        budget: what the experts' moves are charged to. What is left of it is shared equally among
            the explorers still to come; an explorer ends early where its share is spent.
        agents: who is taught; None for all. Whoever teaches none of them does not explore.

    Returns:
        The recordings of all explorers one after the other, each counting episodes from 0.
    """
    taught = set(experts if agents is None else agents)
    explorers = [agent for agent in experts if taught - {agent}]
    parts: list[Demonstrations] = []
    for turn, explorer in enumerate(explorers):
        others = [agent for agent in experts if agent != explorer]
        recorder = RecordDemonstrations(make_env(), [a for a in others if a in taught])
        share = _share(budget, explorers=len(explorers) - turn)
        asked = {a: CountedExpert(experts[a], share, name=f"the expert of {a}") for a in others}
        view = SingleAgentEnv(recorder, explorer, asked)
        with _until_spent(share):
            explore(view, games=games, seed=stream_seed(seed, list(experts).index(explorer)))
        budget.reserve(share.used)
        parts.append(recorder.demonstrations)
    return Demonstrations.merged(parts)


def _share(budget: QueryBudget, *, explorers: int) -> QueryBudget:
    """What the next of so many explorers may spend of a budget."""
    left = budget.remaining
    return QueryBudget(None if left is None else -(-left // explorers))


@contextmanager
def _until_spent(share: QueryBudget) -> Generator[None]:
    """End quietly where the share is spent, and only there."""
    try:
        yield
    except BudgetExhaustedError:
        if share.remaining != 0:
            raise
