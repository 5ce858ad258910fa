"""How many steps a second one core makes in a batch of block games; run by hand.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_markov_vector.py

Prints steps per CPU second of 4 096 copies of a block game of 10⁴ states, the median of some
rounds, for both autoreset modes, beside the single environment's and Gymnasium's own batching of
it. The aim for the batch is 2 million.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

import mail_envs  # noqa: F401 - registers the environments

GAME = "mail_envs/BlockLinear-v0"
STATES = 10_000
COPIES = 4096
ROUNDS = 7
SECONDS = 1.0
AIM = 2e6


def steps_per_second(step, per_call):
    """The median over rounds of about a second of CPU time each."""
    for _ in range(10):
        step()
    rates = []
    for _ in range(ROUNDS):
        calls, begun = 0, time.process_time()
        while time.process_time() - begun < SECONDS:
            step()
            calls += 1
        rates.append(calls * per_call / (time.process_time() - begun))
    return statistics.median(rates)


def batch(copies, mode="vector_entry_point", **options):
    env = gymnasium.make_vec(
        GAME, num_envs=copies, vectorization_mode=mode, states=STATES, **options
    )
    env.reset(seed=0)
    drawn = np.random.default_rng(0).integers(2, size=(64, copies))
    turn = iter(range(1 << 62))
    return lambda: env.step(drawn[next(turn) % 64])


def single():
    env = gymnasium.make(GAME, states=STATES).unwrapped
    env.reset(seed=0)

    def step():
        if env.step(1)[2]:
            env.reset()

    return step


def report(line):
    sys.stdout.write(line + "\n")


def main():
    report(f"block game of {STATES} states, {COPIES} copies, steps per CPU second on one core:")
    for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        rate = steps_per_second(batch(COPIES, autoreset_mode=mode), COPIES)
        verdict = "reaches" if rate >= AIM else "MISSES"
        report(f"  native batch, {mode.name:<9}  {rate:>12,.0f}  ({verdict} {AIM:,.0f})")
    for observation in ("step-and-state", "features"):
        rate = steps_per_second(batch(COPIES, observation=observation), COPIES)
        report(f"  native batch, {observation:<14}  {rate:>7,.0f}")
    report(f"  Gymnasium's SyncVectorEnv, 16  {steps_per_second(batch(16, 'sync'), 16):>6,.0f}")
    report(f"  single environment  {steps_per_second(single(), 1):>17,.0f}")


if __name__ == "__main__":
    main()
