"""How fast Markov games are sampled and solved.

Run by hand: `pytest -o addopts= --benchmark-only tests/benchmarks/test_markov_models.py`.
"""

import numpy as np
import pytest

from mail_envs import best_response, nash_gap, solve
from mail_envs.markov import BlockDynamics, MarkovGame, matrix_game_values, shapley_iteration
from mail_envs.markov.dynamics import rewards_at

BATCH = 4096


def block_game(states, *, latents=10, actions=2, horizon=5):
    rng = np.random.default_rng(0)
    transitions = rng.dirichlet(np.ones(latents), size=(horizon, latents, actions, actions))
    first = rng.uniform(-1, 1, size=(horizon, latents, actions, actions))
    dynamics = BlockDynamics(transitions, np.stack([first, -first]), np.arange(states) % latents)
    return MarkovGame.from_dynamics(dynamics, np.full(states, 1 / states), horizon=horizon)


@pytest.mark.parametrize("states", [10**4, 10**6])
def test_transitions_and_rewards_of_a_batch(benchmark, states):
    game, rng = block_game(states), np.random.default_rng(0)
    at = rng.integers(states, size=BATCH)
    actions = rng.integers(2, size=(BATCH, 2))

    def step():
        rewards_at(game.dynamics, 2, at, actions)
        return game.dynamics.sample_next(2, at, actions, rng=rng)

    benchmark(step)
    benchmark.extra_info["transitions a second"] = BATCH / benchmark.stats.stats.min


@pytest.mark.parametrize("states", [10**4, 10**6])
def test_best_response_to_a_policy_of_raw_states(benchmark, states):
    game, rng = block_game(states), np.random.default_rng(0)
    policies = [rng.dirichlet(np.ones(2), size=(5, states)) for _ in range(2)]
    benchmark.pedantic(best_response, args=(game, policies, 0), rounds=3)


def test_solving_a_block_game_of_a_million_states(benchmark):
    game = block_game(10**6)
    benchmark.pedantic(lambda: solve(game).policies, rounds=3)


@pytest.mark.parametrize("actions", [2, 4, 10])
def test_values_of_six_hundred_stage_games(benchmark, actions):
    games = np.random.default_rng(0).normal(size=(600, actions, actions))
    benchmark(matrix_game_values, games)


@pytest.mark.parametrize("method", [shapley_iteration, solve, nash_gap])
def test_a_discounted_game_of_two_hundred_states(benchmark, method):
    rng = np.random.default_rng(0)
    transitions = rng.dirichlet(np.full(200, 0.1), size=(200, 4, 4))
    game = MarkovGame.zero_sum(transitions, rng.uniform(-1, 1, (200, 4, 4)), 0, discount=0.9)
    uniform = [np.full((200, 4), 0.25)] * 2
    arguments = (game, uniform) if method is nash_gap else (game,)
    benchmark.pedantic(method, args=arguments, rounds=3)
