"""Parts that answer in another shape, and doors given other things, are refused by name."""

import re
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from mail_envs.errors import (
    AbsentAgentError,
    ForeignResultsError,
    IllegalActionError,
    InvalidOptionError,
    InvalidPolicyError,
    MissingFileError,
    MissingTruthError,
    ShapeError,
)
from mail_wrappers import (
    CountedExpert,
    FixedHorizon,
    ImitationReward,
    NoveltyReward,
    QueryBudget,
    RandomOpening,
    SquaredDistanceReward,
)
from mail_wrappers.advice import Advice
from mail_wrappers.flattening import flatten_batch
from mail_wrappers.rewards import Transitions
from tests.doubles import Script, masks

THREE = spaces.Discrete(3, start=2)
BOTH = np.ones(2, dtype=np.bool_)


def even(observations, masks):
    return np.full((len(observations), 3), 1 / 3)


def advice(expert, actions=THREE, budget=None, mask=None):
    """What an expert says of a batch of two observations."""
    found = Advice(expert, budget or QueryBudget(10), rows=2, actions=actions)
    infos = {} if mask is None else {"action_mask": mask, "_action_mask": BOTH}
    found.opens(np.zeros((2, 1)), infos, begun=BOTH, rows=BOTH)
    return found


def test_where_nobody_was_asked_there_are_zeros_of_the_right_shape():
    asked = advice(even, budget=QueryBudget(0))
    assert not asked.ask("distribution", BOTH, purpose="label").any()
    assert asked.answers("distribution").shape == (2, 3)
    model = SimpleNamespace(predict=lambda seen, deterministic: (np.ones((2, 4)), None))
    box = advice(model, spaces.Box(-1, 1, (4,), np.float32), QueryBudget(0))
    assert not box.ask("action", BOTH, purpose="label").any()
    assert box.answers("action").shape == (2, 4)
    assert box.answers("action").dtype == np.float32


def test_a_policys_action_is_its_most_probable_one():
    asked = advice(lambda seen, masks: np.eye(3)[[2, 0]])
    assert asked.ask("action", BOTH, purpose="label").all()
    assert asked.answers("action").tolist() == [4, 2]  # actions count from 2


def scoring(scores):
    return SimpleNamespace(scores_of=lambda seen, masks: scores)


def predicting(told):
    return SimpleNamespace(predict=lambda seen, deterministic: told)


@pytest.mark.parametrize(
    ("expert", "form", "error", "message"),
    [
        (scoring(np.zeros(2)), "scores", ShapeError, "the expert's scores: expected (2, A), came"),
        (scoring(np.zeros((3, 3))), "scores", ShapeError, "expected (2, A), came (3, 3)"),
        (even, "scores", MissingTruthError, "the expert: expected scores_of() for its scores"),
        (object(), "action", MissingTruthError, "the expert: expected predict() for its actions"),
        (
            object(),
            "distribution",
            MissingTruthError,
            "the expert: expected a policy over discrete",
        ),
        (predicting(3), "action", InvalidPolicyError, "predict: expected a pair (actions, state)"),
        (
            predicting(([1], None)),
            "action",
            ShapeError,
            "actions: expected 2, one a row, came (1,)",
        ),
    ],
)
def test_experts_that_answer_otherwise(expert, form, error, message):
    budget = QueryBudget(10)
    with pytest.raises(error, match=re.escape(message)):
        advice(expert, budget=budget).ask(form, BOTH, purpose="label")
    assert not (error is MissingTruthError and budget.used)  # nothing is charged for no answer


def test_masks_of_another_number_of_rows():
    with pytest.raises(ShapeError, match=re.escape("action masks: expected (2, A), came (3, 3)")):
        advice(even, mask=np.ones((3, 3), np.int8))


def test_a_budget_that_is_none():
    with pytest.raises(InvalidOptionError, match="budget: expected a QueryBudget, came 7"):
        CountedExpert(even, 7)


@pytest.mark.parametrize(
    ("space", "values", "message"),
    [
        (
            spaces.Dict(a=spaces.Discrete(2)),
            {"b": np.zeros(1)},
            "observation: expected ['a'], came",
        ),
        (spaces.Tuple([spaces.Discrete(2)] * 2), (np.zeros(1),), "expected a tuple of 2, came"),
        (
            spaces.Discrete(2),
            np.array([0, 2]),
            "observation: expected members of Discrete(2), came",
        ),
        (spaces.Box(0, 1, (2,)), np.zeros((3, 4)), "observation: expected (B, *(2,)), came (3, 4)"),
    ],
)
def test_batches_of_other_spaces(space, values, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        flatten_batch(space, values)


def seen(actions):
    return Transitions(np.zeros((2, 1)), None, actions, np.zeros(2))


def test_transitions_whose_actions_are_others():
    source = ImitationReward(even, QueryBudget(None))
    for actions in (
        np.array([0.5, 0.5]),
        np.zeros((2, 1), int),
        np.array([0, 3]),
        np.array([-1, 0]),
    ):
        with pytest.raises(ShapeError, match="actions: expected integers"):
            source.price(seen(actions))


def test_a_learner_with_another_number_of_actions():
    source = SquaredDistanceReward(lambda *_: np.full((2, 4), 1 / 4), even, QueryBudget(None))
    with pytest.raises(ShapeError, match=re.escape("the learner's policy: expected (2, 3), came")):
        source.price(seen(np.zeros(2, np.int64)))


def test_features_of_another_dimension():
    source = NoveltyReward.over(lambda *_: np.zeros((2, 5)), ridge=1.0, dimension=4)
    with pytest.raises(ShapeError, match=re.escape("features: expected shape (2, 4), came (2, 5)")):
        source.price(seen(np.zeros(2, np.int64)))


class Keys:
    dimension = 4

    def __call__(self, observations, actions):
        return np.eye(4)[np.zeros(len(actions), int)]

    def keys(self, observations, actions):
        return np.zeros(3, np.uint64)


def test_keys_of_another_number_of_rows():
    with pytest.raises(ShapeError, match=re.escape("keys: expected shape (2,), came (3,)")):
        NoveltyReward.over(Keys(), ridge=1.0).price(seen(np.zeros(2, np.int64)))


def test_a_log_is_not_written_where_there_is_no_place(tmp_path):
    log = QueryBudget(3).log
    with pytest.raises(MissingFileError, match="expected a folder, came none"):
        log.save(tmp_path / "nowhere" / "log.npz")
    with pytest.raises(ForeignResultsError, match="expected no folder there"):
        log.save(tmp_path)


def test_a_horizon_over_what_cannot_be_unflattened():
    env = FixedHorizon(gymnasium.make("CartPole-v1"), 10)
    with pytest.raises(MissingTruthError, match=r"unflatten: .* provides none"):
        env.unflatten(env.reset(seed=0)[0])


def opened(env):
    return RandomOpening(env, 3, rng=np.random.default_rng(0)).reset(seed=0)


def test_an_opening_over_a_mask_of_zeros():
    with pytest.raises(IllegalActionError, match="action of a: expected a legal one, came a mask"):
        opened(Script(["a", "b"] * 5, mask=masks([0, 0, 0])))


class Stillborn(Script):
    def reset(self, seed=None, options=None):
        super().reset(seed=seed, options=options)
        self.terminations = dict.fromkeys(self.agents, True)


def test_an_episode_that_never_outlasts_its_opening():
    with pytest.raises(AbsentAgentError, match="expected an episode that outlasts its opening"):
        opened(Stillborn(["a"] * 9))
