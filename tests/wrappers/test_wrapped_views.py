"""Every wrapper over every registered view: Gymnasium's checker, and masks through `make`."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import mail_envs  # noqa: F401 - registers the environments
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import (
    ExpertLabels,
    FlatObservation,
    GameReward,
    ImitationReward,
    MixedPlay,
    PricedReward,
    QueryBudget,
    VectorExpertLabels,
    VectorFlatObservation,
    VectorMixedPlay,
    VectorPricedReward,
    WeightedSum,
)

BOARDS = ["mail_envs/TicTacToe-v0", "mail_envs/ConnectFour-v0"]
MARKOV = [
    "mail_envs/RandomGame-v0",
    "mail_envs/RandomLinear-v0",
    "mail_envs/GridGame-v0",
    "mail_envs/ChainOfDespair-v0",
    "mail_envs/LowerBound-v0",
]
"""One per kind of observation and length of episode; the other families are made the same way."""


def even(observations, action_masks):
    """Uniform over the actions; where there is no mask, over two."""
    if action_masks is None:
        return np.full((len(observations), even.actions), 1 / even.actions)
    return uniform_policy(observations, action_masks)


def source(budget):
    return WeightedSum([(GameReward(), 1.0), (ImitationReward(even, budget), 1.0)])


SINGLE = {
    "labels": lambda env, b: ExpertLabels(env, even, b, when="every_step"),
    "on demand": lambda env, b: ExpertLabels(env, even, b),
    "mixed": lambda env, b: MixedPlay(env, even, b, 0.5),
    "priced": lambda env, b: PricedReward(env, source(b)),
    "flat": lambda env, b: FlatObservation(env),
}
BATCH = {
    "labels": lambda env, b: VectorExpertLabels(env, even, b),
    "mixed": lambda env, b: VectorMixedPlay(env, even, b, 0.5),
    "priced": lambda env, b: VectorPricedReward(env, source(b)),
    "flat": lambda env, b: VectorFlatObservation(env),
}


def made(name):
    env = gymnasium.make(name, opponent="random")
    even.actions = int(env.action_space.n)
    return env


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version:UserWarning")
@pytest.mark.parametrize("name", [*BOARDS, *MARKOV])
@pytest.mark.parametrize("wrapper", SINGLE)
def test_gymnasiums_checker_finds_nothing(name, wrapper):
    env = SINGLE[wrapper](made(name), QueryBudget())
    check_env(env)


@pytest.mark.parametrize("name", BOARDS)
def test_masks_pass_through_every_wrapper_and_through_make(name):
    env = made(name)
    for wrap in SINGLE.values():
        env = wrap(env, QueryBudget())
    env = gymnasium.wrappers.RecordEpisodeStatistics(env)
    _, info = env.reset(seed=0)
    over, rng = False, np.random.default_rng(0)
    while not over:
        masks = env.get_wrapper_attr("action_masks")()
        assert (masks.dtype, masks.tolist()) == (bool, (info["action_mask"] == 1).tolist())
        *_, terminated, truncated, info = env.step(int(rng.choice(np.flatnonzero(masks))))
        over = terminated or truncated
    assert "illegal_action" not in info
    assert {"reward", "mixed", "episode"} <= info.keys()


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_masks_pass_through_every_wrapper_of_a_native_batch(mode):
    env = gymnasium.make_vec(
        BOARDS[0],
        num_envs=4,
        vectorization_mode="vector_entry_point",
        opponent="random",
        autoreset_mode=mode,
    )
    for wrap in BATCH.values():
        env = wrap(env, QueryBudget())
    rng = np.random.default_rng(0)
    flat, infos = env.reset(seed=0)
    for _ in range(30):
        masks = env.action_masks()
        np.testing.assert_array_equal(masks, infos["action_mask"] == 1)
        np.testing.assert_array_equal(env.unflatten(flat)["action_mask"], infos["action_mask"])
        actions = np.array([rng.choice(np.flatnonzero(row)) for row in masks])
        flat, rewards, *_, infos = env.step(actions)
        assert env.observation_space.contains(flat)
        assert rewards.shape == (4,)
        assert "illegal_action" not in infos
