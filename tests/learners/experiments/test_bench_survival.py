"""The real command, killed without warning."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import mail_learners

ROOT = Path(mail_learners.__file__).parents[1]
HERE = Path(__file__).parent


def start(out, *settings, jobs=2):
    chosen = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-W", "error", "-m", "mail_learners.experiments"]
    command += [
        "run",
        "--seeds=1,2,3,4,5,6",
        *chosen,
        "toy_experiment:TOY",
        f"--out={out}",
        f"--jobs={jobs}",
    ]
    path = os.pathsep.join(map(str, (ROOT, HERE)))
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def lines_in(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def wait_for_lines(path, count):
    deadline = time.monotonic() + 30
    while lines_in(path) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} has not {count} lines yet")
        time.sleep(0.01)


def test_killed_at_random_instants_it_ends_with_the_same_bytes(tmp_path):
    whole = start(tmp_path / "whole", "pause=0.1", jobs=1)
    output, _ = whole.communicate(timeout=60)
    assert whole.returncode == 0, output

    instants = np.random.default_rng(20)
    out, begun, cells = tmp_path / "killed", tmp_path / "begun", set()
    for fresh in (0, 1, 2):  # cells that begin before the kill; none: anywhere in the start
        process = start(out, "pause=0.1", f"begun={begun}", jobs=int(instants.integers(1, 3)))
        wait_for_lines(begun, lines_in(begun) + fresh)
        time.sleep(instants.uniform(0, 0.15 if fresh else 0.9))
        process.kill()
        process.communicate(timeout=20)
        assert process.returncode < 0
        assert not (out / "results.csv").exists()
        stored = set((out / "cells").glob("*.json"))
        assert cells <= stored
        cells = stored

    last = start(out, "pause=0.1", f"begun={begun}")
    output, _ = last.communicate(timeout=60)
    assert last.returncode == 0, output
    assert f"{len(cells)} of them done before" in output
    for name in ("results.csv", "table.md"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list(out.rglob(".mail-bench-*"))
    assert len((out / "timings.csv").read_text().splitlines()) == 1 + 2 * 12


def test_a_killed_sweep_leaves_no_worker_computing(tmp_path):
    begun = tmp_path / "begun"
    process = start(tmp_path / "toy", "pause=120", f"begun={begun}")
    wait_for_lines(begun, 2)
    process.kill()
    # workers hold the other end of this pipe: it ends when the last of them has
    process.communicate(timeout=20)
    assert process.returncode < 0
