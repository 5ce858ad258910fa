"""The expert's labels: asked where the agent stands, charged, and checked."""

import gymnasium
import numpy as np
import pytest

from mail_envs import PerfectExpert, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.errors import (
    BudgetExhaustedError,
    EpisodeOverError,
    InvalidPolicyError,
    ShapeError,
)
from mail_wrappers import ExpertLabels, QueryBudget, SingleAgentEnv
from tests.doubles import Script, always, masks

EXPERT = PerfectExpert(TicTacToe())


def labelled(budget=None, **options):
    env = SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", "expert")
    return ExpertLabels(env, EXPERT, budget or QueryBudget(), **options)


def label_of(*moves):
    return EXPERT(TicTacToe().observation(TicTacToe().play(moves))[None])[0].tolist()


def test_a_label_is_what_the_expert_would_play_now():
    budget = QueryBudget()
    env = labelled(budget)
    env.reset()
    assert env.label().tolist() == label_of(0)
    _, *_, info = env.step(8)  # the expert goes for the two corners' fork
    assert "expert_distribution" not in info
    reply = int(EXPERT(TicTacToe().observation(TicTacToe().play([0, 8]))[None])[0].argmax())
    assert env.label().tolist() == env.label().tolist() == label_of(0, 8, reply)
    assert budget.used == 2  # the second question about one state is answered from memory


def test_every_step_may_bring_its_label():
    budget = QueryBudget()
    env = labelled(budget, when="every_step")
    _, info = env.reset()
    labels, over = 1, False
    assert info["expert_distribution"].tolist() == label_of(0)
    while not over:
        action = int(info["expert_distribution"].argmax())
        _, reward, over, _, info = env.step(action)
        labels += not over
        assert ("expert_distribution" in info) is (not over)
    assert (reward, budget.used) == (0.0, labels)
    assert type(reward) is float


def test_labels_do_not_change_the_game():
    env, bare = (
        labelled(when="every_step"),
        SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", "expert"),
    )
    for environment in (env, bare):
        environment.reset(seed=0)
        environment.step(4)
    assert env.unwrapped.env.state_of_play == bare.env.state_of_play
    assert env.get_wrapper_attr("action_masks")().tolist() == bare.action_masks().tolist()


def test_an_exhausted_budget_is_an_error():
    env = labelled(QueryBudget(1))
    env.reset()
    env.label()
    env.step(8)
    with pytest.raises(BudgetExhaustedError, match="a question left, all 1 are spent"):
        env.label()
    every = labelled(QueryBudget(0), when="every_step")
    with pytest.raises(BudgetExhaustedError, match="all 0 are spent"):
        every.reset()


def test_where_there_is_nothing_to_ask_nothing_is_charged():
    budget = QueryBudget()
    env = labelled(budget)
    with pytest.raises(EpisodeOverError, match="label: the episode is over or has not begun"):
        env.label()
    env.reset()
    env.step(0)  # illegal: lost
    with pytest.raises(EpisodeOverError, match="label: "):
        env.label()
    assert budget.used == 0


@pytest.mark.parametrize("where", ["observation", "info"])
def test_masks_reach_the_expert_wherever_they_stand(where):
    beneath = Script(["a", "b"] * 3, mask=masks([0, 1, 1]), mask_in=where)
    expert = always(2)
    env = ExpertLabels(SingleAgentEnv(beneath, "a"), expert, QueryBudget())
    env.reset()
    assert env.label().tolist() == [0, 0, 1]
    assert expert.asked == [([[0, 0]], [[0, 1, 1]])]
    wrong = ExpertLabels(SingleAgentEnv(beneath, "a"), always(0), QueryBudget())
    wrong.reset()
    with pytest.raises(
        InvalidPolicyError, match="the expert's label: expected probability 0 for illegal"
    ):
        wrong.label()


def test_answers_without_masks_are_checked_too():
    env = SingleAgentEnv(Script(["a", "b"] * 3), "a")
    asked = ExpertLabels(env, lambda seen, masks: np.array([[0.5, 0.5, 0]]), QueryBudget())
    asked.reset()
    assert asked.label().tolist() == [0.5, 0.5, 0]
    for answer, error in (([[0.5, 0.4, 0.0]], InvalidPolicyError), ([0.5, 0.5, 0.0], ShapeError)):
        wrong = ExpertLabels(env, lambda seen, masks, a=answer: np.array(a), QueryBudget())
        wrong.reset()
        with pytest.raises(error, match="the expert's label"):
            wrong.label()


def test_it_wraps_what_gymnasium_makes():
    env = ExpertLabels(
        gymnasium.make("mail_envs/TicTacToe-v0"), EXPERT, QueryBudget(), when="every_step"
    )
    _, info = env.reset(seed=1)
    assert info["expert_distribution"].tolist() == label_of()
