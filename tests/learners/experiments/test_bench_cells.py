import pytest

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_learners.experiments.cells import Cell, Stopwatch
from mail_learners.experiments.options import (
    Options,
    OwnOption,
    parse_settings,
    with_lists,
    with_settings,
)
from mail_learners.statistics import wilson_interval

CELL = Cell.of(
    "tictactoe", learner="bc (random ties)", seed=3, games=(10, 50, 100), beta=1.5, alpha=None
)
OPTIONS = Options((1, 2), (10,), ("bc",), settings=(("beta", 1.5),))


def test_a_cell_is_its_description():
    again = Cell.of(
        "tictactoe", learner="bc (random ties)", seed=3, games=(10, 50, 100), alpha=None, beta=1.5
    )
    assert again == CELL
    assert hash(again) == hash(CELL)
    assert CELL["beta"] == 1.5
    assert str(CELL) == "tictactoe: bc (random ties), seed 3, games 10–100"
    assert Cell.of("x", learner="bc", seed=1, games=5).games == (5,)


def test_slugs_are_readable_stable_and_distinct():
    # stored folders depend on these names: a change here orphans their cells
    assert CELL.slug == "tictactoe_bc_random_ties_s3_g10-100_" + CELL.slug[-12:]
    assert CELL.slug.endswith("_07229df6a25d")
    others = [
        Cell.of("tictactoe", learner="bc (random ties)", seed=3, games=(10, 60, 100), beta=1.5),
        Cell.of("tictactoe", learner="bc [random ties]", seed=3, games=(10, 50, 100), beta=1.5),
        Cell.of("tictactoe", learner="bc (random ties)", seed=3, games=(10, 50, 100), beta="1.5"),
    ]
    assert len({cell.slug for cell in (CELL, *others)}) == 4
    assert len(Cell.of("x" * 300, learner="bc", seed=1, games=1).slug) < 100


def test_unknown_and_unstorable_parameters_are_refused():
    with pytest.raises(UnknownNameError, match=r"no parameter 'gamma', but \['alpha', 'beta'\]"):
        CELL["gamma"]
    with pytest.raises(InvalidOptionError, match="parameter 'sizes' of a cell: expected text"):
        Cell.of("toy", learner="bc", seed=1, games=1, sizes=(1, 2))


def test_a_proportion_comes_with_its_interval():
    given = wilson_interval(8, 10)
    share, low, high = CELL.proportion("perturbed_loss_rate/player_0", given, games=50, queries=9)
    assert (share.value, share.kind, share.games, share.queries) == (0.8, "estimate", 50, 9)
    assert low.metric == "perturbed_loss_rate/player_0/low"
    assert high.metric == "perturbed_loss_rate/player_0/high"
    assert (low.value, high.value) == (given.low, given.high)


def test_phases_entered_again_add_up(monkeypatch):
    clock = iter([0.0, 1.0, 10.0, 12.0, 20.0, 24.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    watch = Stopwatch()
    for phase in ("explore", "clone", "explore"):
        with watch.phase(phase):
            pass
    assert [(t.phase, t.wall_seconds) for t in watch.timings] == [("explore", 5.0), ("clone", 2.0)]


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"seeds": "1,x"}, "--seeds: expected whole numbers separated by commas, came 'x'"),
        ({"seeds": "-1"}, "--seeds: expected whole numbers"),
        ({"games": "10,0"}, "--games: expected numbers of at least 1, came 0 at place 1"),
        ({"learners": "bc,bc"}, "--learners: bc comes twice"),
    ],
)
def test_lists_that_make_no_sense_are_refused(lists, message):
    with pytest.raises(InvalidOptionError, match=message):
        with_lists(OPTIONS, **lists)


def test_lists_replace_what_they_name():
    changed = with_lists(OPTIONS, seeds="3, 4", features="planes")
    assert (changed.seeds, changed.features) == ((3, 4), ("planes",))
    assert (changed.games, changed.settings) == (OPTIONS.games, OPTIONS.settings)


def test_no_learners_are_refused():
    with pytest.raises(InvalidOptionError, match="--learners: expected at least one"):
        Options((1,), (1,), ())


def test_settings_are_read_by_the_experiment():
    settings = {"beta": OwnOption("the bonus's weight", float)}
    changed = with_settings(OPTIONS, parse_settings(["beta=2"], settings))
    assert changed["beta"] == 2.0
    with pytest.raises(UnknownNameError, match="no setting 'gamma'"):
        changed["gamma"]
    with pytest.raises(UnknownNameError, match="unknown setting 'gamma'; known: beta"):
        parse_settings(["gamma=2"], settings)
    with pytest.raises(InvalidOptionError, match="--set: expected key=value, came 'beta'"):
        parse_settings(["beta"], settings)
    with pytest.raises(InvalidOptionError, match=r"--set beta: could not .* the bonus's weight"):
        parse_settings(["beta=much"], settings)
