"""A budget of n: exactly n questions reach the expert, in every combination of wrappers."""

from itertools import product

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mail_envs import tictactoe_v0
from mail_envs.errors import BudgetExhaustedError
from mail_wrappers import (
    CountedExpert,
    ExpertLabels,
    GameReward,
    ImitationReward,
    MixedPlay,
    PricedReward,
    QueryBudget,
    SingleAgentEnv,
    VectorExpertLabels,
    VectorMixedPlay,
    VectorPricedReward,
    WeightedSum,
)
from mail_wrappers.advice import Advice

BUDGETS = (0, 1, 2, 5, 12)
WHEN, BETAS, SWITCH = ("demand", "every_step"), (0.0, 0.4, 1.0), (False, True)
SPENT = ("error", "truncate")
ORDERS = ("labels below", "labels above")
MODES = tuple(AutoresetMode)


class Counting:
    """Plays every legal action alike, and counts what it is asked."""

    def __init__(self):
        self.rows = 0

    def __call__(self, observations, action_masks):
        self.rows += len(observations)
        return action_masks / action_masks.sum(axis=1, keepdims=True)


def view(expert, budget, counted):
    other = CountedExpert(expert, budget, name="the other") if counted else "random"
    return SingleAgentEnv(tictactoe_v0.raw_env(), "player_0", other)


def stacked(env, expert, budget, kinds, *, when, beta, imitation, spent, order):
    labels, mixed, priced = kinds

    def label(env):
        return labels(env, expert, budget, when=when, spent=spent)

    env = label(env) if order == "labels below" else env
    env = mixed(env, expert, budget, beta, spent=spent) if beta else env
    if imitation:
        source = WeightedSum([(GameReward(), 1.0), (ImitationReward(expert, budget), 0.5)])
        env = priced(env, source, spent=spent)
    return label(env) if order == "labels above" else env


def checked(budget, expert, limit):
    assert expert.rows == budget.used == budget.asked == limit
    log = budget.log
    assert log.questions.sum() == limit
    own = log.agent == "player_0"
    places = list(zip(log.episode[own].tolist(), log.step[own].tolist(), strict=True))
    assert len(set(places)) == len(places)  # no state is asked about twice


def play(env, demand):
    """Play at random until the budget ends it; "error" or "truncated"."""
    rng = np.random.default_rng(0)
    for episode in range(60):
        try:
            _, info = env.reset(seed=episode)
            over = False
            while not over:
                if demand and not info.get("budget_spent"):
                    env.get_wrapper_attr("label")()
                legal = np.flatnonzero(env.get_wrapper_attr("action_masks")())
                _, _, terminated, truncated, info = env.step(int(rng.choice(legal)))
                over = terminated or truncated
        except BudgetExhaustedError:
            return "error"
        if info.get("budget_spent"):
            assert truncated
            assert not terminated
            return "truncated"
    return "never"


@pytest.mark.parametrize(
    ("when", "beta", "imitation", "counted", "spent", "order"),
    list(product(WHEN, BETAS, SWITCH, SWITCH, SPENT, ORDERS)),
)
def test_one_environment_asks_exactly_its_budget(when, beta, imitation, counted, spent, order):
    for limit in BUDGETS:
        expert, budget = Counting(), QueryBudget(limit)
        kinds = ExpertLabels, MixedPlay, PricedReward
        options = {"when": when, "beta": beta, "imitation": imitation}
        env = view(expert, budget, counted)
        env = stacked(env, expert, budget, kinds, **options, spent=spent, order=order)
        ended = play(env, when == "demand")
        assert ended == ("error" if spent == "error" else "truncated")
        checked(budget, expert, limit)


def label_of(env):
    while not isinstance(env, VectorExpertLabels):
        env = env.env
    return env.label


def play_batch(env, demand, mode):
    """Play a batch at random until the budget ends it; "error" or "truncated"."""
    rng = np.random.default_rng(0)
    try:
        _, infos = env.reset(seed=0)
        for _ in range(200):
            if demand and "budget_spent" not in infos:
                label_of(env)()
            masks = env.action_masks()
            actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
            _, _, terminations, truncations, infos = env.step(actions)
            if "budget_spent" in infos:
                if truncations.any():
                    assert not (truncations & terminations).any()
                    return "truncated"
                assert "error" in mode or terminations.all()
            done = terminations | truncations
            if AutoresetMode.DISABLED in mode and done.any():
                _, infos = env.reset(options={"reset_mask": done})
    except BudgetExhaustedError:
        return "error"
    return "never"


@pytest.mark.parametrize(
    ("when", "beta", "imitation", "counted", "spent", "mode", "order"),
    list(product(WHEN, BETAS, SWITCH, SWITCH, SPENT, MODES, ORDERS)),
)
def test_a_batch_asks_exactly_its_budget(when, beta, imitation, counted, spent, mode, order):
    for limit in (0, 2, 10):
        expert, budget = Counting(), QueryBudget(limit)
        makers = [lambda e=expert, b=budget: view(e, b, counted)] * 3
        env = SyncVectorEnv(makers, autoreset_mode=mode)
        kinds = VectorExpertLabels, VectorMixedPlay, VectorPricedReward
        options = {"when": when, "beta": beta, "imitation": imitation}
        env = stacked(env, expert, budget, kinds, **options, spent=spent, order=order)
        ended = play_batch(env, when == "demand", (mode, spent))
        # An expert inside raises in the midst of a batch, which no wrapper can end cleanly.
        assert ended in (
            {"error"} if spent == "error" else {"truncated"} | ({"error"} if counted else set())
        )
        logged = budget.log
        assert expert.rows == budget.used == logged.questions.sum() == limit


def test_a_stack_that_forgets_what_it_asked_is_found(monkeypatch):
    expert, budget = Counting(), QueryBudget(12)
    kinds = ExpertLabels, MixedPlay, PricedReward
    options = {"when": "every_step", "beta": 1.0, "imitation": True, "order": "labels below"}
    env = stacked(view(expert, budget, False), expert, budget, kinds, spent="error", **options)
    ask = Advice.ask

    def twice(self, form, rows, *, purpose):
        for known in self._known.values():
            known[:] = False
        return ask(self, form, rows, purpose=purpose)

    monkeypatch.setattr(Advice, "ask", twice)
    play(env, False)
    with pytest.raises(AssertionError):
        checked(budget, expert, 12)


def test_a_stack_that_asks_before_it_pays_is_found(monkeypatch):
    expert, budget = Counting(), QueryBudget(5)
    env = ExpertLabels(view(expert, budget, False), expert, budget, when="every_step")
    reserve = QueryBudget.reserve

    def late(self, questions, **told):
        expert.rows += not self.remaining
        return reserve(self, questions, **told)

    monkeypatch.setattr(QueryBudget, "reserve", late)
    play(env, False)
    with pytest.raises(AssertionError):
        checked(budget, expert, 5)
