"""Policies as tables: what they answer, and what is refused."""

import numpy as np
import pytest

from mail_envs.errors import InvalidPolicyError, ShapeError, UnknownAgentError
from mail_envs.markov import TabularPolicy
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import Expert
from tests.strategies import random_game, random_policies, random_rows

GAME = random_game(np.random.default_rng(0), states=3, actions=(2, 4), horizon=5)
FIRST, SECOND = random_policies(np.random.default_rng(1), GAME)
STEPS = random_rows(np.random.default_rng(2), 5, 3, 2)


def test_a_table_answers_states_and_a_table_per_step_pairs():
    flat, steps = TabularPolicy(FIRST), TabularPolicy(STEPS)
    states, pairs = np.array([2, 0, 2]), np.array([[4, 2], [0, 0], [1, 2]])
    np.testing.assert_allclose(flat(states, None), FIRST[states])
    np.testing.assert_allclose(flat(pairs), FIRST[states])
    np.testing.assert_allclose(steps(pairs), STEPS[[4, 0, 1], [2, 0, 2]])
    np.testing.assert_allclose(steps.at(3)(states), STEPS[3, states])
    assert flat.at(3) is flat
    assert (flat.shape, steps.shape) == ((3, 2), (5, 3, 2))
    with pytest.raises(ShapeError, match=r"pairs \(B, 2\) of \(h, s\), came shape \(3,\)"):
        steps(states)
    with pytest.raises(ShapeError, match="came shape"):
        flat(np.zeros((2, 3)))


def test_a_table_is_array_like_and_an_expert():
    policy = TabularPolicy(STEPS)
    assert isinstance(policy, Expert)
    np.testing.assert_allclose(np.asarray(policy), STEPS)
    np.testing.assert_allclose(np.asarray(TabularPolicy(FIRST), dtype=np.float32), FIRST, rtol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        policy.table[0, 0] = 0


def test_predict_chooses_as_the_table_says():
    policy = TabularPolicy([[0.2, 0.8], [1.0, 0.0]])
    actions, state = policy.predict(np.array([0, 1]), deterministic=True)
    assert actions.tolist() == [1, 0]
    assert state is None
    one, _ = policy.predict(np.array(1))
    assert one == 0
    drawn, _ = policy.predict(np.zeros(5000, dtype=int), rng=np.random.default_rng(0))
    assert abs(drawn.mean() - 0.8) < 0.03


def test_policies_come_in_order_by_name_as_callables_and_as_float32():
    def callable_policy(observations, action_masks):
        assert action_masks.shape == (3, 4)
        return SECOND[observations]

    expected = policy_tables(GAME, [FIRST, SECOND])
    for policies in (
        {"player_1": SECOND, "player_0": FIRST},
        [TabularPolicy(FIRST), callable_policy],
        (FIRST.tolist(), SECOND),
    ):
        for got, want in zip(policy_tables(GAME, policies), expected, strict=True):
            np.testing.assert_allclose(got, want)
    loose, _ = policy_tables(GAME, [FIRST.astype(np.float32), SECOND])
    np.testing.assert_allclose(loose.sum(-1), 1, atol=1e-15)
    per_step, _ = policy_tables(GAME, [STEPS, SECOND])
    assert per_step.shape == (5, 3, 2)


def edited(table, index, value):
    copy = np.array(table)
    copy[index] = value
    return copy


@pytest.mark.parametrize(
    ("policies", "error", "message"),
    [
        ([FIRST], ShapeError, "expected 2, one for each of"),
        ({"player_0": FIRST, "p": SECOND}, UnknownAgentError, "player_1"),
        ([FIRST[:2], SECOND], ShapeError, r"player_0: .*axis 0 \(s\) has 2 entries instead of 3"),
        ([FIRST, FIRST], ShapeError, r"player_1: .*axis 1 \(a\) has 2 entries instead of 4"),
        ([STEPS[:4], SECOND], ShapeError, r"player_0: .*axis 0 \(h\) has 4 entries instead of 5"),
        ([FIRST[0], SECOND], ShapeError, r"player_0: expected \(S, A\) or \(H, S, A\)"),
        ([edited(FIRST, (1, 0), np.nan), SECOND], InvalidPolicyError, r"came nan at \(s=1, a=0\)"),
        ([edited(STEPS, (3, 1, 0), -0.5), SECOND], InvalidPolicyError, r"at \(h=3, s=1, a=0\)"),
        ([FIRST, edited(SECOND, 2, 0.5)], InvalidPolicyError, r"player_1: .*came 2.0 at \(s=2\)"),
        ([FIRST, lambda o, m: SECOND[o] / 2], InvalidPolicyError, "player_1: expected rows"),
    ],
)
def test_policies_that_do_not_fit_are_refused(policies, error, message):
    with pytest.raises(error, match=message):
        policy_tables(GAME, policies)


def test_a_discounted_game_has_no_policies_per_step():
    game = random_game(
        np.random.default_rng(0), states=3, actions=(2, 4), horizon=None, discount=0.9
    )
    with pytest.raises(ShapeError, match=r"axis 0 \(h\) has 5 entries instead of 1"):
        policy_tables(game, [STEPS, SECOND])
