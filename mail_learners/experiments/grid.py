"""The grid game: cloning who blocks whom, passively, by wandering and by exploring.

The experiment of arXiv 2602.22810 on 3 × 3 cells, with exact Nash gaps, and the same on 5 × 5. An
explorer's run of k games is the beginning of a longer one, so each cell runs once and measures all
sizes on the way.
"""

import numpy as np

from mail_envs import grid_game_v0
from mail_envs.markov.setting import Setting
from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.markov_cells import (
    GAMES_AN_ITERATION,
    GAP_METRICS,
    SOLVED,
    Gatherer,
    clone_measurements,
    online_measurements,
)
from mail_learners.experiments.options import Options, OwnOption, names_of
from mail_learners.experiments.presentation import Panel, Presentation
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment
from mail_learners.markov import LsviOptions

__all__ = ["GRID"]

PUBLISHED_TIES = "lsvi-ucb-zero-bc-published-ties"
"""`lsvi-ucb-zero-bc` with its option `ties="published"`, as a learner of its own in tables."""

FEATURES = ("one-hot", "relational", "relational-aliased")

DEFAULT_FEATURES: dict[str, tuple[str, ...]] = {
    "bc-linear": FEATURES[1:],  # one-hot is bc-tabular
    "uniform-bc": FEATURES,
    "lsvi-ucb-zero-bc": FEATURES,
    PUBLISHED_TIES: FEATURES,
}
"""What each learner with feature maps runs with unless told otherwise."""

VARIANTS = {
    "3x3": (3, "published"),
    "3x3-nash": (3, "nash"),
    "5x5": (5, "published"),
    "5x5-nash": (5, "nash"),
}
"""By name, the size of the board and whose experts play there."""

STEPS = 10
"""H, steps an episode: `1 / (1 - γ)`."""


def _cells(options: Options) -> list[Cell]:
    """One cell for each variant, learner, feature map and seed, measured at every size."""
    sizes = tuple(sorted(options.games))
    return [
        Cell.of(f"grid/{variant}", learner=learner, seed=seed, games=sizes, features=name)
        for variant in names_of(options["variants"])
        for learner in options.learners
        if max(sizes) >= GAMES_AN_ITERATION.get(learner, 1)
        for name in _features(learner, options)
        for seed in options.seeds
    ]


def _features(learner: str, options: Options) -> tuple[str, ...]:
    return (options.features or DEFAULT_FEATURES[learner]) if learner in DEFAULT_FEATURES else ("",)


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    setting = _setting(cell)
    maps = setting.feature_maps if cell.features else None
    ties = "published" if cell.learner == PUBLISHED_TIES else "bonus"
    gatherer = Gatherer(setting, STEPS, maps, LsviOptions(ties=ties))
    rng = np.random.default_rng(cell.seed)
    if cell.learner in GAMES_AN_ITERATION:
        with watch.phase("descend"):
            measured = online_measurements(cell, gatherer, rng=rng)
        return CellResult(tuple(measured), watch.timings)
    with watch.phase("gather"):
        everything = gatherer.gather(cell.learner, games=max(cell.games), rng=rng)
    measured = clone_measurements(cell, setting.game, everything, features=maps, watch=watch)
    return CellResult(tuple(measured), watch.timings)


def _setting(cell: Cell) -> Setting:
    size, expert = VARIANTS[cell.experiment.removeprefix("grid/")]
    features = cell.features or FEATURES[0]
    return grid_game_v0.setting(size, expert=expert, features=features)  # pyright: ignore[reportArgumentType] - names of the tables above


def _panel(variant: str, metric: str, title: str) -> Panel:
    size, expert = VARIANTS[variant]
    whose = "published experts" if expert == "published" else "experts of mail_envs.solve"
    of_gaps = metric.partition("/")[0].endswith("gap")
    scale = "symlog" if of_gaps else "linear"
    target = SOLVED if of_gaps else None
    where = f"{size} × {size}, {whose}"
    return Panel(
        metric,
        f"{title}: {where}",
        scale,
        1e-4,
        target,
        f"grid/{variant}",
        average="share" if metric == "solved" else "mean",
    )


def _table() -> tuple[Panel, ...]:
    metrics = (
        ("nash_gap/total", "Nash gap, summed (exact)"),
        ("solved", f"Share of seeds with a gap of at most {SOLVED:g}"),
        ("nash_gap/maximum", "Nash gap, larger gain (exact)"),
        ("greedy_nash_gap/total", "Nash gap of the most probable actions, summed (exact)"),
        ("mean_iterate_gap/total", "Nash gap over iterates, on average (exact)"),
        ("states_covered/player_0", "States seen of player 0's expert"),
        ("states_covered/player_1", "States seen of player 1's expert"),
    )
    return tuple(_panel(variant, *metric) for variant in VARIANTS for metric in metrics)


def _plot() -> tuple[Panel, ...]:
    return tuple(_panel(variant, "nash_gap/total", "Nash gap") for variant in VARIANTS) + tuple(
        _panel("3x3", f"states_covered/player_{i}", f"States seen of player {i}'s expert")
        for i in range(2)
    )


def _variants(text: str) -> str:
    return ",".join(names_of(text, known=tuple(VARIANTS)))


LEARNERS = REGISTRY["grid"].learners

GRID = Experiment(
    name="grid",
    summary=REGISTRY["grid"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=Presentation(
        title="Grid game: clones of two experts who block each other",
        table=_table(),
        plot=_plot(),
        notes=(
            "games: of 10 steps, of each explorer; for bc… recorded. A game asks 20 expert moves.",
            "murmail: an iteration asks as much as four games; the gap is of its averaged table.",
            f"solved: 1 means that the gap is at most {SOLVED:g} on every seed.",
            f"{PUBLISHED_TIES}: ties between actions broken uniformly, not by the larger bonus.",
            "[…]: features of explorer and clone. bc-linear [one-hot] would be bc-tabular.",
            "Deviations reach 19, 17 states of the published experts on 3 × 3, 140, 99 on 5 × 5.",
        ),
    ),
    defaults=Options(
        seeds=tuple(range(20)),
        games=(1, 2, 5, 10, 20, 50),
        learners=LEARNERS,
        settings=(("variants", "3x3,3x3-nash,5x5"),),
    ),
    full=Options(
        seeds=tuple(range(50)),
        games=(1, 2, 3, 5, 10, 20, 50, 100, 200, 500),
        learners=LEARNERS,
        settings=(("variants", "3x3,3x3-nash,5x5,5x5-nash"),),
    ),
    learners=LEARNERS,
    features=FEATURES,
    settings={
        "variants": OwnOption(f"boards and experts, some of {', '.join(VARIANTS)}", _variants)
    },
    metrics=GAP_METRICS,
)
"""The experiment `grid`."""
