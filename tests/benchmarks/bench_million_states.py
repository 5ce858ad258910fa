"""A block game of a million states, from building it to the exact gap of its clone.

Run from the root:  python -m tests.benchmarks.bench_million_states [states [episodes]]

Printed: wall seconds of each stage, the gap, and the largest resident memory of the process.
d = 20 (ten latent states, two actions), H = 5; each player explores `episodes` times by LSVI.
"""

import resource
import sys
import time

import numpy as np

from mail_envs import nash_gap, solve
from mail_envs.markov.library import block_linear
from mail_learners.markov import expert_episodes, linear_clones, lsvi_episodes


def main(states, episodes):
    begun = last = time.perf_counter()

    def lap(stage):
        nonlocal last
        now = time.perf_counter()
        print(f"{stage:36s} {now - last:7.2f} s", flush=True)
        last = now

    game = block_linear(0, states=states)
    lap(f"build, {states} states")
    experts = solve(game).policies
    lap("solve for the experts")
    expert_episodes(game, experts, games=100_000, rng=np.random.default_rng(1))
    lap("sample 100 000 episodes of experts")
    features = game.feature_maps
    rng = np.random.default_rng(0)
    runs = lsvi_episodes(game, experts, games=episodes, rng=rng, features=features)
    lap(f"explore, {episodes} episodes a player")
    clones = linear_clones(game, runs, features=features)
    lap("clone")
    gap = nash_gap(game, clones.policies)
    lap("exact Nash gap")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"gap {gap.total:.6f}, total {time.perf_counter() - begun:.1f} s, peak {peak:.2f} GiB")


if __name__ == "__main__":
    given = [int(float(number)) for number in sys.argv[1:]]
    main(*(given + [10**6, 1000][len(given) :]))
