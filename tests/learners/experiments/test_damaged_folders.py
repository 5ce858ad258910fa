"""Results folders that were cut, altered or are in use: refused by name, nothing lost."""

import json
import shutil
import sys

import pytest
from test_bench_survival import lines_in, start, wait_for_lines
from toy_experiment import OPTIONS, TOY, list_cells

from mail_envs.errors import BusyFileError, ForeignResultsError
from mail_learners.experiments.results_folder import open_results
from mail_learners.experiments.run_record import read_runs
from mail_learners.experiments.store import cell_path, timing_path
from mail_learners.experiments.sweep import run


def without_its_last_row(rows):
    return rows[:-1]


def with_a_row_twice(rows):
    return [*rows, rows[-1]]


def with_another_number(rows):
    start, _, kind = rows[-1].rsplit(",", 2)
    return [*rows[:-1], f"{start},0.123,{kind}"]


DAMAGES = (without_its_last_row, with_a_row_twice, with_another_number)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_results_that_are_not_those_of_the_cells(damage, copied):
    path = copied / "results.csv"
    kept = path.read_bytes()
    path.write_text("".join(damage(kept.decode().splitlines(keepends=True))))
    with pytest.raises(ForeignResultsError, match=r"results\.csv.*(altered|measured already)"):
        open_results(copied)
    assert run(TOY, OPTIONS, copied, 1).computed == 0
    assert path.read_bytes() == kept
    open_results(copied)


def test_results_without_their_cells_are_read_as_they_are(copied):
    kept = open_results(copied).measurements
    shutil.rmtree(copied / "cells")
    assert open_results(copied).measurements == kept


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"toy"])
def test_an_identity_that_is_no_text(content, copied):
    (copied / "experiment.json").write_bytes(content)
    for use in (open_results, lambda out: run(TOY, OPTIONS, out, 1)):
        with pytest.raises(ForeignResultsError, match=r"experiment\.json: expected JSON, came"):
            use(copied)


def test_an_identity_whose_settings_are_no_table(copied):
    path = copied / "experiment.json"
    content = json.loads(path.read_text())
    content["options"]["settings"] = []
    path.write_text(json.dumps(content))
    with pytest.raises(ForeignResultsError, match=r"json: expected experiment, options"):
        open_results(copied)


def test_a_cell_that_holds_no_number(copied):
    path = cell_path(copied, list_cells(OPTIONS)[0])
    path.write_text(path.read_text().replace('"checksum": "', '"more": NaN, "checksum": "'))
    with pytest.raises(ForeignResultsError, match="expected finite numbers, came NaN"):
        run(TOY, OPTIONS, copied, 1)


def test_damaged_timings_name_both_files_of_their_cell(copied):
    cell = list_cells(OPTIONS)[0]
    path = timing_path(copied, cell)
    timings = (copied / "timings.csv").read_text().splitlines()
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(ForeignResultsError) as refused:
        run(TOY, OPTIONS, copied, 1)
    assert f"delete this file and {cell_path(copied, cell)} and run again" in str(refused.value)
    path.unlink()
    cell_path(copied, cell).unlink()
    run(TOY, OPTIONS, copied, 1)
    assert len((copied / "timings.csv").read_text().splitlines()) == len(timings)


def test_a_damaged_record_of_runs_is_found_before_anything_is_computed(copied):
    (copied / "runs.json").write_text("{")
    for cell in list_cells(OPTIONS):
        cell_path(copied, cell).unlink()
    with pytest.raises(ForeignResultsError, match=r"runs\.json: expected JSON"):
        run(TOY, OPTIONS, copied, 1, command=["mail-bench", "run", "toy"])
    assert not list((copied / "cells").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks there")
def test_a_folder_that_another_run_fills_is_refused_and_runs_are_recorded_when_they_begin(tmp_path):
    out, begun = tmp_path / "toy", tmp_path / "begun"
    first = start(out, "pause=1", f"begun={begun}")
    try:
        wait_for_lines(begun, 1)
        second = start(out, "pause=1", f"begun={begun}")
        output, _ = second.communicate(timeout=60)
        assert second.returncode == 2, output
        assert output.startswith(f"mail-bench: {out}: expected no other run into it, came one that")
        assert lines_in(begun) <= 4
        with pytest.raises(BusyFileError):
            run(TOY, OPTIONS, out, 1)
    finally:
        first.kill()
        first.communicate(timeout=20)
    [recorded] = read_runs(out)  # of the one that was killed
    assert "pause=1" in recorded["command"]
