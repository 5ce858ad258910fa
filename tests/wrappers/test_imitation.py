"""Rewards of imitation: what they are worth, what they ask, and how they add up."""

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mail_envs import PerfectExpert
from mail_envs.board import TicTacToe
from mail_envs.board.features import feature_map
from mail_envs.errors import (
    BudgetExhaustedError,
    EpisodeOverError,
    InvalidOptionError,
    InvalidPolicyError,
    ShapeError,
    UnknownNameError,
)
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import (
    ExpertLabels,
    GameReward,
    ImitationReward,
    MixedPlay,
    NoveltyReward,
    PricedReward,
    QueryBudget,
    SingleAgentEnv,
    SquaredDistanceReward,
    Transitions,
    VectorPricedReward,
    WeightedSum,
)
from tests.doubles import Script, always, masks

SEEN, MASKS = np.zeros((3, 2)), np.array([[1, 1, 0, 1]] * 3, np.int8)
TABLE = np.array([[0.5, 0.25, 0, 0.25], [0, 1, 0, 0], [0.5, 0.5, 0, 0]])


def told(observations, action_masks):
    return TABLE[: len(observations)]


def transitions(actions, **more):
    return Transitions(SEEN, MASKS, np.array(actions), np.arange(3.0), **more)


@pytest.mark.parametrize(
    ("agreement", "expected"),
    [
        ("probability", [0.25, 0.0, 0.5]),
        ("log", [np.log(0.25), np.log(1e-3), np.log(0.5)]),
        ("best", [0.0, 0.0, 1.0]),
    ],
)
def test_agreement_with_the_expert(agreement, expected):
    budget = QueryBudget()
    source = ImitationReward(told, budget, agreement, floor=1e-3)
    np.testing.assert_allclose(source.price(transitions([1, 0, 1])), expected)
    assert budget.used == 3


def test_squared_distance_is_murmails():
    budget = QueryBudget()
    source = SquaredDistanceReward(uniform_policy, told, budget)
    own = np.array([1, 1, 0, 1]) / 3
    expected = [((row - own) ** 2).sum() for row in TABLE]
    np.testing.assert_allclose(source.price(transitions([0, 0, 0])), expected)
    assert source.price(transitions([1, 3, 0])).tolist() == pytest.approx(expected)
    np.testing.assert_allclose(
        SquaredDistanceReward(told, told, budget).price(transitions([0] * 3)), 0
    )


def test_squared_distance_is_the_mean_of_the_papers_two_draws():
    """Lemma G.7 of arXiv 2505.17610: 1{A = A'} − 2 μ(A) + ‖μ‖², A and A' drawn from the expert."""
    own, expert = np.array([0.2, 0.3, 0, 0.5]), TABLE[0]
    pairs = [
        expert[a] * expert[b] * ((a == b) - 2 * own[a] + own @ own)
        for a in range(4)
        for b in range(4)
    ]
    source = SquaredDistanceReward(lambda s, m: own[None], told, QueryBudget())
    one = Transitions(SEEN[:1], MASKS[:1], np.array([0]), np.zeros(1))
    assert source.price(one)[0] == pytest.approx(sum(pairs))


def test_bad_options_and_answers_are_refused():
    budget = QueryBudget()
    with pytest.raises(UnknownNameError, match="agreement: expected one of"):
        ImitationReward(told, budget, "somewhat")
    with pytest.raises(InvalidOptionError, match="floor"):
        ImitationReward(told, budget, floor=0.0)
    with pytest.raises(InvalidOptionError, match="terms"):
        WeightedSum({})
    with pytest.raises(InvalidOptionError, match="nan"):
        WeightedSum({GameReward(): float("nan")})
    with pytest.raises(ShapeError, match="actions: expected integers of shape"):
        ImitationReward(told, budget).price(transitions([0.5, 0.1, 0.2]))
    with pytest.raises(InvalidPolicyError, match="the expert of a reward"):
        ImitationReward(lambda s, m: TABLE / 2, budget).price(transitions([0, 0, 0]))
    with pytest.raises(InvalidPolicyError, match="the learner's policy"):
        SquaredDistanceReward(lambda s, m: TABLE / 2, told, budget).price(transitions([0, 0, 0]))


def test_priced_by_itself_it_asks_all_or_nothing():
    budget = QueryBudget(4)
    source = ImitationReward(told, budget)
    source.price(transitions([0, 0, 0]))
    with pytest.raises(BudgetExhaustedError, match="1 of 4 are left"):
        source.price(transitions([0, 0, 0]))
    assert budget.used == 3


def test_a_weighted_sum_asks_a_shared_expert_once():
    budget, other = QueryBudget(), QueryBudget()
    terms = [
        (GameReward(), 2.0),
        (ImitationReward(told, budget), 1.0),
        (SquaredDistanceReward(told, told, budget), 5.0),
        (WeightedSum({ImitationReward(told, other): 1.0}), -1.0),
    ]
    source = WeightedSum(terms)
    np.testing.assert_allclose(source.price(transitions([1, 0, 1])), [0, 2, 4])
    assert (budget.used, other.used) == (3, 3)
    assert len(source.questions) == 2
    assert not source.reprice
    novelty = NoveltyReward.over(feature_map(TicTacToe(), "one-hot"), ridge=1.0)
    assert WeightedSum({novelty: 1.0}).reprice


def view(**options):
    script = Script(["a", "b"] * 4, [{"a": 1}] * 8, mask=masks([1, 1, 1]), **options)
    return SingleAgentEnv(script, "a")


def test_the_wrapper_asks_where_the_transition_begins():
    budget, expert = QueryBudget(), always(2)
    env = PricedReward(view(), WeightedSum({ImitationReward(expert, budget): 1.0}))
    env.reset()
    assert [env.step(action)[1] for action in (2, 1, 2)] == [1.0, 0.0, 1.0]
    assert [turn for (((turn, _),), _) in expert.asked] == [0, 2, 4]
    assert budget.log.step.tolist() == [0, 1, 2]
    assert env.action_masks().all()


def test_what_a_label_has_told_is_not_asked_again():
    for above in (False, True):
        budget, expert = QueryBudget(), always(2)

        def labels(env, expert=expert, budget=budget):
            return ExpertLabels(env, expert, budget, when="every_step")

        def priced(env, expert=expert, budget=budget):
            return PricedReward(env, ImitationReward(expert, budget))

        env = labels(priced(view())) if above else priced(labels(view()))
        env.reset()
        assert env.step(2)[1] == 1.0
        assert env.step(0)[1] == 0.0
        assert budget.used == len(expert.asked) == 3


def test_over_mixed_play_the_choice_is_priced_and_beneath_it_the_move():
    budget, expert = QueryBudget(), always(2)
    source = ImitationReward(expert, budget)
    chosen = PricedReward(MixedPlay(view(), expert, budget, 1.0), source)
    moved = MixedPlay(PricedReward(view(), source), expert, budget, 1.0)
    for env, worth in ((chosen, 0.0), (moved, 1.0)):
        env.reset()
        assert env.step(0)[1] == worth
    assert budget.used == 2


def test_where_the_budget_is_spent():
    source = ImitationReward(always(2), QueryBudget(1))
    env = PricedReward(view(), source)
    env.reset()
    env.step(0)
    with pytest.raises(BudgetExhaustedError, match="reward: expected a question left"):
        env.step(0)
    env = PricedReward(view(), ImitationReward(always(2), QueryBudget(1)), spent="truncate")
    env.reset()
    seen, *_ = env.step(0)
    again, reward, over, cut, info = env.step(0)
    assert (reward, over, cut, info["budget_spent"]) == (0.0, False, True, True)
    np.testing.assert_array_equal(seen["observation"], again["observation"])
    with pytest.raises(EpisodeOverError, match="the budget ended the episode"):
        env.step(0)


def test_another_expert_cannot_be_asked_in_the_midst():
    budget, expert = QueryBudget(), always(2)
    env = PricedReward(view(), ImitationReward(expert, budget))
    env.reset()
    env.renew(ImitationReward(expert, budget, "best"))
    env.renew(GameReward())
    assert env.step(0)[1] == 2.0
    assert budget.used == 0
    with pytest.raises(EpisodeOverError, match="renew: expected a source that asks the same"):
        env.renew(ImitationReward(always(1), budget))


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_batch_is_priced_as_singles_are(mode):
    prices = []

    class Source:
        reprice = False

        def price(self, asked):
            prices.append(asked)
            return asked.next_observations[:, 0] * 10.0 + asked.actions

    batch = VectorPricedReward(SyncVectorEnv([view] * 2, autoreset_mode=mode), Source())
    alone = PricedReward(view(), Source())
    batch.reset(seed=0)
    alone.reset(seed=0)
    for step in range(4):
        _, rewards, _, cut, infos = batch.step(np.array([step % 3, 1]))
        assert rewards.tolist() == [alone.step(step % 3)[1], rewards[1]]
        assert rewards[1] == prices[-2].next_observations[1, 0] * 10 + 1
        assert infos["reward"].tolist() == [2.0, 2.0]
        assert prices[-1].terminations.tolist() == [False]
    assert cut.all()
    assert prices[-1].truncations.tolist() == [True]
    count = len(prices)
    if mode is AutoresetMode.NEXT_STEP:
        _, rewards, *_ = batch.step(np.zeros(2, dtype=np.int64))
        assert (rewards.tolist(), len(prices)) == ([0.0, 0.0], count)


def test_a_batch_asks_one_batch_of_questions():
    budget, expert = QueryBudget(5), always(2)
    source = ImitationReward(expert, budget)
    batch = VectorPricedReward(SyncVectorEnv([view] * 3), source)
    batch.reset()
    assert batch.step(np.array([2, 1, 2]))[1].tolist() == [1.0, 0.0, 1.0]
    assert len(expert.asked) == 1
    with pytest.raises(BudgetExhaustedError, match="rewards: expected a question left"):
        batch.step(np.array([2, 1, 2]))
    assert budget.used == 5
    assert batch.source is source
    batch.renew(GameReward())
    assert batch.step(np.array([2, 1, 2]))[1].tolist() == [2.0, 2.0, 2.0]


def test_perfect_experts_serve():
    env = PricedReward(
        SingleAgentEnv(tictactoe(), "player_0", "expert"),
        ImitationReward(PerfectExpert(TicTacToe(), ties="uniform"), QueryBudget()),
    )
    env.reset()
    assert env.step(4)[1] == pytest.approx(1 / 9)  # every first move draws


def tictactoe():
    from mail_envs import tictactoe_v0

    return tictactoe_v0.raw_env()
