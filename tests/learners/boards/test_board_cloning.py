"""Clones of boards: they learn what they are shown, mirror images too, and the same twice."""

import numpy as np
import pytest

from mail_envs.board import LineGame, batch
from mail_learners.boards.cloning import BoardCloneConfig, clone_board, situations
from mail_learners.boards.gathering import gather_board

GAME = LineGame(rows=4, columns=4, in_a_row=4, gravity=True)
TABLE = gather_board("uniform-bc", GAME, 0, games=60, seed=3).of("player_0")
CONFIG = BoardCloneConfig(widths=(64,), steps=400)

BLANK = BoardCloneConfig(widths=(8,), steps=0, memory=False)


def mirrored(observations):
    return np.ascontiguousarray(observations[:, :, ::-1])


@pytest.mark.parametrize("inputs", ["threats", "marks"])
def test_it_plays_what_it_was_shown_and_the_mirror_image(inputs):
    config = BoardCloneConfig(widths=(64,), steps=400, inputs=inputs, memory=False)
    policy = clone_board(GAME, TABLE, seed=0, config=config)
    states, _, shares = situations(GAME, TABLE, symmetry=True)
    sure = shares.max(axis=1) == 1
    table = policy(batch.observations(GAME, states), batch.action_masks(GAME, states))
    np.testing.assert_allclose(table.sum(axis=1), 1)
    agrees = table.argmax(axis=1)[sure] == shares.argmax(axis=1)[sure]
    assert agrees.mean() > 0.97  # of 334; the network alone, memory off
    seen = set(batch.keys(GAME, states).tolist())
    images = batch.encode(GAME, mirrored(batch.observations(GAME, states)))
    assert seen == set(batch.keys(GAME, images).tolist())


def test_illegal_actions_have_no_chance():
    policy = clone_board(GAME, TABLE, seed=0, config=BLANK)
    full = GAME.play([0, 0, 0, 0])
    seen = GAME.observation(full)[None]
    for masks in (GAME.action_mask(full)[None], None):
        table = policy(seen, masks)
        assert table[0, 0] == 0
        assert (table[0, 1:] > 0).all()


def test_every_distinct_situation_counts_once_with_its_shares():
    twice = TABLE.take(np.zeros(3, dtype=np.int64))
    states, _, shares = situations(GAME, twice, symmetry=False)
    assert len(states.mover) == 1
    assert shares[0].max() == 1
    states, _, shares = situations(GAME, TABLE, symmetry=False)
    keys = batch.keys(GAME, batch.encode(GAME, TABLE.observations))
    assert len(states.mover) == len(np.unique(keys))
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_the_same_arguments_give_the_same_policy_and_nothing_gives_an_untrained_one():
    seen, masks = TABLE.observations, TABLE.action_masks
    small = BoardCloneConfig(widths=(8,), steps=20, batch_size=16, memory=False)
    one, same, other = (clone_board(GAME, TABLE, seed=s, config=small) for s in (1, 1, 2))
    np.testing.assert_array_equal(one(seen, masks), same(seen, masks))
    assert (one(seen, masks) != other(seen, masks)).any()
    untrained = clone_board(GAME, TABLE.first(0), seed=1, config=small)
    assert untrained(seen, masks).shape == (len(TABLE), GAME.actions)


def test_it_remembers_what_it_was_shown_however_little_it_was_trained():
    config = BoardCloneConfig(widths=(8,), steps=0)
    policy = clone_board(GAME, TABLE, seed=0, config=config)
    blank = clone_board(GAME, TABLE, seed=0, config=BLANK)
    states, _, shares = situations(GAME, TABLE, symmetry=True)
    seen, masks = batch.observations(GAME, states), batch.action_masks(GAME, states)
    np.testing.assert_array_equal(policy(seen, masks), shares)
    assert (blank(seen, masks) != shares).any()
    other = gather_board("uniform-bc", GAME, 0, games=60, seed=4).of("player_0")
    known = np.isin(
        batch.keys(GAME, batch.encode(GAME, other.observations)),
        situations(GAME, TABLE, symmetry=True).keys,
    )
    assert 0 < known.sum() < len(known)
    new = other.observations[~known], other.action_masks[~known]
    np.testing.assert_array_equal(policy(*new), blank(*new))
