"""Episodes, what they teach whom, and how often experts were asked."""

import numpy as np
import pytest

from mail_envs.errors import InvalidOptionError, InvalidPolicyError, ShapeError, UnknownAgentError
from mail_envs.markov.evaluation import occupancy, product
from mail_envs.markov.library import random_game
from mail_envs.markov.tabular import policy_tables
from mail_learners.markov import (
    Episodes,
    demonstrations_of,
    expert_episodes,
    first_games,
    uniform_episodes,
)
from mail_learners.markov.episodes import count_actions
from mail_learners.markov.options import episode_length
from mail_learners.markov.play import CHUNK
from tests.strategies import random_game as tiny_game
from tests.strategies import random_policies


def setting(seed=0, **options):
    rng = np.random.default_rng(seed)
    game = tiny_game(rng, states=5, actions=(2, 3), **({"horizon": 4} | options))
    return game, random_policies(rng, game, per_step=game.horizon is not None)


def episodes(explorer=None, *, players=2):
    states = np.array([[0, 1, 2], [0, 3, 1]])
    actions = np.arange(6 * players).reshape(2, 3, players)
    return Episodes(states, actions, explorer)


def test_a_player_learns_from_the_episodes_of_others():
    runs = [episodes(0), episodes(1), episodes(None)]
    taught = demonstrations_of(runs, 1)
    assert len(taught) == 12  # of the runs of player 0 and of nobody
    assert taught.steps.tolist() == [0, 1, 2] * 4
    assert taught.states.tolist() == [0, 1, 2, 0, 3, 1] * 2
    assert taught.actions.tolist() == [1, 3, 5, 7, 9, 11] * 2
    assert len(demonstrations_of(runs[:1], 0)) == 0


def test_a_query_is_one_move_of_one_expert():
    assert episodes(None).queries == 12
    assert episodes(1).queries == 6
    assert episodes(1, players=3).queries == 12


def test_episodes_and_demonstrations_can_not_be_written():
    run = episodes()
    for array in (run.states, run.actions, demonstrations_of([run], 0).states):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_malformed_episodes_are_refused():
    with pytest.raises(ShapeError, match=r"states \(K, H\).*\(2, 3\) and \(2, 2, 2\)"):
        Episodes(np.zeros((2, 3), dtype=int), np.zeros((2, 2, 2), dtype=int))


def test_counting_actions():
    counts = count_actions(np.array([7, 2, 7, 7]), np.array([0, 1, 2, 0]), 3)
    assert counts.rows.tolist() == [2, 7]
    assert counts.counts.tolist() == [[0, 1, 0], [2, 0, 1]]


@pytest.mark.parametrize("gather", [expert_episodes, uniform_episodes])
def test_the_first_games_of_a_longer_run_are_a_shorter_run(gather):
    game, experts = setting()
    long = gather(game, experts, games=2 * CHUNK + 5, rng=np.random.default_rng(3))
    for count in (1, CHUNK, CHUNK + 7):
        short = gather(game, experts, games=count, rng=np.random.default_rng(3))
        for a, b in zip(first_games(long, count), short, strict=True):
            assert a.states.tobytes() == b.states.tobytes()
            assert a.actions.tobytes() == b.actions.tobytes()
    other = gather(game, experts, games=CHUNK, rng=np.random.default_rng(4))
    assert other[0].states.tobytes() != long[0].states[:CHUNK].tobytes()


def test_experts_visit_what_their_occupancy_says():
    game, experts = setting()
    (run,) = expert_episodes(game, experts, games=20_000, rng=np.random.default_rng(0))
    assert run.explorer is None
    visits = [np.bincount(run.states[:, h], minlength=5) / 20_000 for h in range(4)]
    exact = occupancy(game, product(policy_tables(game, experts)))
    assert np.abs(visits - exact).max() < 0.02  # five standard deviations


def test_an_explorer_is_uniform_and_the_others_are_experts():
    game, experts = setting()
    runs = uniform_episodes(game, experts, games=20_000, rng=np.random.default_rng(0))
    assert [run.explorer for run in runs] == [0, 1]
    for player, run in enumerate(runs):
        playing = list(experts)
        count = game.num_actions[player]
        playing[player] = np.full((5, count), 1 / count)
        visits = [np.bincount(run.states[:, h], minlength=5) / 20_000 for h in range(4)]
        exact = occupancy(game, product(policy_tables(game, playing)))
        assert np.abs(visits - exact).max() < 0.02
        shares = np.bincount(run.actions[..., player].reshape(-1)) / run.states.size
        assert np.abs(shares - 1 / count).max() < 0.01


def test_how_long_an_episode_is():
    finite, _ = setting()
    discounted = random_game(0, states=3, discount=0.9)
    assert episode_length(finite, None) == episode_length(finite, 4) == 4
    assert episode_length(discounted, None) == 10
    assert episode_length(discounted, 3) == 3
    assert episode_length(random_game(0, states=3, discount=0.0), None) == 1
    with pytest.raises(InvalidOptionError, match="the game's own, 4, or None, came 5"):
        episode_length(finite, 5)
    with pytest.raises(InvalidOptionError, match="horizon: expected an integer of at least 1"):
        episode_length(discounted, 0)


@pytest.mark.parametrize("gather", [expert_episodes, uniform_episodes])
def test_what_is_no_joint_policy_is_refused(gather):
    game, experts = setting()
    rng = np.random.default_rng(0)
    with pytest.raises(
        InvalidOptionError, match="games: expected an integer of at least 1, came 0"
    ):
        gather(game, experts, games=0, rng=rng)
    with pytest.raises(ShapeError, match="player_1"):
        gather(game, [experts[0], experts[0]], games=1, rng=rng)
    broken = experts[0].copy()
    broken[1, 2] = 0.4
    with pytest.raises(InvalidPolicyError, match=r"player_0.*h=1, s=2"):
        gather(game, [broken, experts[1]], games=1, rng=rng)
    with pytest.raises(UnknownAgentError, match="player_7"):
        gather(game, {"player_0": experts[0], "player_7": experts[1]}, games=1, rng=rng)


def test_experts_may_come_by_name():
    game, experts = setting()
    by_name = dict(zip(reversed(game.agents), reversed(experts), strict=True))
    a = expert_episodes(game, experts, games=5, rng=np.random.default_rng(0))[0]
    b = expert_episodes(game, by_name, games=5, rng=np.random.default_rng(0))[0]
    assert a.actions.tobytes() == b.actions.tobytes()
