"""Tic-Tac-Toe: learners watch a perfect player, and exact best responses say what they are worth.

The experiment of arXiv 2602.22810, both seats, with exact scores beside the paper's own estimate.
"""

from typing import Any

import numpy as np

from mail_envs import loss_probability, nash_gap
from mail_envs.board import TicTacToe, batch, find_mistake
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import greedy
from mail_learners.deep import Options as LearnerOptions
from mail_learners.deep import clone_all, gather
from mail_learners.environments import problem_of
from mail_learners.evaluation import perturbed_expert, play_out
from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.certificates import certificate
from mail_learners.experiments.options import Options
from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.workers import one_torch_thread
from mail_learners.statistics import wilson_interval
from mail_wrappers import Demonstrations, QueryBudget
from mail_wrappers.streams import stream_seed

__all__ = ["TICTACTOE"]

ENVIRONMENT = "mail_envs/tictactoe-v0"
FEATURES = ("afterstates", "network", "one-hot", "lines", "planes")
"""Of the novelty of `dqn-explore-bc`, the default first."""

GAMES_PER_ESTIMATE = 10_000

Policies = dict[str, Policy]


def _cells(options: Options) -> list[Cell]:
    """One cell for each learner (and feature map) and seed, measured at every size."""
    features = options.features or FEATURES[:2]
    sizes = tuple(sorted(options.games))
    return [
        Cell.of("tictactoe", learner=learner, seed=seed, games=sizes, features=name)
        for learner in sorted(options.learners, key=_dearest_first)
        for name in (features if learner == "dqn-explore-bc" else ("",))
        for seed in options.seeds
    ]


def _dearest_first(learner: str) -> int:
    return 0 if learner == "dqn-explore-bc" else 1


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    problem = problem_of(ENVIRONMENT)
    options = LearnerOptions(features=cell.features or FEATURES[0])
    with watch.phase("gather"):
        everything = gather(
            cell.learner,
            problem,
            games=max(cell.games),
            seed=cell.seed,
            options=options,
            budget=QueryBudget(),
        )
    measurements: list[Measurement] = []
    proofs: list[dict[str, Any]] = []
    for games in cell.games:
        demonstrations = everything.first(games)
        with watch.phase("clone"):
            policies = clone_all(problem, demonstrations, seed=cell.seed, options=options)
        with watch.phase("evaluate"):
            measurements += _exact(cell, games, demonstrations, policies)
            measurements += _estimates(cell, games, demonstrations, policies)
        with watch.phase("search"):
            proofs += _first_mistakes(cell, games, policies)
    return CellResult(tuple(measurements), watch.timings, tuple(proofs))


def _exact(
    cell: Cell, games: int, demonstrations: Demonstrations, policies: Policies
) -> list[Measurement]:
    """What is exactly true of the learned pair, and what its teachers were seen to do."""
    game = TicTacToe()
    gap = nash_gap(game, policies)
    values = {"nash_gap/total": gap.total, "nash_gap/maximum": gap.maximum}
    for player, agent in enumerate(game.agents):
        seen = batch.encode(game, demonstrations.of(agent).observations)
        values[f"loss_probability/{agent}"] = loss_probability(game, policies, player)
        values[f"nash_gap/{agent}"] = float(gap.per_player[player])
        values[f"states_covered/{agent}"] = len(np.unique(batch.keys(game, seen)))
    queries = len(demonstrations)
    return [
        cell.measurement(metric, value, games=games, queries=queries)
        for metric, value in values.items()
    ]


def _first_mistakes(cell: Cell, games: int, policies: Policies) -> list[dict[str, Any]]:
    """Where the most probable actions of each clone first err, for anyone to replay."""
    game = TicTacToe()
    found = (find_mistake(game, greedy(policies[agent]), agent) for agent in game.agents)
    return [certificate(cell, each, games=games) for each in found]


def _estimates(
    cell: Cell, games: int, demonstrations: Demonstrations, policies: Policies
) -> list[Measurement]:
    """The paper's own score: how often each seat loses to a slightly noisy expert."""
    game = TicTacToe()
    measurements: list[Measurement] = []
    for player, agent in enumerate(game.agents):
        pair = [perturbed_expert(game), perturbed_expert(game)]
        pair[player] = policies[agent]
        rng = np.random.default_rng(stream_seed(cell.seed, games, player))
        results = play_out(game, pair, games=GAMES_PER_ESTIMATE, rng=rng)
        lost = int((results == (-1 if player == 0 else 1)).sum())
        measurements += cell.proportion(
            f"perturbed_loss_rate/{agent}",
            wilson_interval(lost, GAMES_PER_ESTIMATE),
            games=games,
            queries=len(demonstrations),
        )
    return measurements


def _panels() -> tuple[Panel, ...]:
    seats = (("player_0", "first player"), ("player_1", "second player"))
    losses = [
        Panel(
            f"loss_probability/{agent}",
            f"Largest probability of beating the {seat} (exact)",
            scale="symlog",
            threshold=1e-3,
            target=0.01,
        )
        for agent, seat in seats
    ]
    gap = Panel("nash_gap/total", "Nash gap of the pair, summed (exact)", "symlog", 1e-3)
    covered = [
        Panel(f"states_covered/{agent}", f"Situations seen of the {seat}'s expert", "log")
        for agent, seat in seats
    ]
    paper = [
        Panel(
            f"perturbed_loss_rate/{agent}",
            f"Losses of the {seat} to a noisy expert",
            scale="symlog",
            threshold=1e-3,
        )
        for agent, seat in seats
    ]
    return (*losses, gap, *covered, *paper)


TICTACTOE = Experiment(
    name="tictactoe",
    summary=REGISTRY["tictactoe"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=Presentation(
        title="Tic-Tac-Toe: clones of a perfect player, and who can beat them",
        table=_panels(),
        plot=_panels()[:3] + _panels()[5:6],
        notes=(
            "games: what each explorer plays, or for bc… what is recorded.",
            "bc watches deterministic experts: all its games are one game, repeated.",
            "Against the default expert, 81 situations of player_0 and 426 of player_1 can arise.",
            "[…]: the features of the novelty; [network]: the explorer's own penultimate layer.",
        ),
    ),
    defaults=Options(
        seeds=(42, 43, 142),
        games=(10, 25, 50, 100, 250),
        learners=REGISTRY["tictactoe"].learners,
    ),
    full=Options(
        seeds=(42, 43, 142, 9, 2),
        games=(10, 50, 100, 250, 500, 1000),
        learners=REGISTRY["tictactoe"].learners,
    ),
    learners=REGISTRY["tictactoe"].learners,
    features=FEATURES,
    prepare=one_torch_thread,
)
"""The experiment `tictactoe`."""
