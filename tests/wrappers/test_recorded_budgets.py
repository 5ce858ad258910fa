"""Recorded play with a budget, with the environment's own experts, and with trained models."""

import numpy as np
import pytest

from mail_envs import block_linear_v0, tictactoe_v0
from mail_envs.errors import IllegalActionError
from mail_wrappers import QueryBudget, record
from tests.doubles import in_order
from tests.recorded import Meeting, leaning, steady, walking

MEETING = {"walker": steady, "talker": "random", "late": leaning}


def keys(decisions):
    return list(zip(decisions.episodes.tolist(), decisions.steps.tolist(), strict=True))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("limit", [0, 1, 2, 7, 9, 10, 11, 31])
@pytest.mark.parametrize(
    ("make", "policies"), [(tictactoe_v0.raw_env, leaning), (Meeting, MEETING)], ids=["aec", "all"]
)
def test_a_budget_of_n_is_n_decisions(tmp_path, make, policies, limit, batch):
    budget, options = QueryBudget(limit), {"episodes": 20, "seed": 3, "batch": batch}
    table = record(make, policies, **options, budget=budget)
    assert len(table) == budget.used == budget.asked == budget.log.questions.sum() == limit
    whole = record(make, policies, **options)
    for agent in table.agent_names:  # what there is, is what would have been
        own, every = table.of(agent), whole.of(agent)
        assert set(keys(own)) <= set(keys(every))
        there = every.take([keys(every).index(key) for key in keys(own)])
        np.testing.assert_array_equal(own.actions, there.actions)
    stored = record(make, policies, **options, budget=QueryBudget(limit), to=tmp_path / "store")
    assert stored.checksum() == table.checksum()


def test_a_budget_that_suffices_changes_nothing():
    one, other = (
        record(walking, "random", episodes=3, seed=1, budget=budget)
        for budget in (None, QueryBudget(60))
    )
    assert one.checksum() == other.checksum()


def test_what_a_budget_cut_short_has_no_end_and_goes_on_with_the_next_episode(tmp_path):
    options = {"episodes": 4, "seed": 5, "to": tmp_path / "store"}
    cut = record(walking, "random", **options, budget=QueryBudget(45))
    assert in_order(cut, "episodes").tolist() == [0] * 20 + [1] * 20 + [2] * 5
    assert not cut.of("a").truncations[-3:].any()
    assert cut.of("a").truncations[9::10].all()
    more = record(walking, "random", **options, resume=True)
    assert in_order(more, "episodes").tolist() == [0] * 20 + [1] * 20 + [2] * 5 + [3] * 20
    plain = record(walking, "random", episodes=4, seed=5)
    assert more.of("b").actions[-10:].tolist() == plain.of("b").actions[-10:].tolist()


def test_questions_are_logged_where_they_were_asked():
    budget = QueryBudget(12, cost={"a": 2, "b": 1})
    table = record(walking, "random", episodes=1, seed=0, budget=budget)
    assert (budget.used, budget.asked, len(table)) == (12, 8, 8)
    assert budget.log.agent.tolist() == ["a", "b"] * 4
    assert budget.log.step.tolist() == list(range(8))
    assert set(budget.log.purpose.tolist()) == {"move"}


def test_experts_of_the_environment_are_asked_about_what_it_says():
    table = record(block_linear_v0.parallel_env, "expert", episodes=3, seed=0, batch=2)
    plain = record(
        lambda: block_linear_v0.parallel_env(observation="step-and-state"),
        "expert",
        episodes=3,
        seed=0,
    )
    for agent in table.agent_names:
        assert table.of(agent).observations.shape != plain.of(agent).observations.shape
        np.testing.assert_array_equal(table.of(agent).distributions, plain.of(agent).distributions)


class Follows:
    """A model that plays what it is shown second, and remembers how often it was asked."""

    def __init__(self):
        self.states = []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        assert deterministic
        state = 0 if state is None else state + 1
        self.states.append(state)
        return np.asarray(observation)[..., 1], state


class Still:
    """A model of continuous actions, without a memory."""

    def predict(self, observation, state=None):
        return np.full_like(observation, 0.5), None


def test_trained_models_play_what_they_predict():
    model = Follows()
    table = record(walking, model, episodes=3, seed=0, batch=2)
    assert table.of("a").actions.tolist() == [0] * 30
    assert table.of("b").actions.tolist() == [1] * 30
    assert (table.of("b").distributions == np.eye(3)[1]).all()
    assert sorted(model.states) == sorted([*range(10)] * 6)  # a memory per agent and episode
    mixed = record(Meeting, {**MEETING, "walker": Still()}, episodes=2, seed=0, batch=2)
    assert (mixed.of("walker").actions == 0.5).all()
    with pytest.raises(IllegalActionError, match="action of talker: expected one of MultiDiscrete"):
        record(Meeting, {**MEETING, "talker": Model(9)}, episodes=1, seed=0)


class Model:
    """A model that plays one action."""

    def __init__(self, action):
        self.action = action

    def predict(self, observation):
        return self.action, None
