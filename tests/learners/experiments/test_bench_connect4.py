"""The Connect Four experiment on a small board; killed, it ends as undisturbed."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mail_learners
from mail_learners.experiments.connect4 import CONNECT4
from mail_learners.experiments.connect4_shown import derive
from mail_learners.experiments.options import Options, parse_settings, with_settings
from mail_learners.experiments.records import Measurement
from mail_learners.experiments.sweep import cells_of
from mail_learners.experiments.vocabulary import check_measurements
from mail_learners.grading import TEMPERATURES

ROOT = Path(mail_learners.__file__).parents[1]
SMALL = ("board=4x4", "evaluation_games=5", "steps=30", "searched=200")


def small(**changes):
    options = replace(CONNECT4.defaults, seeds=(3,), games=(20, 60), **changes)
    return with_settings(options, parse_settings(SMALL, CONNECT4.settings))


def test_the_defaults_and_the_papers_constants():
    cells = cells_of(CONNECT4, CONNECT4.defaults)
    assert {cell["board"] for cell in cells} == {"6x7"}
    assert {cell["evaluation_games"] for cell in cells} == {100}
    assert len(CONNECT4.defaults.seeds) >= 3
    assert CONNECT4.full.seeds == (42, 123, 1)
    assert CONNECT4.full.games[0] == 1000
    assert CONNECT4.full.games[-1] == 3_000_000
    assert cells[0].learner == "dqn-explore-bc"


@pytest.mark.parametrize("seat", [0, 1])
def test_a_cell_measures_what_is_promised_and_twice_the_same(seat):
    learners = ("uniform-bc", "dqn-explore-bc")
    for cell in cells_of(CONNECT4, small(learners=learners)):
        if cell["seat"] != seat:
            continue
        found = CONNECT4.run_cell(cell).measurements
        check_measurements(found, CONNECT4.vocabulary)
        assert found == CONNECT4.run_cell(cell).measurements
        values = {each.metric: each.value for each in found}
        agent = f"player_{seat}"
        rates = [values[f"win_rate/{t:g}/{agent}"] for t in TEMPERATURES]
        np.testing.assert_allclose(values[f"win_rate/pooled/{agent}"], np.mean(rates))
        assert values[f"score/pooled/{agent}"] >= np.mean(rates) - 1e-12
        assert values[f"decisions_watched/{agent}"] >= values[f"states_covered/{agent}"] > 0
        assert {each.games for each in found} == set(cell.games)
        assert all(each.queries == values[f"decisions_watched/{agent}"] for each in found)


def test_sizes_are_prefixes_so_that_more_games_cover_more():
    cells = cells_of(CONNECT4, small(learners=("dqn-explore-bc",)))
    first = {cell.games[0]: cell for cell in cells if cell["seat"] == 0}
    covered = {
        games: next(
            each.value
            for each in CONNECT4.run_cell(cell).measurements
            if each.metric == "states_covered/player_0"
        )
        for games, cell in first.items()
    }
    assert covered[60] > covered[20]


def row(learner, seed, games, value):
    features = "afterstates" if learner == "dqn-explore-bc" else ""
    return Measurement(
        "connect4", learner, features, seed, games, 7, "score/pooled/player_0", value, "estimate"
    )


def test_leads_are_differences_within_one_seed_and_size():
    rows = [
        row("dqn-explore-bc", 1, 10, 0.5),
        row("dqn-explore-bc", 2, 10, 0.75),
        row("dqn-explore-bc", 1, 20, 1.0),
        row("bc", 1, 10, 0.25),
        row("bc", 2, 10, 1.0),
        row("bc", 3, 10, 0.0),
        row("bc", 1, 20, 0.125),
    ]
    leads = derive(rows)
    assert [(each.seed, each.games, each.value) for each in leads] == [
        (1, 10, 0.25),
        (2, 10, -0.25),
        (1, 20, 0.875),
    ]
    assert {(each.metric, each.learner) for each in leads} == {("lead/player_0", "bc")}
    check_measurements(leads, CONNECT4.vocabulary)


def test_settings_are_read_and_wrong_ones_refused():
    given = dict(parse_settings(("board=5x4", "inputs=marks", "symmetry=no"), CONNECT4.settings))
    assert given == {"board": "5x4", "inputs": "marks", "symmetry": False}
    for wrong in ("board=5", "board=9x9", "inputs=eyes", "symmetry=maybe", "steps=0"):
        with pytest.raises(ValueError, match="--set"):
            parse_settings((wrong,), CONNECT4.settings)
    assert isinstance(small(), Options)


# ---- killed


def start(out):
    command = [sys.executable, "-m", "mail_learners.experiments", "run", "connect4"]
    command += [f"--set={setting}" for setting in SMALL]
    command += ["--seeds=3", "--games=60", f"--out={out}", "--jobs=2"]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def stored(out):
    return len(list((out / "cells").glob("*.json")))


@pytest.mark.slow
def test_killed_ten_times_it_ends_with_the_same_bytes(tmp_path):
    whole = start(tmp_path / "whole")
    output, _ = whole.communicate(timeout=600)
    assert whole.returncode == 0, output
    rng = np.random.default_rng(4)
    out, kept = tmp_path / "killed", list[int]()
    for done in range(10):  # of ten cells: each kill comes at random while a later one is under way
        process = start(out)
        while stored(out) < done and process.poll() is None:
            time.sleep(0.05)
        time.sleep(rng.exponential(1.0))
        process.kill()
        process.communicate(timeout=60)
        kept.append(stored(out))
    assert kept == sorted(kept)
    assert kept[3] < 10  # at least four kills came before the end
    last = start(out)
    output, _ = last.communicate(timeout=600)
    assert last.returncode == 0, output
    for name in ("results.csv", "table.md"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
