"""The single-agent view of Connect Four: what it costs over the plies within, and to a learner.

Everything runs in the development environment:

    python tests/benchmarks/bench_view.py

One process on one core, CPU time. First the overhead: whole games of random legal play, (a) turn
by turn with `last()`, a legal action drawn from the mask, `step`; (b) through the view against
`"random"`, its own action drawn in the same way. A step of the view holds two plies; resets are
part of both. They take turns, ten games each, so that both meet the same moods of the machine.
Promised: at most 10 µs a step over two plies, in the median of the turns. Then sb3-contrib's
MaskablePPO: frames per second on the view and on a null environment of the same spaces, which does
nothing, in pairs. Promised: a ratio of at least 0.9 in the median.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import gymnasium
import numpy as np
import torch
from pettingzoo import AECEnv
from sb3_contrib import MaskablePPO

from mail_envs import connect_four_v0
from mail_wrappers import SingleAgentEnv

GAMES, ROUNDS = 10, 400
FRAMES, PAIRS = 4096, 5
CLOCK = time.process_time


def draw(mask: Any, rng: np.random.Generator) -> int:
    """A legal action, all alike, as cheaply as NumPy can."""
    legal = np.flatnonzero(mask)
    return int(legal[int(rng.random() * len(legal))])


def raw_game(env: AECEnv, rng: np.random.Generator) -> int:
    """One game turn by turn: its plies."""
    env.reset()
    plies = 0
    while True:
        observation, _, terminated, truncated, _ = env.last()
        if terminated or truncated:
            return plies
        env.step(draw(observation["action_mask"], rng))
        plies += 1


def view_game(env: SingleAgentEnv, rng: np.random.Generator) -> int:
    """One game through the view: its steps."""
    observation, _ = env.reset()
    steps, over = 0, False
    while not over:
        observation, _, terminated, truncated, _ = env.step(draw(observation["action_mask"], rng))
        over = terminated or truncated
        steps += 1
    return steps


def microseconds(game: Callable[[np.random.Generator], int], rng: np.random.Generator) -> float:
    """CPU time of a ply or step, over some games."""
    count, start = 0, CLOCK()
    for _ in range(GAMES):
        count += game(rng)
    return (CLOCK() - start) / count * 1e6


class Null(gymnasium.Env[Any, Any]):
    """The spaces of a view and nothing behind them; an episode lasts as long as a random game."""

    def __init__(self, view: SingleAgentEnv, length: int = 11) -> None:
        self.observation_space = view.observation_space
        self.action_space = view.action_space
        self._length, self._left = length, 0

    def _seen(self) -> dict[str, Any]:
        return {
            "observation": np.zeros((6, 7, 2), dtype=np.int8),
            "action_mask": np.ones(7, dtype=np.int8),
        }

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begin."""
        super().reset(seed=seed)
        self._left = self._length
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Do nothing."""
        self._left -= 1
        return self._seen(), 0.0, self._left == 0, False, {}

    def action_masks(self) -> Any:
        """Everything is legal."""
        return np.ones(7, dtype=np.bool_)


def frames_per_second(env: gymnasium.Env[Any, Any]) -> float:
    """Of MaskablePPO with its defaults, learning for `FRAMES` frames."""
    model = MaskablePPO("MultiInputPolicy", env, seed=0, device="cpu")
    start = CLOCK()
    model.learn(FRAMES)
    return FRAMES / (CLOCK() - start)


def overhead() -> None:
    """Print what a step of the view costs over two plies."""
    raw = connect_four_v0.raw_env()
    view = SingleAgentEnv(connect_four_v0.raw_env(), "player_0", "random")
    view.reset(seed=0)
    rounds, rng = [], np.random.default_rng(0)
    for _ in range(ROUNDS):
        ply = microseconds(lambda rng: raw_game(raw, rng), rng)
        step = microseconds(lambda rng: view_game(view, rng), rng)
        rounds.append((ply, step, step - 2 * ply))
    plies, steps, over = zip(*rounds, strict=True)
    low, _, high = statistics.quantiles(over, n=4)
    print(f"{ROUNDS} turns of {GAMES} games, medians, one core, CPU time")
    print(f"raw ply   {statistics.median(plies):6.2f} us")
    print(f"view step {statistics.median(steps):6.2f} us")
    print(
        f"overhead  {statistics.median(over):6.2f} us a step "
        f"(quartiles {low:.2f} and {high:.2f}); promised: at most 10"
    )


def learning() -> None:
    """Print MaskablePPO's speed on the view and on nothing."""
    torch.set_num_threads(1)
    pairs = []
    for _ in range(PAIRS):
        view = SingleAgentEnv(connect_four_v0.raw_env(), "player_0", "random")
        pairs.append((frames_per_second(view), frames_per_second(Null(view))))
    ratios = [here / there for here, there in pairs]
    views, nulls = zip(*pairs, strict=True)
    print(f"MaskablePPO, {FRAMES} frames, median of {PAIRS} pairs")
    print(f"view {statistics.median(views):.0f} frames/s, null {statistics.median(nulls):.0f}")
    print(
        f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}); "
        f"promised: at least 0.9"
    )


if __name__ == "__main__":
    overhead()
    if "--overhead" not in sys.argv:
        learning()
