"""Gathering: who is asked, who is recorded, and streams that make longer runs begin as shorter."""

import numpy as np
import pytest

from mail_envs import PerfectExpert, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.errors import BudgetExhaustedError, InvalidPolicyError
from mail_envs.protocols.asking import uniform_policy
from mail_learners.gathering import explore_in_turn, explore_with
from mail_wrappers import CountedExpert, QueryBudget, SingleAgentEnv
from tests.doubles import Script, always, in_order, masks

AGENTS = ("player_0", "player_1")
EXPERTS = dict.fromkeys(AGENTS, PerfectExpert(TicTacToe(), ties="uniform"))


def test_each_player_is_taught_while_the_other_explores():
    budget = QueryBudget()
    kept = explore_in_turn(
        tictactoe_v0.raw_env, EXPERTS, explore_with(uniform_policy), games=3, seed=0, budget=budget
    )
    assert budget.used == len(kept)
    for agent in AGENTS:
        assert set(kept.of(agent).episodes.tolist()) == {0, 1, 2}
    assert set((kept.of("player_0").steps % 2).tolist()) == {0}
    assert set((kept.of("player_1").steps % 2).tolist()) == {1}


def test_with_more_players_each_explores_alone():
    def make():
        return Script(["a", "b", "c"] * 2, mask=masks([1, 1, 1]))

    experts = {agent: always(i) for i, agent in enumerate("abc")}
    budget = QueryBudget()
    kept = explore_in_turn(
        make, experts, explore_with(uniform_policy), games=2, seed=0, budget=budget
    )
    # Each explorer leaves two others with two turns in each of two games.
    assert len(kept) == budget.used == 3 * 2 * 2 * 2
    assert [len(kept.of(agent)) for agent in "abc"] == [8, 8, 8]
    assert (in_order(kept, "actions") == in_order(kept, "agents")).all()
    assert sum(len(expert.asked) for expert in experts.values()) == budget.used


def test_explorers_need_no_masks():
    kept = explore_in_turn(
        lambda: Script(["a", "b"] * 3),
        {"a": always(0), "b": always(1)},
        explore_with(uniform_policy),
        games=2,
        seed=0,
        budget=QueryBudget(),
    )
    assert len(kept) == 12


def test_fixed_explorers_are_checked():
    view = SingleAgentEnv(tictactoe_v0.raw_env(), "player_1")
    with pytest.raises(InvalidPolicyError, match="the explorer player_1: expected"):
        explore_with(lambda seen, masks: np.zeros((1, 9)))(view, games=1, seed=0)


def test_a_spent_budget_ends_the_gathering_its_shares_equal():
    budget = QueryBudget(9)
    kept = explore_in_turn(
        tictactoe_v0.raw_env,
        EXPERTS,
        explore_with(uniform_policy),
        games=5,
        seed=0,
        budget=budget,
    )
    assert budget.used == len(kept) == 9
    assert [len(kept.of(agent)) for agent in AGENTS] == [4, 5]


def test_an_expert_with_a_budget_of_its_own_does_not_end_it_quietly():
    experts = {agent: CountedExpert(EXPERTS[agent], QueryBudget(3)) for agent in AGENTS}
    with pytest.raises(BudgetExhaustedError, match="expert: expected at most 0 more"):
        explore_in_turn(
            tictactoe_v0.raw_env,
            experts,
            explore_with(uniform_policy),
            games=5,
            seed=0,
            budget=QueryBudget(),
        )
