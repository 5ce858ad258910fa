"""Models as policies and policies as experts: distributions, masks, forms, and the exact gap."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import MaskablePPO
from stable_baselines3 import A2C, DQN, PPO, SAC
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.vec_env import DummyVecEnv

from mail_envs import nash_gap, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.errors import (
    BudgetExhaustedError,
    InvalidPolicyError,
    MissingTruthError,
    ShapeError,
    UnknownNameError,
)
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import CountedExpert, FixedHorizon, FlatObservation, QueryBudget, SingleAgentEnv
from mail_wrappers.interop.stable_baselines3 import (
    MaskedActorCriticPolicy,
    MaskedDQNPolicy,
    as_expert,
    as_policy,
)
from tests.masked_dqn import PLAYS, batch
from tests.masked_dqn import model as masked_dqn

GAME = TicTacToe()


def game():
    return gymnasium.make("mail_envs/TicTacToe-v0", opponent="random")


def flat_game():
    return FlatObservation(game())


def actor_critic(kind, policy, make=game, **arguments):
    return kind(policy, make(), n_steps=64, seed=0, device="cpu", **arguments)


MODELS = {
    "DQN": lambda: DQN("MultiInputPolicy", game(), buffer_size=100, seed=0, device="cpu"),
    "masked DQN": masked_dqn,
    "flat masked DQN": lambda: DQN(MaskedDQNPolicy, flat_game(), buffer_size=100, seed=0),
    "PPO": lambda: actor_critic(PPO, "MultiInputPolicy"),
    "masked A2C": lambda: actor_critic(A2C, MaskedActorCriticPolicy),
    "flat masked PPO": lambda: actor_critic(PPO, MaskedActorCriticPolicy, flat_game),
    "MaskablePPO": lambda: actor_critic(MaskablePPO, "MultiInputPolicy"),
}
SEEN = batch(*PLAYS)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("deterministic", [True, False])
def test_answers_are_distributions_over_legal_actions(name, deterministic):
    policy = as_policy(MODELS[name](), deterministic=deterministic)
    table = policy(SEEN["observation"], SEEN["action_mask"])
    assert table.dtype == np.float64
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-12)
    assert not table[SEEN["action_mask"] == 0].any()
    if deterministic:
        assert set(table.ravel()) == {0.0, 1.0}
    assert policy(SEEN["observation"][:0], SEEN["action_mask"][:0]).shape == (0, 9)


@pytest.mark.parametrize("name", ["masked DQN", "flat masked DQN", "masked A2C", "flat masked PPO"])
def test_masked_models_would_draw_from_these(name):
    model = MODELS[name]()
    table = as_policy(model)(SEEN["observation"], SEEN["action_mask"])
    rows = np.repeat(np.arange(4), 500)
    seen = {name: part[rows] for name, part in SEEN.items()}
    if isinstance(model.observation_space, spaces.Box):
        flat = seen["observation"].reshape(2000, -1)
        seen = np.concatenate([flat, seen["action_mask"]], axis=1).astype(np.float32)
    torch.manual_seed(0)
    drawn = model.policy.predict(seen, deterministic=False)[0].reshape(4, 500)
    shares = np.array([np.bincount(row, minlength=9) for row in drawn]) / 500
    np.testing.assert_allclose(shares, table, atol=6 * 0.5 / 500**0.5)


def test_the_most_probable_legal_action_is_predicted():
    model = MODELS["MaskablePPO"]()
    table = as_policy(model, deterministic=True)(SEEN["observation"], SEEN["action_mask"])
    expected, _ = model.predict(SEEN, deterministic=True, action_masks=SEEN["action_mask"])
    np.testing.assert_array_equal(table.argmax(axis=1), expected)


def test_an_unmasked_model_answers_given_that_the_action_is_legal():
    model = MODELS["PPO"]()
    tensors, _ = model.policy.obs_to_tensor(SEEN)
    whole = model.policy.get_distribution(tensors).distribution.probs.detach().double().numpy()
    legal = whole * SEEN["action_mask"]
    expected = legal / legal.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        as_policy(model)(SEEN["observation"], SEEN["action_mask"]), expected, atol=1e-6
    )


def answer_by_hand(model, observation, mask):
    """One row, from the weights of the network alone: softmax or argmax over the legal actions."""
    features = torch.as_tensor(observation, dtype=torch.float32).flatten()
    with torch.no_grad():
        if isinstance(model, PPO):
            hidden = model.policy.mlp_extractor.policy_net(features)
            logits = model.policy.action_net(hidden).double().numpy()
            weights = np.exp(logits) * mask
            return weights / weights.sum()
        both = torch.cat([torch.as_tensor(mask, dtype=torch.float32), features])
        values = model.policy.q_net.q_net(both).numpy()
    return np.eye(9)[max(np.flatnonzero(mask), key=lambda action: values[action])]


@pytest.mark.parametrize("name", ["DQN", "flat masked PPO"])
def test_the_gap_is_that_of_the_table_computed_by_hand(name):
    model = MODELS[name]()
    policy, table = as_policy(model), {}

    def tabulated(observations, masks):
        return np.array([table[row.tobytes()] for row in observations])

    def noting(observations, masks):
        for row, mask in zip(observations, masks, strict=True):
            if row.tobytes() not in table:
                table[row.tobytes()] = answer_by_hand(model, row, mask)
        return tabulated(observations, masks)

    expected = nash_gap(GAME, [noting, noting])
    gap = nash_gap(GAME, [policy, policy])
    np.testing.assert_allclose(gap.per_player, expected.per_player, atol=1e-5)
    assert 0 < gap.total <= 4
    assert len(table) > 100


def test_a_model_becomes_an_opponent():
    opponent = as_policy(MODELS["masked A2C"]())
    view = SingleAgentEnv(
        tictactoe_v0.raw_env(), "player_1", others=opponent, illegal_action="raise"
    )
    for seed in range(5):
        view.reset(seed=seed)
        over = False
        while not over:
            action = int(np.flatnonzero(view.action_masks())[0])
            *_, terminated, truncated, _ = view.step(action)
            over = terminated or truncated


def test_observations_alone_and_images():
    class Seen(gymnasium.ObservationWrapper):
        def __init__(self, shape, kind, high):
            super().__init__(game())
            self.observation_space = spaces.Box(0, high, shape, kind)

        def observation(self, observation):
            space = self.observation_space
            return np.resize(observation["observation"], space.shape).astype(space.dtype)

    model = PPO("MlpPolicy", Seen((18,), np.float32, 1), n_steps=64, device="cpu")
    assert as_policy(model)(SEEN["observation"], None).shape == (4, 9)
    image = PPO("MlpPolicy", Seen((40, 36, 3), np.uint8, 255), n_steps=64, device="cpu")
    assert image.policy.observation_space.shape == (3, 40, 36)
    seen = np.zeros((2, 40, 36, 3), np.uint8)
    assert as_policy(image)(seen, None).shape == (2, 9)


def test_what_is_no_model_or_does_not_fit():
    with pytest.raises(InvalidPolicyError, match="came function"):
        as_policy(uniform_policy)
    with pytest.raises(ShapeError, match="expected Discrete"):
        as_policy(SAC("MlpPolicy", "Pendulum-v1", buffer_size=10))
    with pytest.raises(InvalidPolicyError, match=r"without memory.*came ExpertPolicy"):
        as_policy(as_expert(uniform_policy, game()))
    policy = as_policy(MODELS["flat masked PPO"]())
    with pytest.raises(ShapeError, match=r"trained on, Box.*shape \(5,\)"):
        policy(np.zeros((2, 5)), np.ones((2, 9), np.int8))
    with pytest.raises(ShapeError, match=r"expected shape \(4, 9\), came \(4, 7\)"):
        policy(SEEN["observation"], np.ones((4, 7), np.int8))


# ---- policies as experts


def first_legal(observations, masks):
    return np.eye(masks.shape[1])[masks.argmax(axis=1)]


@pytest.mark.parametrize("make", [game, flat_game, lambda: DummyVecEnv([flat_game, flat_game])])
def test_an_expert_predicts_from_either_form(make):
    env = make()
    expert = as_expert(first_legal, env)
    assert isinstance(expert, BasePolicy)
    assert expert.observation_space == env.observation_space
    seen = SEEN
    if isinstance(env.observation_space, spaces.Box):
        seen = np.concatenate([SEEN["observation"].reshape(4, -1), SEEN["action_mask"]], axis=1)
    actions, state = expert.predict(seen, deterministic=True)
    np.testing.assert_array_equal(actions, SEEN["action_mask"].argmax(axis=1))
    assert (actions.dtype, state) == (np.int64, None)
    one = {name: part[2] for name, part in seen.items()} if seen is SEEN else seen[2]
    assert expert.predict(one)[0] == actions[2]
    assert expert.predict(one)[0].shape == ()
    tensors, _ = expert.obs_to_tensor(seen)
    np.testing.assert_array_equal(expert._predict(tensors, deterministic=True), actions)


def test_the_environments_own_expert_is_the_same_as_the_one_given():
    env = flat_game()
    seen = np.concatenate([SEEN["observation"].reshape(4, -1), SEEN["action_mask"]], axis=1)
    own, _ = as_expert("expert", env).predict(seen, deterministic=True)
    direct = env.get_wrapper_attr("expert")("player_0")(SEEN["observation"], SEEN["action_mask"])
    np.testing.assert_array_equal(own, direct.argmax(axis=1))


def test_draws_follow_the_policy_and_the_seed():
    one, two, other = (as_expert(uniform_policy, game(), seed=seed) for seed in (1, 1, 2))
    seen = {name: np.repeat(part[2:3], 900, axis=0) for name, part in SEEN.items()}
    drawn = one.predict(seen)[0]
    np.testing.assert_array_equal(drawn, two.predict(seen)[0])
    assert (drawn != other.predict(seen)[0]).any()
    shares = np.bincount(drawn, minlength=9) / 900
    np.testing.assert_allclose(shares, SEEN["action_mask"][2] / 5, atol=5 * 0.4 / 30)


def test_nobody_is_asked_in_the_absorbing_state():
    env, budget = FixedHorizon(flat_game(), 6), QueryBudget(100)
    expert = as_expert(CountedExpert(first_legal, budget), env)
    seen, _ = env.reset(seed=0)
    asked, over = 0, False
    while not over:
        asked += seen[0] == 0
        action, _ = expert.predict(seen, deterministic=True)
        seen, _, _, over, _ = env.step(action)
    assert 3 <= asked < 6
    assert budget.used == asked
    mixed = np.stack([seen, env.reset(seed=0)[0]])
    assert expert.predict(mixed, deterministic=True)[0].shape == (2,)
    assert budget.used == asked + 1


def test_what_an_expert_refuses():
    bare = gymnasium.wrappers.FlattenObservation(game())
    with pytest.raises(MissingTruthError, match=r"put mail_wrappers.FlatObservation"):
        as_expert(uniform_policy, bare)
    with pytest.raises(UnknownNameError, match="expected 'expert' or a policy, came 'perfect'"):
        as_expert("perfect", game())
    with pytest.raises(ShapeError, match="expected Discrete"):
        as_expert(uniform_policy, FlatObservation(gymnasium.make("Pendulum-v1")))
    with pytest.raises(MissingTruthError, match="with an expert"):
        as_expert("expert", FlatObservation(gymnasium.make("CartPole-v1")))
    with pytest.raises(InvalidPolicyError, match="probability 0 for illegal"):
        as_expert(lambda seen, masks: np.full(masks.shape, 1 / 9), game()).predict(SEEN)
    with pytest.raises(BudgetExhaustedError):
        as_expert(CountedExpert(uniform_policy, QueryBudget(3)), game()).predict(SEEN)
