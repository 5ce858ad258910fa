"""The experiments on Markov games: what they list, a small run of each, and what they must show."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_envs.markov.library import chain_of_despair
from mail_learners.experiments import chain, grid, lower_bound, markov_cells
from mail_learners.experiments.options import parse_settings, with_settings
from mail_learners.experiments.outputs import present
from mail_learners.experiments.registry import REGISTRY, load
from mail_learners.experiments.sweep import cells_of, run
from mail_learners.experiments.vocabulary import check_measurements

EXPERIMENTS = ("grid", "chain", "lower-bound")


def small(experiment, *settings, **lists):
    options = replace(experiment.defaults, **lists)
    return with_settings(options, parse_settings(settings, experiment.settings))


def results(experiment, tmp_path, *settings, **lists):
    report = run(experiment, small(experiment, *settings, **lists), tmp_path / "out", 1)
    assert not report.failures, report.failures
    return report.measurements


def values(measurements, metric, **fields):
    """By seed and games, of the rows whose fields are as given."""
    return {
        (row.seed, row.games): row.value
        for row in measurements
        if row.metric == metric and all(getattr(row, k) == v for k, v in fields.items())
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("which", ["defaults", "full"])
def test_cells_are_listed_once_for_every_learner(name, which):
    experiment = load(name)
    options = getattr(experiment, which)
    cells = cells_of(experiment, options)
    assert {cell.learner for cell in cells} == set(REGISTRY[name].learners)
    assert len(options.seeds) >= 20
    assert {cell.seed for cell in cells} == set(options.seeds)
    assert len({cell.slug for cell in cells}) == len(cells)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_panel_of_a_small_run_of_all_learners_is_filled(name, tmp_path):
    from rich.console import Console

    experiment = load(name)
    settings = {
        "grid": ["variants=3x3"],
        "chain": ["lengths=4"],
        "lower-bound": ["concentrability=inf", "online_seeds=1"],
    }
    options = small(experiment, *settings[name], seeds=(0, 1), games=(1, 4))
    report = run(experiment, options, tmp_path, 1)
    assert not report.failures, report.failures
    check_measurements(report.measurements, experiment.vocabulary)
    with (tmp_path / "shown.txt").open("w") as file:
        present(experiment, report.measurements, tmp_path, Console(file=file, width=160))
    table = (tmp_path / "table.md").read_text()
    (variant,) = {row.experiment for row in report.measurements}
    panels = [p for p in experiment.presentation.table if p.experiment == variant]
    assert len(panels) >= 3
    for panel in panels:
        assert panel.title in table
    assert (tmp_path / "plot.svg").stat().st_size > 0
    assert {row.learner for row in report.measurements} == set(experiment.learners)


def test_lsvi_repairs_the_grid_one_hot_by_20_games_and_relational_by_5(tmp_path):
    found = results(
        grid.GRID,
        tmp_path,
        "variants=3x3",
        seeds=(0, 1),
        games=(5, 20),
        learners=("lsvi-ucb-zero-bc",),
        features=("one-hot", "relational"),
    )
    one_hot = values(found, "nash_gap/total", features="one-hot")
    relational = values(found, "nash_gap/total", features="relational")
    assert max(one_hot[seed, 20] for seed in (0, 1)) <= 1e-3
    assert max(relational.values()) <= 1e-3
    assert min(one_hot[seed, 5] for seed in (0, 1)) > 1
    solved = values(found, "solved", features="one-hot")
    assert solved == {(0, 5): 0, (1, 5): 0, (0, 20): 1, (1, 20): 1}
    assert set(values(found, "greedy_nash_gap/total", features="relational").values()) == {0}


def test_cloning_the_two_states_that_grid_experts_visit_leaves_the_known_gap(tmp_path):
    found = results(
        grid.GRID, tmp_path, "variants=3x3", seeds=(3,), games=(1, 50), learners=("bc-tabular",)
    )
    assert values(found, "nash_gap/total") == pytest.approx(
        {(3, 1): 4.560 + 8.035, (3, 50): 4.560 + 8.035}, abs=1e-3
    )
    assert values(found, "states_covered/player_0") == {(3, 1): 2, (3, 50): 2}
    assert {row.queries for row in found if row.games == 50} == {1000}


def test_the_published_ties_explore_otherwise(tmp_path):
    learners = ("lsvi-ucb-zero-bc", grid.PUBLISHED_TIES)
    lists = {"seeds": (0,), "games": (8,), "learners": learners, "features": ("one-hot",)}
    found = results(grid.GRID, tmp_path, "variants=3x3", **lists)
    covered = [values(found, "states_covered/player_0", learner=name) for name in learners]
    assert covered[0][0, 8] > covered[1][0, 8]


def test_a_short_run_is_the_beginning_of_a_long_one(tmp_path):
    lists = {"seeds": (1,), "learners": ("mail-warm", "murmail")}
    long = results(grid.GRID, tmp_path / "long", "variants=3x3", games=(4, 12), **lists)
    short = results(grid.GRID, tmp_path / "short", "variants=3x3", games=(4,), **lists)
    assert tuple(row for row in long if row.games == 4) == short


@pytest.mark.parametrize("learner", ["mail-bro", "murmail"])
def test_an_iteration_asks_as_much_as_its_games(learner, tmp_path):
    found = results(
        lower_bound.LOWER_BOUND,
        tmp_path,
        "concentrability=inf",
        seeds=(0,),
        games=(4, 12),
        learners=(learner, "mail-warm"),
    )
    asked = {(row.learner, row.games): row.queries for row in found}
    for games in (4, 12):
        assert asked[learner, games] == asked["mail-warm", games] == 6 * games


def test_online_learners_are_not_measured_before_their_first_iteration():
    options = small(grid.GRID, "variants=3x3", games=(1, 2), learners=("murmail",))
    with pytest.raises(InvalidOptionError, match="no cells"):
        cells_of(grid.GRID, options)


def test_the_chain_is_exploitable_by_its_closed_form(tmp_path):
    learners = ("bc-linear", "mail-warm")
    lists = {"seeds": (0, 1), "games": (1, 30), "learners": learners, "features": ("position",)}
    found = results(chain.CHAIN, tmp_path, "lengths=4,8", **lists)
    for length in (4, 8):
        where = {"experiment": f"chain/N={length}"}
        for learner in learners:
            right = values(found, "right_action_at_end/player_0", learner=learner, **where)
            gained = values(found, "exploitability/player_0", learner=learner, **where)
            closed = {k: max(0, 2 - 12 * p) * 0.9 ** (length - 2) * 10 for k, p in right.items()}
            assert gained == pytest.approx(closed, abs=1e-9)
        directed = values(found, "exploitability/player_0", learner="mail-warm", **where)
        passive = values(found, "exploitability/player_0", learner="bc-linear", **where)
        assert directed[0, 30] == directed[1, 30] == 0
        assert passive[0, 30] == pytest.approx(20 * 0.9 ** (length - 2), abs=1e-3)
        seen = values(found, "end_seen", learner="mail-warm", **where)
        games = values(found, "end_games", learner="mail-warm", **where)
        assert seen == {key: float(count > 0) for key, count in games.items()}


def test_without_generalisation_an_unseen_end_costs_nothing(tmp_path):
    lists = {"seeds": (0,), "games": (1,), "learners": ("bc-linear",), "features": ("one-hot",)}
    found = results(chain.CHAIN, tmp_path, "lengths=8", **lists)
    assert values(found, "right_action_at_end/player_0") == {(0, 1): 0.5}
    assert values(found, "exploitability/player_0") == {(0, 1): 0}


def test_position_features_know_the_place_and_the_action():
    features = chain.position_features(6)
    game = chain_of_despair(6)
    states, second = np.arange(game.num_states), np.ones(game.num_states, dtype=np.int64)
    expected = [[0, 0, 1, x] for x in (0, 0, 0.25, 0.5, 0.75, 1)]
    assert features(states, second).tolist() == expected
    assert features(states, 1 - second)[:, :2].tolist() == [row[2:] for row in expected]


def test_cloning_pays_for_concentrability_and_asking_does_not(tmp_path):
    seeds = tuple(range(30))
    found = results(
        lower_bound.LOWER_BOUND,
        tmp_path,
        "concentrability=1,2,100,inf",
        seeds=seeds,
        games=(4, 100),
        learners=("bc-tabular", "lsvi-ucb-zero-bc"),
    )
    passive = {
        c: np.mean([v for k, v in gaps.items() if k[1] == 100])
        for c in ("1", "2", "100", "inf")
        for gaps in [values(found, "nash_gap/total", learner="bc-tabular", experiment=variant(c))]
    }
    assert passive["1"] == passive["2"] == 0
    share = 0.99**100  # of seeds that have not seen the state: 11 of 30, deviation 2.6
    assert passive["100"] == pytest.approx(5.4 * share, abs=4 * 5.4 * math.sqrt(share / 30))
    assert passive["inf"] == pytest.approx(5.4)
    assert set(values(found, "nash_gap/total", learner="lsvi-ucb-zero-bc").values()) == {0}


def variant(coefficient):
    return f"lower-bound/C={coefficient}"


def test_online_learners_converge_and_both_gaps_agree_where_the_gap_is_linear(tmp_path):
    found = results(
        lower_bound.LOWER_BOUND,
        tmp_path,
        "concentrability=inf",
        "online_games=200",
        seeds=(0, 1, 2),
        games=(4, 200, 400),
        learners=("mail-bro", "murmail"),
    )
    for learner in ("mail-bro", "murmail"):
        averaged = values(found, "nash_gap/total", learner=learner)
        iterates = values(found, "mean_iterate_gap/total", learner=learner)
        assert averaged == pytest.approx(iterates, abs=1e-9)
        assert {games for _, games in averaged} == {4, 200}
        early, late = (np.mean([averaged[s, games] for s in range(3)]) for games in (4, 200))
        assert late < 0.8 * early


def test_online_learners_run_on_the_first_seeds():
    options = small(lower_bound.LOWER_BOUND, "online_seeds=2", "concentrability=2", seeds=(5, 3, 9))
    cells = cells_of(lower_bound.LOWER_BOUND, options)
    assert {cell.seed for cell in cells if cell.learner == "murmail"} == {5, 3}
    assert {cell.seed for cell in cells if cell.learner == "bc-tabular"} == {5, 3, 9}


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("grid", "variants=4x4", "expected some of 3x3, 3x3-nash, 5x5, 5x5-nash, each once"),
        ("grid", "variants=3x3,3x3", "came '3x3' in '3x3,3x3'"),
        ("chain", "lengths=4,3", "at least 4, came '3'"),
        ("chain", "lengths=4,,5", "came ''"),
        ("lower-bound", "concentrability=0.5", "at least 1, or inf, came '0.5'"),
        ("lower-bound", "concentrability=nan", "at least 1, or inf, came 'nan'"),
        ("lower-bound", "concentrability=1,1.0", "expected distinct names, came '1' in '1,1'"),
        ("lower-bound", "actions=1", "at least 2, came '1'"),
        ("dimension", "states=0", "expected distinct numbers of at least 10, came '0'"),
        ("dimension", "states=40,040", "expected distinct numbers of at least 10, came '40,040'"),
        ("dimension", "dimensions=20,20", "expected distinct numbers of at most"),
    ],
)
def test_settings_are_checked_where_they_enter(name, setting, message):
    experiment = load(name)
    with pytest.raises(InvalidOptionError, match=message):
        parse_settings([setting], experiment.settings)


def test_learners_of_the_wrong_kind_are_refused():
    gatherer = markov_cells.Gatherer(chain.chain_of_despair_v0.setting(4), 4)
    with pytest.raises(UnknownNameError, match="'murmail' does not clone"):
        gatherer.gather("murmail", games=1, rng=np.random.default_rng(0))
    with pytest.raises(UnknownNameError, match="expected mail-bro or murmail, came 'bc-linear'"):
        gatherer.descend("bc-linear", iterations=1, rng=np.random.default_rng(0))
