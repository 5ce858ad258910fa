"""Sweeps in real worker processes, and their folders; every refusal has its broken twin."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from toy_experiment import (
    OPTIONS,
    TOY,
    environment_cell,
    list_cells,
    lucky_cell,
    prepare,
    twice_cell,
)

from mail_envs.errors import ForeignResultsError, InvalidOptionError, UnknownNameError
from mail_learners.experiments import sweep
from mail_learners.experiments.options import Options, with_settings
from mail_learners.experiments.records import read_results
from mail_learners.experiments.store import cell_path, timing_path
from mail_learners.experiments.sweep import cells_of, run
from mail_learners.files import is_leftover

CELLS = list_cells(OPTIONS)


class Watcher:
    def __init__(self):
        self.heard = []

    def start(self, name, *, total, stored):
        self.heard.append((name, total, stored))

    def ended(self, cell, failure):
        self.heard.append((cell, failure))

    def stop(self):
        self.heard.append("stop")


def test_a_sweep_measures_every_cell_once(finished):
    rows = read_results(finished / "results.csv")
    assert len(rows) == 2 * 3 * 2 * 4  # learners, seeds, sizes, metrics
    assert {path.stem for path in (finished / "cells").iterdir()} == {cell.slug for cell in CELLS}
    assert json.loads((finished / "experiment.json").read_text()) == sweep.identity(TOY, OPTIONS)


def test_timings_stand_beside_the_results(finished):
    with (finished / "timings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["phase"] for row in rows] == ["draw", "total"] * len(CELLS)
    assert {row["games"] for row in rows} == {"10 50"}
    assert all(float(row["wall_seconds"]) >= 0 for row in rows)


def test_neither_the_order_nor_the_number_of_processes_shows(finished, tmp_path):
    backwards = replace(TOY, cells=lambda options: list_cells(options)[::-1])
    options = replace(OPTIONS, seeds=(3, 1, 2), learners=("dagger", "bc"))
    run(backwards, options, tmp_path / "other", 3)
    assert (tmp_path / "other/results.csv").read_bytes() == (finished / "results.csv").read_bytes()


def test_a_rerun_does_what_is_missing_and_no_more(copied):
    kept = {path: path.stat().st_mtime_ns for path in (copied / "cells").iterdir()}
    lost = cell_path(copied, CELLS[3])
    before = (copied / "results.csv").read_bytes()
    (copied / "results.csv").unlink()
    lost.unlink()
    watcher = Watcher()
    report = run(TOY, OPTIONS, copied, 2, observer=watcher)
    assert (report.stored, report.computed, report.failures) == (5, 1, ())
    assert watcher.heard == [("toy", 6, 5), (CELLS[3], None), "stop"]
    assert (copied / "results.csv").read_bytes() == before
    del kept[lost]
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())


def test_leftovers_of_kills_are_ignored_and_removed(tmp_path):
    out = tmp_path / "toy"
    out.mkdir()
    for folder in (out, out / "cells", out / "timings"):
        (folder / ".mail-bench-0123.tmp").write_text('{"experi')
        run(TOY, replace(OPTIONS, seeds=(1,), learners=("bc",)), out, 1)
    assert not [path for path in out.rglob("*") if is_leftover(path)]


def spoil_cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def spoil_digit(path):
    text = path.read_text()
    place = text.index('"0.') + 4
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])


def spoil_other(path):
    path.write_bytes(next(p for p in path.parent.iterdir() if p != path).read_bytes())


def spoil_list(path):
    path.write_text("[]")


@pytest.mark.parametrize("spoil", [spoil_cut, spoil_digit, spoil_other, spoil_list])
def test_damaged_cells_are_refused_by_name(copied, spoil):
    path = cell_path(copied, CELLS[2])
    spoil(path)
    with pytest.raises(ForeignResultsError, match="delete this file and run again") as refusal:
        run(TOY, OPTIONS, copied, 1)
    assert str(path) in str(refusal.value)


def test_damaged_timings_are_refused_by_name(copied):
    path = timing_path(copied, CELLS[2])
    spoil_cut(path)
    with pytest.raises(ForeignResultsError, match="delete this file") as refusal:
        run(TOY, OPTIONS, copied, 1)
    assert str(path) in str(refusal.value)
    path.unlink()
    run(TOY, OPTIONS, copied, 1)


@pytest.mark.parametrize(
    ("experiment", "options", "held", "asked"),
    [
        (TOY, replace(OPTIONS, seeds=(1, 2)), "options.seeds [1,2,3]", "options.seeds [1,2]"),
        (TOY, with_settings(OPTIONS, [("pause", 1.0)]), "pause 0.0", "pause 1.0"),
        (replace(TOY, name="tic"), OPTIONS, 'experiment "toy"', 'experiment "tic"'),
    ],
)
def test_folders_of_other_sweeps_are_refused(finished, experiment, options, held, asked):
    before = {path: path.read_bytes() for path in finished.rglob("*.*")}
    with pytest.raises(ForeignResultsError, match="choose another --out") as refusal:
        run(experiment, options, finished, 1)
    message = str(refusal.value)
    assert message.startswith(f"{finished} holds ")
    assert held in message.partition(", but ")[0]
    assert asked in message.partition(", but ")[2]
    assert {path: path.read_bytes() for path in finished.rglob("*.*")} == before


def test_folders_of_other_versions_are_refused(finished, monkeypatch):
    monkeypatch.setattr(sweep, "__version__", "99.0")
    with pytest.raises(ForeignResultsError, match=r'version "99\.0" was asked for'):
        run(TOY, OPTIONS, finished, 1)


def test_folders_of_something_else_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ForeignResultsError, match=r"came one with thesis\.tex"):
        run(TOY, OPTIONS, tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_says_nonsense_is_refused(tmp_path):
    (tmp_path / "experiment.json").write_text("toy")
    with pytest.raises(ForeignResultsError, match="expected JSON, came 'toy'"):
        run(TOY, OPTIONS, tmp_path, 1)


@pytest.mark.parametrize("how", ["raise", "die"])
def test_failed_cells_let_others_go_on_and_are_tried_again(tmp_path, how):
    flag = tmp_path / "broken"
    flag.write_text(how)
    options = with_settings(replace(OPTIONS, learners=("bc",)), [("broken", str(flag))])
    report = run(TOY, options, tmp_path / "toy", 1)
    failed = {cell.seed: text for cell, text in report.failures}
    assert not (tmp_path / "toy/results.csv").exists()
    assert 3 not in failed
    if how == "raise":
        assert set(failed) == {2}
        assert "Traceback" in failed[2]
        assert "seed 2 does not work today" in failed[2]
    else:
        assert 2 in failed
        assert all("a worker process died" in text for text in failed.values())
    flag.unlink()
    left = run(TOY, options, tmp_path / "toy", 1)
    assert (left.stored, left.computed, left.left) == (3 - len(failed), 0, len(failed))
    assert dict(left.failures) == dict(report.failures)
    again = run(TOY, options, tmp_path / "toy", 1, retry=True)
    assert (again.stored, again.computed, again.left) == (3 - len(failed), len(failed), 0)
    assert not list((tmp_path / "toy/failures").iterdir())
    assert {row.seed for row in read_results(tmp_path / "toy/results.csv")} == {1, 2, 3}


@pytest.mark.parametrize(
    ("run_cell", "message"),
    [(lucky_cell, "metric 'luck' is not in the vocabulary"), (twice_cell, "measured already")],
)
def test_cells_that_measure_nonsense_fail(tmp_path, run_cell, message):
    options = replace(OPTIONS, seeds=(1,), learners=("bc",))
    report = run(replace(TOY, run_cell=run_cell), options, tmp_path / "toy", 1)
    assert message in report.failures[0][1]
    assert list((tmp_path / "toy").glob("cells/*")) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_workers_have_one_thread_and_are_prepared_once(tmp_path, jobs):
    experiment = replace(TOY, run_cell=environment_cell, prepare=prepare)
    report = run(experiment, OPTIONS, tmp_path / "toy", jobs)
    assert not report.failures
    assert {row.value for row in report.measurements} == {1.0}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"learners": ("ppo",)}, UnknownNameError, "unknown learner 'ppo'; known: bc, dagger"),
        ({"features": ("x",)}, UnknownNameError, "unknown feature map 'x'; known: planes"),
        ({"settings": (("x", 1),)}, UnknownNameError, "unknown setting 'x'; known: pause, broken"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_written(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        run(TOY, replace(OPTIONS, **change), tmp_path / "toy", 1)
    assert not (tmp_path / "toy").exists()


def test_impossible_sweeps_are_refused():
    options = Options((1,), (1,), ("bc",), settings=OPTIONS.settings)
    with pytest.raises(InvalidOptionError, match="toy: no cells"):
        cells_of(replace(TOY, cells=lambda _: ()), options)
    with pytest.raises(InvalidOptionError, match="expected distinct cells, toy: bc, seed 1"):
        cells_of(replace(TOY, cells=lambda o: list_cells(o) * 2), options)
    with pytest.raises(InvalidOptionError, match="--jobs: expected at least 1, came 0"):
        run(TOY, options, Path("never"), 0)
