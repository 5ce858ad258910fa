"""A batch of views: row by row the single views of the same seeds, asked in batches."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks

from mail_envs import PerfectExpert, connect_four_v0, independent_linear_v0, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.board.rendering import board_text
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    MissingTruthError,
    ShapeError,
)
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import SingleAgentEnv, SingleAgentVectorEnv
from mail_wrappers.interop.stable_baselines3_vector import GymnasiumVecEnv
from tests.doubles import Rounds, Script, always, masks

NOISY = PerfectExpert(TicTacToe(), noise=0.5)
TASKS = {
    "turns, chance": (tictactoe_v0.raw_env, "draw", "random"),
    "turns, a policy": (tictactoe_v0.raw_env, "player_1", uniform_policy),
    "turns, an expert": (tictactoe_v0.env, "alternate", NOISY),
    "at once, experts": (independent_linear_v0.parallel_env, "player_1", "expert"),
    "at once, mixed": (
        independent_linear_v0.parallel_env,
        "player_2",
        {"player_0": "random", "player_1": "expert"},
    ),
}


def same(one, other):
    """Equal trees of arrays, of equal kinds."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    else:
        np.testing.assert_array_equal(one, other)
        assert np.asarray(one).dtype == np.asarray(other).dtype


def chosen(space, masks, rng):
    """A random action for each row."""
    if masks is None:
        return np.array([int(space.start + rng.integers(space.n)) for _ in range(3)])
    return np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("name", TASKS)
def test_the_rows_of_a_batch_are_single_views(name, mode):
    make_env, agent, others = TASKS[name]
    ours = SingleAgentVectorEnv(make_env, 3, agent, others, autoreset_mode=mode)
    theirs = gymnasium.vector.SyncVectorEnv(
        [lambda: SingleAgentEnv(make_env(), agent, others)] * 3, autoreset_mode=mode
    )
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.metadata["autoreset_mode"] is AutoresetMode(mode)
    rng, ends = np.random.default_rng(0), 0
    (seen, infos), (expected, told) = (env.reset(seed=[5, 9, 1]) for env in (ours, theirs))
    for _ in range(30):
        same(seen, expected)
        same(*({k: v for k, v in some.items() if k != "final_obs"} for some in (infos, told)))
        for mine, there in zip(infos.get("final_obs", ()), told.get("final_obs", ()), strict=True):
            same(mine, there)
        assert ours.agents == tuple(env.unwrapped.agent for env in theirs.envs)
        actions = chosen(ours.single_action_space, infos.get("action_mask"), rng)
        (seen, *rest, infos), (expected, *others_rest, told) = (
            env.step(actions) for env in (ours, theirs)
        )
        for mine, there in zip(rest, others_rest, strict=True):
            same(mine, there)
        ends += int(rest[1].sum())
    assert ends > 3


def test_all_rows_are_asked_at_once():
    policy = always(1)
    env = SingleAgentVectorEnv(lambda: Script(["b", "c", "a"] * 3), 4, "a", policy)
    env.reset(seed=0)
    assert [len(seen) for seen, _ in policy.asked] == [4, 4]
    env.step(np.zeros(4, int))
    assert len(policy.asked) == 4
    several = SingleAgentVectorEnv(
        [lambda: Script(["b", "a"]), lambda: Script(["a", "b"]), lambda: Script(["b", "a", "b"])],
        None,
        "a",
        policy,
    )
    several.reset(seed=0)
    assert len(policy.asked[-1][0]) == 2


def test_rows_have_streams_of_their_own():
    env = SingleAgentVectorEnv(tictactoe_v0.raw_env, 40, "player_1", "random")
    one = env.reset(seed=3)[0]["observation"]
    assert len(np.unique(one, axis=0)) == 9
    same(env.reset(seed=3)[0]["observation"], one)
    same(env.reset(seed=list(range(3, 43)))[0]["observation"], one)
    assert (env.reset()[0]["observation"] != one).any()


def test_models_are_asked_in_batches_once_they_have_shown_no_memory():
    shapes = []

    class Model:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            shapes.append(observation.shape)
            return np.zeros(observation.shape[:-1], int), state

    env = SingleAgentVectorEnv(lambda: Script(["b", "a"] * 3), 3, "a", Model())
    env.reset(seed=0)
    env.step(np.zeros(3, int))
    assert shapes == [(2,), (2, 2), (3, 2)]


def test_observations_are_fresh_at_every_step():
    env = SingleAgentVectorEnv(lambda: Script(["a"] * 9), 2, "a")
    seen, _ = env.reset()
    kept = seen.copy()
    env.step([0, 0])
    same(seen, kept)


def test_continuous_and_dictionary_actions():
    space = spaces.Dict({"to": spaces.Box(0, 1, (2,)), "go": spaces.Discrete(2)})
    env = SingleAgentVectorEnv(
        lambda: Rounds([["a", "b"]] * 3, actions={"a": space, "b": space}), 2, "a"
    )
    env.reset(seed=0)
    actions = env.action_space.sample()
    env.step(actions)
    np.testing.assert_array_equal(env.envs[1].played[0]["a"]["to"], actions["to"][1])


def test_illegal_actions_lose_in_their_row_or_raise_for_all():
    def make():
        return Script(["a"] * 5, mask=masks([1, 0, 1]))

    env = SingleAgentVectorEnv(make, 2, "a", illegal_reward=-3)
    env.reset()
    _, rewards, terminated, _, infos = env.step([1, 0])
    assert (rewards.tolist(), terminated.tolist()) == ([-3, 0], [True, False])
    assert infos["illegal_action"].tolist() == [True, False]
    assert env.action_masks().tolist() == [[True] * 3, [True, False, True]]
    _, rewards, terminated, _, _ = env.step([1, 0])  # the first row begins anew
    assert (rewards.tolist(), terminated.tolist()) == ([0, 0], [False, False])
    env = SingleAgentVectorEnv(make, 2, "a", illegal_action="raise")
    env.reset()
    with pytest.raises(IllegalActionError, match=r"row 1: action of a: expected one of \[0, 2\]"):
        env.step([0, 1])
    assert [beneath.played for beneath in env.envs] == [[], []]
    with pytest.raises(IllegalActionError, match=r"row 0: .*Discrete\(3\), came 3"):
        env.step([3, 0])


def test_mistakes_are_named():
    def make():
        return Script(["a", "b"])

    with pytest.raises(InvalidOptionError, match="num_envs: expected an integer of at least 1"):
        SingleAgentVectorEnv(make, 0, "a")
    with pytest.raises(InvalidOptionError, match="came 3 with 2 makers"):
        SingleAgentVectorEnv([make, make], 3, "a")
    with pytest.raises(InvalidOptionError, match="'NextStep' or 'SameStep', came 'Disabled'"):
        SingleAgentVectorEnv(make, 2, "a", autoreset_mode="Disabled")
    with pytest.raises(ShapeError, match="observation_space of row 1: expected Box"):
        SingleAgentVectorEnv([make, tictactoe_like], None, "a")
    env = SingleAgentVectorEnv(make, 2, "a")
    with pytest.raises(EpisodeOverError):
        env.step([0, 0])
    env.reset()
    with pytest.raises(ShapeError, match="actions: expected 2, one for each row, came 3"):
        env.step([0, 0, 0])
    with pytest.raises(InvalidOptionError, match="seed: expected 2, one for each row, came 1"):
        env.reset(seed=[1])
    with pytest.raises(InvalidOptionError, match="integer of at least 0, came -1"):
        env.reset(seed=-1)
    with pytest.raises(InvalidOptionError, match="no reset_mask"):
        env.reset(options={"reset_mask": np.ones(2, bool)})
    with pytest.raises(MissingTruthError, match="provides no action mask"):
        env.action_masks()


def tictactoe_like():
    return Script(["a", "b"], mask=masks([1, 1, 1]))


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_infos_name_the_agent_of_each_rows_episode(mode):
    env = SingleAgentVectorEnv(
        [lambda: Script(["a", "b"]), lambda: Script(["a", "b", "a", "b"])],
        None,
        "alternate",
        autoreset_mode=mode,
    )
    told = [env.reset(seed=0)[1], *(env.step([0, 0])[4] for _ in range(2))]
    assert all(infos["_agent"].tolist() == [True, True] for infos in told)
    assert all(infos["agent"].dtype == object for infos in told)
    agents = [infos["agent"].tolist() for infos in told]
    if mode == "NextStep":
        assert agents == [["a", "a"], ["a", "a"], ["b", "a"]]
        return
    assert agents == [["a", "a"], ["b", "a"], ["a", "b"]]
    assert [infos["final_info"]["agent"].tolist() for infos in told[1:]] == [
        ["a", None],
        ["b", "a"],
    ]
    assert told[1]["final_info"]["_agent"].tolist() == [True, False]


MOVING = {"close", "reset", "step"}
"""What a view has and a row of a batch does not: it moves with the others."""


def test_rows_are_read_as_single_views_are():
    def make():
        return tictactoe_v0.raw_env(render_mode="ansi")

    ours = SingleAgentVectorEnv(make, 2, "alternate")
    theirs = gymnasium.vector.SyncVectorEnv([lambda: SingleAgentEnv(make(), "alternate")] * 2)
    for env in (ours, theirs):
        env.reset(seed=0)
    public = {n for n in vars(SingleAgentEnv) if not n.startswith("_")} - MOVING
    fields = {"action_space", "observation_space", "render_mode"}
    for name in public | fields:
        arguments = ("player_1",) if name in {"expert", "feature_map"} else ()
        mine, there = ours.call(name, *arguments), theirs.call(name, *arguments)
        assert len(mine) == len(there) == 2
        if name == "action_masks":
            same(mine, there)
        elif name in fields | {"agent", "render"}:
            assert mine == there
        else:
            assert [type(each) for each in mine] == [type(each) for each in there]
    assert ours.get_attr("agent") == ("player_0", "player_0")
    assert ours.get_attr("env") == ours.envs == ours.call("env")
    assert ours.get_attr("game") == tuple(env.unwrapped.game for env in ours.envs)
    masks_of_rows = ours.get_attr("action_masks")  # methods, uncalled
    same(np.stack([each() for each in masks_of_rows]), ours.action_masks())


@pytest.mark.parametrize("name", [*sorted(MOVING), "_mask", "played", ["agent"]])
def test_what_a_view_does_not_have_or_moves_it_cannot_be_read(name):
    env = SingleAgentVectorEnv(lambda: Script(["a", "b"]), 2, "a")
    for read in (env.get_attr, env.call):
        with pytest.raises(AttributeError, match="attribute of a view: expected one of"):
            read(name)


def test_rows_without_a_truth_say_so():
    env = SingleAgentVectorEnv(lambda: Script(["a", "b"]), 2, "a")
    assert env.get_attr("render_mode") == (None, None)
    for name, arguments in (("game", ()), ("expert", ("b",)), ("feature_map", ("b",))):
        with pytest.raises(MissingTruthError, match="provides game, expert and feature_map"):
            env.call(name, *arguments)


def test_stable_baselines3_reads_rows():
    boards = SingleAgentVectorEnv(tictactoe_v0.raw_env, 3, "alternate", autoreset_mode="SameStep")
    env = GymnasiumVecEnv(boards)
    env.reset()
    assert env.get_attr("agent", indices=[0, 2]) == ["player_0"] * 2
    assert env.has_attr("expert")
    assert not env.has_attr("step")
    assert len(env.env_method("feature_map", "player_0")) == 3


def test_maskable_ppo_learns_on_a_batch():
    boards = SingleAgentVectorEnv(
        connect_four_v0.raw_env, 4, "alternate", "random", autoreset_mode="SameStep"
    )
    env = GymnasiumVecEnv(boards)
    model = MaskablePPO("MultiInputPolicy", env, n_steps=16, batch_size=32, n_epochs=1, seed=0)
    model.learn(128)
    env.reset()
    assert get_action_masks(env).shape == (4, 7)
    env.close()


def test_it_renders_every_row():
    env = SingleAgentVectorEnv(lambda: tictactoe_v0.raw_env(render_mode="ansi"), 2, "player_0")
    env.reset()
    assert env.render() == (f"{board_text(TicTacToe(), TicTacToe().initial_state())}\n",) * 2
