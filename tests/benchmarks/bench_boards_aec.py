"""Connect Four turn by turn, random legal play: our AEC environments beside PettingZoo's.

Everything runs in the development environment:

    python tests/benchmarks/bench_boards_aec.py

One process on one core, CPU time. A ply is `last()`, a legal action drawn from the mask, `step`;
resets are part of it. The drawing is the same on both sides, and its time is shown. At least 5 is
promised for `env()`, whose checks are those of PettingZoo's three stock wrappers, and 8 for
`raw_env()`. What an import and the first steps take in a process of their own is shown below, in
wall time, the median of five.
"""

import os
import random
import statistics
import subprocess
import sys
import time
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pettingzoo
from pettingzoo import AECEnv

from mail_envs import connect_four_v0

PLIES, ROUNDS = 6_000, 9

MAKE = "import gymnasium, mail_envs; env = gymnasium.make('mail_envs/{}', opponent='{}')"
PLAY = "; env.reset(seed=0); env.step(3)"
MAKE_BATCH = (
    "import gymnasium, mail_envs, numpy\n"
    "env = gymnasium.make_vec('mail_envs/ConnectFour-v0', num_envs=8192, opponent='random')\n"
    "env.reset(seed=0); env.step(numpy.full(8192, 3))"
)
FIRST_STEPS = {
    "import mail_envs": "import mail_envs",
    "one board, random opponent": MAKE.format("ConnectFour-v0", "random") + PLAY,
    "Tic-Tac-Toe, perfect opponent": MAKE.format("TicTacToe-v0", "expert") + PLAY,
    "8192 boards, kernels from disk": MAKE_BATCH,
}


def draw(mask: Any, rng: random.Random) -> int:
    """A legal action, all alike, as cheaply as Python can: drawn again until it is legal."""
    while True:
        action = int(rng.random() * 7)
        if mask[action]:
            return action


def microseconds_a_ply(env: AECEnv) -> float:
    """CPU time of whole games of random play, divided by their plies."""
    rng, plies = random.Random(0), 0  # noqa: S311 - moves, no secrets
    start = time.process_time()
    while plies < PLIES:
        env.reset()
        while True:
            observation, _, terminated, truncated, _ = env.last()
            if terminated or truncated:
                break
            env.step(draw(observation["action_mask"], rng))
            plies += 1
    return (time.process_time() - start) / plies * 1e6


def microseconds_of_drawing() -> float:
    """The part of a ply that is the benchmark's own."""
    env = connect_four_v0.raw_env()
    env.reset()
    mask, rng = env.last()[0]["action_mask"], random.Random(0)  # noqa: S311
    start = time.process_time()
    for _ in range(PLIES):
        draw(mask, rng)
    return (time.process_time() - start) / PLIES * 1e6


def seconds_of(code: str) -> float:
    """Wall time of a process that runs `code`; the first of six, which may compile, is dropped."""
    times = []
    for _ in range(6):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> None:
    """Print medians of rounds in which everybody runs once, and ratios within rounds."""
    stock = pettingzoo.make("aec", "classic/connect_four-v3")
    pairs: dict[str, tuple[AECEnv, AECEnv]] = {
        "raw_env()": (stock.unwrapped, connect_four_v0.raw_env()),
        "env()": (stock, connect_four_v0.env()),
    }
    write = sys.stdout.write
    write(f"{PLIES} plies, median of {ROUNDS} rounds, one core, CPU time\n")
    write(f"drawing an action: {microseconds_of_drawing():.2f} us of every ply\n")
    for name, (theirs, ours) in pairs.items():
        rounds = [(microseconds_a_ply(theirs), microseconds_a_ply(ours)) for _ in range(ROUNDS)]
        ratios = [there / here for there, here in rounds]
        there, here = (statistics.median(side) for side in zip(*rounds, strict=True))
        write(
            f"{name:9} PettingZoo {there:5.2f} us, ours {here:.2f} us, {1e3 / here:.0f} k plies/s: "
            f"{statistics.median(ratios):.1f} x ({min(ratios):.1f} to {max(ratios):.1f})\n"
        )
    for name, code in FIRST_STEPS.items():
        write(f"{name:31} {seconds_of(code):.2f} s from the start of the process\n")


if __name__ == "__main__":
    main()
