"""Off-the-shelf learners train through gymnasium.make; masked ones never move illegally."""

import gymnasium
import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from stable_baselines3 import DQN, PPO

from mail_wrappers.interop.stable_baselines3 import MaskedDQNPolicy

GAMES = 200


def make(agent):
    return gymnasium.make("mail_envs/TicTacToe-v0", agent=agent, opponent="random")


def evaluate(model, agent, *, masked, deterministic):
    """Returns of games, and how many ended by an illegal action."""
    env, returns, illegal = make(agent), [], 0
    for seed in range(GAMES):
        observation, _ = env.reset(seed=seed)
        masks, over, total = env.get_wrapper_attr("action_masks"), False, 0.0
        while not over:
            options = {"action_masks": masks()} if masked else {}
            action, _ = model.predict(observation, deterministic=deterministic, **options)
            observation, reward, terminated, truncated, info = env.step(action)
            total += float(reward)
            over = terminated or truncated
        illegal += info.get("illegal_action", False)
        returns.append(total)
    return np.array(returns), illegal


@pytest.mark.parametrize("agent", ["player_0", "player_1"])
def test_dqn_with_the_masked_policy(agent):
    model = DQN(
        MaskedDQNPolicy,
        make(agent),
        learning_starts=100,
        buffer_size=2000,
        train_freq=8,
        exploration_initial_eps=0.0,
        exploration_final_eps=0.0,
        policy_kwargs={"net_arch": [64, 64], "temperature": 0.3},
        seed=0,
        device="cpu",
    ).learn(2000)
    for deterministic in (True, False):
        returns, illegal = evaluate(model, agent, masked=False, deterministic=deterministic)
        assert illegal == 0
        assert set(returns) <= {-1.0, 0.0, 1.0}


def test_maskable_ppo():
    model = MaskablePPO(
        "MultiInputPolicy",
        make("player_1"),
        n_steps=256,
        batch_size=64,
        n_epochs=2,
        seed=0,
        device="cpu",
    ).learn(1024)
    for deterministic in (True, False):
        returns, illegal = evaluate(model, "player_1", masked=True, deterministic=deterministic)
        assert illegal == 0
        assert set(returns) == {-1.0, 0.0, 1.0}


def test_ppo_without_masks_trains_and_loses_when_it_errs():
    model = PPO(
        "MultiInputPolicy",
        make("player_0"),
        n_steps=256,
        batch_size=64,
        n_epochs=2,
        seed=0,
        device="cpu",
    ).learn(1024)
    returns, illegal = evaluate(model, "player_0", masked=False, deterministic=False)
    assert 0 < illegal <= (returns == -1).sum()
