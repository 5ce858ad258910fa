"""Concentrability: every registered family, at the level of states and of features.

Nobody learns here: `mail_envs.markov.concentrability` is computed for each family's built-in
experts with the imitated player's own features, the largest over players and steps. A coefficient
is a value found and a bound that nothing exceeds; it is exact where the two agree, and infinite
where a deviation reaches what the experts never show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from mail_envs.markov import concentrability
from mail_envs.markov.coverage import Concentrability
from mail_envs.markov.setting import Setting
from mail_learners.experiments.cells import Cell, CellResult, Stopwatch
from mail_learners.experiments.options import Options
from mail_learners.experiments.presentation import Axis, Panel, Presentation
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.registry import REGISTRY
from mail_learners.experiments.sweep import Experiment
from mail_learners.experiments.vocabulary import Metric

__all__ = ["CONCENTRABILITY", "GAMES"]

KINDS = ("all_policy", "single_policy", "mean", "rayleigh", "trace")
WORDS = ("states, all-policy", "states, single-policy", "mean", "Rayleigh", "trace")


@dataclass(frozen=True, slots=True)
class Shown:
    """A registered family with the options of one row.

    Attributes:
        door: the module of `mail_envs` whose `setting` makes it.
        options: of `setting`.
        drawn: whether the game is drawn from a seed.
    """

    door: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    drawn: bool = False

    def make(self, seed: int) -> Setting:
        """The game and its experts."""
        module = import_module(f"mail_envs.{self.door}")
        return module.setting(**({"seed": seed} if self.drawn else {}), **self.options)


GAMES: Mapping[str, Shown] = {
    "random_game": Shown("random_game_v0", drawn=True),
    "random_linear": Shown("random_linear_v0", drawn=True),
    "block_linear": Shown("block_linear_v0", drawn=True),
    "additive_linear": Shown("additive_linear_v0", drawn=True),
    "independent_linear": Shown("independent_linear_v0", drawn=True),
    "low_rank": Shown("low_rank_v0", drawn=True),
    "grid_game": Shown("grid_game_v0"),
    "grid_game relational": Shown("grid_game_v0", {"features": "relational"}),
    "chain_of_despair": Shown("chain_of_despair_v0"),
    "lower_bound C=2": Shown("lower_bound_v0", {"concentrability": 2.0}),
    "lower_bound C=1000": Shown("lower_bound_v0", {"concentrability": 1000.0}),
    "lower_bound C=inf": Shown("lower_bound_v0", {"concentrability": float("inf")}),
    "lower_bound separating": Shown("lower_bound_v0", {"variant": "separating"}),
}
"""The rows: every registered Markov game, some in variants."""


def _cells(options: Options) -> list[Cell]:
    """One cell a game; games that are not drawn have one seed."""
    return [
        Cell.of("concentrability", learner="experts", seed=seed, games=1, game=name)
        for name, game in GAMES.items()
        for seed in (options.seeds if game.drawn else options.seeds[:1])
    ]


def _run_cell(cell: Cell) -> CellResult:
    watch = Stopwatch()
    with watch.phase("build"):
        setting = GAMES[cell["game"]].make(cell.seed)
        experts = setting.experts
    with watch.phase("compute"):
        report = concentrability(setting.game, experts, features=setting.maps)
    rows = [_row(cell, metric, value) for metric, value in _values(report).items()]
    return CellResult(tuple(rows), watch.timings)


def _values(report: Concentrability) -> dict[str, float]:
    values = {"visited": float(report.visited), "reached": float(max(report.reached))}
    for kind in KINDS:
        largest = getattr(report, kind).overall
        values |= {f"found/{kind}": largest.lower, f"bound/{kind}": largest.upper}
        values[f"exact/{kind}"] = float(largest.exact)
    return values


def _row(cell: Cell, metric: str, value: float) -> Measurement:
    return Measurement(
        f"concentrability/{cell['game']}", cell.learner, "own", cell.seed, 0, 0, metric, value
    )


def _game_of(measurement: Measurement) -> str:
    return measurement.experiment.partition("/")[2]


def _kind_of(measurement: Measurement) -> float:
    return float(KINDS.index(measurement.metric.partition("/")[2]))


def _count_of(measurement: Measurement) -> float:
    return float(("visited", "reached").index(measurement.metric))


COEFFICIENT = Axis("coefficient", "linear", _kind_of, WORDS)
COUNT = Axis("states or blocks", "linear", _count_of, ("experts visit", "deviations reach"))
ALL_GAMES = "concentrability/*"

METRICS = (
    Metric("found/{kind}", "the largest coefficient found, attained by a deviation", "ratio"),
    Metric("bound/{kind}", "what no deviation exceeds", "ratio"),
    Metric("exact/{kind}", "whether the two are the same number", "share", high=1.0),
    Metric("visited", "states, or blocks, that the experts visit", "states"),
    Metric("reached", "states, or blocks, that deviations of one player reach", "states"),
)

CONCENTRABILITY = Experiment(
    name="concentrability",
    summary=REGISTRY["concentrability"].summary,
    cells=_cells,
    run_cell=_run_cell,
    presentation=Presentation(
        title="Concentrability of the built-in experts: of states, and of the imitated's features",
        table=(
            Panel("found/*", "Found", experiment=ALL_GAMES, axis=COEFFICIENT),
            Panel("bound/*", "Certified bound", experiment=ALL_GAMES, axis=COEFFICIENT),
            Panel("exact/*", "Exact", experiment=ALL_GAMES, axis=COEFFICIENT),
            Panel("[vr]*ed", "Where play goes", experiment=ALL_GAMES, axis=COUNT),
        ),
        series=_game_of,
        rows="game",
        notes=(
            "The largest over imitated player, deviating player and step.",
            "inf: a deviation reaches what the experts never show.",
            "Exact is 1 where found and bound agree, 0 where the truth lies between them.",
        ),
    ),
    defaults=Options(seeds=(0,), games=(1,), learners=("experts",)),
    full=Options(seeds=tuple(range(10)), games=(1,), learners=("experts",)),
    learners=("experts",),
    metrics=METRICS,
)
"""The experiment `concentrability`."""
