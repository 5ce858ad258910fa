"""Every registered environment passes the checkers of the libraries that it is registered with."""

import warnings

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from pettingzoo.utils.env import AECEnv

from mail_envs.protocols import Expert, FeatureMap, OneHotFeatureMap, ProvidesTruth
from mail_envs.registration import ENTRIES

with warnings.catch_warnings():
    # PettingZoo's checkers import one of its games by the door that it deprecates.
    warnings.filterwarnings("ignore", "The old environment creation API", DeprecationWarning)
    from pettingzoo.test import api_test, seed_test

# PettingZoo's checker knows bare arrays best; a dictionary with `observation` and `action_mask`,
# which its own documentation asks for, draws two warnings, an empty board a third.
standard_observation = pytest.mark.filterwarnings(
    "ignore:Observation is not a NumPy array:UserWarning",
    "ignore:Observation space for each agent probably should be:UserWarning",
    "ignore:Observation numpy array is all zeros:UserWarning",
)
# stable-baselines3's takes three axes for a picture, and ours, 3 × 3 × 2 of int8 from 0 to 1, for a
# picture of the wrong kind: it is the observation of PettingZoo's own classic games.
no_picture = pytest.mark.filterwarnings(
    "ignore:It seems that your observation space observation is an image but the upper:UserWarning",
    "ignore:It seems that your observation observation is an image but its `dtype`:UserWarning",
    "ignore:The minimal resolution for an image is 36x36:UserWarning",
)


SIZES = {"mail_envs/ConnectFour-v0": {"rows": 4, "columns": 4}}
"""Arguments that make a board of the kind small enough to be solved on the spot."""


def make_view(name, **options):
    return gymnasium.make(name, **SIZES.get(name, {}), **options)


def door(entry, function):
    module = __import__(entry.door, fromlist=[function])
    return getattr(module, function)


AEC = [
    pytest.param(door(entry, function), id=f"{entry.multi_agent_id} {function}")
    for entry in ENTRIES
    for function in ("env", "raw_env")
]


@standard_observation
@pytest.mark.parametrize("make", AEC)
def test_pettingzoos_checker(make):
    api_test(make(), num_cycles=60)


@pytest.mark.parametrize("make", AEC)
def test_seeds(make):
    seed_test(make, num_cycles=40)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.multi_agent_id)
def test_the_registry_makes_what_the_door_makes(entry):
    made, direct = pettingzoo.make("aec", entry.multi_agent_id), door(entry, "env")()
    assert isinstance(made, AECEnv)
    assert made.metadata == direct.metadata
    assert type(made.unwrapped) is type(direct.unwrapped)
    assert made.possible_agents == direct.possible_agents
    assert made.metadata["name"] == entry.door.rpartition(".")[2]


VIEWS = [
    pytest.param(entry.single_agent_id, agent, id=f"{entry.single_agent_id} {agent}")
    for entry in ENTRIES
    for agent in door(entry, "env")().possible_agents
]
RENDER_MODES = [None, "human", "ansi", "rgb_array"]


@pytest.mark.parametrize(("name", "agent"), VIEWS)
@pytest.mark.parametrize("render_mode", RENDER_MODES)
def test_gymnasiums_checker(name, agent, render_mode):
    check_env(make_view(name, agent=agent, render_mode=render_mode).unwrapped)


@no_picture
@pytest.mark.parametrize(("name", "agent"), VIEWS)
@pytest.mark.parametrize("opponent", ["expert", "random"])
def test_stable_baselines3s_checker(name, agent, opponent):
    from stable_baselines3.common import env_checker

    env_checker.check_env(make_view(name, agent=agent, opponent=opponent))


@pytest.mark.parametrize(("name", "agent"), VIEWS)
def test_the_truth_comes_through_both_doors(name, agent):
    view = make_view(name, agent=agent)
    assert isinstance(view.unwrapped, ProvidesTruth)
    assert view.unwrapped.agent == agent
    truth = view.unwrapped.env.unwrapped
    assert isinstance(truth, ProvidesTruth)
    assert view.unwrapped.game == truth.game
    assert isinstance(view.unwrapped.expert(agent), Expert)
    assert isinstance(view.unwrapped.feature_map(agent), FeatureMap | OneHotFeatureMap)


@pytest.mark.parametrize(("name", "agent"), VIEWS)
def test_a_view_is_reproducible_and_seeds_matter(name, agent):
    def play(seed):
        env = make_view(name, agent=agent, opponent="random")
        observation, info = env.reset(seed=seed)
        seen, over = [observation["observation"]], False
        while not over:
            action = int(np.argmax(info["action_mask"]))
            observation, _, terminated, truncated, info = env.step(action)
            seen.append(observation["observation"])
            over = terminated or truncated
        return np.concatenate(seen).tobytes()

    assert play(3) == play(3)
    assert len({play(seed) for seed in range(8)}) > 1


@pytest.mark.parametrize("name", [entry.single_agent_id for entry in ENTRIES])
def test_views_of_the_full_size_are_made_and_checked(name):
    check_env(gymnasium.make(name, opponent="random").unwrapped)


VECTORS = [pytest.param(entry.single_agent_id, id=entry.single_agent_id) for entry in ENTRIES]


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_every_view_comes_as_a_native_batch(name, mode):
    """`make_vec` warns of what it misses, and warnings are errors; spaces and seeds hold."""

    def play(seed):
        env = gymnasium.make_vec(name, num_envs=6, opponent="random", autoreset_mode=mode)
        assert env.metadata["autoreset_mode"] is mode
        assert not isinstance(env, gymnasium.vector.SyncVectorEnv)
        assert isinstance(env.unwrapped, ProvidesTruth)
        observations, infos = env.reset(seed=seed)
        seen = []
        for _ in range(40):
            assert observations in env.observation_space
            actions = np.argmax(infos["action_mask"], axis=1)
            observations, rewards, terminated, truncated, infos = env.step(actions)
            assert rewards.shape == terminated.shape == truncated.shape == (6,)
            assert ("final_obs" in infos) == (mode is AutoresetMode.SAME_STEP and terminated.any())
            seen.append(observations["observation"].tobytes())
        env.close()
        return seen

    assert play(1) == play(1)
    assert play(1) != play(2)


@pytest.mark.parametrize("name", VECTORS)
def test_the_registered_view_and_its_batch_take_the_same_arguments(name):
    single = make_view(name, agent="player_1", illegal_action="raise", render_mode="ansi")
    options = {**SIZES.get(name, {}), "agent": "player_1", "illegal_action": "raise"}
    batch = gymnasium.make_vec(name, num_envs=2, render_mode="ansi", **options)
    assert batch.single_observation_space == single.observation_space
    assert batch.single_action_space == single.action_space
    assert batch.unwrapped.agent == single.unwrapped.agent
    assert batch.unwrapped.game == single.unwrapped.game
    assert batch.render_mode == single.render_mode
