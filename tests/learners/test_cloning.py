"""Cloning: frequencies kept, masks obeyed, the tolerance reached, the same weights twice."""

from functools import partial

import numpy as np
import pytest
import torch

from mail_envs import PerfectExpert
from mail_envs.board import batch
from mail_envs.errors import ShapeError
from mail_learners import CloneConfig, clone
from mail_wrappers import Decisions
from tests.cloning import GAME, SOFT, STATES, decisions_of, demonstrations


def frequencies(table, observations):
    """The empirical distribution of the actions wherever one of `observations` was seen."""
    rows = []
    for observation in observations:
        same = (table.observations == observation).all(axis=(1, 2, 3))
        rows.append(np.bincount(table.actions[same], minlength=9) / same.sum())
    return np.array(rows)


def divergence(aim, answer):
    ratio = np.log(np.maximum(aim, 1e-300)) - np.log(np.maximum(answer, 1e-300))
    return (aim * np.where(aim > 0, ratio, 0)).sum(axis=1)


def test_a_stochastic_experts_frequencies_are_kept_to_the_tolerance():
    table = decisions_of(SOFT, STATES, copies=40)
    policy = clone(table, seed=0, config=CloneConfig(widths=(64,), tolerance=1e-3))
    observations = np.array([GAME.observation(state) for state in STATES])
    masks = np.array([GAME.action_mask(state) for state in STATES])
    aim, answer = frequencies(table, observations), policy(observations, masks)
    assert (np.count_nonzero(aim, axis=1) > 1).sum() > len(STATES) / 2
    assert divergence(aim, answer).max() < 1.1e-3  # trained in float32
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-12)
    assert not answer[masks == 0].any()


def test_how_often_a_situation_was_seen_does_not_matter():
    once = decisions_of(PerfectExpert(GAME), STATES[:4], copies=1)
    often = Decisions.merged([once, once.take([0]), once.take([0])])
    weights = [clone(table, seed=3)._network.state_dict() for table in (once, often)]
    assert all(torch.equal(a, b) for a, b in zip(*(w.values() for w in weights), strict=True))


def test_the_mask_is_part_of_the_situation():
    # Seen alike, but in one half of the time 0, in the other never 2: mixed up, 0 would be rarer.
    seen, masks = np.zeros((4, 2), np.int8), np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 1, 1]])
    table = demonstrations(seen, masks, [0, 1, 1, 1])
    policy = clone(table, seed=0, config=CloneConfig(widths=(8,)))
    np.testing.assert_allclose(policy(seen, masks)[::2], [[0.5, 0.5, 0], [0, 1, 0]], atol=0.03)


def test_illegal_actions_teach_nothing():
    table = decisions_of(SOFT, [GAME.play([4]), GAME.play([4, 0, 8])], copies=5)  # 4 is never legal
    before, after = (
        clone(table, seed=0, config=CloneConfig(widths=(8,), max_steps=steps))._network.state_dict()
        for steps in (0, 50)
    )
    changed = before["2.bias"] != after["2.bias"]
    assert changed.tolist() == [action != 4 for action in range(9)]


def test_training_stops_at_the_tolerance_or_at_the_last_step():
    table = decisions_of(SOFT, STATES, copies=10)
    observations = np.array([GAME.observation(state) for state in STATES])
    masks = np.array([GAME.action_mask(state) for state in STATES])
    aim = frequencies(table, observations)

    def worst(**config):
        answer = clone(table, seed=0, config=CloneConfig(widths=(64,), **config))(
            observations, masks
        )
        return divergence(aim, answer).max()

    assert 0.05 < worst(tolerance=0.2) < 0.2
    assert worst(max_steps=1) > worst(max_steps=20) > worst(max_steps=200)
    assert worst(max_steps=0) == worst(tolerance=1e9)


def test_the_same_arguments_give_the_same_weights_and_nothing_else_moves():
    table = decisions_of(SOFT, STATES, copies=3)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    weights = [clone(table, seed=s)._network.state_dict()["0.weight"] for s in (5, 5, 6)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(before, torch.random.get_rng_state())


def test_symmetric_images_are_learned_too():
    table = decisions_of(PerfectExpert(GAME), [GAME.play([0])], copies=1)  # the reply is the centre
    policy = clone(table, seed=0, augment=partial(batch.symmetric_decisions, GAME))
    corners = [GAME.play([corner]) for corner in (0, 2, 6, 8)]
    answer = policy(np.array([GAME.observation(state) for state in corners]), None)
    assert (answer[:, 4] > 0.99).all()


def test_images_that_disagree_are_mixed():
    table = decisions_of(PerfectExpert(GAME), [GAME.initial_state()], copies=1)  # a corner
    policy = clone(table, seed=0, augment=partial(batch.symmetric_decisions, GAME))
    answer = policy(GAME.observation(GAME.initial_state())[None], np.ones((1, 9), np.int8))
    np.testing.assert_allclose(answer[0, [0, 2, 6, 8]], 0.25, atol=0.02)


def test_no_demonstrations_leave_an_untrained_network():
    nothing = demonstrations(np.zeros((0, 3, 3, 2), np.int8), np.zeros((0, 9)), [])
    for augment in (None, partial(batch.symmetric_decisions, GAME)):
        answer = clone(nothing, seed=0, augment=augment)(GAME.observation((0, 0))[None])
        assert answer.shape == (1, 9)
        assert (answer > 0.02).all()


def test_answers_without_masks_and_of_another_shape():
    policy = clone(decisions_of(SOFT, STATES[:2], copies=1), seed=0)
    seen = GAME.observation(GAME.play([4]))[None]
    assert policy(seen)[0, 4] > 0  # nothing said that it is taken
    assert policy(seen, GAME.action_mask(GAME.play([4]))[None])[0, 4] == 0
    assert policy(seen[:0], np.zeros((0, 9))).shape == (0, 9)
    with pytest.raises(
        ShapeError, match=r"observations: expected \(B, \(3, 3, 2\)\), came \(3, 3, 2\)"
    ):
        policy(seen[0])
