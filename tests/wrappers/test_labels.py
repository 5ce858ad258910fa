"""The expert's labels: asked where the agent stands, charged, and checked."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from mail_envs import PerfectExpert, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.errors import (
    BudgetExhaustedError,
    EpisodeOverError,
    InvalidOptionError,
    InvalidPolicyError,
    MissingTruthError,
    ShapeError,
    UnknownNameError,
)
from mail_wrappers import ExpertLabels, MixedPlay, QueryBudget, SingleAgentEnv
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


def test_a_label_may_be_an_action_or_scores():
    budget = QueryBudget()
    env = labelled(budget, kind="action")
    env.reset()
    assert env.label() == np.argmax(label_of(0))
    env = labelled(budget, kind="scores", when="every_step")
    _, info = env.reset()
    assert info["expert_scores"].tolist() == EXPERT.scores(TicTacToe().play([0])).tolist()
    assert budget.used == 2
    silent = ExpertLabels(env, always(1), budget, kind="scores")
    silent.reset()
    with pytest.raises(MissingTruthError, match=r"the expert: expected scores_of\(\)"):
        silent.label()
    assert budget.used == 3  # the label of the wrapper beneath; the refused one is free


def test_an_expert_that_only_acts_has_no_distribution():
    class Model:
        def predict(self, observation, deterministic):
            return np.array([5]), None

    env = SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", "expert")
    labels = ExpertLabels(env, Model(), QueryBudget())
    labels.reset()
    with pytest.raises(MissingTruthError, match="ask for its action"):
        labels.label()
    acting = ExpertLabels(env, Model(), QueryBudget(), kind="action")
    acting.reset()
    assert acting.label() == 5
    with pytest.raises(InvalidOptionError, match="expert: expected a policy"):
        ExpertLabels(env, 3, QueryBudget())
    continuous = SingleAgentEnv(Script(["a"] * 3), "a")
    continuous.action_space = spaces.Box(0, 1)
    silent = ExpertLabels(continuous, always(0), QueryBudget(), kind="action")
    silent.reset()
    with pytest.raises(MissingTruthError, match=r"expected predict\(\)"):
        silent.label()


def test_a_model_that_takes_masks_gets_them():
    class Masked:
        def predict(self, observation, deterministic, action_masks):
            return action_masks.argmax(axis=1), None

    beneath = SingleAgentEnv(Script(["a", "b"] * 3, mask=masks([0, 1, 1])), "a")
    env = ExpertLabels(beneath, Masked(), QueryBudget(), kind="action")
    env.reset()
    assert env.label() == 1


def test_words_are_checked():
    for options in ({"when": "often"}, {"kind": "moves"}, {"spent": "ignore"}):
        with pytest.raises(UnknownNameError, match=f"{next(iter(options))}: expected one of"):
            labelled(**options)


@pytest.mark.parametrize("when", ["demand", "every_step"])
def test_a_spent_budget_may_truncate(when):
    budget = QueryBudget(2)
    env = labelled(budget, when=when, spent="truncate")
    seen, info = env.reset()
    steps, cut = 0, False
    while not cut:
        if when == "demand":
            env.label()
        assert "budget_spent" not in info
        good = EXPERT(seen["observation"][None])[0].argmax()  # so that the game goes on
        seen, _, over, cut, info = env.step(int(good))
        steps += 1
    assert (steps, budget.used, over, info["budget_spent"]) == (2, 2, False, True)
    assert "expert_distribution" not in info
    with pytest.raises(EpisodeOverError, match="label: the episode is over"):
        env.label()
    with pytest.raises(EpisodeOverError, match="step: the budget ended the episode"):
        env.step(int(seen["action_mask"].argmax()))
    first, info = env.reset()
    assert info["budget_spent"]
    with pytest.raises(BudgetExhaustedError, match="all 2 are spent"):
        env.label()
    same, reward, over, cut, _ = env.step(4)  # plays nothing
    assert (reward, over, cut) == (0.0, False, True)
    np.testing.assert_array_equal(first["observation"], same["observation"])


def test_a_step_that_a_spent_budget_beneath_refuses_leaves_the_turn_open():
    beneath = MixedPlay(scripted(), always(1), QueryBudget(0), 1.0)
    env = ExpertLabels(beneath, always(1), QueryBudget(2))
    env.reset()
    with pytest.raises(BudgetExhaustedError, match=r"the expert's move: .* all 0 are spent"):
        env.step(0)
    np.testing.assert_array_equal(env.label(), [0, 1, 0])
    cut = ExpertLabels(beneath, always(1), QueryBudget(2), spent="truncate")
    cut.reset()
    _, reward, over, truncated, info = cut.step(0)
    assert (reward, over, truncated, info["budget_spent"]) == (0.0, False, True, True)
    with pytest.raises(EpisodeOverError, match="label: the episode is over"):
        cut.label()


def test_the_log_knows_the_views_agent_and_its_turns():
    budget = QueryBudget(cost={"player_1": 3})
    env = labelled(budget, when="every_step")
    for _ in range(2):
        env.reset()
        env.step(4)
    log = budget.log
    assert log.agent.tolist() == ["player_1"] * 4
    assert (log.episode.tolist(), log.step.tolist()) == ([0, 0, 1, 1], [0, 1, 0, 1])
    assert budget.used == 12
    named = ExpertLabels(scripted(), always(1), budget, agent="player_1")
    named.reset()
    named.label()
    assert budget.log.agent[-1] == "player_1"


def scripted():
    return SingleAgentEnv(Script(["a", "b"], mask=masks([1, 1, 1])), "a")
