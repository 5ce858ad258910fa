"""The masked DQN policy and the buffer that prices when it hands out."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from mail_wrappers.interop.stable_baselines3 import (
    FLOOR,
    LateFusionQNetwork,
    RepricedReplayBuffer,
)
from tests.masked_dqn import PLAYS, batch, model


def tensors(observations):
    return {name: torch.as_tensor(part) for name, part in observations.items()}


def test_illegal_actions_are_worth_the_floor_and_never_chosen():
    policy, seen = model(temperature=2.0).policy, batch(*PLAYS)
    with torch.no_grad():
        values = policy.q_net(tensors(seen)).numpy()
    assert ((values == FLOOR) == (seen["action_mask"] == 0)).all()
    assert isinstance(policy.q_net, LateFusionQNetwork)
    greedy, _ = policy.predict(seen, deterministic=True)
    np.testing.assert_array_equal(greedy, values.argmax(axis=1))
    drawn = np.array([policy.predict(seen, deterministic=False)[0] for _ in range(50)])
    assert all(len(set(column)) > 1 for column in drawn.T[:3])
    assert (seen["action_mask"][np.arange(4), drawn] == 1).all()


def test_draws_follow_the_softmax_at_the_temperature():
    torch.manual_seed(0)
    policy = model(
        temperature=0.3, bonus=lambda seen: np.tile(np.arange(9) / 9, (len(seen), 1))
    ).policy
    seen = batch(*[[4]] * 4000)
    with torch.no_grad():
        values = policy.q_net(tensors(batch([4]))).double().numpy()[0]
    chances = np.where(values > FLOOR, np.exp((values - values.max()) / 0.3), 0)
    counts = np.bincount(policy.predict(seen, deterministic=False)[0], minlength=9) / 4000
    np.testing.assert_allclose(counts, chances / chances.sum(), atol=6 * 0.5 / 4000**0.5)


def test_at_temperature_zero_it_is_greedy():
    policy, seen = model(temperature=0.0).policy, batch(*PLAYS)
    greedy, _ = policy.predict(seen, deterministic=True)
    np.testing.assert_array_equal(policy.predict(seen, deterministic=False)[0], greedy)


def test_a_bonus_known_beforehand_is_added_to_the_network():
    bonus = np.linspace(-3, 3, 9)
    with_bonus = model(bonus=lambda seen: np.tile(bonus, (len(seen), 1))).policy.q_net
    without = model().policy.q_net
    seen = tensors(batch(*PLAYS))
    with torch.no_grad():
        difference = (with_bonus(seen) - without(seen)).numpy()
    legal = batch(*PLAYS)["action_mask"] == 1
    expected = np.broadcast_to(bonus, (4, 9))[legal]
    np.testing.assert_allclose(difference[legal], expected, atol=1e-5)


def test_the_penultimate_layer_takes_the_action():
    network = model().policy.q_net
    with torch.no_grad():
        layer = network.penultimate({"observation": torch.as_tensor(batch([0])["observation"])})
        values = network.value(layer).squeeze(-1).numpy()
        whole = network(tensors(batch([0]))).numpy()
    assert layer.shape == (1, 9, 8)
    assert (layer >= 0).all()
    assert not torch.equal(layer[0, 1], layer[0, 2])
    np.testing.assert_array_equal(values[0, 1:], whole[0, 1:])


def test_targets_of_finished_games_are_finite():
    dqn = model(steps=300)
    buffer = dqn.replay_buffer
    over = buffer.dones[: buffer.pos, 0] == 1
    assert over.any()
    assert (buffer.next_observations["action_mask"][: buffer.pos, 0][over] == 1).all()
    sample = buffer.sample(64)
    with torch.no_grad():
        following = dqn.q_net_target(sample.next_observations).max(dim=1).values
    assert (following > FLOOR).all()
    assert all(torch.isfinite(part).all() for part in dqn.policy.state_dict().values())


# ---- the buffer


def test_rewards_are_priced_when_they_are_sampled():
    worth = {"now": 1.0}

    def price(transitions):
        assert transitions.observations.shape[1:] == (3, 3, 2)
        assert transitions.action_masks.shape[1:] == (9,)
        return worth["now"] * (transitions.actions + 10.0 * transitions.rewards)

    dqn = model(
        steps=60,
        buffer={
            "replay_buffer_class": RepricedReplayBuffer,
            "replay_buffer_kwargs": {"price": price},
        },
    )
    for worth["now"] in (1.0, -2.0):
        sample = dqn.replay_buffer.sample(32)
        assert sample.rewards.shape == (32, 1)
        stored = sample.rewards[:, 0] / worth["now"] - sample.actions[:, 0]
        assert set(stored.round().tolist()) <= {-10.0, 0.0, 10.0}
    kept = dqn.replay_buffer.transitions()
    assert len(kept.actions) == dqn.replay_buffer.pos == 60
    assert set(kept.rewards.tolist()) <= {-1.0, 0.0, 1.0}


def test_without_a_price_it_hands_out_what_was_stored():
    dqn = model(steps=60, buffer={"replay_buffer_class": RepricedReplayBuffer})
    assert set(dqn.replay_buffer.sample(64).rewards[:, 0].tolist()) <= {-1.0, 0.0, 1.0}


def test_transitions_come_in_order_from_a_place_on():
    buffer = model(steps=60, buffer={"replay_buffer_class": RepricedReplayBuffer}).replay_buffer
    whole, late = buffer.transitions(), buffer.transitions(start=40)
    np.testing.assert_array_equal(whole.actions[40:], late.actions)
    np.testing.assert_array_equal(whole.observations[40:], late.observations)
    first = [i for i, seen in enumerate(whole.observations) if not seen.any()]
    assert first[0] == 0
    for start, end in pairwise(first):
        marks = whole.observations[start:end].sum(axis=(1, 2, 3))
        np.testing.assert_array_equal(marks, 2 * np.arange(end - start))
    assert whole.action_masks[np.arange(60), whole.actions].all()
    assert (len(late.actions), late.actions.dtype) == (20, np.int64)
    with pytest.raises(IndexError):
        whole.actions[60]
