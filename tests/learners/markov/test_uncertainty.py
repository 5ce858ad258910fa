"""The error of a clone, its estimates, and the policies that seek it."""

from itertools import product as all_of

import numpy as np
import pytest

from mail_envs.markov.evaluation import occupancy, product
from mail_learners.markov.leading import draw_situations, play_situations
from mail_learners.markov.ucbvi import EmpiricalGame
from mail_learners.markov.uncertainty import MovePairs, distance, seek
from tests.strategies import deterministic_policies, random_game, random_rows


def game_of(kind, states=3, actions=(2, 2)):
    rng = np.random.default_rng(11)
    if kind == "discounted":
        return random_game(rng, states=states, actions=actions, horizon=None, discount=0.7)
    return random_game(rng, states=states, actions=actions, horizon=2, steps=2)


def tables_of(game, seed=0):
    rng = np.random.default_rng(seed)
    layers = game.horizon or 1
    return [random_rows(rng, layers, game.num_states, a) for a in game.num_actions]


def test_the_estimate_is_unbiased():
    rng = np.random.default_rng(0)
    expert, clone = random_rows(rng, 1, 3, 4), random_rows(rng, 1, 3, 4)
    pairs = MovePairs(expert, (1, 3))
    states = np.repeat(np.arange(3), 100_000)
    assert pairs.ask(np.zeros_like(states), states, rng=rng) == 600_000
    exact = distance(expert, clone)
    assert pairs.estimate(clone, unknown=9.0) == pytest.approx(exact, abs=0.02)
    assert pairs.estimate(expert, unknown=9.0) == pytest.approx(np.zeros((1, 3)), abs=0.02)


def test_a_single_pair_lies_between_minus_one_and_two():
    expert, seen = np.array([[[0.5, 0.5]]]), set()
    rng = np.random.default_rng(1)
    one = np.zeros(1, dtype=int)
    for share in (0.0, 0.25, 1.0):
        clone = np.array([[[share, 1 - share]]])
        for _ in range(50):
            pairs = MovePairs(expert, (1, 1))
            pairs.ask(one, one, rng=rng)
            value = float(pairs.estimate(clone, unknown=9.0)[0, 0])
            assert -1 <= value <= 2
            seen.add(round(value, 9))
    # A = A' = first: 1 - 2 share + |clone|^2; A = A' = second; A != A'
    assert {2.0, 0.0} <= seen


def test_what_was_never_asked_is_unknown():
    pairs = MovePairs(np.full((1, 2, 2), 0.5), (1, 2))
    pairs.ask(np.array([0]), np.array([1]), rng=np.random.default_rng(0))
    assert pairs.estimate(np.full((1, 2, 2), 0.5), unknown=2.0)[0, 0] == 2.0
    assert pairs.pairs.tolist() == [[0, 1]]


@pytest.mark.parametrize("kind", ["discounted", "finite"])
@pytest.mark.parametrize("player", [0, 1])
def test_seeking_is_best_among_all_deterministic_policies(kind, player):
    game = game_of(kind)
    tables = tables_of(game)
    layers, states = game.horizon or 1, game.num_states
    paid = np.random.default_rng(3).uniform(0, 2, (layers, states))

    def collected(policy):
        playing = list(tables)
        playing[player] = policy
        visits = occupancy(game, product(playing)).reshape(layers, states)
        return float((visits * paid).sum())

    found = seek(game, paid, tables, player)
    assert found.shape == tables[player].shape
    every = list(deterministic_policies(states, 2))
    best = max(collected(np.stack(layer)) for layer in all_of(every, repeat=layers))
    assert collected(found) == pytest.approx(best)


@pytest.mark.parametrize("kind", ["discounted", "finite"])
@pytest.mark.parametrize("draw", [draw_situations, play_situations])
def test_situations_come_from_the_occupancy(kind, draw):
    game = game_of(kind)
    tables = tables_of(game)
    lead = draw(game, tables, count=40_000, rng=np.random.default_rng(0))
    layers = game.horizon or 1
    cells = lead.steps * game.num_states + lead.states
    shares = np.bincount(cells, minlength=layers * game.num_states) / 40_000
    exact = occupancy(game, product(tables)).reshape(-1) / layers
    assert np.abs(shares - exact).max() < 0.015


@pytest.mark.parametrize("kind", ["discounted", "finite"])
def test_a_learned_model_seeks_as_a_known_one_does(kind):
    game = game_of(kind, states=4, actions=(2, 3))
    tables = tables_of(game)
    layers, states = game.horizon or 1, game.num_states
    paid = np.random.default_rng(5).uniform(0, 2, (layers, states))
    model = EmpiricalGame(game, 30 if game.horizon is None else game.horizon)
    uniform = [np.full_like(table, 1 / table.shape[2]) for table in tables]
    rng = np.random.default_rng(0)
    for _ in range(3):
        model.play(uniform, count=4000, rng=rng)
    for player in (0, 1):
        policy = model.plan(paid, tables[1 - player], player, highest=10.0, scale=1e-6)
        known = seek(game, paid, tables, player)

        def collected(own, player=player):
            playing = list(tables)
            playing[player] = own
            visits = occupancy(game, product(playing)).reshape(layers, states)
            return float((visits * paid).sum())

        assert collected(policy) == pytest.approx(collected(known), rel=0.01)


def test_what_was_never_tried_is_worth_most():
    game = game_of("discounted")
    model = EmpiricalGame(game, 5)
    tables = [np.tile([1.0, 0.0], (1, 3, 1))] * 2
    assert model.plan(np.zeros((1, 3)), tables[1], 0, highest=2.0, scale=0.1).tolist() == [
        [[0.5, 0.5]] * 3
    ]
    model.play(tables, count=200, rng=np.random.default_rng(0))
    policy = model.plan(np.zeros((1, 3)), tables[1], 0, highest=2.0, scale=0.01)
    assert policy.tolist() == [[[0.0, 1.0]] * 3]


def test_playing_returns_the_situations_that_occurred():
    game = game_of("finite")
    model = EmpiricalGame(game, 2)
    steps, states = model.play(tables_of(game), count=6, rng=np.random.default_rng(0))
    assert steps.tolist() == [0] * 6 + [1] * 6
    assert ((states >= 0) & (states < 3)).all()
