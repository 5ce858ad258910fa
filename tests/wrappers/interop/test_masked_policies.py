"""Masked DQN and actor-critic policies, over both forms of observation; legal random moves."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import A2C, DQN, PPO

from mail_envs.errors import ShapeError
from mail_wrappers import FlatObservation
from mail_wrappers.interop.stable_baselines3 import (
    FLOOR,
    MaskedActorCriticPolicy,
    MaskedDQN,
    MaskedDQNPolicy,
)
from tests.masked_dqn import PLAYS, batch


def game():
    return gymnasium.make("mail_envs/TicTacToe-v0", opponent="random")


def flat(observations):
    seen = observations["observation"].reshape(len(observations["observation"]), -1)
    return np.concatenate([seen, observations["action_mask"]], axis=1).astype(np.float32)


FORMS = {"dict": (game, lambda seen: seen), "flat": (lambda: FlatObservation(game()), flat)}
forms = pytest.mark.parametrize("form", FORMS)
SMALL = {"seed": 0, "device": "cpu", "policy_kwargs": {"net_arch": [8]}}


def legal(actions, seen):
    return seen["action_mask"][np.arange(len(actions)), actions] == 1


@forms
def test_values_of_illegal_actions_are_the_floor(form):
    make, shape = FORMS[form]
    model = DQN(MaskedDQNPolicy, make(), buffer_size=100, **SMALL)
    seen = batch(*PLAYS)
    tensors, _ = model.policy.obs_to_tensor(shape(seen))
    with torch.no_grad():
        values = model.policy.q_net(tensors).numpy()
    np.testing.assert_array_equal(values == FLOOR, seen["action_mask"] == 0)


def test_both_forms_are_the_same_network():
    values = []
    for make, shape in FORMS.values():
        model = DQN(MaskedDQNPolicy, make(), buffer_size=100, **SMALL)
        tensors, _ = model.policy.obs_to_tensor(shape(batch(*PLAYS)))
        values.append(model.policy.q_net(tensors).detach().numpy())
    np.testing.assert_allclose(values[0], values[1], atol=1e-6)


def stored(model, steps):
    """What was seen and done, of the first steps in the replay buffer."""
    buffer = model.replay_buffer
    if isinstance(buffer.observations, dict):
        masks = buffer.observations["action_mask"][:steps, 0]
    else:
        masks = buffer.observations[:steps, 0, -9:]
    return masks, buffer.actions[:steps, 0, 0]


def share_of_legal(kind, make):
    """At ε = 1 for half the steps and in the warm-up for the other half."""
    model = kind(
        MaskedDQNPolicy,
        make(),
        buffer_size=200,
        learning_starts=100,
        exploration_initial_eps=1.0,
        exploration_final_eps=1.0,
        **SMALL,
    ).learn(200)
    masks, actions = stored(model, 200)
    return masks[np.arange(200), actions].mean()


@forms
def test_random_moves_are_legal(form):
    assert share_of_legal(MaskedDQN, FORMS[form][0]) == 1


def test_the_random_moves_of_dqn_itself_are_not():
    assert share_of_legal(DQN, game) < 0.9


def test_random_moves_are_uniform_and_seeded():
    model = MaskedDQN(MaskedDQNPolicy, game(), buffer_size=100, **SMALL)
    model.exploration_rate = 1.0
    seen = {name: np.repeat(part, 3000, axis=0) for name, part in batch([0, 1, 2]).items()}
    torch.manual_seed(3)
    actions, _ = model.predict(seen)
    shares = np.bincount(actions, minlength=9) / 3000
    assert shares[:3].max() == 0
    np.testing.assert_allclose(shares[3:], 1 / 6, atol=5 * (5 / 36 / 3000) ** 0.5)
    torch.manual_seed(3)
    np.testing.assert_array_equal(model.predict(seen)[0], actions)
    greedy = model.predict(seen, deterministic=True)[0]
    assert len(set(greedy)) == 1
    one = {name: part[0] for name, part in seen.items()}
    assert model.predict(one)[0].shape == ()


# ---- actor and critic


@forms
@pytest.mark.parametrize("shared", [True, False])
def test_illegal_actions_have_no_probability(form, shared):
    make, shape = FORMS[form]
    env, seen = make(), batch(*PLAYS)
    policy = MaskedActorCriticPolicy(
        env.observation_space, env.action_space, lambda _: 1e-3, share_features_extractor=shared
    )
    tensors, _ = policy.obs_to_tensor(shape(seen))
    probabilities = policy.get_distribution(tensors).distribution.probs.detach().numpy()
    np.testing.assert_array_equal(probabilities > 0, seen["action_mask"] == 1)
    actions, values, chances = policy(tensors)
    assert legal(actions.numpy(), seen).all()
    again, same, entropy = policy.evaluate_actions(tensors, actions)
    np.testing.assert_allclose(chances.detach(), same.detach())
    np.testing.assert_allclose(values.detach(), again.detach())
    np.testing.assert_allclose(chances.detach(), np.log(probabilities[range(4), actions]), 1e-5)
    expected = -np.where(probabilities > 0, probabilities * np.log(probabilities + 1e-30), 0)
    np.testing.assert_allclose(entropy.detach(), expected.sum(axis=1), rtol=1e-5)


@forms
@pytest.mark.parametrize("kind", [PPO, A2C])
def test_learners_that_pass_no_masks_keep_to_them(form, kind):
    env = FORMS[form][0]()
    model = kind(MaskedActorCriticPolicy, env, n_steps=64, seed=0, device="cpu").learn(256)
    assert all(torch.isfinite(part).all() for part in model.policy.state_dict().values())
    observation, info = env.reset(seed=0)
    for _ in range(100):
        action, _ = model.predict(observation)
        observation, _, terminated, truncated, info = env.step(action)
        assert not info.get("illegal_action", False)
        if terminated or truncated:
            observation, info = env.reset()


def test_a_saved_model_is_loaded(tmp_path):
    model = PPO(MaskedActorCriticPolicy, game(), n_steps=64, seed=0, device="cpu")
    model.save(tmp_path / "model")
    again = PPO.load(tmp_path / "model", device="cpu")
    seen = batch(*PLAYS)
    for one, two in zip(
        model.predict(seen, deterministic=True),
        again.predict(seen, deterministic=True),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)


# ---- what carries no mask

BOX = spaces.Box(0, 1, (18,), np.float32)
UNMASKED = [
    (BOX, spaces.Box(-1, 1, (2,)), "expected Discrete"),
    (BOX, spaces.Discrete(3, start=1), "from 0 on"),
    (spaces.Box(-1, 1, (18,), np.float32), spaces.Discrete(9), "last 9 entries"),
    (BOX, spaces.Discrete(18), "last 18 entries"),
    (spaces.Box(0, 1, (6, 3), np.float32), spaces.Discrete(3), "last 3 entries"),
    (spaces.Dict({"observation": BOX}), spaces.Discrete(9), "'action_mask' of 9"),
    (spaces.Dict({"observation": BOX, "action_mask": BOX}), spaces.Discrete(9), "'action_mask'"),
]


@pytest.mark.parametrize(("seen", "actions", "words"), UNMASKED)
@pytest.mark.parametrize("policy", [MaskedActorCriticPolicy, MaskedDQNPolicy])
def test_spaces_without_masks_are_refused(policy, seen, actions, words):
    with pytest.raises(ShapeError, match=words):
        policy(seen, actions, lambda _: 1e-3)
