"""Episodes of one length: what is seen, paid and allowed in the absorbing state."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env

import mail_envs  # noqa: F401 - registers the environments
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    ShapeError,
)
from mail_wrappers import FixedHorizon, FlatObservation


class Counting(gymnasium.Env):
    """Ends after `length` steps, each paid 1; sees how many are left, at least 1 and at most 9."""

    def __init__(self, length, *, truncates=False):
        self.length, self.truncates, self.left = length, truncates, 0
        self.observation_space = spaces.Box(1, 9, (2,), np.float32)
        self.action_space = spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = self.length
        return self._seen(), {}

    def step(self, action):
        self.left -= 1
        over = self.left == 0
        return self._seen(), 1.0, over and not self.truncates, over and self.truncates, {}

    def _seen(self):
        return np.full(2, max(self.left, 1), np.float32)


ACTION = np.zeros(1, np.float32)


def episode(env, action=ACTION):
    """All steps of one episode."""
    env.reset(seed=0)
    steps = [env.step(action)]
    while not (steps[-1][2] or steps[-1][3]):
        steps.append(env.step(action))
    return steps


@pytest.mark.parametrize("length", [1, 3, 5, 8])
def test_every_episode_takes_the_horizon(length):
    steps = episode(FixedHorizon(Counting(length), 5))
    assert [step[3] for step in steps] == [False] * 4 + [True]
    assert not any(step[2] for step in steps)
    assert sum(step[1] for step in steps) == min(length, 5)
    assert [int(step[0][0]) for step in steps] == [int(i >= length) for i in range(1, 6)]
    assert [step[4].get("absorbing", False) for step in steps] == [i > length for i in range(1, 6)]


@pytest.mark.parametrize(("truncates", "word"), [(False, "terminated"), (True, "truncated")])
def test_the_end_of_the_game_is_told_where_it_happens(truncates, word):
    steps = episode(FixedHorizon(Counting(2, truncates=truncates), 4))
    assert [step[4].get("ended") for step in steps] == [None, word, None, None]


def test_the_absorbing_state_is_the_nearest_to_zero_that_the_space_holds():
    env = FixedHorizon(Counting(1), 3)
    first, _ = env.reset(seed=0)
    np.testing.assert_array_equal(first, [0, 1, 1])
    seen = env.step(ACTION)[0]
    np.testing.assert_array_equal(seen, [1, 1, 1])
    assert env.observation_space.contains(seen)
    np.testing.assert_array_equal(env.is_absorbing(np.stack([first, seen])), [False, True])


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version:UserWarning")
def test_gymnasium_accepts_it():
    check_env(FixedHorizon(Counting(2), 4), skip_render_check=True)


def board(horizon=6):
    env = gymnasium.make("mail_envs/TicTacToe-v0", agent="player_0", opponent="random")
    return FixedHorizon(FlatObservation(env), horizon)


def test_masks_are_all_ones_in_the_absorbing_state_and_the_game_s_before():
    env = board()
    seen, _ = env.reset(seed=0)
    for _ in range(6):
        masks = env.get_wrapper_attr("action_masks")()
        np.testing.assert_array_equal(seen[-9:] != 0, masks)
        assert masks.all() == (seen[0] == 1 or not seen[1:-9].any())
        seen, _, _, over, info = env.step(int(np.flatnonzero(masks)[-1]))
    assert over
    assert info["absorbing"]


def test_what_is_flat_comes_back_without_the_flag():
    env = board()
    seen, _ = env.reset(seed=0)
    seen = env.step(4)[0]
    parts = env.unflatten(np.stack([seen, seen]))
    assert parts["observation"].shape == (2, 3, 3, 2)
    assert parts["observation"].sum() == 4
    np.testing.assert_array_equal(parts["action_mask"][0], seen[-9:])


def test_what_is_refused():
    with pytest.raises(InvalidOptionError, match="at least 1, came 0"):
        FixedHorizon(Counting(1), 0)
    with pytest.raises(ShapeError, match="expected a flat Box, came Dict"):
        FixedHorizon(gymnasium.make("mail_envs/TicTacToe-v0"), 5)
    env = FixedHorizon(Counting(1), 2)
    with pytest.raises(EpisodeOverError, match="has not begun"):
        env.step(ACTION)
    episode(env)
    with pytest.raises(EpisodeOverError, match="is over"):
        env.step(ACTION)
    env.reset()
    env.step(ACTION)
    with pytest.raises(IllegalActionError, match="came array"):
        env.step(ACTION + 7)
