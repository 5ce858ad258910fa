import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.errors import ForeignResultsError, InvalidMeasurementError, UnknownNameError
from mail_learners.experiments.records import (
    COLUMNS,
    Measurement,
    from_row,
    in_order,
    read_results,
    refuse_duplicates,
    to_csv,
    to_row,
    write_results,
)
from mail_learners.experiments.vocabulary import METRICS, Metric, check_measurements, metric_of


def row(metric="nash_gap/total", value=0.5, kind="exact", **others):
    known = {"experiment": "toy", "learner": "bc", "features": "", "seed": 1, "games": 10}
    return Measurement(**{**known, "queries": 7, **others}, metric=metric, value=value, kind=kind)


def test_columns_are_the_published_ones():
    assert ",".join(COLUMNS) == "experiment,learner,features,seed,games,queries,metric,value,kind"


def test_numpy_scalars_become_plain_numbers():
    held = row(value=np.float64(0.1), seed=np.int64(3))
    assert to_row(held) == ["toy", "bc", "", "3", "10", "7", "nash_gap/total", "0.1", "exact"]
    assert type(held.value) is float
    assert type(held.seed) is int


names = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1)


parts = st.tuples(names, names, st.integers(0), st.floats(allow_nan=False))


@given(st.lists(parts, max_size=9, unique_by=lambda part: part[:3]))
def test_results_read_back_equal(tmp_path_factory, parts):
    rows = [row(value=v, learner=n, features=f, seed=s) for n, f, s, v in parts]
    path = tmp_path_factory.mktemp("results") / "results.csv"
    write_results(path, rows)
    assert read_results(path) == in_order(rows)
    assert to_csv(read_results(path)).encode() == path.read_bytes()


def test_rows_are_ordered_by_size_not_by_text():
    rows = [
        row(seed=s, games=g, metric=f"nash_gap/{m}")
        for s in (2, 10)
        for g in (9, 50, 100)
        for m in ("maximum", "total")
    ]
    shuffled = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    assert in_order(shuffled) == tuple(rows)
    assert to_csv(shuffled) == to_csv(rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": math.nan}, "expected a number, came NaN"),
        ({"kind": "guess"}, "expected kind exact or estimate"),
        ({"seed": -1}, "expected seed of at least 0"),
        ({"learner": ""}, "expected a learner, came an empty name"),
    ],
)
def test_impossible_measurements_are_refused(change, message):
    with pytest.raises(InvalidMeasurementError, match=message):
        row(**change)


def test_rows_that_are_none_of_ours_are_refused():
    good = to_row(row())
    with pytest.raises(InvalidMeasurementError, match="expected 9 columns"):
        from_row(good[:-1])
    with pytest.raises(InvalidMeasurementError, match="invalid literal for int"):
        from_row([*good[:3], "one", *good[4:]])
    with pytest.raises(InvalidMeasurementError, match="expected kind exact or estimate"):
        from_row([*good[:-1], "guess"])


def test_a_file_that_is_none_of_ours_is_refused(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ForeignResultsError, match="expected the columns experiment,learner"):
        read_results(path)
    path.write_text(to_csv([row(), row(seed=2)]).replace("0.5", "half"))
    with pytest.raises(ForeignResultsError, match=r"results\.csv, line 2: .*half"):
        read_results(path)


def test_one_thing_has_one_value():
    refuse_duplicates([row(), row(seed=2), row(metric="nash_gap/maximum")])
    with pytest.raises(InvalidMeasurementError, match="measured already"):
        refuse_duplicates([row(), row(value=0.6)])


@pytest.mark.parametrize(
    "name",
    [
        *("loss_probability/player_0", "nash_gap/player_12", "nash_gap/total", "nash_gap/maximum"),
        *("states_covered/player_1", "perturbed_loss_rate/player_0/low"),
    ],
)
def test_names_of_the_vocabulary(name):
    assert metric_of(name) in METRICS


@pytest.mark.parametrize(
    "name",
    [
        *("loss_probability", "loss_probability/player_x", "nash_gap/total/low/high"),
        *("nash_gap/total ", "perturbed_loss_rate/player_0/middle", "xnash_gap/total"),
    ],
)
def test_names_outside_the_vocabulary(name):
    with pytest.raises(UnknownNameError, match="is not in the vocabulary: loss_probability"):
        metric_of(name)


def test_an_experiment_may_add_metrics():
    own = Metric("queries_needed/{gap}/{number}", "questions until the gap is reached", "queries")
    assert metric_of("queries_needed/small-gap/20", (*METRICS, own)) is own


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "loss_probability/player_0", "value": 1.01}, r"expected a value in \[0.0, 1.0"),
        ({"value": -1e-6}, r"expected a value in \[0.0, inf"),
        ({"metric": "perturbed_loss_rate/player_0"}, "expected kind estimate"),
        ({"metric": "nash_gap/total/low"}, "only an estimate has an interval"),
    ],
)
def test_values_that_a_metric_excludes_are_refused(change, message):
    with pytest.raises(InvalidMeasurementError, match=message):
        check_measurements([row(), row(**change)])


def test_rounding_is_forgiven_and_infinity_is_a_value():
    check_measurements([row(value=-1e-17), row(value=math.inf)])
    check_measurements([row(metric="loss_probability/player_0", value=1 + 1e-15)])


def test_packed_results_read_as_before_and_broken_ones_are_refused(tmp_path):
    write_results(tmp_path / "results.csv", [row(seed=seed) for seed in range(3)])
    text = (tmp_path / "results.csv").read_bytes()
    packed = tmp_path / "results.csv.gz"
    packed.write_bytes(gzip.compress(text))
    assert read_results(packed) == read_results(tmp_path / "results.csv")
    whole = packed.read_bytes()
    for broken in (whole[:-12], text, b"", whole[:20] + b"\0\0" + whole[22:]):
        packed.write_bytes(broken)
        with pytest.raises(ForeignResultsError, match=r"results\.csv\.gz"):
            read_results(packed)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "results.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ForeignResultsError, match=r"results\.csv: expected rows of numbers"):
        read_results(tmp_path / "results.csv")
