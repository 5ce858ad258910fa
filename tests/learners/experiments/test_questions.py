"""The search for the number of questions, and how the dimension experiment shows it."""

import numpy as np
import pytest

from mail_learners.experiments import REGISTRY, load
from mail_learners.experiments.dimension_shown import derive, sizes_of, variant
from mail_learners.experiments.options import with_lists, with_settings
from mail_learners.experiments.outputs import present
from mail_learners.experiments.questions import PRECISION, LongRun, games_needed
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.sweep import cells_of, run
from mail_learners.markov import Episodes

LSVI, UNIFORM, BC, ONE_HOT = REGISTRY["dimension"].learners


@pytest.mark.parametrize("threshold", [1, 2, 3, 17, 100, 999, 1000])
def test_the_search_finds_a_threshold(threshold):
    found = games_needed(lambda games: float(games < threshold), target=0.5, cap=1000)
    assert threshold <= found.games <= max(threshold + 1, PRECISION * threshold)
    assert (found.over_cap, found.gap) == (False, 0.0)


def test_the_search_gives_up_at_the_cap_and_says_so():
    tried = []

    def gap_after(games):
        tried.append(games)
        return 1.0 / games

    found = games_needed(gap_after, target=1e-9, cap=100)
    assert (found.games, found.gap, found.over_cap) == (100, 0.01, True)
    assert tried == [1, 2, 4, 8, 16, 32, 64, 100]


def test_what_is_found_was_measured_and_is_enough():
    """Even where the gap is no monotone function of the number of games."""
    noise = np.random.default_rng(0).normal(0, 0.3, size=5001)
    gaps = np.exp(noise) / np.sqrt(np.arange(1, 5002))
    found = games_needed(lambda games: gaps[games], target=0.05, cap=5000)
    assert found.gap == gaps[found.games] <= 0.05


def test_a_long_run_grows_only_when_it_must():
    asked = []

    def gather(games):
        asked.append(games)
        states = np.arange(games)[:, None]
        return (Episodes(states, np.zeros((games, 1, 2), dtype=np.int64)),)

    long_run = LongRun(gather, least=8)
    lengths = [len(long_run.first(games)[0]) for games in (1, 8, 5, 9, 16, 12)]
    assert (lengths, asked) == ([1, 8, 5, 9, 16, 12], [8, 9, 16])
    assert long_run.first(3)[0].states.ravel().tolist() == [0, 1, 2]


def needed(learner, seed, states, value, *, dimension=20, over=0.0, family="block"):
    place = variant(family, states, dimension)
    return [
        Measurement(place, learner, "own", seed, 1, 1, metric, number)
        for metric, number in (("questions_needed", value), ("over_cap", over))
    ]


def shown(rows, metric):
    found = {
        (each.learner, each.seed): each.value for each in derive(rows) if each.metric == metric
    }
    return {key: pytest.approx(value) for key, value in found.items()}


def test_exponents_are_slopes_of_logarithms():
    rows = [row for s in (100, 1000, 10_000) for row in needed(LSVI, 3, s, 7 * s**0.5)]
    rows += [row for d in (10, 40) for row in needed(LSVI, 3, 1000, d**1.5, dimension=d)]
    exponents = [each for each in derive(rows) if each.metric == "exponent"]
    assert [(each.experiment, each.kind) for each in exponents] == [
        ("dimension/block/S=*,d=20", "estimate"),
        ("dimension/block/S=1000,d=*", "estimate"),
    ]
    assert exponents[0].value == pytest.approx(0.5)
    sizes, values = [10, 20, 40], [10**1.5, 7 * 1000**0.5, 40**1.5]
    assert exponents[1].value == pytest.approx(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def test_equal_numbers_of_questions_have_exponent_zero_without_rounding():
    rows = [row for s in (100, 1000, 10_000) for row in needed(LSVI, 3, s, 21_230.0)]
    assert [each.value for each in derive(rows) if each.metric == "exponent"] == [0.0]


def test_no_exponent_where_a_size_was_over_the_cap():
    rows = needed(ONE_HOT, 1, 100, 500.0) + needed(ONE_HOT, 1, 1000, 900.0, over=1.0)
    assert shown(rows, "exponent") == {}
    assert (
        len(
            shown(
                [*rows, *needed(ONE_HOT, 2, 100, 5.0), *needed(ONE_HOT, 2, 1000, 9.0)], "exponent"
            )
        )
        == 1
    )


def test_ratios_are_paired_by_seed():
    rows = [
        *needed(LSVI, 1, 100, 50.0),
        *needed(LSVI, 1, 10_000, 60.0),
        *needed(LSVI, 2, 100, 10.0),
        *needed(LSVI, 2, 10_000, 5.0),
    ]
    assert shown(rows, "ratio/10000-100") == {(LSVI, 1): 1.2, (LSVI, 2): 0.5}


def test_ratios_to_the_directed_explorer_are_paired_by_seed_and_size():
    rows = [
        *needed(LSVI, 1, 100, 50.0),
        *needed(UNIFORM, 1, 100, 75.0),
        *needed(ONE_HOT, 1, 100, 1000.0, over=1.0),
        *needed(UNIFORM, 2, 100, 75.0),  # nothing to compare it with
        *needed(LSVI, 3, 100, 50.0, over=1.0),  # itself a bound from below
        *needed(UNIFORM, 3, 100, 75.0),
    ]
    assert shown(rows, "times_directed") == {(UNIFORM, 1): 1.5, (ONE_HOT, 1): 20.0}


def test_sizes_are_read_back():
    row = needed(LSVI, 1, 100, 5.0, dimension=40, family="additive")[0]
    assert sizes_of(row) == ("additive", 100, 40)


TINY = {"families": "block,additive", "states": "20,200", "dimensions": "10,20", "gap": 0.5}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A tiny run of everything: an easy gap, and a cap that one-hot clones run into."""
    experiment = load("dimension")
    options = with_lists(experiment.defaults, seeds="1,2", games="256")
    options = with_settings(options, tuple(TINY.items()))
    out = tmp_path_factory.mktemp("dimension") / "run"
    return experiment, options, run(experiment, options, out, 1)


def values(report, metric):
    return {
        (each.experiment, each.learner, each.seed): each.value
        for each in report.measurements
        if each.metric == metric
    }


def test_a_tiny_run_measures_every_game(sweep):
    _, _, report = sweep
    questions, capped = values(report, "questions_needed"), values(report, "over_cap")
    places = {place for place, _, _ in questions}
    assert places == {
        *(variant(family, s, 20) for family in ("block", "additive") for s in (20, 200)),
        variant("block", 1000, 10),
        variant("block", 1000, 20),
    }
    assert all(count % 10 == 0 for count in questions.values())  # n H questions a game
    gaps = values(report, "nash_gap/total")
    assert all((gaps[key] > 0.5) == bool(capped[key]) for key in gaps)
    assert all(questions[key] == 2560 for key in capped if capped[key])
    assert not any(capped[key] for key in capped if key[1] == LSVI)


def test_with_shared_draws_blocks_hide_the_number_of_states_from_learners_in_features(sweep):
    questions = values(sweep[2], "questions_needed")
    for learner in (LSVI, UNIFORM, BC):
        for seed in (1, 2):
            few, many = (questions[variant("block", s, 20), learner, seed] for s in (20, 200))
            assert few == many
    assert all(
        questions[variant("block", 200, 20), ONE_HOT, seed]
        > questions[variant("block", 200, 20), UNIFORM, seed]
        for seed in (1, 2)
    )


def test_fresh_draws_are_others_at_every_size():
    experiment = load("dimension")
    options = with_settings(
        with_lists(experiment.defaults, seeds="1", learners=UNIFORM),
        (("draws", "fresh"), ("states", "20,200"), ("families", "block")),
    )
    cells = [c for c in cells_of(experiment, options) if c["states"] < 1000]
    found = [experiment.run_cell(cell).measurements[2].value for cell in cells]
    assert found[0] != found[1]


def test_the_run_is_shown(sweep, tmp_path):
    from rich.console import Console

    experiment, _, report = sweep
    console = Console(width=200, record=True)
    present(experiment, report.measurements, tmp_path, console)
    text = (tmp_path / "table.md").read_text()
    assert "## Questions, block games, d = 20" in text
    assert "## Exponent of S, block games (estimate)" in text
    assert (tmp_path / "plot.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("setting", "text"),
    [("families", "block,ring"), ("dimensions", "21"), ("gap", "0"), ("draws", "stolen")],
)
def test_settings_refuse_what_they_do_not_take(setting, text):
    with pytest.raises(ValueError, match="expected"):
        load("dimension").settings[setting].read(text)


def test_the_bonus_is_a_constant_of_the_directed_explorer_alone():
    experiment = load("dimension")
    cells = cells_of(experiment, experiment.defaults)
    assert {dict(c.parameters).get("bonus") for c in cells if c.learner == LSVI} == {3.0}
    assert all("bonus" not in dict(c.parameters) for c in cells if c.learner != LSVI)
