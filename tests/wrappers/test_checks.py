"""Checks of policies, experts, feature maps and budgets, each with twins that it must reject."""

import numpy as np
import pytest

from mail_envs import grid_game_v0, tictactoe_v0
from mail_envs.board import batch
from mail_envs.board.features import feature_map
from mail_envs.errors import UnknownAgentError
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import QueryBudget
from mail_wrappers.checks import (
    ContractError,
    check_budget,
    check_expert,
    check_feature_map,
    check_policy,
)
from mail_wrappers.checks.playing import decisions_of
from tests.doubles import Script, masks

SEEN = np.arange(8.0).reshape(4, 2)
MASKS = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 1], [0, 0, 1]], np.int8)


def rejects(match):
    return pytest.raises(ContractError, match=match)


def test_a_broken_contract_is_an_assertion_too():
    with pytest.raises(AssertionError):
        check_policy(lambda seen, legal: legal, SEEN, MASKS)


# ---- policies


def test_policies_that_are():
    answer = check_policy(uniform_policy, SEEN, MASKS)
    np.testing.assert_array_equal(answer[0], [0.5, 0.5, 0])
    check_policy(lambda seen, legal: np.eye(3)[legal.argmax(axis=1)], SEEN, MASKS)


def by_place(seen, legal):
    """What it answers depends on the other rows."""
    return np.eye(3)[[row.nonzero()[0][i % row.sum()] for i, row in enumerate(legal)]]


def restless():
    rng = np.random.default_rng(0)

    def policy(seen, legal):
        weights = legal * rng.random(legal.shape)
        return weights / weights.sum(axis=1, keepdims=True)

    return policy


def scribbling(seen, legal):
    answer = uniform_policy(seen, legal)
    seen[0] = -1
    return answer


def opening(seen, legal):
    answer = uniform_policy(seen, legal)
    legal[:] = 1
    return answer


POLICIES = [
    (lambda seen, legal: np.ones((4, 2)) / 2, "probabilities of shape"),
    (lambda seen, legal: np.ones((4, 3)) / 3, "illegal actions, came 0.3.* row 0, action 2"),
    (lambda seen, legal: legal.astype(float), "rows that sum to 1"),
    (lambda seen, legal: np.full((4, 3), np.nan), "finite"),
    (lambda seen, legal: 1 / 0, "expected probabilities .* came ZeroDivisionError"),
    (restless(), "asked again: expected the same answer"),
    (by_place, "row 1 alone: expected the answer that it gets in a batch"),
    (scribbling, "observations left as they were"),
    (opening, "action masks left as they were"),
]


@pytest.mark.parametrize(("policy", "match"), POLICIES)
def test_broken_policies_are_rejected(policy, match):
    with rejects(match):
        check_policy(policy, SEEN, MASKS)


# ---- experts


@pytest.mark.parametrize("agent", ["player_0", "player_1"])
@pytest.mark.parametrize("make", [tictactoe_v0.env, grid_game_v0.parallel_env])
def test_our_experts_are_experts(make, agent):
    env = make()
    check_expert(env.unwrapped.expert(agent), env, agent, positions=20)


def scores(observations, legal):
    game = tictactoe_v0.raw_env().game
    expert = tictactoe_v0.raw_env().expert("player_0")
    return expert.batch_scores(batch.encode(game, observations))


class Twin:
    """Tic-Tac-Toe's expert with something replaced."""

    def __init__(self, **parts):
        self.expert, self.parts = tictactoe_v0.raw_env().expert("player_0"), parts

    def __call__(self, seen, legal):
        return self.parts.get("call", self.expert)(seen, legal)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        actions = self.expert.predict(observation, deterministic=deterministic)[0]
        return self.parts.get("predict", lambda seen, a: (a, None))(observation, actions)


def wavering():
    rng = np.random.default_rng(0)
    return lambda seen, actions: (actions + rng.integers(2, size=np.shape(actions)), None)


EXPERTS = [
    ({"call": lambda seen, legal: np.full((len(seen), 9), 1 / 9)}, "illegal actions"),
    ({"predict": wavering()}, "predict again: expected the same actions"),
    ({"predict": lambda seen, a: (8 - a, None)}, "expected an action of the largest probability"),
    ({"predict": lambda seen, a: (a if np.ndim(a) else a * 0, None)}, "as in a batch"),
    ({"predict": lambda seen, a: a}, r"expected \(actions, state\)"),
    ({"call": uniform_policy}, "whose score is not the largest"),
]


def test_an_expert_plays_what_scores_best():
    check_expert(Twin(), tictactoe_v0.env(), "player_0", scores=scores)


@pytest.mark.parametrize(("parts", "match"), EXPERTS)
def test_broken_experts_are_rejected(parts, match):
    with rejects(match):
        check_expert(Twin(**parts), tictactoe_v0.env(), "player_0", scores=scores)


def test_positions_come_from_play():
    seen, legal = decisions_of(Script(["a", "b"] * 3, mask=masks([1, 0, 1])), "b", 4, seed=0)
    assert seen.tolist() == [[1, 1], [3, 1], [5, 1], [1, 1]]
    assert legal.tolist() == [[1, 0, 1]] * 4
    with pytest.raises(UnknownAgentError, match="came 'c'"):
        decisions_of(Script(["a", "b"]), "c", 4, seed=0)


# ---- feature maps


@pytest.mark.parametrize("name", ["planes", "lines", "one-hot", "afterstates"])
def test_our_feature_maps_are(name):
    env = tictactoe_v0.env()
    seen, legal = decisions_of(env, "player_0", 30, seed=0)
    check_feature_map(feature_map(env.unwrapped.game, name), seen, legal.argmax(axis=1))


class Planes:
    """φ of the two numbers seen: themselves and a constant."""

    def __init__(self, dimension=3, call=None):
        self.dimension, self.call = dimension, call

    def __call__(self, seen, actions):
        plain = np.hstack([seen, np.ones((len(seen), 1))])
        return plain if self.call is None else self.call(plain)


class Keys:
    """One-hot keys: the first number seen and the action; both vectors and keys."""

    dimension = 12

    def __init__(self, keys=lambda keys: keys, vectors=lambda vectors: vectors):
        self._keys, self._vectors = keys, vectors

    def keys(self, seen, actions):
        return self._keys((seen[:, 0] / 2 * 3 + actions).astype(np.uint64))

    def __call__(self, seen, actions):
        plain = (seen[:, 0] / 2 * 3 + actions).astype(np.int64)
        return self._vectors(np.eye(12)[plain] * (plain > 0)[:, None])


FEATURES = [
    (Planes(dimension=0), "a positive whole number, came 0"),
    (Planes(dimension=2.5), "a positive whole number, came 2.5"),
    (Planes(dimension=4), r"features of shape \(4, 4\), came \(4, 3\)"),
    (Planes(call=lambda phi: phi / 0), "finite features"),
    (Planes(call=lambda phi: phi - phi.mean(axis=0)), "row 0 alone"),
    (Planes(call=lambda phi: phi + np.random.default_rng().random()), "asked again"),
    (Planes(call=lambda phi: phi[0, 9]), "came IndexError"),
    (Keys(keys=lambda keys: keys.astype(np.int64)), "expected uint64"),
    (Keys(keys=lambda keys: keys[::-1] if len(keys) > 1 else keys), "row 0 alone"),
    (Keys(vectors=lambda phi: 2 * phi), "a unit vector, came length 2.0"),
    (Keys(keys=lambda keys: keys * 0), "the zero vector"),
    (Keys(keys=lambda keys: keys // 4 * 4), "the vector of row|zero vector"),
    (
        Keys(
            vectors=lambda phi: (
                np.eye(12)[(phi.argmax(axis=1) > 0).astype(int)] * phi.any(axis=1)[:, None]
            )
        ),
        "another vector for each key",
    ),
    (type("Nothing", (), {"dimension": 3})(), "a call or a method keys"),
]


def test_feature_maps_that_are():
    check_feature_map(Planes(), SEEN, np.array([0, 1, 2, 0]))
    check_feature_map(Keys(), SEEN, np.array([0, 1, 2, 0]))


@pytest.mark.parametrize(("features", "match"), FEATURES)
def test_broken_feature_maps_are_rejected(features, match):
    with np.errstate(all="ignore"), rejects(match):
        check_feature_map(features, SEEN, np.array([0, 1, 2, 0]))


# ---- budgets


def test_the_query_budget_is_one():
    check_budget(QueryBudget)


class OneMore(QueryBudget):
    def reserve(self, questions):
        return super().reserve(questions) + (self.remaining == 0)


class AllOrNothing(QueryBudget):
    def reserve(self, questions):
        fits = self.remaining is None or questions <= self.remaining
        return super().reserve(questions) if fits else 0


class Forgetful(QueryBudget):
    used = 0


class Lenient(QueryBudget):
    def reserve(self, questions):
        return super().reserve(max(questions, 0))


class Endless(QueryBudget):
    remaining = 10**9


BUDGETS = [
    (OneMore, "0 granted, came 1"),
    (AllOrNothing, "granted, came 0"),
    (Forgetful, "used = "),
    (Lenient, "expected a ValueError, came 0 granted"),
    (Endless, "remaining = 0, came 1000000000"),
]


@pytest.mark.parametrize(("budget", "match"), BUDGETS)
def test_broken_budgets_are_rejected(budget, match):
    with rejects(match):
        check_budget(budget)
