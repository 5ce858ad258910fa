"""A block game of a million states from beginning to end, with the time and memory that it takes.

S = 10⁶, m = 10, A = 2, H = 5: features of d = 20 for each player. The game is built and solved,
sampled, explored by LSVI for 1 000 episodes of each player, cloned, and the clone's exact Nash gap
computed over all states. The aim is 4 GiB and five minutes.
Run from the root:  python -m tests.benchmarks.bench_million_states [episodes [states [seed]]]
"""

import resource
import sys
import time

import numpy as np

from mail_envs import nash_gap, solve
from mail_envs.markov.library import block_linear
from mail_learners.markov import linear_clones, lsvi_episodes

GIB = 2**30
SAMPLES = 100_000
"""Transitions drawn at once from states spread over the whole game."""


def phase(name, function):
    """Run, and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"  {name:28s} {seconds:8.2f} s wall {cpu:8.2f} s CPU   peak {peak():.2f} GiB", flush=True
    )
    return result


def peak():
    """The largest resident size so far, in GiB; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB


def sample(game, seed):
    """A batch of starts and of transitions."""
    rng = np.random.default_rng(seed)
    states = rng.integers(game.num_states, size=SAMPLES)
    actions = rng.integers(game.num_actions, size=(SAMPLES, game.num_players))
    game.sample_initial_states(SAMPLES, rng=rng)
    return game.dynamics.sample_next(0, states, actions, rng=rng)


def main(episodes=1000, states=1_000_000, seed=0):
    begun = time.perf_counter()
    game = phase("build", lambda: block_linear(seed, states=states))
    maps = game.feature_maps
    print(f"  {game!r}, d = {[features.dimension for features in maps]}")
    experts = phase("solve", lambda: solve(game).policies)
    phase(f"sample {SAMPLES} transitions", lambda: sample(game, seed))
    played = phase(
        f"explore, {episodes} episodes each",
        lambda: lsvi_episodes(
            game, experts, games=episodes, rng=np.random.default_rng(seed), features=maps
        ),
    )
    clones = phase("clone", lambda: linear_clones(game, played, features=maps))
    gap = phase("exact Nash gap of the clones", lambda: nash_gap(game, clones.policies))
    total = time.perf_counter() - begun
    print(f"  gap {gap.total:.6f} (sum), {gap.per_player.round(6).tolist()} per player")
    print(f"  total {total:.1f} s (aim 300), peak {peak():.2f} GiB (aim 4)")
    return gap.total


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
