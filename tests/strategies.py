"""Random games for property tests: sizes are drawn by hypothesis, tables by a seeded generator."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

from mail_envs.markov import (
    BlockDynamics,
    DenseDynamics,
    FactoredDynamics,
    LinearMarkovGame,
    MarkovGame,
)
from mail_envs.markov.dynamics import SparseDynamics

seeds = st.integers(0, 2**32 - 1)
TWO = st.just(2)
EITHER = st.booleans()


def random_rows(rng, *shape, support=1.0):
    """Distributions along the last axis, about a share `support` of the entries positive."""
    table = rng.dirichlet(np.full(shape[-1], 0.7), size=shape[:-1])
    table = table * (rng.random(shape) < support) + 1e-3 * (rng.random(shape) < 0.05)
    table[..., 0] += table.sum(-1) == 0
    return table / table.sum(-1, keepdims=True)


def random_rewards(rng, shape, players, *, zero_sum, quantised):
    """Rewards `(players, *shape)` in [-1, 1]; `quantised` ones have many ties."""
    table = rng.uniform(-1, 1, size=(players, *shape))
    table = np.round(table * 2) / 2 if quantised else table
    return np.stack([table[0], -table[0]]) if zero_sum else table


def random_game(
    rng,
    *,
    states=4,
    actions=(2, 2),
    horizon=3,
    discount=None,
    steps=1,
    zero_sum=True,
    quantised=False,
    support=0.8,
):
    lead = () if steps == 1 else (steps,)
    transitions = random_rows(rng, *lead, states, *actions, states, support=support)
    rewards = random_rewards(
        rng, (*lead, states, *actions), len(actions), zero_sum=zero_sum, quantised=quantised
    )
    start = random_rows(rng, states)
    return MarkovGame(transitions, rewards, start, horizon=horizon, discount=discount)


@st.composite
def markov_games(
    draw,
    *,
    players=TWO,
    max_states=5,
    max_actions=3,
    max_horizon=4,
    zero_sum=True,
    discounted=EITHER,
):
    """Tabular games, finite-horizon (stationary or not) or discounted."""
    rng = np.random.default_rng(draw(seeds))
    actions = tuple(draw(st.integers(1, max_actions)) for _ in range(draw(players)))
    horizon = None if draw(discounted) else draw(st.integers(1, max_horizon))
    per_step = horizon is not None and draw(st.booleans())
    return random_game(
        rng,
        states=draw(st.integers(1, max_states)),
        actions=actions,
        horizon=horizon,
        discount=draw(st.sampled_from([0.0, 0.5, 0.9])) if horizon is None else None,
        steps=horizon if per_step else 1,
        zero_sum=zero_sum,
        quantised=draw(st.booleans()),
        support=draw(st.sampled_from([0.3, 0.8])),
    )


def linear_game(
    rng,
    *,
    players=2,
    states=4,
    max_actions=2,
    dimension=3,
    horizon=3,
    discount=None,
    steps=1,
    zero_sum=False,
):
    """Features and measures on the simplex, so that products are distributions."""
    actions = tuple(rng.integers(1, max_actions + 1, size=players))
    lead = () if steps == 1 else (steps,)
    features = rng.dirichlet(np.full(dimension, 0.5), size=(states, *actions))
    measures = random_rows(rng, *lead, dimension, states, support=0.7)
    weights = random_rewards(
        rng, (*lead, dimension), players, zero_sum=zero_sum and players == 2, quantised=False
    )
    start = random_rows(rng, states)
    return LinearMarkovGame(
        features,
        measures,
        weights,
        start,
        horizon=None if discount is not None else horizon,
        discount=discount,
    )


@st.composite
def linear_games(draw, *, players=TWO, zero_sum=True):
    """Random linear games, small enough to enumerate, with a horizon or a discount."""
    rng = np.random.default_rng(draw(seeds))
    discounted = draw(EITHER)
    horizon = draw(st.integers(1, 3))
    return linear_game(
        rng,
        players=draw(players),
        states=draw(st.integers(1, 4)),
        dimension=draw(st.integers(1, 4)),
        horizon=horizon,
        discount=draw(st.sampled_from([0.5, 0.9])) if discounted else None,
        steps=horizon if not discounted and draw(EITHER) else 1,
        zero_sum=zero_sum,
    )


def forms_of_block_game(
    rng,
    *,
    latents=3,
    states=9,
    actions=(2, 3),
    horizon=3,
    discount=None,
    steps=1,
    zero_sum=True,
    uniform=True,
):
    """The same random block game behind every form of dynamics: name → game."""
    lead = () if steps == 1 else (steps,)
    n = len(actions)
    latent = random_rows(rng, *lead, latents, *actions, latents)
    payoffs = random_rewards(rng, (*lead, latents, *actions), n, zero_sum=zero_sum, quantised=False)
    blocks = rng.permutation(np.arange(states) % latents)
    emission = None if uniform else block_emission(rng, blocks)
    block = BlockDynamics(latent, payoffs, blocks, emission=emission)
    q = np.where(blocks == np.arange(latents)[:, None], block.emission, 0.0)  # z s
    transitions = np.take(latent @ q, blocks, axis=len(lead))
    rewards = np.take(payoffs, blocks, axis=1 + len(lead))
    d = latents * int(np.prod(actions))
    features = np.eye(d).reshape(latents, *actions, d)
    measures = latent.reshape(*lead, d, latents) @ q
    weights = payoffs.reshape(n, *lead, d)
    rows = transitions.reshape(*lead, states * int(np.prod(actions)), states)
    forms = {
        "dense": DenseDynamics(transitions, rewards),
        "sparse": SparseDynamics(_csr(rows), rewards),
        "factored": FactoredDynamics(features[blocks], measures, weights),
        "factored by block": FactoredDynamics(features, measures, weights, blocks=blocks),
        "block": block,
    }
    start = random_rows(rng, states)
    return {
        name: MarkovGame.from_dynamics(
            dynamics, start, horizon=horizon, discount=discount, name=name
        )
        for name, dynamics in forms.items()
    }


def block_emission(rng, blocks):
    q = rng.random(len(blocks)) + 0.1
    return q / np.bincount(blocks, q)[blocks]


def _csr(rows):
    from scipy.sparse import csr_array

    return csr_array(rows) if rows.ndim == 2 else [csr_array(r) for r in rows]


def forms_of(game):
    """A linear game behind every form of dynamics: name → game."""
    d = game.dynamics
    steps, n = max(len(d.features), len(d.measures)), game.num_players
    transitions = np.stack(
        [
            d.features[min(h, len(d.features) - 1)] @ d.measures[min(h, len(d.measures) - 1)]
            for h in range(steps)
        ]
    )
    rows = transitions.reshape(steps, -1, game.num_states)
    forms = {
        "dense": DenseDynamics(transitions, d.reward_table),
        "sparse": SparseDynamics(_csr(rows), d.reward_table),
        "factored": d,
        "block": BlockDynamics(transitions, d.reward_table, np.arange(game.num_states)),
    }
    assert n == len(d.reward_table)
    return {
        name: MarkovGame.from_dynamics(
            form, game.initial_distribution, horizon=game.horizon, discount=game.discount
        )
        for name, form in forms.items()
    }


def relabelled(game, old):
    """The dense game whose state s is the given one's state `old[s]`."""
    d = game.dynamics
    return MarkovGame(
        np.take(np.take(d.transitions, old, axis=1), old, axis=-1),
        np.take(d.reward_table, old, axis=2),
        game.initial_distribution[old],
        horizon=game.horizon,
        discount=game.discount,
    )


def random_policies(rng, game, *, per_step=False):
    lead = (game.horizon,) if per_step else ()
    return [random_rows(rng, *lead, game.num_states, a) for a in game.num_actions]


def deterministic_policies(states, actions):
    """Every deterministic stationary policy, as a table `(S, A)`."""
    for choice in product(range(actions), repeat=states):
        yield np.eye(actions)[list(choice)]
