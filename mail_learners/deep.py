"""Learners of any environment that takes turns: gather demonstrations, then clone by a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from mail_envs.board import LineGame
from mail_envs.errors import MissingTruthError, UnknownNameError
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import uniform_policy
from mail_learners.cloning import CloneConfig, ClonedPolicy, clone
from mail_learners.dqn_explorer import ExploreConfig, dqn_explore
from mail_learners.environments import Problem
from mail_learners.gathering import explore_in_turn, explore_with, stream_seed
from mail_learners.results import Result
from mail_wrappers import (
    CountedExpert,
    Demonstrations,
    QueryBudget,
    RandomOpening,
    record,
)

__all__ = ["DEEP_LEARNERS", "Options", "clone_all", "deep_options", "gather", "learn_deep"]


@dataclass(frozen=True)
class Options:
    """What a learner may be told beyond its name.

    Attributes:
        features: of the novelty, for `dqn-explore-bc`: a name of the environment's feature maps,
            or `"network"` for the explorer's own penultimate layer.
        explore: how the deep explorer learns.
        clone: how clones are trained.
        symmetry: whether clones are taught the symmetric images of every decision, where the
            environment's symmetries are known.
        opening_plies: the longest random opening, for `bc-random-openings`.
    """

    features: str = "afterstates"
    explore: ExploreConfig = field(default_factory=ExploreConfig)
    clone: CloneConfig = field(default_factory=CloneConfig)
    symmetry: bool = True
    opening_plies: int = 4


@dataclass(frozen=True)
class Learner:
    """A named way to gather demonstrations; cloning is common to all."""

    summary: str
    gather: Callable[[Problem, int, int, Options, QueryBudget], Demonstrations]


def learn_deep(
    name: str,
    problem: Problem,
    *,
    games: int,
    seed: int,
    options: Options,
) -> Result:
    """Gather demonstrations, then clone every agent's expert; see `mail_learners.learn`."""
    budget = QueryBudget()
    demonstrations = gather(name, problem, games=games, seed=seed, options=options, budget=budget)
    policies = clone_all(problem, demonstrations, seed=seed, options=options)
    return Result(dict(policies), demonstrations, queries=budget.used)


def gather(
    name: str, problem: Problem, *, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    """The first half of `learn`: what the experts do while the learner's explorers play.

    The first n games of a longer run are the games of a run of n: `Demonstrations.first`. Every
    recorded decision is one query, charged to `budget`.
    """
    if name not in DEEP_LEARNERS:
        raise UnknownNameError(f"learner: expected one of {sorted(DEEP_LEARNERS)}, came {name!r}")
    if games < 1:
        raise ValueError(f"games: expected at least 1, came {games!r}")
    return DEEP_LEARNERS[name].gather(problem, games, seed, options, budget)


def clone_all(
    problem: Problem, demonstrations: Demonstrations, *, seed: int, options: Options
) -> dict[str, ClonedPolicy]:
    """The second half of `learn`: clone every agent's expert from its recorded decisions."""
    return {
        agent: clone(
            demonstrations.of(agent),
            seed=stream_seed(seed, index),
            config=options.clone,
            augment=problem.augment if options.symmetry else None,
        )
        for index, agent in enumerate(problem.agents)
    }


def deep_options(features: str | None, changes: Mapping[str, Any]) -> Options:
    """The defaults with some fields changed.

    Raises:
        UnknownNameError: a field that `Options` does not have.
    """
    known = sorted(set(Options.__dataclass_fields__) - {"features"})
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise UnknownNameError(f"options: expected some of {known}, came {unknown}")
    named = {} if features is None else {"features": features}
    return replace(Options(), **named, **changes)


# ---- ways to gather


def _self_play(
    problem: Problem,
    games: int,
    seed: int,
    options: Options,
    budget: QueryBudget,
    *,
    ties: str = "as given",
    openings: bool = False,
) -> Demonstrations:
    experts = problem.experts if ties == "as given" else _tied_alike(problem)
    env = problem.make()
    if openings:
        # A spawn key: (seed, number) are the streams of the episodes.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        env = RandomOpening(env, options.opening_plies, rng=rng)
    counted = {agent: CountedExpert(expert, budget) for agent, expert in experts.items()}
    return record(env, counted, episodes=games, seed=seed)


def _tied_alike(problem: Problem) -> dict[str, Policy]:
    """The perfect experts that play all best actions alike."""
    if not isinstance(problem.game, LineGame):
        raise MissingTruthError(
            "bc-random-ties: expected an environment over a board game, which knows what ties are"
        )
    return dict.fromkeys(problem.agents, PerfectExpert(problem.game, ties="uniform"))


def _uniform(
    problem: Problem, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    del options
    explore = explore_with(uniform_policy)
    return explore_in_turn(
        problem.make, problem.experts, explore, games=games, seed=seed, budget=budget
    )


def _dqn(
    problem: Problem, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    features = None if options.features == "network" else problem.features(options.features)
    explore = dqn_explore(features, options.explore)
    return explore_in_turn(
        problem.make, problem.experts, explore, games=games, seed=seed, budget=budget
    )


DEEP_LEARNERS = {
    "bc": Learner("clones of the experts' play against each other", _self_play),
    "bc-random-ties": Learner(
        "the same, experts playing all best actions alike", partial(_self_play, ties="uniform")
    ),
    "bc-random-openings": Learner("bc after random openings", partial(_self_play, openings=True)),
    "uniform-bc": Learner("a uniform explorer against the experts, then clones", _uniform),
    "dqn-explore-bc": Learner(
        "a deep explorer on novelty rewards against the experts, then clones", _dqn
    ),
}
"""The learners of environments that take turns, by name."""
