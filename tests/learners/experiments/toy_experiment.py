"""A sweep small enough for tests: every cell draws a few numbers, some of them slowly or never.

The environment variable TOY_BROKEN names a file; while it exists, cells of seed 2 raise.
"""

import os
import time
from pathlib import Path

import numpy as np

from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.options import Options, Setting
from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.vocabulary import Metric


def list_cells(options):
    return [
        Cell.of("toy", learner=learner, seed=seed, games=options.games, pause=options["pause"])
        for learner in options.learners
        for seed in options.seeds
    ]


def run_cell(cell):
    broken = os.environ.get("TOY_BROKEN", "")
    if broken and cell.seed == 2 and Path(broken).exists():
        raise RuntimeError("seed 2 does not work today")
    watch = Stopwatch()
    with watch.phase("draw"):
        time.sleep(cell["pause"])
        rng = np.random.default_rng(cell.seed + len(cell.learner))
        found = [measure(cell, games, rng) for games in cell.games]
    return CellResult(tuple(row for rows in found for row in rows), watch.timings)


def measure(cell, games, rng):
    return (
        cell.measurement("loss_probability/player_0", rng.random(), games=games, queries=3 * games),
        *cell.proportion(
            "perturbed_loss_rate/player_0", rng.integers(100), 100, games=games, queries=3 * games
        ),
    )


def run_unknown_metric(cell):
    return CellResult((cell.measurement("luck", 1.0, games=1, queries=0),))


def pause(text):
    return float(text)


OPTIONS = Options((1, 2, 3), (10, 50), ("bc", "dagger"), settings=(("pause", 0.0),))

TOY = Experiment(
    name="toy",
    summary="Draws numbers.",
    cells=list_cells,
    run_cell=run_cell,
    presentation=Presentation(
        "Toy", table=(Panel("loss_probability/player_0", "Loss probability of player 0"),)
    ),
    defaults=OPTIONS,
    full=Options((1, 2, 3, 4), (10, 50, 100), ("bc", "dagger"), settings=(("pause", 0.0),)),
    learners=("bc", "dagger"),
    features=("planes",),
    settings={"pause": Setting("seconds that every cell sleeps", pause)},
    metrics=(Metric("draws/{number}", "numbers drawn", "numbers"),),
)
