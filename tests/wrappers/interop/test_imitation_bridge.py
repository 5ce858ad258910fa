"""What `imitation` takes, made of any environment; `imitation` itself runs in the tutorials."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3 import PPO

from mail_envs.errors import InvalidOptionError, ShapeError
from mail_wrappers.interop.imitation import as_expert, masked_policy, vector_view


def game():
    return gymnasium.make("mail_envs/TicTacToe-v0", agent="player_1", opponent="random")


def played(venv, steps, expert):
    """What is seen in `steps` steps, and at which of them episodes end: `(T, B, n)`, `(T, B)`."""
    seen, ends = [venv.reset()], []
    for _ in range(steps):
        actions, _ = expert.predict(seen[-1], deterministic=True)
        observation, _, dones, _ = venv.step(actions)
        seen.append(observation)
        ends.append(dones)
    return np.array(seen), np.array(ends)


@pytest.mark.parametrize(("horizon", "width"), [(None, 27), (7, 28)])
def test_observations_are_flat_and_seeded(horizon, width):
    runs = []
    for _ in range(2):
        venv = vector_view(game, 3, horizon=horizon, seed=5)
        assert isinstance(venv.observation_space, spaces.Box)
        assert venv.observation_space.shape == (width,)
        runs.append(played(venv, 21, as_expert("expert", venv)))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert (runs[0][0][0, 0] != runs[0][0][0]).any(), "every environment has a seed of its own"
    if horizon is not None:
        expected = np.arange(1, 22) % horizon == 0
        np.testing.assert_array_equal(runs[0][1], np.tile(expected[:, None], 3))


def test_the_policy_learns_there():
    venv = vector_view(game, 2, horizon=5, seed=0)
    policy = masked_policy(venv, net_arch=[8])
    assert policy.net_arch == [8]
    seen = venv.reset()
    actions, _ = policy.predict(seen)
    assert (seen[range(2), 19 + actions] == 1).all()
    model = PPO(type(policy), venv, n_steps=32, batch_size=32, device="cpu").learn(64)
    assert model.num_timesteps == 64


def test_what_is_refused():
    with pytest.raises(InvalidOptionError, match="num_envs: expected at least 1, came 0"):
        vector_view(game, 0)
    with pytest.raises(InvalidOptionError, match="horizon"):
        vector_view(game, horizon=0)
    with pytest.raises(ShapeError, match="expected Discrete"):
        masked_policy(vector_view(lambda: gymnasium.make("Pendulum-v1")))
