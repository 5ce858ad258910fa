"""Sweeps described by files, and what a file can't say."""

import pytest
import toy_experiment
from typer.testing import CliRunner

from mail_envs.errors import InvalidOptionError
from mail_learners.experiments import workers
from mail_learners.experiments.command_line import application
from mail_learners.experiments.descriptions import Description, read_description
from mail_learners.experiments.records import read_results

WHOLE = """
experiment = "toy_experiment:TOY"
seeds = [1, 3]
games = [10]
learners = ["bc"]

[settings]
pause = 0.0
"""


def write(tmp_path, text, name="small.toml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_file_says_what_the_command_line_would(tmp_path):
    assert read_description(write(tmp_path, WHOLE)) == Description(
        "toy_experiment:TOY",
        False,
        {"seeds": "1,3", "games": "10", "learners": "bc"},
        ("pause=0.0",),
    )
    assert read_description(write(tmp_path, 'experiment = "grid"')) == Description("grid")


def test_a_described_sweep_runs_into_a_folder_of_the_files_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, WHOLE)
    ended = CliRunner().invoke(application, ["run", "small.toml", "--seeds=2", "--jobs=1"])
    assert ended.exit_code == 0, ended.output
    rows = read_results(tmp_path / "results/small/results.csv")
    assert {(row.seed, row.games, row.learner) for row in rows} == {(2, 10, "bc")}


def test_full_begins_with_the_papers_sizes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, 'experiment = "toy_experiment:TOY"\nfull = true\nlearners = ["bc"]')
    ended = CliRunner().invoke(application, ["run", "small.toml", "--jobs=1"])
    assert ended.exit_code == 0, ended.output
    rows = read_results(tmp_path / "results/small/results.csv")
    assert {row.seed for row in rows} == set(toy_experiment.TOY.full.seeds)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("experiment = ", "expected TOML"),
        ("seeds = [1]", "experiment: expected str, came None"),
        ('experiment = "grid"\nseed = [1]', r"expected some of .*, came \['seed'\]"),
        ('experiment = "grid"\nseeds = 1', "seeds: expected list, came 1"),
        ('experiment = "grid"\nseeds = [1, "2"]', r"seeds\[1\]: expected int, came '2'"),
        ('experiment = "grid"\nseeds = [true]', r"seeds\[0\]: expected int, came True"),
        ('experiment = "grid"\nfull = 1', "full: expected bool, came 1"),
        ('experiment = "grid"\n[settings]\nties = [1]', "settings.ties: expected text or a number"),
        ('experiment = "grid"\nsettings = 3', "settings: expected dict, came 3"),
    ],
)
def test_what_is_no_description_is_refused_by_name(text, refusal, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(InvalidOptionError, match=refusal) as refused:
        read_description(path)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidOptionError, match="expected a file that describes a sweep"):
        read_description(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["--backend=dask"], "--backend: expected one of processes, ray, came 'dask'"),
        (["--address=127.0.0.1:1"], "--address: expected --backend ray with it"),
        (["--jobs=-1"], "--jobs: expected at least 1, came -1"),
    ],
)
def test_workers_that_there_are_not_are_refused(arguments, refusal, tmp_path):
    path = write(tmp_path, WHOLE)
    ended = CliRunner().invoke(application, ["run", str(path), f"--out={tmp_path}/o", *arguments])
    assert ended.exit_code == 2
    assert refusal in ended.output


def test_a_cluster_without_ray_is_refused_before_there_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "find_spec", lambda name: None)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        application, ["run", "toy_experiment:TOY", "--backend=ray", f"--out={out}"]
    )
    assert result.exit_code == 2
    assert "--backend ray: expected Ray, which is not installed" in result.stderr
    assert not out.exists()
