"""What is handed over at play is refused where it comes in, by an error that names it."""

import re

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from mail_envs.errors import ContractError, InvalidOptionError, ShapeError
from mail_wrappers.told import (
    actions_of,
    batched,
    check_actions,
    check_info,
    check_rows,
    checked_reset,
    holds,
    reward_of,
)

TWO = spaces.MultiDiscrete([3, 3])  # a batch of two actions of Discrete(3)


@pytest.fixture
def lines():
    env = gymnasium.make_vec("mail_envs/TicTacToe-v0", num_envs=2)
    yield env
    env.close()


@pytest.mark.parametrize(
    ("given", "number"), [(1, 1.0), (True, 1.0), (np.float32(0.5), 0.5), (np.array(2), 2.0)]
)
def test_rewards_become_floats(given, number):
    found = reward_of(given, "player_0")
    assert type(found) is float
    assert found == number


@pytest.mark.parametrize("junk", ["1", b"1", None, [1, 2], {}, 10**400])
def test_a_reward_that_is_no_number(junk):
    with pytest.raises(ContractError, match="reward of player_0: expected a number, came "):
        reward_of(junk, "player_0")


def test_an_info_that_is_no_dictionary():
    check_info({}, "player_0")
    with pytest.raises(ContractError, match=re.escape("info of player_0: expected a dictionary")):
        check_info([], "player_0")


def test_a_space_that_raises_holds_nothing():
    class Touchy(spaces.Discrete):
        def contains(self, x):
            raise TypeError(x)

    assert holds(spaces.Discrete(3), 2)
    assert not holds(spaces.Discrete(3), 3)
    assert not holds(Touchy(3), 2)


def test_actions_row_by_row():
    assert actions_of(TWO, np.array([2, 0]), 2) == [2, 0]


@pytest.mark.parametrize("junk", ["ab", {"a": 1, "b": 2}, 3, np.array(3), [0, 1, 2], None])
def test_what_is_no_batch_of_actions(junk, lines):
    with pytest.raises(ShapeError, match="actions: expected 2, one for each row, came "):
        actions_of(TWO, junk, 2)
    with pytest.raises(ShapeError, match="actions: expected 2, one for each row, came "):
        check_actions(lines, junk)


def test_observations_that_make_no_batch():
    box = spaces.Box(-1, 1, (2,))
    assert batched(box, [np.zeros(2), np.ones(2)]).shape == (2, 2)
    with pytest.raises(ShapeError, match="observations: expected members of Box"):
        batched(box, [np.zeros(2), np.zeros(3)])


def test_rows_of_whatever_they_are_nested_in():
    pair, other = np.zeros((2, 3)), np.zeros((3, 1))
    assert check_rows("seen", pair) == 2
    assert check_rows("seen", {"a": pair, "b": (pair, pair)}, 2) == 2
    with pytest.raises(ShapeError, match=re.escape("seen: expected arrays (2, ...), came ")):
        check_rows("seen", {"a": pair, "b": (pair, other)})
    with pytest.raises(ShapeError, match=re.escape("seen: expected arrays (B, ...), came ")):
        check_rows("seen", np.float64(1))


def test_a_reset_of_some_rows(lines):
    assert checked_reset(lines, 3, {"reset_mask": np.array([True, False])}) == 3
    expected = re.escape("reset_mask: expected (2,) bool with a row to reset, came ")
    for mask in (np.array([False, False]), np.array([1, 0]), np.array([True]), [True, False]):
        with pytest.raises(InvalidOptionError, match=expected):
            checked_reset(lines, None, {"reset_mask": mask})
