"""What a report computes beside the tables, and what it says of an origin."""

from dataclasses import replace

import numpy as np
import pytest
from toy_experiment import OPTIONS, TOY

from mail_learners.aggregates import interquartile_mean
from mail_learners.experiments.options import (
    Options,
    parse_settings,
    with_lists,
    with_settings,
)
from mail_learners.experiments.presentation import Panel
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.registry import REGISTRY, load
from mail_learners.experiments.report_numbers import SEED, comparisons_of
from mail_learners.experiments.report_origin import command
from mail_learners.experiments.vocabulary import Metric


def row(learner, seed, value, *, games=10, metric="loss_probability/player_0"):
    return Measurement("toy", learner, "", seed, games, 0, metric, value)


def shown(*panels, metrics=()):
    return replace(TOY, presentation=replace(TOY.presentation, table=panels), metrics=metrics)


def test_lower_is_better_where_the_metric_says_so():
    rows = [row("bc", seed, 0.9) for seed in range(4)] + [row("dagger", s, 0.1) for s in range(4)]
    [found] = comparisons_of(shown(Panel("loss_probability/player_0", "Loss")), rows)
    assert found.better == "lower"
    assert found.improvement["dagger"]["bc"].value == 1.0
    assert found.improvement["bc"]["dagger"].value == 0.0
    assert found.means["bc"][10.0].value == 0.9


def test_higher_is_better_where_the_metric_says_so():
    metric = Metric("wins/{player}", "games won", "games", better="higher")
    rows = [
        row("bc", 1, 3.0, metric="wins/player_0"),
        row("dagger", 1, 2.0, metric="wins/player_0"),
    ]
    [found] = comparisons_of(shown(Panel("wins/player_0", "Wins"), metrics=(metric,)), rows)
    assert found.improvement["bc"]["dagger"].value == 1.0


def test_bounded_metrics_of_both_seats_are_tasks_of_one_comparison():
    metric = "loss_probability/player_1"
    rows = [row("bc", seed, seed / 8) for seed in range(4)]
    rows += [row("bc", seed, 1 - seed / 8, metric=metric) for seed in range(4)]
    panels = Panel("loss_probability/player_0", "First"), Panel(metric, "Second")
    [found] = comparisons_of(shown(*panels), rows)
    assert found.tasks == ("First", "Second")
    scores = [[0, 1 / 8, 2 / 8, 3 / 8], [1, 7 / 8, 6 / 8, 5 / 8]]
    rng = np.random.default_rng(SEED)
    assert found.means["bc"][10.0] == interquartile_mean(scores, rng=rng)


def test_unbounded_metrics_are_compared_panel_by_panel():
    rows = [row("bc", 1, 3.0, metric=f"nash_gap/player_{i}") for i in range(2)]
    panels = [Panel(f"nash_gap/player_{i}", f"Gap {i}") for i in range(2)]
    found = comparisons_of(shown(*panels), rows)
    assert [each.title for each in found] == ["Gap 0", "Gap 1"]


def test_improvement_is_judged_where_most_lines_are():
    rows = [row("bc", 1, 0.5, games=g) for g in (10, 50, 100)]
    rows += [row("dagger", 1, 0.5, games=g) for g in (10, 50)]
    [found] = comparisons_of(shown(Panel("loss_probability/player_0", "Loss")), rows)
    assert found.places == (10.0, 50.0, 100.0)
    assert found.place == 50.0
    assert found.improvement["bc"]["dagger"].value == 0.5


def test_descriptions_shares_and_infinite_values_are_not_compared():
    covered, share = (
        "states_covered/player_0",
        Panel("loss_probability/player_0", "S", average="share"),
    )
    experiment = shown(Panel(covered, "States"), share, Panel("nash_gap/total", "Gap"))
    rows = [row("bc", 1, 7.0, metric=covered), row("bc", 1, 1.0)]
    assert comparisons_of(experiment, rows) == ()
    assert comparisons_of(experiment, [*rows, row("bc", 1, np.inf, metric="nash_gap/total")]) == ()


def test_commands_are_as_short_as_can_be():
    assert command(TOY, TOY.defaults) == "mail-bench run toy"
    assert command(TOY, TOY.full) == "mail-bench run toy --full"
    assert command(TOY, TOY.full, "mine:TOY") == "mail-bench run mine:TOY --full"
    some = replace(OPTIONS, seeds=(1, 2), features=("planes",))
    assert command(TOY, some) == "mail-bench run toy --seeds 1,2 --features planes"
    slow = with_settings(OPTIONS, [("pause", 0.5)])
    assert command(TOY, slow) == "mail-bench run toy --set pause=0.5"
    spaced = with_settings(OPTIONS, [("broken", "a file")])
    assert command(TOY, spaced) == "mail-bench run toy --set 'broken=a file'"


CHANGED = {
    "connect4": ("board=4x5", "memory=no", "inputs=marks"),
    "dimension": ("states=100,1000", "gap=0.1", "draws=fresh"),
    "grid": ("variants=3x3",),
    "lower-bound": ("concentrability=2,inf", "actions=4"),
    "chain": ("lengths=4",),
}


@pytest.mark.parametrize("name", REGISTRY)
def test_commands_say_what_they_came_from(name):
    experiment = load(name)
    own = parse_settings(CHANGED.get(name, ()), experiment.settings)
    options = with_settings(replace(experiment.defaults, seeds=(5, 6)), own)
    words = command(experiment, options).split()
    assert words[:3] == ["mail-bench", "run", name]
    pairs = list(zip(words[3::2], words[4::2], strict=True))
    lists = {key[2:]: text for key, text in pairs if key != "--set"}
    back: Options = with_lists(experiment.defaults, **lists)
    settings = [text for key, text in pairs if key == "--set"]
    back = with_settings(back, parse_settings(settings, experiment.settings))
    assert back.to_json() == options.to_json()
    assert len(settings) == len(own)
