"""Concentrability by trying every deterministic deviation: slow, obvious, for tiny dense games."""

from itertools import product as cartesian

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.tabular import policy_tables
from tests.strategies import deterministic_policies, random_rewards

NULL = 1e-10


def coarse_rows(rng, *shape, parts=8):
    """Distributions of eighths along the last axis, many of them zero: no rare events."""
    rows = rng.dirichlet(np.full(shape[-1], 0.5), size=shape[:-1])
    return rng.multinomial(parts, rows) / parts


def coarse_game(rng, *, states, actions, horizon=None, discount=None, steps=1, zero_sum=False):
    lead = () if steps == 1 else (steps,)
    n = len(actions)
    transitions = coarse_rows(rng, *lead, states, *actions, states)
    rewards = random_rewards(rng, (*lead, states, *actions), n, zero_sum=zero_sum, quantised=True)
    start = coarse_rows(rng, states)
    return MarkovGame(transitions, rewards, start, horizon=horizon, discount=discount)


def coarse_policies(rng, game, *, per_step=False):
    lead = (game.horizon,) if per_step else ()
    return [coarse_rows(rng, *lead, game.num_states, a) for a in game.num_actions]


def at(table, h):
    return table[min(h, len(table) - 1)]


def occupancies(game, tables):
    """d_h(s) by plain sums over states and joint actions: `(H, S)`, or `(1, S)` if discounted."""
    moves = []
    for h in range(game.horizon or 1):
        move = np.zeros((game.num_states, game.num_states))
        for a in cartesian(*map(range, game.num_actions)):
            p = np.prod([at(t, h)[:, x] for t, x in zip(tables, a, strict=True)], axis=0)
            move += p[:, None] * at(game.dynamics.transitions, h)[(slice(None), *a)]
        moves.append(move)
    if game.horizon is None:
        system = np.eye(game.num_states) - game.discount * moves[0].T
        visits = np.linalg.solve(system, (1 - game.discount) * game.initial_distribution)
        return np.where(visits > 1e-14, visits, 0)[None]
    visits = [game.initial_distribution]
    for move in moves[:-1]:
        visits.append(visits[-1] @ move)
    return np.stack(visits)


def deviations(game, policies, deviator):
    """Every joint policy in which `deviator` alone plays something else, deterministically."""
    tables = list(policy_tables(game, policies))
    stationary = list(deterministic_policies(game.num_states, game.num_actions[deviator]))
    for choice in cartesian(stationary, repeat=game.horizon or 1):
        yield [*tables[:deviator], np.stack(choice), *tables[deviator + 1 :]]


def ratios(visits, expert):
    """The largest ratio of each occupancy, 0/0 = 0 and x/0 = ∞."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(visits > 0, visits / expert, 0.0)
    return share.max(axis=-1)


def own_rows(tables, visits, features, player):
    """φ_i(s, a_i) and how often each is met: `(T, rows, d)`, `(T, rows)`."""
    weights = np.stack([v[:, None] * at(tables[player], h) for h, v in enumerate(visits)])
    rows = features[player].reshape(-1, features[player].shape[-1])
    return np.stack([rows] * len(visits)), weights.reshape(len(visits), -1)


def joint_rows(tables, visits, features):
    """φ(s, a) and how often each is met; `features` has a step axis."""
    rows, weights = [], []
    for h, v in enumerate(visits):
        weight = v
        for table in tables:
            policy = at(table, h)
            shape = (len(v), *(1,) * (weight.ndim - 1), policy.shape[-1])
            weight = weight[..., None] * policy.reshape(shape)
        weights.append(weight.reshape(-1))
        rows.append(at(features, h).reshape(weight.size, -1))
    return np.stack(rows), np.stack(weights)


def coefficients(expert, deviation):
    """Mean, Rayleigh and trace of each occupancy, `(3, T)`; rows and weights of both sides."""
    found = np.zeros((3, len(expert[1])))
    for t, (rows, met) in enumerate(zip(*expert, strict=True)):
        weights = deviation[1][t]
        seen = rows[met > 0]
        _, singular, right = np.linalg.svd(seen)
        rank = int((singular > 1e-7 * singular.max(initial=0)).sum())
        inside, null = rows @ right[:rank].T, rows @ right[rank:].T
        square = np.linalg.inv(np.einsum("ri,r,rj->ij", inside, met, inside))
        mean = weights @ inside
        second = np.einsum("ri,r,rj->ij", inside, weights, inside)
        found[0, t] = (
            np.inf if np.abs(weights @ null).max(initial=0) > NULL else mean @ square @ mean
        )
        if (np.abs(null[weights > 0]) > 1e-7).any():
            found[1:, t] = np.inf
        elif rank:
            found[1, t] = np.linalg.eigvals(square @ second).real.max()
            found[2, t] = np.trace(square @ second)
    return found


def look(game, tables, imitated, *, own=None, joint=None):
    """Occupancies, rows and weights of one joint policy."""
    visits = occupancies(game, tables)
    rows = (
        joint_rows(tables, visits, joint)
        if own is None
        else own_rows(tables, visits, own, imitated)
    )
    return visits, rows


def attained(game, policies, deviating, imitated, **features):
    """All-policy, mean, Rayleigh and trace of one deviation: `(4, T)`."""
    visits, expert = look(game, policy_tables(game, policies), imitated, **features)
    there, moved = look(game, policy_tables(game, deviating), imitated, **features)
    return np.vstack([ratios(there, visits), coefficients(expert, moved)])


def brute_force(game, policies, imitated, deviator, **features):
    """The largest of each over all deterministic deviations: `(4, T)`.

    Features are `own`, one table `(S, A_i, d)` per player, or `joint`, `(1 or H, S, A…, d)`.
    """
    every = deviations(game, policies, deviator)
    return np.max([attained(game, policies, d, imitated, **features) for d in every], axis=0)
