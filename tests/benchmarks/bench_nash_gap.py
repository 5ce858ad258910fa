"""The Nash gap of uniform Tic-Tac-Toe, ours beside OpenSpiel's, in one process.

OpenSpiel is a dependency of this benchmark alone, best in an environment of its own, and outside
the working copy:

    python -m venv ../openspiel && . ../openspiel/bin/activate
    python -m pip install -c constraints.txt -e . open_spiel pytest pytest-benchmark
    python tests/benchmarks/bench_nash_gap.py
    python -m pytest -o addopts= tests/benchmarks/bench_nash_gap.py

`TabularBestResponseMDP` is OpenSpiel's fastest exact method; it builds its tables anew every time.
Ours enumerates a game's positions once and keeps them: the first call is timed with that, the
others without. OpenSpiel's uniform policy, which takes as long to make as the answer, is made
beforehand; ours is asked anew every time.
"""

import statistics
import sys
import time
from collections.abc import Callable

import pyspiel

from mail_envs import nash_gap
from mail_envs.board import TicTacToe
from mail_envs.board.positions import positions
from mail_envs.protocols.asking import uniform_policy

EXPECTED = 1.9196593915343914
LEAST_RATIO = 100
ROUNDS = 9

GAME = pyspiel.load_game("tic_tac_toe")
UNIFORM = pyspiel.UniformRandomPolicy(GAME)


def ours() -> float:
    """Both players' gains, summed."""
    return nash_gap(TicTacToe(), [uniform_policy, uniform_policy]).total


def ours_from_nothing() -> float:
    """The same, enumerating the positions again."""
    positions.cache_clear()
    return ours()


def openspiels() -> float:
    """OpenSpiel's NashConv."""
    return float(pyspiel.TabularBestResponseMDP(GAME, UNIFORM).nash_conv().nash_conv)


WAYS = {"openspiel": openspiels, "ours, first call": ours_from_nothing, "ours": ours}


def seconds(way: Callable[[], float]) -> float:
    """How long one call takes: the median of some, after one that does not count."""
    way()
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        way()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> int:
    """Print times, values and ratios; 1 if a value or the ratio is not what it should be."""
    taken = {name: seconds(way) for name, way in WAYS.items()}
    wrong = False
    for name, way in WAYS.items():
        value, ratio = way(), taken["openspiel"] / taken[name]
        wrong |= abs(value - EXPECTED) > 1e-12
        line = f"{name:18} {taken[name] * 1e3:9.2f} ms   NashConv {value!r:20} {ratio:6.0f} x"
        sys.stdout.write(f"{line}\n")
    return int(wrong or taken["openspiel"] / taken["ours"] < LEAST_RATIO)


def test_nash_gap(benchmark):
    assert abs(benchmark(ours) - EXPECTED) < 1e-12


def test_nash_gap_from_nothing(benchmark):
    assert abs(benchmark(ours_from_nothing) - EXPECTED) < 1e-12


def test_openspiels_nash_conv(benchmark):
    assert abs(benchmark(openspiels) - EXPECTED) < 1e-12


if __name__ == "__main__":
    sys.exit(main())
