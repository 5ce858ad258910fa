"""Flat observations: a fixed layout, and the exact way back."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given
from hypothesis import strategies as st

from mail_envs import tictactoe_v0
from mail_envs.errors import MissingTruthError, ShapeError
from mail_wrappers import FlatObservation, SingleAgentEnv, VectorFlatObservation
from mail_wrappers.flat import FlatLayout
from tests.doubles import Script, masks

SPACES = [
    spaces.Box(-128, 127, (2, 3), np.int8),
    spaces.Box(-np.inf, np.inf, (4,), np.float32),
    spaces.Box(0, 255, (2, 2, 3), np.uint8),
    spaces.Discrete(5, start=-2),
    spaces.MultiBinary((2, 2)),
    spaces.MultiDiscrete([[2, 3], [4, 1]]),
    spaces.Tuple([spaces.Discrete(3), spaces.Box(0, 1, (2,), np.float32)]),
    spaces.Dict(
        a=spaces.Dict(b=spaces.Discrete(2), c=spaces.MultiBinary(3)), d=spaces.Box(0, 9, (), int)
    ),
]


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return all(same(*pair) for pair in zip(one, other, strict=True))
    one, other = np.asarray(one), np.asarray(other)
    return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("inside", [True, False])
def test_what_is_flat_comes_back_as_it_was(space, inside):
    space.seed(0)
    whole = spaces.Dict(observation=space, action_mask=spaces.MultiBinary(4)) if inside else space
    layout = FlatLayout(whole, spaces.Discrete(4))
    for _ in range(5):
        seen, mask = space.sample(), spaces.MultiBinary(4).sample()
        given_ = {"observation": seen, "action_mask": mask} if inside else seen
        flat = layout.flatten(_batched(given_), {} if inside else {"action_mask": mask[None]})[0]
        assert layout.space.contains(flat)
        np.testing.assert_array_equal(flat[:-4], spaces.flatten(space, seen).astype(np.float32))
        back = layout.unflatten(flat)
        assert same(back, {"observation": seen, "action_mask": mask})
        batch = layout.unflatten(np.stack([flat, flat]))
        assert same(_rows(batch, 1), back)


def _batched(tree):
    if isinstance(tree, dict):
        return {name: _batched(each) for name, each in tree.items()}
    return tuple(map(_batched, tree)) if isinstance(tree, tuple) else np.asarray(tree)[None]


def _rows(tree, row):
    if isinstance(tree, dict):
        return {name: _rows(each, row) for name, each in tree.items()}
    return tuple(_rows(each, row) for each in tree) if isinstance(tree, tuple) else tree[row]


@given(st.lists(st.integers(-(2**15), 2**15 - 1), min_size=3, max_size=3))
def test_every_small_integer_survives(values):
    layout = FlatLayout(spaces.Box(-(2**15), 2**15 - 1, (3,), np.int16), spaces.Discrete(2))
    flat = layout.flatten(np.array([values], np.int16), {})
    assert layout.unflatten(flat)["observation"].tolist() == [values]


def test_what_float32_does_not_hold_is_refused():
    layout = FlatLayout(spaces.Box(0, 2**30, (1,), np.int64), spaces.Discrete(2))
    with pytest.raises(ShapeError, match="integers of at most 2\\*\\*24"):
        layout.flatten(np.array([[2**24 + 1]]), {})
    with pytest.raises(ShapeError, match="expected Box, Discrete"):
        FlatLayout(spaces.Dict(a=spaces.Text(3)), spaces.Discrete(2))


def test_arrays_of_another_length_are_refused():
    layout = FlatLayout(SPACES[0], spaces.Discrete(4))
    with pytest.raises(ShapeError, match=r"expected \(10,\) or \(B, 10\), came \(9,\)"):
        layout.unflatten(np.zeros(9))
    with pytest.raises(ShapeError, match="action mask: expected 4 entries, came 3"):
        layout.flatten(np.zeros((1, 2, 3), np.int8), {"action_mask": np.ones((1, 3))})


def test_continuous_actions_have_no_mask():
    layout = FlatLayout(SPACES[1], spaces.Box(0, 1, (2,)))
    assert layout.mask_size == 0
    assert layout.unflatten(np.zeros(4)).keys() == {"observation"}


@pytest.mark.parametrize("where", ["observation", "info", "nowhere"])
def test_masks_are_packed_in_wherever_they_stand(where):
    mask = None if where == "nowhere" else masks([0, 1, 1], [1, 0, 1])
    beneath = Script(["a", "a", "a"], mask=mask, mask_in=where)
    env = FlatObservation(SingleAgentEnv(beneath, "a"))
    flat, _ = env.reset()
    expected = [1, 1, 1] if where == "nowhere" else [0, 1, 1]
    assert (flat.dtype, flat.tolist()) == (np.float32, [0, 0, *expected])
    flat, *_ = env.step(1)
    assert flat.tolist() == [1, 0, *([1, 1, 1] if where == "nowhere" else [1, 0, 1])]
    if where == "nowhere":
        with pytest.raises(MissingTruthError, match="action_masks"):
            env.action_masks()
    else:
        assert env.action_masks().tolist() == [True, False, True]


@pytest.mark.parametrize("mode", list(AutoresetMode)[:2])
@pytest.mark.parametrize("where", ["observation", "info"])
def test_a_batch_is_a_stack_of_singles(mode, where):
    def single():
        beneath = Script(["a", "b"] * 2, mask=masks([0, 1, 1], [1, 0, 1]), mask_in=where)
        return SingleAgentEnv(beneath, "a", illegal_action="raise")

    batch = VectorFlatObservation(SyncVectorEnv([single] * 2, autoreset_mode=mode))
    alone = FlatObservation(single())
    flat, _ = batch.reset(seed=0)
    expected = [alone.reset()[0]]
    assert batch.observation_space.contains(flat)
    for action in (1, 2):
        np.testing.assert_array_equal(flat, [expected[-1]] * 2)
        assert batch.unflatten(flat)["action_mask"].tolist() == batch.action_masks().tolist()
        flat, _, _, done, infos = batch.step(np.full(2, action))
        expected.append(alone.step(action)[0])
    assert done.all()
    if mode is AutoresetMode.SAME_STEP:
        np.testing.assert_array_equal(np.stack(infos["final_obs"]), [expected[-1]] * 2)
        expected.append(expected[0])
    np.testing.assert_array_equal(flat, [expected[-1]] * 2)


def test_it_wraps_what_gymnasium_makes():
    env = FlatObservation(gymnasium.make("mail_envs/TicTacToe-v0", opponent="random"))
    bare = SingleAgentEnv(tictactoe_v0.raw_env(), "player_0")
    flat, _ = env.reset(seed=3)
    seen, _ = bare.reset(seed=3)
    assert same(env.unflatten(flat), seen)
    assert env.get_wrapper_attr("action_masks")().all()
