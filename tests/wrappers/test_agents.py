"""The agents of a parallel environment as rows: joint steps, ends, waiting, one reset for all."""

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st
from stable_baselines3 import PPO

from mail_envs import independent_linear_v0, tictactoe_v0
from mail_envs.errors import (
    AbsentAgentError,
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    MissingTruthError,
    ShapeError,
)
from mail_wrappers import AgentsVectorEnv
from mail_wrappers.interop.stable_baselines3_vector import GymnasiumVecEnv
from tests.doubles import Rounds, masks

ZEROS = np.zeros(3, int)


def begun(*args, **kwargs):
    env = AgentsVectorEnv(Rounds(*args, **kwargs))
    env.reset(seed=0)
    return env


def test_rows_are_agents_and_step_together():
    env = AgentsVectorEnv(Rounds([["c", "a", "b"]] * 2, [{"a": 1, "b": 2, "c": 3}]))
    assert (env.agents, env.num_envs) == (("a", "b", "c"), 3)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    observations, infos = env.reset(seed=7)
    assert env.env.seeds == [(7, None)]
    assert observations.tolist() == [[0, 0], [0, 1], [0, 2]]
    assert infos["active"].tolist() == [True] * 3
    observations, rewards, terminated, truncated, _ = env.step(np.array([0, 1, 2]))
    assert env.env.played == [{"c": 2, "a": 0, "b": 1}]
    assert observations.tolist() == [[1, 0], [1, 1], [1, 2]]
    assert rewards.tolist() == [1, 2, 3]
    assert not (terminated | truncated).any()


def test_the_last_end_begins_the_next_episode():
    env = begun([["a", "b"]], ends={0: {"a": "truncated", "b": "terminated"}})
    observations, _, terminated, truncated, infos = env.step([0, 0])
    assert (terminated.tolist(), truncated.tolist()) == ([False, True], [True, False])
    assert [seen.tolist() for seen in infos["final_obs"]] == [[1, 0], [1, 1]]
    assert observations.tolist() == [[0, 0], [0, 1]]
    assert env.env.seeds == [(0, None), (None, None)]


def test_a_dead_agents_row_waits_and_its_waiting_ends_with_the_others():
    env = begun([["a", "b"], ["b"], ["b"]], [{"a": 5, "b": 1}] * 3, ends={0: {"a": "terminated"}})
    observations, rewards, terminated, _, infos = env.step([0, 0])
    assert (rewards.tolist(), terminated.tolist()) == ([5, 1], [True, False])
    assert infos["final_obs"][0].tolist() == observations[0].tolist() == [1, 0]
    assert infos["active"].tolist() == [False, True]
    env.env.pays = ()
    observations, rewards, terminated, truncated, infos = env.step([99, 0])  # nobody looks at 99
    assert (rewards[0], terminated[0], truncated[0]) == (0, False, False)
    assert env.env.played[-1] == {"b": 0}
    *_, terminated, truncated, infos = env.step([0, 0])
    assert (terminated.tolist(), truncated.tolist()) == ([True, True], [False, False])
    assert infos["active"].tolist() == [True, True]


def test_late_joiners_wait_and_agents_may_sit_out():
    env = AgentsVectorEnv(Rounds([["b"], ["a", "b"], ["b"], ["a", "b"]], [{"a": 1, "b": 1}] * 4))
    observations, infos = env.reset()
    assert (observations[0].tolist(), infos["active"].tolist()) == ([0, 0], [False, True])
    steps = [env.step([0, 0]) for _ in range(4)]
    assert [step[0][0].tolist() for step in steps] == [[1, 0], [2, 0], [3, 0], [0, 0]]
    assert [step[2].tolist() for step in steps] == [[True, False], *[[False] * 2] * 2, [True] * 2]
    assert [step[4]["active"][0] for step in steps] == [True, False, True, False]
    assert [step[1][0] for step in steps] == [1, 1, 1, 1]


def test_masks_of_rows_are_all_ones_while_they_wait():
    env = begun(
        [["a", "b"], ["b"]], ends={0: {"a": "terminated"}}, mask=masks([0, 1, 1], [1, 0, 0])
    )
    with pytest.raises(IllegalActionError, match=r"of b: expected one of \[1, 2\], came 0"):
        env.step([1, 0])
    assert env.env.played == []
    *_, infos = env.step([1, 2])
    assert infos["action_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert env.action_masks().tolist() == [[True] * 3, [True, False, False]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from("abc"), min_size=1), min_size=1, max_size=5),
    st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(-3, 3)), max_size=5),
)
def test_rows_earn_what_the_environment_pays_their_agents(listed, pays):
    known = set().union(*listed)
    pays = [{agent: pay for agent, pay in some.items() if agent in known} for some in pays]
    env = begun([sorted(some) for some in listed], pays)
    total = np.zeros(len(known))
    for _ in listed[1:]:
        total += env.step(ZEROS[: len(known)])[1]
        assert total.tolist() == [env.env.paid[agent] for agent in env.agents]


def test_stable_baselines3_learns_with_shared_parameters():
    rows = GymnasiumVecEnv(AgentsVectorEnv(independent_linear_v0.parallel_env()))
    PPO("MlpPolicy", rows, n_steps=8, batch_size=8, n_epochs=1).learn(48)
    rows.close()


def test_mistakes_are_named():
    with pytest.raises(InvalidOptionError, match="expected a PettingZoo ParallelEnv"):
        AgentsVectorEnv(tictactoe_v0.raw_env())
    odd = Rounds([["a", "b"]], actions={"b": spaces.Discrete(2)})
    with pytest.raises(ShapeError, match=r"equal action spaces .* for a and Discrete\(2\) for b"):
        AgentsVectorEnv(odd)
    env = AgentsVectorEnv(Rounds([["a", "b"]]))
    with pytest.raises(EpisodeOverError):
        env.step([0, 0])
    env.reset()
    with pytest.raises(ShapeError, match=r"actions: expected 2, one for each row, came 1"):
        env.step([0])
    with pytest.raises(MissingTruthError, match="provides no action mask"):
        env.action_masks()
    with pytest.raises(AbsentAgentError, match="an agent in one of 100 episodes"):
        AgentsVectorEnv(Rounds([[], ["a"]])).reset()
