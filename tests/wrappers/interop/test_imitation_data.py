"""imitation's transitions and trajectories: there and back, byte by byte; and those of others."""

import warnings

import numpy as np
import pytest

from mail_envs import tictactoe_v0
from mail_envs.errors import InvalidOptionError, ShapeError
from mail_wrappers import record
from tests.columns import OPTIONAL, decisions
from tests.recorded import Meeting, leaning, steady

pytest.importorskip("imitation")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from imitation.data import rollout, types

from mail_wrappers.interop.imitation_data import (
    from_trajectories,
    from_transitions,
    to_trajectories,
    to_transitions,
)

BOARD = record(tictactoe_v0.raw_env, leaning, episodes=4, seed=0).of("player_0")


@pytest.mark.parametrize("without", [set(), {"rewards"}, set(OPTIONAL)])
def test_decisions_come_back_byte_by_byte(without):
    meeting = record(
        Meeting, {"walker": steady, "talker": "random", "late": leaning}, episodes=3, seed=0
    )
    for own in (BOARD, meeting.of("walker"), meeting.of("late"), decisions(without=without)):
        assert from_transitions(to_transitions(own)).checksum() == own.checksum()
        assert from_trajectories(to_trajectories(own)).checksum() == own.checksum()
    masked = from_transitions(to_transitions(BOARD, form="masked"))
    assert masked.checksum() == BOARD.checksum()


def test_imitation_makes_the_same_transitions_of_our_trajectories():
    for form in ("as is", "masked", "flat"):
        theirs = rollout.flatten_trajectories_with_rew(to_trajectories(BOARD, form=form))
        ours = to_transitions(BOARD, form=form)
        for name in ("obs", "acts", "next_obs", "dones", "rews"):
            one, other = getattr(ours, name), getattr(theirs, name)
            assert one == other if isinstance(one, types.DictObs) else np.array_equal(one, other)
    assert isinstance(ours, types.TransitionsWithRew)
    assert ours.obs.shape == (len(BOARD), 3 * 3 * 2 + 9)
    assert ours.obs.dtype == np.float32
    np.testing.assert_array_equal(ours.obs[:, 18:], BOARD.action_masks)


def test_those_of_others():
    obs, acts = np.arange(8.0).reshape(4, 2), np.array([0, 1, 2])
    one = types.TrajectoryWithRew(obs, acts, None, terminal=True, rews=np.array([0.0, 0.0, 1.0]))
    two = types.TrajectoryWithRew(obs, acts, None, terminal=False, rews=np.zeros(3))
    back = from_trajectories([one, two])
    assert back.episodes.tolist() == [0, 0, 0, 1, 1, 1]
    assert back.steps.tolist() == [0, 1, 2] * 2
    assert back.terminations.tolist() == [False, False, True, False, False, False]
    flat = from_transitions(rollout.flatten_trajectories([one, two]))
    assert flat.episodes.tolist() == [0, 0, 0, 1, 1, 1]
    assert flat.observations.tolist() == back.observations.tolist()
    assert flat.rewards is None


def test_mistakes_are_refused():
    nested = decisions(nested=True)
    for convert in (to_transitions, to_trajectories):
        with pytest.raises(ShapeError, match="use form='flat'"):
            convert(nested)
        with pytest.raises(ShapeError, match="masks of discrete actions"):
            convert(decisions(without={"action_masks", "distributions"}), form="masked")
        with pytest.raises(InvalidOptionError, match="form: expected"):
            convert(BOARD, form="round")
    assert to_transitions(nested, form="flat").obs.shape == (5, 4 + 2 + 1 + 3)
    with pytest.raises(ShapeError):
        from_trajectories([])
