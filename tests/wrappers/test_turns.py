"""What an agent sees at its turn, wherever the environment puts the mask."""

import numpy as np
import pytest
from gymnasium import spaces

from mail_envs.errors import ShapeError
from mail_wrappers.turns import action_count, decision, no_observations
from tests.doubles import Script, masks


@pytest.mark.parametrize("where", ["observation", "info"])
def test_masks_come_from_the_observation_or_the_infos(where):
    env = Script(["a", "b"], mask=masks([0, 1, 1], [1, 0, 0]), mask_in=where)
    env.reset()
    seen, mask = decision(env, "a")
    assert (seen.tolist(), mask.tolist(), mask.dtype) == ([0, 0], [0, 1, 1], np.int8)
    env.step(1)
    assert decision(env, "b")[1].tolist() == [1, 0, 0]


def test_without_masks_everything_is_legal():
    env = Script(["a", "b"])
    env.reset()
    assert decision(env, "b")[1].tolist() == [1, 1, 1]
    assert action_count(env, "a") == 3


def test_spaces_that_are_not_discrete_or_of_no_one_shape_are_refused():
    env = Script(["a", "b"])
    env.action_spaces["a"] = spaces.Box(0, 1, (2,))
    with pytest.raises(ShapeError, match="action space of a: expected Discrete, came Box"):
        action_count(env, "a")
    env.observation_spaces["a"] = spaces.Text(3)
    with pytest.raises(ShapeError, match="observation space of a: expected arrays of one shape"):
        no_observations(env, "a")
    assert no_observations(env, "b").shape == (0, 2)
