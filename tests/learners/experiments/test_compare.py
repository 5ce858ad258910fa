"""Comparing results folders."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console
from toy_experiment import OPTIONS, TOY
from typer.testing import CliRunner

from mail_envs.errors import ForeignResultsError
from mail_learners.experiments import command_line
from mail_learners.experiments.compare import compare, to_rich
from mail_learners.experiments.records import read_results, write_results
from mail_learners.experiments.results_folder import open_results
from mail_learners.experiments.store import cell_path, write_failure
from mail_learners.experiments.sweep import cells_of, run
from mail_learners.statistics import student_interval, welch_difference

LOSS = "loss_probability/player_0"


def changed(finished, path, change):
    """A copy of the folder in which every row became what `change` makes of it, if anything."""
    path.mkdir()
    (path / "experiment.json").write_bytes((finished / "experiment.json").read_bytes())
    rows = (change(each) for each in read_results(finished / "results.csv"))
    write_results(path / "results.csv", [each for each in rows if each is not None])
    return path


def compared(first, second):
    return compare(open_results(first), open_results(second))


def shown(comparison):
    text = io.StringIO()
    Console(width=200, file=text).print(to_rich(comparison))
    return text.getvalue()


def test_a_folder_agrees_with_itself(finished):
    found = compared(finished, finished)
    assert len(found.agreeing) == 6
    assert (found.differing, found.only_first, found.only_second, found.differences) == ((),) * 4
    assert found.equal == 2 * 2 * 2  # learners, sizes, metrics without the ends of intervals
    assert "6 cells agree, 0 differ, 0 are only in A, 0 only in B" in shown(found)


def test_one_changed_digit_is_found(finished, tmp_path):
    def change(row):
        touched = (row.learner, row.seed, row.games, row.metric) == ("bc", 2, 50, LOSS)
        return replace(row, value=row.value + 1e-15) if touched else row

    found = compared(finished, changed(finished, tmp_path / "b", change))
    assert found.differing == (("toy", "bc", 2),)
    assert len(found.agreeing) == 5
    [each] = found.differences
    assert (each.line, each.games, each.metric, each.how) == ("bc", 50, LOSS, "paired")
    assert not each.clear
    assert "differing: bc on toy, seed 2" in shown(found)


def test_paired_differences_know_the_seeds(finished, tmp_path):
    """Seeds differ much, their shift does not: only pairing sees it."""
    steps = {1: 0.010, 2: 0.011, 3: 0.012}

    def change(row):
        touched = row.metric == LOSS and row.learner == "bc"
        return replace(row, value=row.value + steps[row.seed]) if touched else row

    found = compared(finished, changed(finished, tmp_path / "b", change))
    for each in found.differences:
        expected = student_interval([0.010, 0.011, 0.012])
        assert each.change.value == pytest.approx(expected.value)
        assert each.change.half_width == pytest.approx(expected.half_width)
        assert each.clear
        assert each.second - each.first == pytest.approx(0.011)
    assert len(found.differences) == 2
    assert "2 means differ, 2 of them clearly" in shown(found)


def test_other_seeds_are_compared_as_independent_means(finished, tmp_path):
    other = changed(finished, tmp_path / "b", lambda row: replace(row, seed=row.seed + 10))
    found = compared(finished, other)
    assert (len(found.only_first), len(found.only_second), found.agreeing) == (6, 6, ())
    # the same values under other names
    assert {each.how for each in found.differences} == {"Welch"}
    assert {each.change.value for each in found.differences} == {0.0}
    rows = read_results(finished / "results.csv")
    values = [r.value for r in rows if (r.learner, r.games, r.metric) == ("bc", 10, LOSS)]
    assert found.differences[0].change == welch_difference(values, values)


def test_shared_seeds_are_compared_alone(finished, tmp_path):
    fewer = changed(finished, tmp_path / "b", lambda row: row if row.seed < 3 else None)
    found = compared(finished, fewer)
    assert len(found.agreeing) == 4
    assert {name[2] for name in found.only_first} == {3}
    assert found.differences == ()


def test_a_missing_metric_makes_cells_differ(finished, tmp_path):
    other = changed(finished, tmp_path / "b", lambda row: None if row.metric == LOSS else row)
    found = compared(finished, other)
    assert len(found.differing) == 6
    assert found.differences == ()


def test_unfinished_folders_are_compared_by_what_is_stored(finished, tmp_path):
    run(TOY, OPTIONS, tmp_path / "b", 1)
    (tmp_path / "b/results.csv").unlink()
    cell = cells_of(TOY, OPTIONS)[0]
    cell_path(tmp_path / "b", cell).unlink()
    write_failure(tmp_path / "b", cell, "no")
    found = compared(finished, tmp_path / "b")
    assert len(found.agreeing) == 5
    assert len(found.only_first) == 1
    assert "unfinished, 1 failed" in shown(found)


def invoke(*arguments):
    return CliRunner().invoke(command_line.application, ["compare", *map(str, arguments)])


def test_the_command_ends_well_whether_folders_agree_or_not(finished, tmp_path):
    assert invoke(finished, finished).exit_code == 0
    other = changed(finished, tmp_path / "b", lambda row: replace(row, value=row.value / 2))
    result = invoke(finished, other)
    assert result.exit_code == 0
    assert "0 cells agree, 6 differ" in result.stdout


def spoil_nothing_there(path):
    (path / "experiment.json").unlink()
    return "experiment.json: no such file; expected a folder that `mail-bench run` has filled"


def spoil_identity(path):
    (path / "experiment.json").write_text("[]")
    return "experiment.json: expected experiment, options and version, came []"


def spoil_json(path):
    (path / "experiment.json").write_text("{")
    return "experiment.json: expected JSON"


def spoil_experiment(path):
    content = json.loads((path / "experiment.json").read_text())
    (path / "experiment.json").write_text(json.dumps({**content, "experiment": "tic"}))
    return "experiment.json: expected experiment 'toy', as in"


def spoil_results(path):
    (path / "results.csv").write_text("a,b\n1,2\n")
    return "results.csv: expected the columns"


def spoil_runs(path):
    (path / "runs.json").write_text("[1]")
    return "runs.json: expected a list of commands with versions"


def spoil_certificates(path):
    (path / "certificates.json").write_text('[{"found": "mistake"}]')
    return "certificates.json: entry 0: KeyError 'board'"


SPOILT = (
    *(spoil_nothing_there, spoil_identity, spoil_json, spoil_experiment),
    *(spoil_results, spoil_runs, spoil_certificates),
)


@pytest.mark.parametrize("spoil", SPOILT)
def test_foreign_folders_are_refused_by_the_name_of_the_file(finished, tmp_path, spoil):
    other = changed(finished, tmp_path / "b", lambda row: row)
    message = spoil(other)
    result = invoke(finished, other)
    assert result.exit_code == 2
    assert f"{other}/{message}" in result.stderr
    with pytest.raises(ForeignResultsError):
        compared(finished, other)
