r"""The lower-bound games: what concentrability costs those who only watch.

Player 0 has one good action at a state that player 1's expert visits with probability 1/C (C ≥ 2);
the good action is drawn for every seed. With G = γ² / (1-γ) = 8.1, the sum of gains of a pair is
exactly `m (1 - p) G`, p the probability of the good action and m = max(x, y) of the game's reach
(1 for C ≥ 2, 1/2 for C = 1). A clone that has not seen the state is uniform there and loses
(1 - 1/A) m G; one demonstration is enough. So behaviour cloning loses `(1 - 1/A) m G` with the
probability that N games did not show it, (1 - 1/C)^N for C ≥ 2, and for C = ∞ for ever, while those
who ask lead play there. (arXiv 2505.17610, 2510.09325.)

The axis is the number of questions. An episode has three steps: after the second nothing can be
learned. The gap is linear in p, and m does not depend on the pair: for online learners the mean gap
over iterates and the gap of the averaged table are the same number here, and both are reported.
"""

import math
from functools import partial

import numpy as np

from mail_envs import lower_bound_v0
from mail_envs.markov.setting import Setting
from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.markov_cells import (
    GAMES_AN_ITERATION,
    GAP_METRICS,
    Gatherer,
    clone_measurements,
    online_measurements,
)
from mail_learners.experiments.options import Options, OwnOption, at_least, names_of
from mail_learners.experiments.presentation import Axis, Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment

__all__ = ["LOWER_BOUND"]

STEPS = 3
"""H, steps an episode: the start, the state that matters, and what comes of it."""

COEFFICIENTS = ("1", "2", "1000", "10000", "inf")
PASSIVE = "bc-tabular"


def _cells(options: Options) -> list[Cell]:
    """One cell for each C, learner and seed, measured at the sizes that the learner runs."""
    return [
        Cell.of(
            f"lower-bound/C={coefficient}",
            learner=learner,
            seed=seed,
            games=sizes,
            coefficient=coefficient,
            actions=options["actions"],
        )
        for coefficient in names_of(options["concentrability"])
        for learner in options.learners
        if (sizes := _sizes(learner, options))
        for seed in _seeds(learner, options)
    ]


def _sizes(learner: str, options: Options) -> tuple[int, ...]:
    """The numbers of games that a learner runs, ascending."""
    least, most = GAMES_AN_ITERATION.get(learner, 1), math.inf
    if learner in GAMES_AN_ITERATION:
        most = options["online_games"]
    elif learner != PASSIVE:
        most = options["explorer_games"]
    return tuple(games for games in sorted(options.games) if least <= games <= most)


def _seeds(learner: str, options: Options) -> tuple[int, ...]:
    return (
        options.seeds[: options["online_seeds"]] if learner in GAMES_AN_ITERATION else options.seeds
    )


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    drawing, learning = np.random.default_rng(cell.seed).spawn(2)
    setting = _setting(cell, good_action=int(drawing.integers(cell["actions"])))
    gatherer = Gatherer(setting, STEPS)
    if cell.learner in GAMES_AN_ITERATION:
        with watch.phase("descend"):
            measured = online_measurements(cell, gatherer, rng=learning)
        return CellResult(tuple(measured), watch.timings)
    with watch.phase("gather"):
        everything = gatherer.gather(cell.learner, games=max(cell.games), rng=learning)
    measured = clone_measurements(cell, setting.game, everything, features=None, watch=watch)
    return CellResult(tuple(measured), watch.timings)


def _setting(cell: Cell, good_action: int) -> Setting:
    return lower_bound_v0.setting(
        concentrability=float(cell["coefficient"]), actions=cell["actions"], good_action=good_action
    )


def _queries(measurement: Measurement) -> float:
    return measurement.queries


def _panels(metric: str, title: str) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            metric,
            f"{title}, C = {coefficient.replace('inf', '∞')}",
            "linear" if metric == "solved" else "symlog",
            1e-3,
            5.4 if coefficient == "inf" and metric != "solved" else None,
            f"lower-bound/C={coefficient}",
            average="share" if metric == "solved" else "mean",
        )
        for coefficient in COEFFICIENTS
    )


def _coefficients(text: str) -> str:
    names = names_of(text)
    for name in names:
        if not float(name) >= 1:
            raise ValueError(f"expected numbers of at least 1, or inf, came {name!r}")
    return ",".join(names_of(",".join(f"{float(name):.17g}" for name in names)))  # each once


GAPS = _panels("nash_gap/total", "Nash gap, summed (exact)")
ITERATES = _panels("mean_iterate_gap/total", "Nash gap over iterates, on average (exact)")
SOLVED_SHARES = _panels("solved", "Share of seeds with a gap of at most 0.001")

LEARNERS = REGISTRY["lower-bound"].learners

LOWER_BOUND = Experiment(
    name="lower-bound",
    summary=REGISTRY["lower-bound"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=Presentation(
        title="Lower-bound games: watching and asking, by concentrability",
        table=(*GAPS, *ITERATES, *SOLVED_SHARES),
        plot=(*GAPS, ITERATES[-1]),
        axis=Axis("queries", "log", _queries),
        notes=(
            "queries: expert moves asked for; 6 a game, an iteration of mail-bro 6, of murmail 24.",
            "Explorers and online learners stop earlier than bc-tabular, online ones run on fewer",
            "seeds: settings explorer_games, online_games, online_seeds.",
            "mail-bro, murmail: the gap is of the averaged table. Here it equals the mean gap over",
            "iterates, because the gap is linear in the clone.",
            "Expected of bc-tabular for C ≥ 2: (1 - 1/A) G (1 - 1/C)^games, G = γ² / (1-γ) = 8.1.",
            "Dashed: the lower bound (1 - 1/A) G = 5.4 at C = ∞ for A = 3.",
        ),
    ),
    defaults=Options(
        seeds=tuple(range(200)),
        games=(4, 12, 40, 120, 400, 1200, 4000, 12000, 40000),
        learners=LEARNERS,
        settings=(
            ("actions", 3),
            ("concentrability", ",".join(COEFFICIENTS)),
            ("explorer_games", 120),
            ("online_games", 400),
            ("online_seeds", 10),
        ),
    ),
    full=Options(
        seeds=tuple(range(1000)),
        games=(4, 12, 40, 120, 400, 1200, 4000, 12000, 40000, 120000),
        learners=LEARNERS,
        settings=(
            ("actions", 3),
            ("concentrability", ",".join(COEFFICIENTS)),
            ("explorer_games", 400),
            ("online_games", 4000),
            ("online_seeds", 20),
        ),
    ),
    learners=LEARNERS,
    settings={
        "actions": OwnOption("A of player 0, at least 2", partial(at_least, 2)),
        "concentrability": OwnOption("values of C, at least 1, or inf", _coefficients),
        "explorer_games": OwnOption("most games of the explorers", partial(at_least, 1)),
        "online_games": OwnOption("most games of mail-bro and murmail", partial(at_least, 4)),
        "online_seeds": OwnOption("how many seeds they run on", partial(at_least, 1)),
    },
    metrics=GAP_METRICS,
)
"""The experiment `lower-bound`."""
