"""Mixed play: whose action is played, how often, and what it costs."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mail_envs.errors import BudgetExhaustedError, EpisodeOverError, InvalidOptionError
from mail_wrappers import (
    CountedExpert,
    ExpertLabels,
    ExponentialMix,
    LinearMix,
    MixedPlay,
    QueryBudget,
    SingleAgentEnv,
    VectorExpertLabels,
    VectorMixedPlay,
)
from tests.doubles import Script, always, masks

ALL = masks([1, 1, 1])


def view(turns=40, other="random"):
    return SingleAgentEnv(Script(["a", "b"] * turns, mask=ALL), "a", other)


def played(env, steps=40, seed=None):
    """Which actions reach the environment when the learner plays 0."""
    env.reset(seed=seed)
    for _ in range(steps):
        *_, over, info = env.step(0)
        assert info["mixed"] == (info["played_action"] == 2)
        if over:
            break
    mover = env.unwrapped
    return [int(action) for agent, action in mover.env.played if agent == "a"]


@pytest.mark.parametrize(("beta", "expected"), [(0.0, {0}), (1.0, {2}), (0.5, {0, 2})])
def test_the_expert_plays_with_probability_beta(beta, expected):
    budget = QueryBudget()
    actions = played(MixedPlay(view(), always(2), budget, beta), seed=0)
    assert set(actions) == expected
    assert budget.used == actions.count(2)
    assert set(budget.log.purpose.tolist()) <= {"move"}


def test_the_share_is_beta_over_many_steps():
    budget = QueryBudget()
    env = MixedPlay(view(), always(2), budget, 0.3)
    for episode in range(50):
        played(env, seed=episode)
    assert abs(budget.used / 2000 - 0.3) < 4 * (0.3 * 0.7 / 2000) ** 0.5  # four standard errors


def test_drawn_by_episode_one_side_plays_it_all():
    env = MixedPlay(view(5), always(2), QueryBudget(), 0.5, drawn="episode")
    env.reset(seed=0)
    episodes = [frozenset(played(env)) for _ in range(12)]
    assert set(episodes) == {frozenset({0}), frozenset({2})}


def test_the_same_seed_plays_the_same_and_leaves_the_environments_stream_alone():
    first = MixedPlay(view(), always(2), QueryBudget(), 0.5)
    assert played(first, seed=5) == played(first, seed=5) != played(first, seed=6)
    bare, mixed = view(), MixedPlay(view(), always(0), QueryBudget(), 0.5)
    for env in (bare, mixed):
        env.reset(seed=7)
        for _ in range(20):
            env.step(0)
    assert bare.env.played == mixed.unwrapped.env.played


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ExponentialMix(0.5), [1, 0.5, 0.25, 0.125]),
        (LinearMix(2), [1, 0.5, 0, 0]),
        (LinearMix(4, start=0.8, end=0.4), [0.8, 0.7, 0.6, 0.5]),
        (lambda episode: float(episode == 2), [0, 0, 1, 0]),
    ],
)
def test_schedules_go_by_episodes(schedule, expected):
    env = MixedPlay(view(2), always(2), QueryBudget(), schedule)
    seen = []
    for _ in range(4):
        env.reset()
        seen.append(env.beta)
    assert seen == pytest.approx(expected)
    batch = VectorMixedPlay(SyncVectorEnv([view] * 4), always(2), QueryBudget(), schedule)
    batch.reset()
    assert batch._chances == pytest.approx(expected)


def test_what_is_no_probability_is_refused():
    for make in (
        lambda: MixedPlay(view(), always(2), QueryBudget(), 1.5),
        lambda: LinearMix(0),
        lambda: LinearMix(3, end=-1),
        lambda: ExponentialMix(2),
        lambda: MixedPlay(view(), always(2), QueryBudget(), lambda i: 2.0).reset(),
        lambda: VectorMixedPlay(SyncVectorEnv([view]), always(2), QueryBudget(), -0.1),
    ):
        with pytest.raises(InvalidOptionError, match="expected"):
            make()


@pytest.mark.parametrize("above", [False, True])
def test_a_label_and_a_move_at_one_state_are_one_question(above):
    budget, expert = QueryBudget(), always(2)
    env = view(5)
    if above:
        env = ExpertLabels(MixedPlay(env, expert, budget, 1.0), expert, budget, when="every_step")
    else:
        env = MixedPlay(ExpertLabels(env, expert, budget, when="every_step"), expert, budget, 1.0)
    assert played(env) == [2] * 5
    assert budget.used == len(expert.asked) == 5
    assert budget.log.step.tolist() == [0, 1, 2, 3, 4]
    other = QueryBudget()  # on another budget it is another question
    both = MixedPlay(ExpertLabels(view(5), expert, budget, when="every_step"), expert, other, 1.0)
    played(both)
    assert (budget.used, other.used) == (10, 5)


@pytest.mark.parametrize("kind", ["single", "batch"])
def test_where_the_budget_is_spent(kind):
    def make(spent):
        if kind == "single":
            return MixedPlay(view(), always(2), QueryBudget(3), 1.0, spent=spent)
        batch = SyncVectorEnv([view] * 2)
        return VectorMixedPlay(batch, always(2), QueryBudget(3), 1.0, spent=spent)

    action = 0 if kind == "single" else np.zeros(2, dtype=np.int64)
    paid = 3 if kind == "single" else 1

    def begun(env):
        env.reset(seed=0)
        for _ in range(paid):
            env.step(action)
        return env

    with pytest.raises(BudgetExhaustedError, match="all 3 are spent"):
        begun(make("error")).step(action)
    env = begun(make("truncate"))
    _, reward, over, cut, info = env.step(action)
    assert np.all(cut)
    assert not np.any(over)
    assert np.all(info["budget_spent"])
    assert not np.any(reward)
    with pytest.raises((EpisodeOverError, BudgetExhaustedError), match="step"):
        env.step(action)
    env.reset()
    assert np.all(env.step(action)[3])
    *_, info = begun(make("learner")).step(action)
    if kind == "single":
        assert (info["mixed"], info["played_action"], info["budget_spent"]) == (False, 0, True)
    else:  # the lowest row got the last question
        assert info["mixed"].tolist() == [True, False]
        assert info["played_action"].tolist() == [2, 0]
        assert info["budget_spent"].tolist() == [False, True]


def test_an_expert_inside_that_finds_its_budget_spent_ends_the_episode_as_chosen():
    for spent in ("error", "truncate"):
        other = CountedExpert(always(1), QueryBudget(2), name="the expert of b")
        env = MixedPlay(view(other={"b": other}), always(2), QueryBudget(), 0.0, spent=spent)
        env.reset()
        env.step(0)
        env.step(0)
        if spent == "error":
            with pytest.raises(BudgetExhaustedError, match="the expert of b"):
                env.step(0)
        else:
            *_, cut, info = env.step(0)
            assert cut
            assert info["budget_spent"]


class Steering(gymnasium.Env):
    """Continuous actions, five steps."""

    observation_space = spaces.Box(-1, 1, (2,), np.float32)
    action_space = spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 5
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.left -= 1
        return np.asarray(action, np.float32), 0.0, False, not self.left, {}


class Model:
    """Acts as stable-baselines3's models do."""

    asked = 0

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        batch = np.atleast_2d(observation)
        self.asked += len(batch)
        answer = batch / 2 + 0.5
        return (answer if np.ndim(observation) == 2 else answer[0]), state


def test_continuous_actions_come_from_predict():
    budget, model = QueryBudget(), Model()
    env = ExpertLabels(
        MixedPlay(Steering(), model, budget, 1.0), model, budget, when="every_step", kind="action"
    )
    _, info = env.reset(seed=0)
    for _ in range(5):
        label = info["expert_action"]
        *_, info = env.step(np.zeros(2, np.float32))
        np.testing.assert_array_equal(info["played_action"], label)
    assert budget.used == model.asked == 5
    batch = VectorMixedPlay(SyncVectorEnv([Steering] * 3), model, budget, 1.0)
    labels = VectorExpertLabels(batch, model, budget, kind="action")
    _, infos = labels.reset(seed=0)
    expected = infos["expert_action"]
    *_, infos = labels.step(np.zeros((3, 2), np.float32))
    np.testing.assert_array_equal(infos["played_action"], expected)
    assert budget.used == model.asked == 5 + 6


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_each_row_draws_as_the_single_environment_does(mode):
    budget = QueryBudget()
    batch = VectorMixedPlay(
        SyncVectorEnv([lambda: view(8)] * 3, autoreset_mode=mode), always(2), budget, 0.5
    )
    batch.reset(seed=4)
    rows = [batch.step(np.zeros(3, dtype=np.int64))[-1]["mixed"] for _ in range(8)]
    for row in range(3):
        alone = MixedPlay(view(8), always(2), QueryBudget(), 0.5)
        assert [bool(a) for a in np.equal(played(alone, seed=4 + row), 2)] == [
            bool(mixed[row]) for mixed in rows
        ]
    if mode is AutoresetMode.NEXT_STEP:  # a step that begins an episode plays nobody's action
        used, infos = budget.used, batch.step(np.zeros(3, dtype=np.int64))[-1]
        assert not infos["_mixed"].any()
        assert budget.used == used
