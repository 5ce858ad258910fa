"""LSVI beside an implementation that solves from scratch before every episode, in one run.

On the 3 × 3 grid with the published experts, one-hot (d = 288) and relational features (d = 80).
Run from the root:  python -m tests.benchmarks.bench_lsvi [episodes …]

Printed for each number of episodes (each player explores that many): CPU seconds of both, their
ratio, and that both explorers made the same moves. Then the growth of our own time from 2 000 to
4 000 episodes, which would be 2 for a constant cost per episode and 4 for a cost that grows with
it, and the time of 50 episodes.
"""

import sys
import time

import numpy as np

from mail_envs.markov.library import grid_experts, grid_features, grid_game
from mail_envs.markov.tabular import policy_tables
from mail_learners.markov import lsvi_episodes
from tests.benchmarks.direct_lsvi import direct_episodes

SIZES = (50, 500, 2000)


def timed(function, *arguments, **options):
    begun = time.process_time()
    result = function(*arguments, **options)
    return time.process_time() - begun, result


def compare(game, experts, features, games):
    ours, runs = timed(
        lsvi_episodes, game, experts, games=games, rng=np.random.default_rng(0), features=features
    )
    tables = policy_tables(game, experts)
    direct, twins = timed(
        direct_episodes, game, tables, games=games, rng=np.random.default_rng(0), features=features
    )
    same = all(np.array_equal(a.actions, b.actions) for a, b in zip(runs, twins, strict=True))
    print(
        f"  {games:5d} episodes: {ours:7.3f} s, direct {direct:8.2f} s, "
        f"ratio {direct / ours:7.1f}, same moves: {same}",
        flush=True,
    )


def growth(game, experts, features, repeats=3):
    """The median ratio of the times of 4 000 and of 2 000 episodes, run in turn."""
    ratios = []
    for seed in range(repeats):
        times = [
            timed(
                lsvi_episodes,
                game,
                experts,
                games=games,
                rng=np.random.default_rng(seed),
                features=features,
            )[0]
            for games in (2000, 4000)
        ]
        ratios.append(times[1] / times[0])
    return float(np.median(ratios))


def main(sizes):
    game = grid_game(3)
    experts = grid_experts(game)
    for name in ("one-hot", "relational"):
        features = grid_features(game, name)
        fifty = [
            timed(
                lsvi_episodes,
                game,
                experts,
                games=50,
                rng=np.random.default_rng(seed),
                features=features,
            )[0]
            for seed in range(9)
        ]
        print(f"{name}: 50 episodes of both players in {np.median(fifty):.3f} s (median of 9)")
        for games in sizes:
            compare(game, experts, features, games)
        print(f"  4 000 : 2 000 episodes, time: {growth(game, experts, features):.2f}")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
