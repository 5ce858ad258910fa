"""The reward wrapper: pays what its source says, and can be given another."""

import numpy as np
import pytest

from mail_envs import tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.board.features import feature_map
from mail_wrappers import NoveltyReward, PricedReward, SingleAgentEnv
from tests.doubles import Script


class Source:
    """Pays a constant and keeps what it is asked to price."""

    reprice = False

    def __init__(self, worth):
        self.worth, self.priced = worth, []

    def price(self, transitions):
        self.priced.append(transitions)
        return np.full(len(transitions.actions), self.worth)


def test_the_source_prices_each_transition_from_where_it_began():
    source = Source(0.5)
    env = PricedReward(SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", "expert"), source)
    before, _ = env.reset()
    after, reward, *_, info = env.step(4)
    (priced,) = source.priced
    assert (reward, info["reward"]) == (0.5, 0.0)
    assert type(reward) is float
    np.testing.assert_array_equal(priced.observations, before["observation"][None])
    np.testing.assert_array_equal(priced.action_masks, before["action_mask"][None])
    assert (priced.actions.tolist(), priced.rewards.tolist()) == ([4], [0.0])
    env.step(int(after["action_mask"].argmax()))
    np.testing.assert_array_equal(source.priced[1].observations, after["observation"][None])


def test_the_environments_own_reward_reaches_the_source_and_the_info():
    source = Source(7.0)
    env = PricedReward(SingleAgentEnv(Script(["a", "b"] * 2, [{"a": 2}, {"a": 3}]), "a"), source)
    env.reset()
    _, reward, *_, info = env.step(np.array(1))
    assert (reward, info["reward"]) == (7.0, 5.0)
    assert source.priced[0].rewards.tolist() == [5.0]
    assert source.priced[0].action_masks is None
    assert source.priced[0].actions.tolist() == [1]


def test_renewing_changes_the_price_from_the_next_transition_on():
    first, second = Source(1.0), Source(2.0)
    env = PricedReward(SingleAgentEnv(Script(["a"] * 4), "a"), first)
    env.reset()
    assert env.source is first
    rewards = [env.step(0)[1]]
    env.renew(second)
    assert env.source is second
    rewards += [env.step(0)[1], env.step(0)[1]]
    assert rewards == [1.0, 2.0, 2.0]
    assert (len(first.priced), len(second.priced)) == (1, 2)


def test_novelty_pays_less_where_it_has_been():
    features = feature_map(TicTacToe(), "one-hot")
    fresh = NoveltyReward.over(features, ridge=0.5)
    env = PricedReward(SingleAgentEnv(tictactoe_v0.raw_env(), "player_0", "expert"), fresh)
    observation, _ = env.reset()
    assert env.step(0)[1] == pytest.approx(1.0)
    env.renew(fresh.visited(observation["observation"][None], np.array([0])))
    env.reset()
    assert env.step(8)[1] == pytest.approx((0.5 / 1.5) ** 0.5)  # a corner like the first
    env.reset()
    assert env.step(1)[1] == pytest.approx(1.0)
