"""Connect Four: learners watch a perfect player; softened ones and a search show their errors.

The experiment of arXiv 2602.22810, both seats. One cell is one learner, seed, seat and number of
games; as the first n games of a longer run are the games of a run of n, the sizes of one seed are
prefixes of one run. `connect4_shown` says how its numbers are summed up.
"""

from functools import partial

import numpy as np

from mail_envs.board import LineGame
from mail_envs.board.certificates import Mistake, NoMistake
from mail_envs.board.mistakes import find_mistake
from mail_envs.errors import InvalidOptionError
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import greedy
from mail_learners.boards.cloning import BoardCloneConfig, clone_board, situations
from mail_learners.boards.explorer import BoardExploreConfig
from mail_learners.boards.gathering import BoardOptions, gather_board
from mail_learners.boards.inputs import INPUTS
from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.certificates import certificate
from mail_learners.experiments.connect4_shown import GRADED_AT, METRICS, PRESENTATION
from mail_learners.experiments.options import Options, OwnOption, at_least, one_of
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.workers import one_torch_thread
from mail_learners.grading import (
    OPTIMAL,
    TEMPERATURES,
    grade_moves,
    published_opponent,
    results_by_opponent,
)
from mail_learners.statistics import wilson_interval
from mail_wrappers import Decisions, Demonstrations
from mail_wrappers.streams import stream_seed

__all__ = ["CONNECT4"]

IN_A_ROW = 4
FEATURES = ("afterstates", "lines", "planes")
"""Of the novelty of `dqn-explore-bc`, the default first."""


def _cells(options: Options) -> list[Cell]:
    """One cell for each learner (and feature map), seed, seat and size, the dearest first."""
    features = options.features or FEATURES[:1]
    return [
        Cell.of(
            "connect4",
            learner=learner,
            seed=seed,
            games=games,
            features=name,
            seat=seat,
            **dict(options.settings),
        )
        for learner in sorted(options.learners, key=_dearest_first)
        for games in sorted(options.games, reverse=True)
        for name in (features if learner == "dqn-explore-bc" else ("",))
        for seed in options.seeds
        for seat in (0, 1)
    ]


def _dearest_first(learner: str) -> int:
    return 0 if learner == "dqn-explore-bc" else 1


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    game, seat, games = _game(cell["board"]), int(cell["seat"]), cell.games[0]
    explore = BoardExploreConfig(inputs=cell["inputs"])
    options = BoardOptions(features=cell.features or FEATURES[0], explore=explore)
    with watch.phase("gather"):
        found = gather_board(cell.learner, game, seat, games=games, seed=cell.seed, options=options)
    taught = found.of(game.agents[seat])
    with watch.phase("clone"):
        config = BoardCloneConfig(
            steps=cell["steps"],
            inputs=cell["inputs"],
            symmetry=cell["symmetry"],
            memory=cell["memory"],
        )
        seed = stream_seed(cell.seed, seat)
        policy = greedy(clone_board(game, taught, seed=seed, config=config))
    measurements = _watched(cell, game, found, taught)
    with watch.phase("play"):
        measurements += _results(cell, game, policy, queries=len(found))
    with watch.phase("grade"):
        measurements += _slips(cell, game, policy, queries=len(found))
    with watch.phase("search"):
        mistake = find_mistake(game, policy, seat, max_positions=cell["searched"])
    measurements += _first_mistake(cell, mistake, queries=len(found))
    proof = certificate(cell, mistake, games=games)
    return CellResult(tuple(measurements), watch.timings, (proof,))


def _game(board: str) -> LineGame:
    """The board of a setting such as `6x7`: rows, then columns."""
    try:
        rows, columns = (int(size) for size in board.split("x"))
    except ValueError as error:
        raise InvalidOptionError(f"board: expected ROWSxCOLUMNS, came {board!r}") from error
    return LineGame(rows=rows, columns=columns, in_a_row=IN_A_ROW, gravity=True)


def _watched(
    cell: Cell, game: LineGame, found: Demonstrations, taught: Decisions
) -> list[Measurement]:
    """How much the clone was shown."""
    agent = game.agents[cell["seat"]]
    distinct = len(situations(game, taught, symmetry=False).keys)
    values = {f"decisions_watched/{agent}": len(taught), f"states_covered/{agent}": distinct}
    return [
        cell.measurement(metric, value, games=cell.games[0], queries=len(found))
        for metric, value in values.items()
    ]


def _results(cell: Cell, game: LineGame, policy: Policy, *, queries: int) -> list[Measurement]:
    """Games against the published opponents, by the same streams for every learner."""
    seat, games, trials = cell["seat"], cell.games[0], cell["evaluation_games"]
    agent, rng = game.agents[seat], np.random.default_rng(stream_seed(cell.seed, seat, 1))
    found = results_by_opponent(game, policy, seat, games=trials, rng=rng)
    rates = {f"{t:g}": found[t].wins for t in TEMPERATURES}
    won = sum(found[t].wins.successes for t in TEMPERATURES)
    rates |= {
        "optimal": found[OPTIMAL].wins,
        "pooled": wilson_interval(won, trials * len(TEMPERATURES)),
    }
    measurements: list[Measurement] = []
    for name, rate in rates.items():
        metric = f"win_rate/{name}/{agent}"
        measurements += cell.proportion(metric, rate, games=games, queries=queries)
    score = np.mean([found[t].wins.value + found[t].draws.value / 2 for t in TEMPERATURES])
    metric, value = f"score/pooled/{agent}", float(score)
    one = cell.measurement(metric, value, games=games, queries=queries, kind="estimate")
    return [*measurements, one]


def _slips(cell: Cell, game: LineGame, policy: Policy, *, queries: int) -> list[Measurement]:
    """How often the clone's moves drop the outcome against one opponent, ply by ply."""
    seat, trials = cell["seat"], cell["evaluation_games"]
    opponent = published_opponent(game, GRADED_AT)
    rng = np.random.default_rng(stream_seed(cell.seed, seat, 2))
    grades = grade_moves(game, policy, seat, opponent, games=trials, rng=rng)
    shares = {f"mistakes/ply-{each.ply}": each.drops_outcome for each in grades.plies}
    shares["erring_games"] = grades.erring_games
    return [
        row
        for name, share in shares.items()
        for row in cell.proportion(
            f"{name}/{game.agents[seat]}", share, games=cell.games[0], queries=queries
        )
    ]


def _first_mistake(cell: Cell, found: Mistake | NoMistake, *, queries: int) -> list[Measurement]:
    """Where the clone can first be made to err, and what that gives away."""
    agent, games = found.game.agents[found.player], cell.games[0]
    erring = isinstance(found, Mistake)
    values = {
        f"mistake_found/{agent}": float(erring),
        f"first_mistake_ply/{agent}": found.ply if erring else found.depth,
    }
    if erring:
        values[f"mistake_costs/{agent}"] = found.dropped
    return [
        cell.measurement(metric, value, games=games, queries=queries)
        for metric, value in values.items()
    ]


# ---- settings


def _board(text: str) -> str:
    game = _game(text)
    return f"{game.rows}x{game.columns}"


def _switch(text: str) -> bool:
    return one_of(("yes", "no"), text) == "yes"


SETTINGS = (
    ("board", "6x7"),
    ("evaluation_games", 100),
    ("inputs", "threats"),
    ("memory", True),
    ("searched", 20_000),
    ("steps", 1500),
    ("symmetry", True),
)

CONNECT4 = Experiment(
    name="connect4",
    summary=REGISTRY["connect4"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=PRESENTATION,
    defaults=Options(
        seeds=(42, 123, 1, 7, 19),
        games=(1000, 3000),
        learners=REGISTRY["connect4"].learners,
        settings=SETTINGS,
    ),
    full=Options(
        seeds=(42, 123, 1),
        games=(1000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 3_000_000),
        learners=REGISTRY["connect4"].learners,
        settings=SETTINGS,
    ),
    learners=REGISTRY["connect4"].learners,
    features=FEATURES,
    settings={
        "board": OwnOption("rows x columns, four in a row", _board),
        "evaluation_games": OwnOption("games against each opponent", partial(at_least, 1)),
        "inputs": OwnOption("what networks see: threats or marks", partial(one_of, tuple(INPUTS))),
        "memory": OwnOption("yes: clones remember what they were shown", _switch),
        "searched": OwnOption("most positions searched for a first mistake", partial(at_least, 1)),
        "steps": OwnOption("gradient steps of every clone", partial(at_least, 1)),
        "symmetry": OwnOption("yes: clones are taught mirror images too", _switch),
    },
    metrics=METRICS,
    prepare=one_torch_thread,
)
"""The experiment `connect4`."""
