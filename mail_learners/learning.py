"""One door to every learner: `learn(name, environment, games=…, seed=…)`."""

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
from mail_learners.dqn_explore import ExploreConfig, dqn_explore
from mail_learners.environments import Environment, Setting, setting_of
from mail_learners.gathering import explore_in_turn, explore_with, self_play, stream_seed
from mail_wrappers import (
    CountedExpert,
    Demonstrations,
    QueryBudget,
    RandomOpening,
    RecordDemonstrations,
)

__all__ = ["LEARNERS", "Options", "Result", "clone_all", "gather", "learn"]


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


@dataclass(frozen=True, eq=False)
class Result:
    """What a learner ends with.

    Attributes:
        policies: agent → learned policy, callable as `nash_gap` takes it.
        demonstrations: the experts' recorded decisions.
        queries: the questions put to experts while gathering them.
    """

    policies: dict[str, ClonedPolicy]
    demonstrations: Demonstrations
    queries: int


@dataclass(frozen=True)
class Learner:
    """A named way to gather demonstrations; cloning is common to all."""

    summary: str
    gather: Callable[[Setting, int, int, Options, QueryBudget], Demonstrations]


def learn(
    name: str,
    environment: Environment,
    *,
    games: int,
    seed: int,
    experts: Mapping[str, Policy] | None = None,
    options: Options | None = None,
    **changes: Any,  # noqa: ANN401 - fields of Options, of several types
) -> Result:
    """Learn a joint policy by watching experts.

    Args:
        name: one of `LEARNERS`.
        environment: an id of PettingZoo's or Gymnasium's registry, a game, or a callable that
            makes a multi-agent environment.
        games: the games that each explorer plays; for `bc…`, the games recorded.
        seed: of everything random; the same arguments give the same result.
        experts: one per agent; None for the environment's own.
        options: see `Options`; None for its defaults.
        changes: single fields of `Options` by name, for example `features="network"`.

    Raises:
        UnknownNameError: an unknown learner, environment, feature map or option.
        ValueError: less than one game.
    """
    setting = setting_of(environment, experts)
    settings = _options(options, changes)
    budget = QueryBudget()
    demonstrations = gather(name, setting, games=games, seed=seed, options=settings, budget=budget)
    policies = clone_all(setting, demonstrations, seed=seed, options=settings)
    return Result(policies, demonstrations, queries=budget.used)


def gather(
    name: str, setting: Setting, *, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    """The first half of `learn`: what the experts do while the learner's explorers play.

    The first n games of a longer run are the games of a run of n: `Demonstrations.first`. Every
    recorded decision is one query, charged to `budget`.
    """
    if name not in LEARNERS:
        raise UnknownNameError(f"learner: expected one of {sorted(LEARNERS)}, came {name!r}")
    if games < 1:
        raise ValueError(f"games: expected at least 1, came {games!r}")
    return LEARNERS[name].gather(setting, games, seed, options, budget)


def clone_all(
    setting: Setting, demonstrations: Demonstrations, *, seed: int, options: Options
) -> dict[str, ClonedPolicy]:
    """The second half of `learn`: clone every agent's expert from its recorded decisions."""
    return {
        agent: clone(
            demonstrations.of(agent),
            seed=stream_seed(seed, index),
            config=options.clone,
            augment=setting.augment if options.symmetry else None,
        )
        for index, agent in enumerate(setting.agents)
    }


def _options(options: Options | None, changes: dict[str, Any]) -> Options:
    known = sorted(Options.__dataclass_fields__)
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise UnknownNameError(f"options: expected some of {known}, came {unknown}")
    return replace(options or Options(), **changes)


# ---- ways to gather


def _self_play(
    setting: Setting,
    games: int,
    seed: int,
    options: Options,
    budget: QueryBudget,
    *,
    ties: str = "as given",
    openings: bool = False,
) -> Demonstrations:
    experts = setting.experts if ties == "as given" else _tied_alike(setting)
    env = setting.make()
    if openings:
        # A spawn key: (seed, number) are the streams of the episodes.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        env = RandomOpening(env, options.opening_plies, rng=rng)
    recorder = RecordDemonstrations(env)
    counted = {agent: CountedExpert(expert, budget) for agent, expert in experts.items()}
    self_play(recorder, counted, games=games, seed=seed)
    return recorder.demonstrations


def _tied_alike(setting: Setting) -> dict[str, Policy]:
    """The perfect experts that play all best actions alike."""
    if not isinstance(setting.game, LineGame):
        raise MissingTruthError(
            "bc-random-ties: expected an environment over a board game, which knows what ties are"
        )
    return dict.fromkeys(setting.agents, PerfectExpert(setting.game, ties="uniform"))


def _uniform(
    setting: Setting, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    del options
    explore = explore_with(uniform_policy)
    return explore_in_turn(
        setting.make, setting.experts, explore, games=games, seed=seed, budget=budget
    )


def _dqn(
    setting: Setting, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    features = None if options.features == "network" else setting.features(options.features)
    explore = dqn_explore(features, options.explore)
    return explore_in_turn(
        setting.make, setting.experts, explore, games=games, seed=seed, budget=budget
    )


LEARNERS = {
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
"""The learners by name."""
