"""The door from Gymnasium's vector environments to stable-baselines3, and learners through it."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.evaluation import evaluate_policy
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import mail_envs  # noqa: F401 - registers the environments
from mail_envs.errors import EpisodeOverError, InvalidOptionError, MissingTruthError
from mail_wrappers.interop.stable_baselines3_vector import GymnasiumVecEnv

NAME = "mail_envs/TicTacToe-v0"


def lowest(observations, masks):
    """Play the lowest legal action."""
    return np.eye(masks.shape[1])[np.argmax(masks, axis=1)]


def boards(num_envs=3, opponent="random", **options):
    return gymnasium.make_vec(
        NAME, num_envs=num_envs, opponent=opponent, autoreset_mode="SameStep", **options
    )


class Countdown(gymnasium.Env):
    """No board of ours: it counts down from 3, has no mask, and is truncated if told to be."""

    observation_space = spaces.Box(0, 3, (1,), np.float32)
    action_space = spaces.Discrete(2)
    colour = "red"

    def __init__(self, render_mode=None):
        self.render_mode = render_mode
        self.left = 3

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 3
        return self.look(), {"options": options, "began": True}

    def step(self, action):
        self.left -= 1
        over = self.left == 0
        return self.look(), 1.0, over and not action, over and bool(action), {"left": self.left}

    def look(self):
        return np.array([self.left], dtype=np.float32)

    def count(self, more=0):
        return self.left + more


def counters(num_envs=2):
    mode = AutoresetMode.SAME_STEP
    return GymnasiumVecEnv(SyncVectorEnv([Countdown] * num_envs, autoreset_mode=mode))


def played(env, steps, seed=0):
    """Observations, rewards, dones and infos of masked random play; the last masks at each step."""
    rng = np.random.default_rng(seed)
    env.seed(seed)
    env.reset()
    for _ in range(steps):
        masks = get_action_masks(env)
        actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
        yield masks, *env.step(actions)


# ---- against stable-baselines3's own


@pytest.mark.parametrize("agent", ["player_0", "player_1"])
def test_it_steps_as_stable_baselines3s_own_batch_of_single_views(agent):
    def single():
        return gymnasium.make(NAME, agent=agent, opponent=lowest)

    ours = GymnasiumVecEnv(boards(3, lowest, agent=agent))
    theirs = DummyVecEnv([single] * 3)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    ends = 0
    for one, other in zip(played(ours, 40), played(theirs, 40), strict=True):
        (masks, seen, rewards, dones, infos), expected = one, other
        np.testing.assert_array_equal(masks, expected[0])
        for key in seen:
            np.testing.assert_array_equal(seen[key], expected[1][key])
        np.testing.assert_array_equal(rewards, expected[2])
        assert rewards.dtype == expected[2].dtype
        np.testing.assert_array_equal(dones, expected[3])
        for row, done in enumerate(dones):
            ends += done
            info, there = infos[row], dict(expected[4][row])
            assert there.pop("agent") == agent  # which a batch says once, as `env.agent`
            if not done:
                there.pop("TimeLimit.truncated")
            assert info.keys() == there.keys()
            np.testing.assert_array_equal(info["action_mask"], there["action_mask"])
            if done:
                assert info["TimeLimit.truncated"] is False
                for key in seen:
                    final = info["terminal_observation"][key]
                    np.testing.assert_array_equal(final, there["terminal_observation"][key])
            np.testing.assert_array_equal(
                ours.reset_infos[row]["action_mask"], theirs.reset_infos[row]["action_mask"]
            )
    assert ends > 10


def test_illegal_actions_are_told():
    env = GymnasiumVecEnv(boards(2, lowest))
    env.reset()
    env.step(np.array([4, 4]))
    _, rewards, dones, infos = env.step(np.array([4, 5]))
    assert rewards.tolist() == [-1, 0]
    assert dones.tolist() == [True, False]
    assert infos[0]["illegal_action"]
    assert "illegal_action" not in infos[1]
    assert "illegal_action" not in env.reset_infos[0]


def test_seeds_and_options_hold_for_one_reset():
    env = GymnasiumVecEnv(boards(8, agent="player_1"))
    openings = []
    for seed in (5, 5, 6):
        env.seed(seed)
        openings.append(env.reset()["observation"].tobytes())
    assert openings[0] == openings[1] != openings[2]
    assert env.reset()["observation"].tobytes() != openings[2]
    other = counters()
    other.set_options({"speed": 2})
    other.reset()
    assert [info["options"] for info in other.reset_infos] == [{"speed": 2}] * 2
    other.reset()
    assert [info["options"] for info in other.reset_infos] == [None] * 2


# ---- any vector environment


def test_terminations_and_truncations_are_told_apart():
    env = counters(3)
    np.testing.assert_array_equal(env.reset(), [[3]] * 3)
    env.step(np.zeros(3, dtype=int))
    env.step(np.zeros(3, dtype=int))
    seen, rewards, dones, infos = env.step(np.array([0, 1, 1]))
    np.testing.assert_array_equal(seen, [[3]] * 3)
    assert (rewards.tolist(), dones.tolist()) == ([1] * 3, [True] * 3)
    assert [info["TimeLimit.truncated"] for info in infos] == [False, True, True]
    assert [info["terminal_observation"].tolist() for info in infos] == [[0]] * 3
    assert [info["left"] for info in infos] == [0] * 3
    assert [info["began"] for info in env.reset_infos] == [True] * 3


def test_single_environments_are_asked_where_there_are_any():
    env = counters(3)
    env.reset()
    assert env.get_attr("colour") == ["red"] * 3
    assert env.get_attr("colour", indices=[0, 2]) == ["red"] * 2
    assert env.env_method("count", more=2, indices=[1]) == [5]
    assert env.env_is_wrapped(Monitor) == [False] * 3
    assert not is_masking_supported(env)
    with pytest.raises(MissingTruthError, match="provides no action mask"):
        env.env_method("action_masks")


def test_a_native_batch_answers_for_its_environments():
    env = GymnasiumVecEnv(boards(2, render_mode="ansi"))
    assert env.get_attr("game") == [env.env.unwrapped.game] * 2
    assert is_masking_supported(env)
    assert not env.has_attr("colour")
    with pytest.raises(AttributeError, match="have no methods of their own"):
        env.env_method("count")
    with pytest.raises(AttributeError, match="colour: cannot be set on single environments"):
        env.set_attr("colour", "blue")
    with pytest.raises(EpisodeOverError, match="no episode has begun"):
        env.env_method("action_masks")
    env.reset()
    masks = [mask() for mask in env.get_attr("action_masks", indices=[1])]
    assert [mask.tolist() for mask in masks] == [[True] * 9]
    assert masks[0].dtype == bool
    assert env.env_method("render", indices=0) == [". . .\n. . .\n. . .\n"]


def test_boards_are_drawn_side_by_side():
    env = GymnasiumVecEnv(boards(2, render_mode="rgb_array"))
    env.reset()
    assert env.render().shape == (2 * 192, 192, 3)
    blind = GymnasiumVecEnv(boards(2))
    assert blind.render_mode is None
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert blind.get_images() == [None, None]


def test_games_of_other_families_pass_through():
    env = GymnasiumVecEnv(
        gymnasium.make_vec("mail_envs/GridGame-v0", num_envs=4, autoreset_mode="SameStep")
    )
    env.seed(0)
    seen, ends, rng = env.reset(), 0, np.random.default_rng(0)
    for _ in range(60):
        seen, _, dones, infos = env.step(rng.integers(env.action_space.n, size=4))
        assert all(one in env.observation_space for one in seen)
        for info, done in zip(infos, dones, strict=True):
            assert ("terminal_observation" in info) == done
            assert not done or info["terminal_observation"] in env.observation_space
        ends += dones.sum()
    assert ends > 0


def test_statistics_beneath_reach_the_infos_of_finished_episodes():
    env = GymnasiumVecEnv(RecordEpisodeStatistics(boards(4)))
    lengths = [
        info["episode"]["l"]
        for *_, dones, infos in played(env, 30)
        for info, done in zip(infos, dones, strict=True)
        if done
    ]
    assert min(lengths) >= 3
    assert max(lengths) <= 5


def test_closing_closes_what_is_beneath():
    env = GymnasiumVecEnv(boards(2))
    env.close()
    assert env.env.closed


@pytest.mark.parametrize("mode", ["NextStep", None])
def test_other_modes_are_refused(mode):
    env = boards(2)
    env.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP} if mode else {}
    with pytest.raises(InvalidOptionError, match=r"expected AutoresetMode\.SAME_STEP, came"):
        GymnasiumVecEnv(env)


# ---- learners


def test_maskable_ppo_learns_and_never_moves_illegally():
    env = VecMonitor(GymnasiumVecEnv(boards(32)))
    model = MaskablePPO(
        "MultiInputPolicy", env, n_steps=32, batch_size=256, n_epochs=4, seed=0, device="cpu"
    )
    before, _ = evaluate_policy(model, env, n_eval_episodes=400, deterministic=False)
    model.learn(20_000)
    after, _ = evaluate_policy(model, env, n_eval_episodes=400, deterministic=False)
    # Uniform play returns 0.30 on average; one standard error is below 0.05.
    assert before < 0.45
    assert after > 0.55
    for *_, infos in played(env, 5):
        assert not any("illegal_action" in info for info in infos)


def test_ppo_without_masks_trains():
    env = GymnasiumVecEnv(boards(8))
    PPO("MultiInputPolicy", env, n_steps=16, batch_size=64, n_epochs=1, device="cpu").learn(256)
