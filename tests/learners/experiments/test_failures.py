"""Cells that raise: what is kept of them, what is left alone, what is tried again."""

import json
from dataclasses import replace

import pytest
from toy_experiment import OPTIONS, TOY, list_cells

from mail_envs.errors import ForeignResultsError
from mail_learners.experiments.options import with_settings
from mail_learners.experiments.store import (
    failure_path,
    read_failure,
    read_measurements,
    stored_failures,
    stored_measurements,
    write_cell,
    write_failure,
)
from mail_learners.experiments.sweep import run


class Totals:
    def __init__(self):
        self.started = ()

    def start(self, name, *, total, stored):
        self.started = (total, stored)

    def ended(self, cell, failure):
        pass

    def stop(self):
        pass


@pytest.fixture
def broken(tmp_path):
    """A sweep whose seed 2 fails while a flag exists, run once; its options, folder and flag."""
    flag = tmp_path / "flag"
    flag.write_text("raise")
    options = with_settings(replace(OPTIONS, learners=("bc",)), [("broken", str(flag))])
    run(TOY, options, tmp_path / "toy", 1)
    return options, tmp_path / "toy", flag


def test_a_failure_is_kept_with_its_traceback_beside_what_ended_well(broken):
    options, out, _ = broken
    cells = list_cells(options)
    path = failure_path(out, cells[1])
    assert [p.name for p in (out / "failures").iterdir()] == [path.name]
    content = json.loads(path.read_text())
    assert content["cell"] == cells[1].to_json()
    assert content["traceback"][0] == "Traceback (most recent call last):"
    assert content["traceback"][-2] == "RuntimeError: seed 2 does not work today"
    assert read_failure(out, cells[0]) is None
    assert {row.seed for row in stored_measurements(out)} == {1, 3}
    [(described, text)] = stored_failures(out)
    assert json.loads(described)["seed"] == 2
    assert text == read_failure(out, cells[1])


def test_a_rerun_leaves_failures_even_where_they_would_succeed(broken):
    options, out, flag = broken
    flag.unlink()
    before = failure_path(out, list_cells(options)[1]).read_bytes()
    watcher = Totals()
    report = run(TOY, options, out, 1, observer=watcher)
    assert (report.stored, report.computed, report.left) == (2, 0, 1)
    assert watcher.started == (2, 2)  # nothing to do
    assert failure_path(out, list_cells(options)[1]).read_bytes() == before
    assert not (out / "results.csv").exists()


def test_a_retry_that_fails_again_is_recorded_anew(broken):
    options, out, flag = broken
    cell = list_cells(options)[1]
    write_failure(out, cell, "an older traceback")
    report = run(TOY, options, out, 1, retry=True)
    assert (report.computed, report.left, len(report.failures)) == (0, 0, 1)
    assert "seed 2 does not work today" in read_failure(out, cell)
    flag.unlink()
    run(TOY, options, out, 1, retry=True)
    assert (out / "results.csv").exists()
    assert stored_failures(out) == ()


def test_a_sweep_with_retries_ends_with_the_bytes_of_one_that_never_failed(broken, tmp_path):
    options, out, flag = broken
    flag.unlink()
    run(TOY, options, out, 1, retry=True)
    run(TOY, options, tmp_path / "whole", 1)
    assert (out / "results.csv").read_bytes() == (tmp_path / "whole/results.csv").read_bytes()


def test_a_cell_stored_after_its_failure_counts_as_stored(broken):
    """As after a kill between the two writes."""
    options, out, flag = broken
    flag.unlink()
    cell = list_cells(options)[1]
    text = read_failure(out, cell)
    write_cell(out, cell, TOY.run_cell(cell))
    assert read_failure(out, cell) is None
    write_failure(out, cell, text)
    report = run(TOY, options, out, 1)
    assert (report.stored, report.failures) == (3, ())
    assert read_measurements(out, cell) is not None


@pytest.mark.parametrize("spoil", [lambda text: text[:-9], lambda text: text.replace("2", "3")])
def test_damaged_failures_are_refused_by_name(broken, spoil):
    options, out, _ = broken
    path = failure_path(out, list_cells(options)[1])
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ForeignResultsError, match="delete this file") as refusal:
        run(TOY, options, out, 1)
    assert str(path) in str(refusal.value)
    with pytest.raises(ForeignResultsError, match="delete this file"):
        stored_failures(out)
