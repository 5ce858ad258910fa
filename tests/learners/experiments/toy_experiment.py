"""A sweep small enough for tests: every cell draws a few numbers.

Its settings make it slow, or let it fail: `broken` names a file, and while it exists cells of
seed 2 raise or, if it says "die", kill their process; every cell adds a line to the file `begun`,
and the number of its process to the file `pids`.
"""

import os
import time
from pathlib import Path

import numpy as np

from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.options import Options, OwnOption
from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.vocabulary import Metric
from mail_learners.statistics import wilson_interval

LEARNERS = ("bc", "dagger")


def list_cells(options):
    return [
        Cell.of("toy", learner=learner, seed=seed, games=options.games, **dict(options.settings))
        for learner in options.learners
        for seed in options.seeds
    ]


def run_cell(cell):
    if cell["begun"]:
        with Path(cell["begun"]).open("a") as file:
            file.write(f"{cell.slug}\n")
    if cell["pids"]:
        with Path(cell["pids"]).open("a") as file:
            file.write(f"{os.getpid()}\n")
    if cell["broken"] and cell.seed == 2 and Path(cell["broken"]).exists():
        if Path(cell["broken"]).read_text() == "die":
            os._exit(3)
        raise RuntimeError("seed 2 does not work today")
    watch = Stopwatch()
    with watch.phase("draw"):
        time.sleep(cell["pause"])
        rng = np.random.default_rng([cell.seed, len(cell.learner)])
        rows = [row for games in cell.games for row in measure(cell, games, rng)]
    return CellResult(tuple(rows), watch.timings)


def measure(cell, games, rng):
    return (
        cell.measurement("loss_probability/player_0", rng.random(), games=games, queries=3 * games),
        *cell.proportion(
            "perturbed_loss_rate/player_0",
            wilson_interval(int(rng.integers(100)), 100),
            games=games,
            queries=3 * games,
        ),
    )


def lucky_cell(cell):
    return CellResult((cell.measurement("luck", 1.0, games=1, queries=0),))


def twice_cell(cell):
    row = cell.measurement("nash_gap/total", 1.0, games=1, queries=0)
    return CellResult((row, row))


def environment_cell(cell):
    """Report the threads that numerical libraries may use, and whether the process is prepared."""
    threads = [int(os.environ[f"{name}_NUM_THREADS"]) for name in ("OMP", "OPENBLAS", "MKL")]
    prepared = int(os.environ.get("TOY_PREPARED", "0"))
    return CellResult(
        tuple(
            cell.measurement(f"draws/{place}", value, games=1, queries=0)
            for place, value in enumerate((*threads, prepared))
        )
    )


def prepare():
    os.environ["TOY_PREPARED"] = str(int(os.environ.get("TOY_PREPARED", "0")) + 1)


SETTINGS = (("begun", ""), ("broken", ""), ("pause", 0.0), ("pids", ""))
OPTIONS = Options((1, 2, 3), (10, 50), LEARNERS, settings=SETTINGS)
PANEL = Panel("loss_probability/player_0", "Loss probability of player 0")

TOY = Experiment(
    name="toy",
    summary="Draws numbers.",
    cells=list_cells,
    run_cell=run_cell,
    presentation=Presentation("Toy", table=(PANEL, Panel("nash_gap/total", "Nash gap"))),
    defaults=OPTIONS,
    full=Options((1, 2, 3, 4), (10, 50, 100), LEARNERS, settings=SETTINGS),
    learners=LEARNERS,
    features=("planes",),
    settings={
        "pause": OwnOption("seconds that every cell sleeps", float),
        "broken": OwnOption("a file that makes seed 2 fail", str),
        "begun": OwnOption("a file that cells add a line to", str),
        "pids": OwnOption("a file that cells add the number of their process to", str),
    },
    metrics=(Metric("draws/{number}", "numbers drawn", "numbers"),),
)
