"""How much exploring by LSVI is worth on block games, by β, beside a uniform explorer.

Runs differ so much from one another (the questions needed by a factor of 1.6 in one standard
deviation, on one game) that 20 seeds cannot tell explorers apart that are within 20 %. This study
looks closer: the mean exact Nash gap of clones after k episodes, over many runs on each of many
games (m = 10, A = 2, d = 20, H = 5), on the latents alone, compiled. As gaps fall like k^{-1/2},
the square of a ratio of gaps is a ratio of questions.
Run from the root:  python -m tests.benchmarks.study_bonus [games [runs]]

Printed for each β (λ = 0.1, ties towards the largest bonus): the geometric mean over games of that
ratio, LSVI to uniform, with two standard errors.
"""

import sys

import numba
import numpy as np

from mail_envs import solve
from mail_envs.markov.dynamics import rewards
from mail_envs.markov.library import block_linear

SIZES = np.array([1024, 2048, 4096])
RIDGE = 0.1
BONUSES = (20.0, 10.0, 6.0, 3.0, 2.0, 1.0)


@numba.njit
def plan(visits, sums, beta, q, bonus):
    """Backward induction of LSVI with one-hot features; writes `q` and `bonus`, (H, m, A)."""
    steps, m, num_actions = visits.shape
    values = np.zeros(m)
    for h in range(steps - 1, -1, -1):
        for z in range(m):
            for a in range(num_actions):
                weight = visits[h, z, a] + RIDGE
                bonus[h, z, a] = beta / np.sqrt(weight)
                paid = (1 + 1 / steps) * min(bonus[h, z, a], steps)
                q[h, z, a] = min((sums[h, z, a] * values).sum() / weight + paid, steps)
        for z in range(m):
            values[z] = q[h, z].max()


@numba.njit
def draw(probabilities, rng):
    uniform, total = rng.random(), 0.0
    for i in range(len(probabilities)):
        total += probabilities[i]
        if uniform < total:
            return i
    return len(probabilities) - 1


@numba.njit
def choose(q, bonus, cap, rng):
    """The largest bonus among the greedy actions, remaining ties at random."""
    best, action, alike = -1.0, 0, 0
    for a in range(len(q)):
        if q[a] < q.max() - 1e-9 * cap:
            continue
        if bonus[a] > best * (1 + 1e-9):
            best, action, alike = bonus[a], a, 1
        elif bonus[a] >= best * (1 - 1e-9):
            alike += 1
            action = a if rng.random() < 1 / alike else action
    return action


@numba.njit
def explore(transitions, expert, episodes, beta, rng):
    """Episodes of an explorer who owns axis 2 of `transitions`; β = 0 explores uniformly.

    Returns counts of the expert's moves after each of `SIZES`: (sizes, H, m, B).
    """
    steps, m, num_actions = transitions.shape[:3]
    visits = np.zeros((steps, m, num_actions))
    sums = np.zeros((steps, m, num_actions, m))
    q, bonus = np.zeros(visits.shape), np.zeros(visits.shape)
    seen = np.zeros(expert.shape)
    counts = np.zeros((len(SIZES), *expert.shape))
    size = 0
    for k in range(episodes):
        if beta > 0:
            plan(visits, sums, beta, q, bonus)
        z = 0
        for h in range(steps):
            a = int(rng.random() * num_actions)
            if beta > 0:
                a = choose(q[h, z], bonus[h, z], steps, rng)
            b = draw(expert[h, z], rng)
            following = draw(transitions[h, z, a, b], rng)
            visits[h, z, a] += 1
            sums[h, z, a, following] += 1
            seen[h, z, b] += 1
            z = following
        if k + 1 == SIZES[size]:
            counts[size] = seen
            size += 1
    return counts


def clone(counts):
    """Frequencies, uniform where nothing was seen: `(…, A)`."""
    totals = counts.sum(axis=-1, keepdims=True)
    return np.where(totals > 0, counts / np.maximum(totals, 1), 1 / counts.shape[-1])


def gap(transitions, paid, first, second):
    """The Nash gap of pairs of clones, `(r, H, m, A)` each: `(r,)`."""
    high = low = np.zeros((len(first), transitions.shape[1]))
    for h in reversed(range(len(transitions))):
        worth = paid[h] + np.einsum("zabw,rw->rzab", transitions[h], high)
        high = np.einsum("rzab,rzb->rza", worth, second[:, h]).max(axis=-1)
        worth = paid[h] + np.einsum("zabw,rw->rzab", transitions[h], low)
        low = np.einsum("rzab,rza->rzb", worth, first[:, h]).min(axis=-1)
    return high[:, 0] - low[:, 0]


def mean_gaps(seed, runs, beta):
    """The mean gap over runs after each of `SIZES`, on one game."""
    game = block_linear(seed, states=10)
    experts = solve(game).policies
    transitions = np.array(game.dynamics.latent_transitions)  # h z a b z'
    paid = np.array([rewards(game.dynamics, h)[0] for h in range(len(transitions))])
    sides = (transitions, np.ascontiguousarray(transitions.swapaxes(2, 3)))
    counts = [
        np.array(
            [
                explore(
                    sides[i],
                    np.array(experts[1 - i]),
                    SIZES[-1],
                    beta,
                    np.random.default_rng([seed, i, r]),
                )
                for r in range(runs)
            ]
        )
        for i in (0, 1)
    ]  # who explores: r size h z a
    clones = clone(counts[1]), clone(counts[0])
    pairs = [(clones[0][:, i], clones[1][:, i]) for i in range(len(SIZES))]
    return [gap(transitions, paid, *pair).mean() for pair in pairs]


def main(games=30, runs=60):
    uniform = np.array([mean_gaps(seed, runs, 0.0) for seed in range(games)])
    print(f"uniform: mean gap {uniform.mean(axis=0).round(4).tolist()} after {SIZES.tolist()}")
    for beta in BONUSES:
        found = np.array([mean_gaps(seed, runs, beta) for seed in range(games)])
        logs = 2 * np.log(found / uniform)
        means, errors = np.exp(logs.mean(axis=0)), 2 * logs.std(axis=0, ddof=1) / np.sqrt(games)
        shown = ", ".join(f"{m:.3f} ± {e:.3f}" for m, e in zip(means, errors, strict=True))
        print(f"β = {beta:4.1f}: questions over those of uniform {shown}", flush=True)


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
