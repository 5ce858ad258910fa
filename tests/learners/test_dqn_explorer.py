"""The deep explorer: a composition that covers what a best response would ask."""

import numpy as np
import pytest

from mail_envs import loss_probability, tictactoe_v0
from mail_envs.board import TicTacToe, batch
from mail_envs.board.features import feature_map
from mail_envs.protocols.asking import uniform_policy
from mail_learners import ExploreConfig, clone, dqn_explore
from mail_learners.deep import Options, clone_all, gather
from mail_learners.dqn_explorer import NetworkFeatures, RenewNovelty, _dqn
from mail_learners.environments import problem_of
from mail_learners.gathering import explore_with
from mail_wrappers import (
    NoveltyReward,
    PricedReward,
    QueryBudget,
    RecordDemonstrations,
    SingleAgentEnv,
)
from mail_wrappers.streams import stream_seed
from tests.masked_dqn import PLAYS, model
from tests.masked_dqn import batch as positions

GAME = TicTacToe()
PROBLEM = problem_of("mail_envs/tictactoe-v0")


def watched(explore, games, seed=42):
    """What player_0's expert does while player_1 explores."""
    recorder = RecordDemonstrations(tictactoe_v0.raw_env(), ["player_0"])
    view = SingleAgentEnv(recorder, "player_1", PROBLEM.experts["player_0"])
    explore(view, games=games, seed=stream_seed(seed, 1))
    return recorder.demonstrations.of("player_0")


def classes(table):
    """The distinct situations up to the board's symmetries."""
    images = batch.images(GAME, table.observations)
    return len(np.unique(batch.keys(GAME, images).min(axis=1)))


def worst_loss(table):
    policy = clone(table, seed=0, augment=PROBLEM.augment)
    return loss_probability(GAME, {"player_0": policy, "player_1": None}, 0)


@pytest.fixture(scope="module")
def explored():
    return watched(dqn_explore(feature_map(GAME)), games=60)


def test_sixty_games_leave_player_0_hardly_exploitable(explored):
    assert worst_loss(explored) <= 0.01


def test_it_needs_visibly_fewer_games_than_a_uniform_explorer(explored):
    uniform = watched(explore_with(uniform_policy), games=60)
    assert classes(uniform) + 5 < classes(explored)
    assert worst_loss(uniform) > 0.1


def test_it_plays_its_games_and_no_more():
    table = watched(dqn_explore(feature_map(GAME)), games=5)
    assert sorted(set(table.episodes.tolist())) == list(range(5))
    assert (table.episodes[table.steps == 0] == np.arange(5)).all()


def test_every_visit_is_counted_once_and_the_reward_is_renewed_when_the_determinant_doubles():
    games, settings = 12, ExploreConfig(ridge=3.0)
    view = SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", PROBLEM.experts["player_0"])
    start = NoveltyReward.over(feature_map(GAME, "one-hot"), ridge=settings.ridge)
    reward, sources = PricedReward(view, start), [start]
    renew = RenewNovelty(reward, games=games, from_network=False)
    reward.renew = lambda source: (sources.append(source), PricedReward.renew(reward, source))
    dqn = _dqn(reward, 9, games, 0, settings)
    dqn.learn(games * settings.longest_game, callback=renew)
    # The last game ends the exploration; what it visited no longer matters.
    stored = dqn.replay_buffer.transitions()
    ends = np.flatnonzero(dqn.replay_buffer.dones[: dqn.replay_buffer.pos, 0])
    assert (len(ends), renew.played) == (games - 1, games)
    expected = start.visited(stored.observations[: ends[-1] + 1], stored.actions[: ends[-1] + 1])
    np.testing.assert_array_equal(renew._pending.moment.counts, expected.moment.counts)
    assert renew.renewals == len(sources) - 1
    assert 1 < renew.renewals < games - 1
    growth = np.diff([source.moment.log_determinant for source in sources])
    assert (growth >= np.log(2)).all()


def test_stored_rewards_are_priced_again_unless_told_otherwise():
    tables = [
        watched(dqn_explore(feature_map(GAME), ExploreConfig(reprice=reprice)), games=15).actions
        for reprice in (True, False)
    ]
    assert tables[0].tolist() != tables[1].tolist()


def test_network_features_are_frozen_unit_vectors():
    dqn = model()
    features = NetworkFeatures(dqn.policy.q_net)
    seen = positions(*PLAYS)["observation"]
    actions = np.array([3, 0, 5, 8])
    before = features(seen, actions)
    assert before.shape == (4, features.dimension) == (4, 8)
    norms = np.linalg.norm(features.every_action(seen), axis=-1)
    assert ((np.abs(norms - 1) < 1e-9) | (norms == 0)).all()
    np.testing.assert_array_equal(features.every_action(seen)[np.arange(4), actions], before)
    for part in dqn.policy.q_net.parameters():
        part.data.add_(1.0)
    np.testing.assert_array_equal(features(seen, actions), before)


def test_clones_of_what_little_was_seen_never_move_illegally():
    kept = gather(
        "dqn-explore-bc", PROBLEM, games=2, seed=0, options=Options(), budget=QueryBudget()
    )
    for agent, policy in clone_all(PROBLEM, kept, seed=0, options=Options()).items():
        observations, masks = (positions(*PLAYS)[name] for name in ("observation", "action_mask"))
        assert not policy(observations, masks)[masks == 0].any(), agent
