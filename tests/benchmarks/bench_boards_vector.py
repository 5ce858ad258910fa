"""Connect Four in batches, random legal play: our vector environment beside pgx, in one process.

pgx and JAX are dependencies of this benchmark alone, best in an environment of its own, and outside
the working copy:

    python -m venv ../pgx && . ../pgx/bin/activate
    python -m pip install -c constraints.txt -e . pgx jax
    python tests/benchmarks/bench_boards_vector.py [boards]

The process is held to one core before JAX and numba are loaded, and CPU time is counted. A **ply**
is one mark on one board; a **step** is one call for one board: one ply for pgx, and for ours, where
the opponent is inside, up to two (a step that begins the next game has none). Both write
observation and mask at every step and begin games anew by themselves. Choosing the agent's actions
is part of the time on both sides.

pgx is stepped twice over: as its documentation has it (`act_randomly`, `auto_reset`, a key for each
board, one jitted call a step), and spared (one random number a board, one key for all boards), each
from Python and inside one compiled loop. Ratios are taken round by round, against the fastest of
the four and against the first. At least 5 against the fastest and 5 M plies a second are promised
for next-step reset, Gymnasium's default; same-step reset also makes an object of every last
observation, as Gymnasium asks.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pgx
from pgx.experimental import act_randomly, auto_reset

import mail_envs  # noqa: F401 - registers the environments
from mail_envs.board.lockstep import random_actions

STEPS, ROUNDS = 40, 9
DOCUMENTED = "pgx, as documented, from Python"


class Speed(NamedTuple):
    plies: float  # per second
    steps: float  # per second


Measure = Callable[[], Speed]


# ---- pgx


def inverted(key: jax.Array, masks: jax.Array) -> jax.Array:
    """One uniform number a board, as `random_actions` draws."""
    passed = jnp.cumsum(masks, axis=1)
    wanted = (jax.random.uniform(key, (masks.shape[0],)) * passed[:, -1]).astype(jnp.int32)
    return (passed <= wanted[:, None]).sum(axis=1)


def pgx_step(boards: int, *, spared: bool) -> tuple[Callable, Callable]:
    env = pgx.make("connect_four")
    init = jax.jit(jax.vmap(env.init))
    step = jax.vmap(auto_reset(env.step, env.init), in_axes=(0, 0, None if spared else 0))

    def ply(state: pgx.State, key: jax.Array) -> pgx.State:
        choosing, resetting = jax.random.split(key)
        actions = (inverted if spared else act_randomly)(choosing, state.legal_action_mask)
        keys = resetting if spared else jax.random.split(resetting, boards)
        return step(state, actions, keys)

    return init, ply


def measured_pgx(boards: int, *, spared: bool, looped: bool) -> Measure:
    init, ply = pgx_step(boards, spared=spared)
    state = init(jax.random.split(jax.random.key(0), boards))
    keys = jax.random.split(jax.random.key(1), STEPS)

    def loop(state: pgx.State, keys: jax.Array) -> tuple[pgx.State, jax.Array]:
        def body(state: pgx.State, key: jax.Array) -> tuple[pgx.State, jax.Array]:
            after = ply(state, key)
            return after, after.observation[:, 0, 0, 0].sum()  # so that it is written every time

        return jax.lax.scan(body, state, keys)

    compiled = jax.jit(loop if looped else ply)

    def run() -> Speed:
        start = time.process_time()
        if looped:
            jax.block_until_ready(compiled(state, keys))
        else:
            now = state
            for key in keys:
                now = jax.block_until_ready(compiled(now, key))
        speed = boards * STEPS / (time.process_time() - start)
        return Speed(plies=speed, steps=speed)

    run()  # compile
    return run


# ---- ours


def play(env: gymnasium.vector.VectorEnv, seed: int) -> Iterator[tuple]:
    rng = np.random.default_rng(seed)
    observations, _ = env.reset(seed=seed)
    yield observations, None, None
    for _ in range(STEPS):
        actions = random_actions(observations["action_mask"], rng=rng)
        observations, _, terminated, _, infos = env.step(actions)
        yield observations, terminated, infos


def plies_of(env: gymnasium.vector.VectorEnv, seed: int) -> int:
    """How many plies `play` has, counted on the boards; the same seed, the same games."""
    games = play(env, seed)
    observations, _, _ = next(games)
    total, marks = 0, observations["observation"].sum(axis=(1, 2, 3))
    for observations, _, infos in games:
        now = observations["observation"].sum(axis=(1, 2, 3))
        last = now.copy()
        for row in np.flatnonzero(infos.get("_final_obs", False)):
            last[row] = infos["final_obs"][row]["observation"].sum()
            total += now[row]
        total += np.where(last >= marks, last - marks, last).sum()
        marks = now
    return int(total)


def measured_ours(boards: int, **options: object) -> Measure:
    env = gymnasium.make_vec(
        "mail_envs/ConnectFour-v0", num_envs=boards, opponent="random", **options
    )
    plies = plies_of(env, seed=0)

    def run() -> Speed:
        start = time.process_time()
        for _ in play(env, seed=0):
            pass
        seconds = time.process_time() - start
        return Speed(plies=plies / seconds, steps=boards * STEPS / seconds)

    return run


def main(boards: int) -> None:
    """Print the median of rounds in which everybody runs once, and the ratios."""
    peers = {
        f"pgx, {way}, {where}": measured_pgx(boards, spared=way == "spared", looped=bool(loop))
        for way in ("as documented", "spared")
        for loop, where in enumerate(("from Python", "one loop"))
    }
    ours = {
        "ours, next-step reset": measured_ours(boards),
        "ours, second seat": measured_ours(boards, agent="player_1"),
        "ours, same-step reset": measured_ours(boards, autoreset_mode="SameStep"),
    }
    rounds = [{name: run() for name, run in {**peers, **ours}.items()} for _ in range(ROUNDS)]
    lines = [f"{boards} boards, {STEPS} steps, median of {ROUNDS} rounds, one core, CPU time"]
    for name in {**peers, **ours}:
        plies = statistics.median(one[name].plies for one in rounds) / 1e6
        steps = statistics.median(one[name].steps for one in rounds) / 1e6
        lines.append(f"{name:34} {plies:7.2f} M plies/s {steps:7.2f} M steps/s")
    for name in ours:
        fastest = [one[name].plies / max(one[peer].plies for peer in peers) for one in rounds]
        documented = [one[name].plies / one[DOCUMENTED].plies for one in rounds]
        lines.append(
            f"{name:34} {statistics.median(fastest):5.1f} x pgx's fastest ({min(fastest):.1f} to "
            f"{max(fastest):.1f}), {statistics.median(documented):.1f} x pgx as documented"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8192)
