"""Every registered Markov game passes its host libraries' own checks, single, batched and many."""

import warnings

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import mail_envs
from mail_envs import nash_gap
from mail_envs.protocols import Expert, FeatureMap, OneHotFeatureMap, ProvidesTruth
from mail_envs.registration import PARALLEL_ENTRIES, register_environments

with warnings.catch_warnings():
    # PettingZoo's checkers import one of its games by the door that it deprecates.
    warnings.filterwarnings("ignore", "The old environment creation API", DeprecationWarning)
    from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test

MARKOV = [entry for entry in PARALLEL_ENTRIES if entry.batch.startswith("mail_envs.markov")]
BY_ID = pytest.mark.parametrize("entry", MARKOV, ids=lambda entry: entry.door)
MODES = pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])


def parallel(entry, **options):
    return pettingzoo.make("parallel", entry.multi_agent_id, **options)


def test_every_family_of_the_library_is_registered():
    names = {entry.multi_agent_id for entry in MARKOV}
    assert names == {
        f"mail_envs/{name}-v0"
        for name in (
            "random_game",
            "random_linear",
            "block_linear",
            "additive_linear",
            "independent_linear",
            "low_rank",
            "grid_game",
            "chain_of_despair",
            "lower_bound",
        )
    }
    register_environments()  # a second time: no warning, nothing changed
    assert mail_envs.registration.PARALLEL_ENTRIES is PARALLEL_ENTRIES


@BY_ID
def test_pettingzoo_parallel(entry):
    parallel_api_test(parallel(entry), num_cycles=100)
    parallel_seed_test(lambda: parallel(entry), num_cycles=100)


@BY_ID
# its test of turn-based environments asks for arrays, where Discrete observations are numbers
@pytest.mark.filterwarnings("ignore:Observation is not a NumPy array:UserWarning")
def test_pettingzoo_in_turn(entry):
    env = pettingzoo.make("aec", entry.multi_agent_id)
    api_test(env, num_cycles=50)
    assert isinstance(env.unwrapped, ProvidesTruth)


@BY_ID
def test_gymnasium_single_agent(entry):
    env = gymnasium.make(entry.single_agent_id)
    check_env(env.unwrapped)
    assert isinstance(env.unwrapped, ProvidesTruth)
    assert isinstance(env.observation_space, spaces.Discrete)
    assert env.observation_space.n == env.unwrapped.game.num_states
    agent = env.unwrapped.env.possible_agents[-1]
    for mode in env.metadata["render_modes"]:
        check_env(gymnasium.make(entry.single_agent_id, agent=agent, render_mode=mode).unwrapped)


@BY_ID
@pytest.mark.parametrize("opponent", ["expert", "random"])
def test_stable_baselines3(entry, opponent):
    from stable_baselines3.common import env_checker

    env_checker.check_env(gymnasium.make(entry.single_agent_id, opponent=opponent))


@BY_ID
@pytest.mark.parametrize("observation", ["one-hot", "features"])
def test_gymnasium_single_agent_with_other_observations(entry, observation):
    check_env(gymnasium.make(entry.single_agent_id, observation=observation).unwrapped)


@BY_ID
def test_the_truth(entry):
    env = parallel(entry).unwrapped
    assert isinstance(env, ProvidesTruth)
    experts = [env.expert(agent) for agent in env.possible_agents]
    assert nash_gap(env.game, experts).total <= 1e-10
    states = np.arange(env.game.num_states)
    for agent, expert in zip(env.possible_agents, experts, strict=True):
        assert isinstance(expert, Expert)
        question = states if env.game.horizon is None else np.stack([0 * states, states], axis=1)
        actions, _ = expert.predict(question, deterministic=True)
        assert actions.shape == states.shape
        feature_map = env.feature_map(agent)
        actions = states % env.action_space(agent).n
        if isinstance(feature_map, OneHotFeatureMap):
            keys = feature_map.keys(states, actions)
            assert keys.max() <= feature_map.dimension
        else:
            assert isinstance(feature_map, FeatureMap)
            assert feature_map(states, actions).shape == (len(states), feature_map.dimension)


@BY_ID
@MODES
def test_gymnasium_batch(entry, mode):
    check_vector(
        lambda: gymnasium.make_vec(
            entry.single_agent_id,
            num_envs=6,
            vectorization_mode="vector_entry_point",
            autoreset_mode=mode,
            max_episode_steps=9,
        )
    )


def check_vector(make):
    """What Gymnasium promises of vector environments; it has no checker of its own for them."""
    env, twin = make(), make()
    mode, count = env.metadata["autoreset_mode"], env.num_envs
    assert isinstance(mode, AutoresetMode)
    assert env.observation_space.shape[0] == env.action_space.shape[0] == count
    observations, infos = env.reset(seed=11)
    _same((observations, infos), twin.reset(seed=11))
    env.action_space.seed(0)
    over = np.zeros(count, dtype=bool)
    ended = 0
    for _ in range(40):
        actions = env.action_space.sample()
        answer = env.step(actions)
        _same(answer, twin.step(actions))
        observations, rewards, ends, cuts, infos = answer
        assert env.observation_space.contains(observations)
        assert all(env.single_observation_space.contains(row) for row in observations)
        assert rewards.shape == ends.shape == cuts.shape == (count,)
        assert (rewards.dtype, ends.dtype, cuts.dtype) == (np.float64, np.bool_, np.bool_)
        assert not (ends & cuts).any()
        for key, value in infos.items():
            assert key.startswith("_") or infos[f"_{key}"].shape == (count,)
            assert isinstance(value, dict) or len(value) == count
        if mode is AutoresetMode.NEXT_STEP:
            assert (rewards[over] == 0).all()
            assert not (ends | cuts)[over].any()
            over = ends | cuts
        else:
            assert ("final_obs" in infos) == bool((ends | cuts).any())
        ended += int((ends | cuts).sum())
    assert ended >= 2 * count
    env.close()
    twin.close()


def _same(one, other):
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = one.values(), other.values()
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
        return
    for left, right in zip(one, other, strict=True):
        _same(left, right)


class Careless:
    """A batch that pays for the step in which it resets."""

    def __init__(self):
        self._env = gymnasium.make_vec("mail_envs/BlockLinear-v0", num_envs=6)

    def __getattr__(self, name):
        return getattr(self._env, name)

    def step(self, actions):
        observations, rewards, *rest = self._env.step(actions)
        return observations, rewards + 1, *rest


def test_the_check_of_batches_can_fail():
    with pytest.raises(AssertionError):
        check_vector(Careless)


def test_importing_stays_light():
    """`import mail_envs` loads no compiled solver, and `make` finds what it registers."""
    import subprocess
    import sys

    code = (
        "import sys, mail_envs\n"
        "print([m for m in ('scipy', 'numba', 'torch', 'pygame') if m in sys.modules])\n"
        "import gymnasium; gymnasium.make('mail_envs/BlockLinear-v0').reset(seed=0)\n"
        "print('torch' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split("\n")[:2] == ["[]", "False"]
