"""The same sweep on two processes and on a Ray cluster of two nodes; workers killed under it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_experiment import OPTIONS, TOY, list_cells

import mail_learners
from mail_envs.errors import InvalidOptionError
from mail_learners.experiments.options import with_settings
from mail_learners.experiments.records import read_results
from mail_learners.experiments.sweep import run
from mail_learners.experiments.workers import Workers

pytest.importorskip("ray", reason='Ray is not installed: pip install "mail-envs[ray]"')

RAY = [sys.executable, "-m", "ray.scripts.scripts"]
ROOT = Path(mail_learners.__file__).parents[1]
PATHS = os.pathsep.join(map(str, (ROOT, Path(__file__).parent)))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ray(*arguments):
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1", "PYTHONPATH": PATHS}
    ended = subprocess.run(
        [*RAY, *arguments],
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def cluster():
    """The address of a head; a second node has joined it, each with one core."""
    port = free_port()
    small = ["--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats"]
    try:
        ray("start", "--head", f"--port={port}", "--include-dashboard=false", *small)
        ray("start", f"--address=127.0.0.1:{port}", *small)
        yield f"127.0.0.1:{port}"
    finally:
        ray("stop", "--force")


def command(out, address, *settings, flags=()):
    chosen = [part for setting in settings for part in ("--set", setting)]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "mail_learners.experiments", "run", "toy_experiment:TOY"),
            *("--backend=ray", f"--address={address}", "--jobs=2", f"--out={out}", *chosen, *flags),
        ],
        env={**os.environ, "PYTHONPATH": PATHS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_nodes_write_what_one_process_writes(cluster, tmp_path):
    run(TOY, OPTIONS, tmp_path / "serial", 1)
    run(TOY, OPTIONS, tmp_path / "two", 2)
    output, _ = (process := command(tmp_path / "ray", cluster)).communicate(timeout=120)
    assert process.returncode == 0, output
    expected = (tmp_path / "serial/results.csv").read_bytes()
    assert (tmp_path / "two/results.csv").read_bytes() == expected
    assert (tmp_path / "ray/results.csv").read_bytes() == expected


def begun_in(pids):
    """The processes that began a cell, in order, by what the cells wrote."""
    return [int(line) for line in pids.read_text().splitlines()] if pids.exists() else []


def test_a_worker_killed_under_a_cell_loses_nothing(cluster, tmp_path):
    whole = with_settings(OPTIONS, [("pause", 0.5)])
    run(TOY, whole, tmp_path / "serial", 2)
    pids = tmp_path / "pids"
    process = command(tmp_path / "ray", cluster, "pause=0.5", f"pids={pids}")
    killed = set()
    while process.poll() is None and len(killed) < 3:
        for pid in begun_in(pids)[2 * len(killed) :][:1]:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        time.sleep(0.1)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert len(killed) == 3
    assert len(begun_in(pids)) > len(list_cells(OPTIONS)), "some cell was run again"
    stored = (tmp_path / "ray/results.csv").read_bytes()
    assert stored == (tmp_path / "serial/results.csv").read_bytes()


def test_a_cell_that_kills_every_worker_fails_and_the_others_are_stored(cluster, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(TOY, OPTIONS, whole, 2)
    broken.write_text("die")
    out = tmp_path / "toy"
    process = command(out, cluster, f"broken={broken}")
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "a worker process died meanwhile: after 4 attempts" in output
    broken.unlink()
    process = command(out, cluster, f"broken={broken}", flags=["--retry"])
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert read_results(out / "results.csv") == read_results(whole / "results.csv")


@pytest.mark.parametrize("address", ["127.0.0.1:{free}", "127.0.0.1", "127.0.0.1:head"])
def test_without_a_cluster_at_the_address_it_says_how_to_start_one(address, tmp_path):
    place = address.format(free=free_port())
    with pytest.raises(InvalidOptionError, match=r"came 127.*; start one with: ray start --head"):
        run(TOY, OPTIONS, tmp_path, Workers(2, "ray", place))
