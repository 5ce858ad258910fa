"""MAIL-WARM explores what there is, sooner than a uniform player, and clones it."""

import numpy as np
import pytest

from mail_envs import nash_gap, solve
from mail_envs.errors import InvalidOptionError
from mail_envs.markov.library import (
    chain_experts,
    chain_of_despair,
    grid_experts,
    grid_game,
    random_game,
)
from mail_learners.markov import first_games, mail_warm, uniform_episodes, warm_episodes

GRID = grid_game(3)
EXPERTS = grid_experts(GRID)


def first_visit(run, state):
    """The first episode that shows `state`, or None."""
    seen = (run.states == state).any(axis=1)
    return int(seen.argmax()) if seen.any() else None


def test_it_covers_the_grid_on_every_seed():
    for seed in range(20):
        found = mail_warm(GRID, EXPERTS, games=20, rng=np.random.default_rng(seed))
        assert [len(np.unique(run.states)) for run in found.episodes] == [17, 19]
        assert nash_gap(GRID, found.policies).total <= 1e-3


def test_it_walks_the_chain_that_a_uniform_player_does_not():
    game = chain_of_despair(16)
    experts = chain_experts(game)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        directed = warm_episodes(game, experts, games=120, rng=rng, horizon=15)[1]
        assert first_visit(directed, 15) is not None
        uniform = uniform_episodes(game, experts, games=120, rng=rng, horizon=15)[1]
        assert first_visit(uniform, 15) is None


def test_the_clone_is_safe_once_the_end_was_seen():
    game = chain_of_despair(8)
    experts = chain_experts(game)
    found = mail_warm(game, experts, games=40, rng=np.random.default_rng(0))
    assert nash_gap(game, found.policies).per_player[1] == pytest.approx(0, abs=1e-9)


def test_more_games_clone_a_stochastic_expert_better():
    game = random_game(3, states=6, actions=(2, 2), horizon=4)
    experts = solve(game).policies
    found = mail_warm(game, experts, games=3000, rng=np.random.default_rng(0))
    few = mail_warm(game, experts, games=30, rng=np.random.default_rng(0))
    for a, b in zip(first_games(found.episodes, 30), few.episodes, strict=True):
        assert a.actions.tobytes() == b.actions.tobytes()
    assert nash_gap(game, found.policies).total < nash_gap(game, few.policies).total
    assert nash_gap(game, found.policies).total < 0.1


def test_options_outside_their_ranges_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InvalidOptionError, match="bonus_scale: expected a positive"):
        mail_warm(GRID, EXPERTS, games=1, rng=rng, bonus_scale=0)
    with pytest.raises(InvalidOptionError, match="games"):
        mail_warm(GRID, EXPERTS, games=0, rng=rng)
