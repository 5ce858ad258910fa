"""Nested observations, columns and moves: structure is kept, and what does not fit is refused."""

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import VectorEnv, VectorWrapper

from mail_envs.errors import IllegalActionError, MissingTruthError, ShapeError
from mail_wrappers.batches import as_batch, forwarded_vector_masks, row_count, rows_of, with_rows
from mail_wrappers.columns import (
    Leaf,
    copied,
    layout_from_json,
    layout_of_column,
    layout_of_space,
    layout_to_json,
)
from mail_wrappers.moves import allowed, checked_move, legal_moves, random_move, seen_of

NESTED = ({"a": np.arange(6).reshape(3, 2)}, np.arange(3.0))
"""A batch of three observations."""

SPACE = spaces.Tuple([spaces.Dict({"a": spaces.MultiDiscrete([9, 9])}), spaces.Box(0, 9, ())])


def same(one, other):
    np.testing.assert_equal(one, other)
    assert type(one) is type(other)


# ---- batches


def test_rows_of_a_nested_batch():
    same(rows_of(NESTED, [0, 2]), ({"a": np.array([[0, 1], [4, 5]])}, np.array([0.0, 2.0])))
    assert row_count(NESTED) == row_count({"b": NESTED}) == 3


def test_rows_of_a_nested_batch_are_replaced_in_a_copy():
    changed = with_rows(NESTED, np.array([True, False, False]), ({"a": [[7, 8]]}, [9.0]))
    same(changed, ({"a": np.array([[7, 8], [2, 3], [4, 5]])}, np.array([9.0, 1.0, 2.0])))
    assert NESTED[0]["a"][0, 0] == 0


def test_one_observation_is_a_batch_of_one():
    one = ({"a": np.arange(2)}, 5)
    same(as_batch(one), ({"a": np.array([[0, 1]])}, np.array([5])))


class Bare(VectorEnv):
    """A vector environment that has nothing but rows."""

    num_envs = 2


class Masked(Bare):
    """One that also tells its masks."""

    def action_masks(self):
        return np.array([[True, False], [False, True]])


def test_masks_come_from_beneath_wrappers_or_were_the_last_seen():
    last = np.array([[1, 1], [0, 1]], dtype=np.int8)
    beneath = forwarded_vector_masks(VectorWrapper(VectorWrapper(Masked())), last)
    np.testing.assert_array_equal(beneath, Masked().action_masks())
    bare = VectorWrapper(Bare())
    assert forwarded_vector_masks(bare, last).tolist() == [[True, True], [False, True]]
    with pytest.raises(MissingTruthError, match="provides no action mask"):
        forwarded_vector_masks(bare, None)


# ---- columns


def test_a_layout_goes_to_json_and_back():
    layout = layout_of_column(NESTED, what="observations")
    assert layout == ({"a": Leaf(np.dtype("<i8"), (2,))}, Leaf(np.dtype("<f8"), ()))
    assert layout_from_json(layout_to_json(layout)) == layout


def test_a_layout_from_elsewhere_holds_numbers():
    with pytest.raises(ValueError, match="numbers of kind object"):
        layout_from_json({"dtype": "O", "shape": []})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (({"a": [1, 2]},), r"seen: expected a tuple of 2, came"),
        ({"a": [1, 2]}, r"seen: expected a tuple of 2, came"),
        (({"b": [1, 2]}, 0.0), r"seen\[0\]: expected a dictionary with \['a'\], came"),
        ((3, 0.0), r"seen\[0\]: expected a dictionary with \['a'\], came 3"),
        (({"a": [[1], [2, 3]]}, 0.0), r"seen\[0\]\['a'\]: expected an array of"),
        (({"a": [1, 2, 3]}, 0.0), r"seen\[0\]\['a'\]: expected an array of shape \(2,\)"),
        (({"a": [1, 2]}, "one"), r"seen\[1\]: expected an array of shape \(\) and kind float32"),
    ],
)
def test_a_value_of_another_structure_is_no_row(value, told):
    layout = layout_of_space(SPACE, what="seen")
    with pytest.raises(ShapeError, match=told):
        copied(value, layout, what="seen")


def test_a_row_is_a_copy():
    layout = layout_of_space(SPACE, what="seen")
    given = ({"a": np.array([1, 2])}, np.float32(3))
    row = copied(given, layout, what="seen")
    given[0]["a"][:] = 0
    same(row, ({"a": np.array([1, 2])}, np.array(3, dtype=np.float32)))


@pytest.mark.parametrize(
    "space", [spaces.Text(3), spaces.Sequence(spaces.Discrete(2)), spaces.Dict({1: SPACE})]
)
def test_a_space_without_columns_is_refused(space):
    with pytest.raises(ShapeError, match=r"^seen: expected"):
        layout_of_space(space, what="seen")


@pytest.mark.parametrize("column", [np.array(["a"]), np.float64(1), [1, 2]])
def test_a_column_holds_arrays_of_numbers(column):
    with pytest.raises(ShapeError, match=r"observations\['a'\]: expected an array \(N, ...\)"):
        layout_of_column({"a": column}, what="observations")


# ---- moves


def test_what_a_policy_is_shown_of_observations_without_arrays():
    same(seen_of({"a": 1, "action_mask": [1]}), {"a": 1})
    same(seen_of((1, 2)), (1, 2))
    same(seen_of(3), np.array(3))


def test_a_mask_says_nothing_of_other_spaces():
    box = spaces.Box(0, 1, (1,))
    assert legal_moves(box, np.array([0]), np.zeros(1, np.float32))
    assert box.contains(random_move(box, np.array([0]), draw=0.5, who="player_0"))


def test_masks_of_several_choices():
    space, mask = spaces.MultiDiscrete([2, 3], start=[1, 0]), np.array([0, 1, 1, 0, 1])
    assert allowed(space, mask) == [[2], [0, 2]]
    assert checked_move(space, mask, np.array([2, 0]), who="player_0").tolist() == [2, 0]
    with pytest.raises(IllegalActionError, match=r"one of \[\[2\], \[0, 2\]\], came \[1, 0\]"):
        checked_move(space, mask, np.array([1, 0]), who="player_0")


@pytest.mark.parametrize(
    ("space", "mask"),
    [(spaces.Discrete(2), np.zeros(2)), (spaces.MultiDiscrete([1, 2]), np.array([1, 0, 0]))],
)
def test_no_move_is_drawn_where_none_is_legal(space, mask):
    with pytest.raises(IllegalActionError, match="a legal one, came a mask of zeros"):
        random_move(space, mask, draw=0.0, who="player_0")
