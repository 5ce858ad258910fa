"""Learners of any multi-agent environment: gather demonstrations, then clone by a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from mail_envs.board import LineGame
from mail_envs.errors import (
    InvalidOptionError,
    MissingTruthError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import FloatArray, Policy
from mail_envs.protocols.asking import uniform_policy
from mail_learners.boards.cloning import BoardCloneConfig, clone_board
from mail_learners.cloning import CloneConfig, clone, weighted
from mail_learners.dagger import Cloner, DaggerConfig, dagger
from mail_learners.dqn_explorer import ExploreConfig, dqn_explore
from mail_learners.environments import Problem
from mail_learners.gathering import Explore, explore_in_turn, explore_with
from mail_learners.results import Result
from mail_learners.rows import FlattenedPolicy, is_plain
from mail_wrappers import Decisions, Demonstrations, QueryBudget, RandomOpening, record
from mail_wrappers.flattening import flatten_batch
from mail_wrappers.streams import stream_seed

__all__ = [
    "DAGGER",
    "DEEP_LEARNERS",
    "Options",
    "clone_all",
    "deep_options",
    "gather",
    "learn_deep",
]

DAGGER = "dagger"
"""The name of DAgger among the learners."""
HASTE = 5
"""Between rounds, clones are trained for so many times fewer steps."""


def _small_board_clones() -> BoardCloneConfig:
    """DAgger clones many times over."""
    return BoardCloneConfig(widths=(128, 128), batch_size=256, steps=800)


@dataclass(frozen=True)
class Options:
    """What a learner may be told beyond its name.

    Attributes:
        agents: who is learned; None for all. The others play by their experts.
        features: of the novelty, for `dqn-explore-bc`: a name of the environment's feature maps,
            or `"network"` for the explorer's own penultimate layer; None for `"afterstates"` on
            boards and `"network"` elsewhere.
        explore: how the deep explorer learns.
        clone: how clones are trained.
        board_clone: how the clones of `dagger` on boards are.
        symmetry: whether clones are taught the symmetric images of every decision, where the
            environment's symmetries are known.
        opening_plies: the longest random opening, for `bc-random-openings`.
        dagger: how `dagger` gathers; its fields may be given by themselves, too.
    """

    agents: tuple[str, ...] | None = None
    features: str | None = None
    explore: ExploreConfig = field(default_factory=ExploreConfig)
    clone: CloneConfig = field(default_factory=CloneConfig)
    board_clone: BoardCloneConfig = field(default_factory=_small_board_clones)
    symmetry: bool = True
    opening_plies: int = 4
    dagger: DaggerConfig = field(default_factory=DaggerConfig)


@dataclass(frozen=True)
class Learner:
    """A named way to gather demonstrations; cloning is common to all."""

    summary: str
    gather: Callable[[Problem, int, int, Options, QueryBudget], Demonstrations]


def learn_deep(
    name: str,
    problem: Problem,
    *,
    games: int | None,
    queries: int | None,
    seed: int,
    options: Options,
) -> Result:
    """Gather demonstrations, then clone every agent's expert; see `mail_learners.learn`."""
    if games is None and queries is None:
        raise InvalidOptionError(
            "games: expected a number of games, of queries, or both; came none"
        )
    for what, number in (("games", games), ("queries", queries)):
        if number is not None and number < 1:
            raise InvalidOptionError(f"{what}: expected at least 1, came {number!r}")
    budget, learned = QueryBudget(queries), learned_agents(problem, options)
    if name == DAGGER:
        policies, demonstrations = dagger(
            problem,
            _label_cloner(problem, seed, options),
            games=games,
            seed=seed,
            budget=budget,
            agents=learned,
            config=options.dagger,
        )
    else:
        demonstrations = gather(
            name, problem, games=games or queries or 0, seed=seed, options=options, budget=budget
        )
        policies = clone_all(problem, demonstrations, seed=seed, options=options)
    finished = {agent: problem.finished(agent, policy) for agent, policy in policies.items()}
    return Result(finished, demonstrations, queries=budget.used)


def learned_agents(problem: Problem, options: Options) -> tuple[str, ...]:
    """Who is learned, in player order.

    Raises:
        UnknownAgentError: nobody, or an agent that the environment does not have.
    """
    if options.agents is None:
        return problem.agents
    if not options.agents or set(options.agents) - set(problem.agents):
        raise UnknownAgentError(
            f"agents: expected some of {problem.agents}, came {options.agents!r}"
        )
    return tuple(agent for agent in problem.agents if agent in options.agents)


def gather(
    name: str, problem: Problem, *, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    """The first half of `learn`: what the experts do while the learner's explorers play.

    The first n games of a longer run are the games of a run of n: `Demonstrations.first`. Every
    decision of an expert is one query, charged to `budget`, and gathering ends when it is spent.
    """
    if name not in DEEP_LEARNERS:
        raise UnknownNameError(f"learner: expected one of {sorted(DEEP_LEARNERS)}, came {name!r}")
    if games < 1:
        raise ValueError(f"games: expected at least 1, came {games!r}")
    return DEEP_LEARNERS[name].gather(problem, games, seed, options, budget)


def clone_all(
    problem: Problem, demonstrations: Demonstrations, *, seed: int, options: Options
) -> dict[str, Policy]:
    """The second half of `learn`: clone every learned agent's expert from recorded decisions."""
    return {
        agent: _clone_one(problem, agent, demonstrations.of(agent), seed=seed, options=options)
        for agent in learned_agents(problem, options)
    }


def _clone_one(
    problem: Problem,
    agent: str,
    decisions: Decisions,
    *,
    seed: int,
    options: Options,
    weights: FloatArray | None = None,
) -> Policy:
    """Clone one agent's expert over its observations as rows of numbers."""
    space = problem.spaces[agent]
    plain = is_plain(space)
    rows = decisions.observations if plain else flatten_batch(space, decisions.observations)
    policy = clone(
        decisions if plain else replace(decisions, observations=rows),
        seed=stream_seed(seed, problem.agents.index(agent)),
        config=options.clone,
        augment=problem.augment if options.symmetry else None,
        weights=weights,
    )
    return policy if plain else FlattenedPolicy(policy, space)


def _label_cloner(problem: Problem, seed: int, options: Options) -> Cloner:
    """How DAgger clones: on boards with planes and a memory; between rounds with less effort."""

    def clone_labels(labels: Demonstrations, agent: str, *, final: bool) -> Policy:
        decisions, weights = weighted(labels.of(agent))
        if _shows_board(problem, agent):
            board = options.board_clone
            return clone_board(
                problem.game,
                decisions,
                seed=stream_seed(seed, problem.agents.index(agent)),
                config=replace(
                    board,
                    symmetry=board.symmetry and options.symmetry,
                    steps=board.steps if final else board.steps // HASTE,
                ),
                weights=weights,
            )
        steps = options.clone.max_steps
        hasty = replace(options.clone, max_steps=steps if final else steps // HASTE)
        return _clone_one(
            problem,
            agent,
            decisions,
            seed=seed,
            options=replace(options, clone=hasty),
            weights=weights,
        )

    return clone_labels


def _shows_board(problem: Problem, agent: str) -> bool:
    """Whether the agent sees a board as our own boards show it."""
    game = problem.game
    return isinstance(game, LineGame) and problem.spaces[agent].shape == (
        game.rows,
        game.columns,
        2,
    )


def deep_options(features: str | None, changes: Mapping[str, Any]) -> Options:
    """The defaults with some fields changed.

    Raises:
        UnknownNameError: a field that `Options` does not have.
    """
    rounds = set(DaggerConfig.__dataclass_fields__)
    known = sorted((set(Options.__dataclass_fields__) | rounds) - {"features"})
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise UnknownNameError(f"options: expected some of {known}, came {unknown}")
    own = {name: value for name, value in changes.items() if name not in rounds}
    options = replace(Options(features=features), **own)
    inner = {name: value for name, value in changes.items() if name in rounds}
    return replace(options, dagger=replace(options.dagger, **inner))


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
    experts = _tied_alike(problem) if ties == "uniform" else problem.experts
    policies = "expert" if problem.own_experts and ties == "as given" else experts
    env = problem.make()
    if openings:
        # A spawn key: (seed, number) are the streams of the episodes.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        env = RandomOpening(problem.make_turns(), options.opening_plies, rng=rng)
    return record(env, policies, episodes=games, seed=seed, budget=budget)


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
    return _explored(problem, explore_with(uniform_policy), games, seed, options, budget)


def _dqn(
    problem: Problem, games: int, seed: int, options: Options, budget: QueryBudget
) -> Demonstrations:
    explore = dqn_explore(problem.features(options.features), options.explore)
    return _explored(problem, explore, games, seed, options, budget)


def _explored(
    problem: Problem,
    explore: Explore,
    games: int,
    seed: int,
    options: Options,
    budget: QueryBudget,
) -> Demonstrations:
    return explore_in_turn(
        problem.make,
        problem.experts,
        explore,
        games=games,
        seed=seed,
        budget=budget,
        agents=learned_agents(problem, options),
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
"""The learners that gather once, then clone, by name."""
