"""Plans by hand, and what is done when actions look alike."""

import numpy as np
import pytest

from mail_learners.markov import FeatureBlocks
from mail_learners.markov.lsvi import LsviBonus
from mail_learners.markov.planning import TIE, Planner
from mail_learners.markov.regression import DiagonalRegression
from mail_learners.markov.warm import WarmBonus


def planner(steps=2, actions=2, *, bonus=None, ridge=0.1, ties="bonus"):
    statistics = DiagonalRegression(FeatureBlocks(4, actions), steps=steps, ridge=ridge)
    return Planner(statistics, bonus or LsviBonus(0.5, steps), steps, ties)


def play(plan, states, actions):
    rows = np.array([plan.regression.row(h, s) for h, s in enumerate(states)])
    plan.record(rows, np.array(actions))


def chosen(plan, h, state, draws=200):
    """The actions that `draws` different random numbers lead to."""
    rng = np.random.default_rng(0)
    return {plan.choose(h, state, rng=rng)[1] for _ in range(draws)}


def test_lsvi_by_hand():
    plan = planner()
    play(plan, [0, 1], [0, 1])
    play(plan, [0, 1], [0, 0])
    plan.plan()
    # step 1, state 1: n = (1, 1): u = 0.5 / sqrt(1.1), Q = 1.5 u
    u = 0.5 / np.sqrt(1.1)
    assert plan._q[1, 0] == pytest.approx([1.5 * u, 1.5 * u])
    # step 0, state 0: n = (2, 0): Ê[V] = 2 V / 2.1
    first = 2 * 1.5 * u / 2.1 + 1.5 * 0.5 / np.sqrt(2.1)
    assert plan._q[0, 0] == pytest.approx([first, min(1.5 * 0.5 / np.sqrt(0.1), 2)])


def test_the_cap_and_the_clipped_bonus():
    bonus = LsviBonus(10.0, 4)
    assert bonus.size(np.array([4.0, -1e-18])).tolist() == [20, 0]
    assert bonus.pay(np.array([20.0, 2.0])).tolist() == [5, 2.5]
    assert bonus.cap(3) == 4


def test_the_warm_bonus():
    bonus = WarmBonus(2.0, 5)
    assert bonus.size(np.array([0.25, np.inf])).tolist() == [1, np.inf]
    assert bonus.pay(np.array([1.0, np.inf])).tolist() == [1, 5]
    assert [bonus.cap(h) for h in range(5)] == [5, 4, 3, 2, 1]


def test_warm_by_hand():
    plan = planner(bonus=WarmBonus(1.0, 2), ridge=0.0)
    play(plan, [0, 1], [0, 1])
    play(plan, [0, 2], [0, 1])
    plan.plan()
    assert plan._q[1, :2].tolist() == [[1, 1], [1, 1]]  # one step left: capped at 1
    assert plan._q[0, 0] == pytest.approx([np.sqrt(1 / 2) + 1, 2])


def test_at_the_cap_the_largest_bonus_decides():
    plan = planner(actions=3, bonus=LsviBonus(100.0, 2))
    for action in (0, 0, 1):
        play(plan, [0, 1], [action, 0])
    plan.plan()
    assert plan._q[0, 0].tolist() == [2, 2, 2]
    assert chosen(plan, 0, 0) == {2}
    plan.ties = "published"
    assert chosen(plan, 0, 0) == {0, 1, 2}


def test_equal_bonuses_are_broken_uniformly():
    plan = planner(actions=3, bonus=LsviBonus(100.0, 2))
    play(plan, [0, 1], [1, 0])
    plan.plan()
    assert chosen(plan, 0, 0) == {0, 2}
    rng = np.random.default_rng(1)
    draws = [plan.choose(0, 0, rng=rng)[1] for _ in range(4000)]
    assert np.mean(np.array(draws) == 2) == pytest.approx(0.5, abs=0.04)


def test_rounding_errors_make_no_difference_between_equals():
    plan = planner()
    assert plan._greedy([1.0, 1.0 - TIE], [3.0, 3.0 * (1 - TIE / 2)], 2.0, 0.9) == 1
    assert plan._greedy([1.0, 1.0 - 1e-6], [3.0, 9.0], 2.0, 0.9) == 0


def test_states_met_for_the_first_time_are_priced_at_once():
    plan = planner(bonus=LsviBonus(0.3, 2))
    play(plan, [0, 1], [0, 0])
    plan.plan()
    row, action = plan.choose(1, 3, rng=np.random.default_rng(0))
    assert row == 1
    assert action in {0, 1}
    worth, bonus = plan._price(1, row)
    assert bonus == pytest.approx([0.3 / np.sqrt(0.1)] * 2)
    assert worth == pytest.approx([min(1.5 * 0.3 / np.sqrt(0.1), 2)] * 2)


def test_a_choice_takes_one_number_whether_or_not_there_is_a_tie():
    plan = planner(actions=3)
    play(plan, [0, 1], [0, 0])
    plan.plan()
    used = []
    for state in (0, 2):
        rng = np.random.default_rng(5)
        plan.choose(0, state, rng=rng)
        used.append(rng.random())
    assert used[0] == used[1]
