"""Policies asked and their answers checked; draws by inversion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.errors import InvalidPolicyError, ShapeError, UnknownAgentError
from mail_envs.protocols.asking import (
    ask,
    by_player,
    check_distributions,
    decide,
    greedy,
    predict,
    sample_actions,
    split_observation,
    uniform_policy,
)

MASKS = np.array([[1, 1, 0, 1], [0, 0, 1, 0]], dtype=np.int8)
SEEN = np.zeros((2, 3))


class Fixed:
    """A generator whose uniform numbers are given."""

    def __init__(self, *numbers):
        self.numbers = np.array(numbers, dtype=np.float64)

    def random(self, count):
        assert count == len(self.numbers)
        return self.numbers


def test_uniform_play():
    expected = [[1 / 3, 1 / 3, 0, 1 / 3], [0, 0, 1, 0]]
    np.testing.assert_allclose(uniform_policy(SEEN, MASKS), expected, atol=1e-16)
    with pytest.raises(ShapeError, match=r"expected action masks \(B, A\), came None .* \(2, 3\)"):
        uniform_policy(SEEN, None)


def test_answers_come_back_as_distributions():
    answer = ask(lambda seen, masks: (masks / 2).astype(np.float32) * [[2 / 3], [2]], SEEN, MASKS)
    assert answer.dtype == np.float64
    np.testing.assert_allclose(answer, uniform_policy(SEEN, MASKS), atol=1e-7)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-15)


def test_errors_name_who_answered():
    with pytest.raises(InvalidPolicyError, match=r"^the bishop: expected rows that sum to 1"):
        check_distributions(np.zeros((2, 4)), MASKS, who="the bishop")
    with pytest.raises(ShapeError, match=r"^policy: expected .* \(2, 4\), came \(4,\)"):
        check_distributions(np.zeros(4), MASKS)


# ---- deterministic policies


def test_deterministic_policies_are_asked_for_actions():
    rows = np.array([[0, 1, 0, 0], [0, 0, 1, 0]], dtype=np.float32)
    actions = decide(lambda seen, masks: rows, SEEN, MASKS)
    assert (actions.tolist(), actions.dtype) == ([1, 2], np.int64)


def test_stochastic_answers_are_refused_where_an_action_is_wanted():
    message = r"^the bishop: expected a deterministic .* came at most 0\.75, for action 3, in row 1"
    rows = np.array([[1, 0, 0, 0], [0.25, 0, 0, 0.75]])
    with pytest.raises(InvalidPolicyError, match=message):
        decide(lambda seen, masks: rows, SEEN, np.ones((2, 4), np.int8), who="the bishop")
    with pytest.raises(InvalidPolicyError, match="probability 0 for illegal actions"):
        decide(lambda seen, masks: np.eye(4)[[2, 2]], SEEN, MASKS)


def test_greedy_play_is_the_most_probable_action_the_lowest_of_equals():
    rows = np.array([[0.2, 0.4, 0, 0.4], [0, 0, 1, 0]])
    answer = greedy(lambda seen, masks: rows)(SEEN, MASKS)
    np.testing.assert_array_equal(answer, [[0, 1, 0, 0], [0, 0, 1, 0]])
    assert decide(greedy(uniform_policy), SEEN, MASKS).tolist() == [0, 2]


def test_greedy_play_refuses_what_is_no_distribution():
    for row in ([0, np.nan, 0, 0.5], [0, 0.5, 0, 0.2]):
        with pytest.raises(InvalidPolicyError):
            greedy(lambda seen, masks, row=row: np.tile(row, (2, 1)))(SEEN, MASKS)


# ---- draws


@pytest.mark.parametrize(
    ("number", "action"), [(0.0, 1), (0.2, 1), (0.25, 3), (0.5, 3), (0.99, 3), (1 - 2**-53, 3)]
)
def test_draws_invert_the_distribution_function(number, action):
    row = np.array([[0.0, 0.25, 0.0, 0.75, 0.0]])
    assert sample_actions(row, rng=Fixed(number)).tolist() == [action]


def test_each_row_uses_one_number():
    table = np.array([[0.5, 0.5], [0.5, 0.5], [0.0, 1.0]])
    assert sample_actions(table, rng=Fixed(0.7, 0.2, 0.0)).tolist() == [1, 0, 1]


@given(
    st.lists(
        st.floats(0, 1).map(lambda p: p if p > 1e-300 else 0.0), min_size=1, max_size=6
    ).filter(lambda row: sum(row) > 0),
    st.sampled_from([0.0, 1e-300, 0.5, 1 - 2**-53]),
)
def test_actions_of_probability_zero_are_never_drawn(row, number):
    table = np.array([row]) / np.sum(row)
    (action,) = sample_actions(table, rng=Fixed(number))
    assert table[0, action] > 0


def test_draws_follow_the_probabilities_and_the_seed():
    table = np.tile([0.1, 0.2, 0.7], (20_000, 1))
    draws = sample_actions(table, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(draws, sample_actions(table, rng=np.random.default_rng(1)))
    counts = np.bincount(draws, minlength=3) / 20_000
    np.testing.assert_allclose(counts, [0.1, 0.2, 0.7], atol=6 * 0.5 / 20_000**0.5)
    assert draws.dtype == np.int64


# ---- by player, observations, predict


def test_items_come_into_player_order():
    agents = ("a", "b")
    assert by_player(["x", "y"], agents) == ("x", "y")
    assert by_player({"b": "y", "a": "x"}, agents) == ("x", "y")
    with pytest.raises(UnknownAgentError) as caught:
        by_player({"b": 1, "c": 2}, agents, what="experts")
    assert str(caught.value) == (
        "experts: expected one for each of ['a', 'b'], came ['b', 'c'] "
        "(unknown: ['c'], missing: ['a'])"
    )
    with pytest.raises(
        ShapeError, match=r"policies: expected 2, one for each of \['a', 'b'\], came 3"
    ):
        by_player([1, 2, 3], agents)


def test_observations_are_split():
    seen, mask = split_observation({"observation": [1, 2], "action_mask": [0, 1]})
    assert (seen.tolist(), mask.tolist()) == ([1, 2], [0, 1])
    assert split_observation({"observation": [1, 2]})[1] is None
    bare, mask = split_observation(np.ones(3))
    assert (bare.tolist(), mask) == ([1, 1, 1], None)


def test_predict_tells_one_observation_from_a_batch():
    rng = np.random.default_rng(0)

    def policy(seen, masks):
        return np.eye(3)[seen.astype(int)[:, 0]] if masks is None else masks / masks.sum(1)[:, None]

    options = {"single_ndim": 1, "rng": rng}
    one = predict(policy, np.array([2.0]), deterministic=False, **options)
    assert (np.shape(one), int(one)) == ((), 2)
    assert predict(policy, np.array([[2.0], [0.0]]), deterministic=True, **options).tolist() == [
        2,
        0,
    ]
    both = {"observation": np.array([2.0]), "action_mask": np.array([0, 1, 1])}
    assert predict(policy, both, deterministic=True, **options) == 1  # the lowest of equals
    drawn = [int(predict(policy, both, deterministic=False, **options)) for _ in range(50)]
    assert set(drawn) == {1, 2}
