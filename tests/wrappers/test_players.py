"""Who plays the others: chance over any space, trained models, experts; every move checked."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from mail_envs import tictactoe_v0
from mail_envs.errors import (
    IllegalActionError,
    InvalidPolicyError,
    ShapeError,
    UnknownNameError,
)
from mail_wrappers import ModelPlayer, SelfPlayEnv, SingleAgentEnv
from tests.doubles import Rounds, Script, always, masks


class Model:
    """A model of stable-baselines3's kind that plays a script and remembers what it was asked."""

    def __init__(self, *moves, memory=False):
        self.moves, self.memory, self.asked = moves, memory, []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.asked.append((observation, state, bool(episode_start[0]), deterministic))
        move = self.moves[(len(self.asked) - 1) % len(self.moves)]
        return move, (0 if state is None else state + 1) if self.memory else None


class MaskedModel:
    """A model that takes masks and plays the last legal action."""

    def __init__(self):
        self.asked = []

    def predict(self, observation, action_masks=None):
        self.asked.append((observation, action_masks))
        legal = np.atleast_2d(action_masks)
        moves = legal.shape[1] - 1 - legal[:, ::-1].argmax(axis=1)
        return (moves if np.ndim(action_masks) == 2 else moves[0]), None


# ---- chance

SPACES = {
    "from three": spaces.Discrete(4, start=3),
    "box": spaces.Box(-1, 1, (2,), np.float32),
    "multi": spaces.MultiDiscrete([2, 3]),
    "binary": spaces.MultiBinary(3),
    "both": spaces.Dict({"go": spaces.Discrete(2), "where": spaces.Box(0, 1, (1,))}),
    "pair": spaces.Tuple([spaces.Discrete(2), spaces.MultiBinary(2)]),
}


@pytest.mark.parametrize("kind", [Script, Rounds])
@pytest.mark.parametrize("name", SPACES)
def test_chance_draws_from_any_space_by_the_views_seed_alone(kind, name):
    space = SPACES[name]
    beneath = Script(["b", "a"] * 6) if kind is Script else Rounds([["a", "b"]] * 6)
    target = beneath.action_spaces if kind is Script else beneath.spaces
    target.update({"a": space, "b": space})
    env = SingleAgentEnv(beneath, "a", "random")

    def moves(seed):
        env.reset(seed=seed)
        over = False
        while not over:
            _, _, terminated, truncated, _ = env.step(space.sample())
            over = terminated or truncated
        if kind is Script:
            return [move for agent, move in beneath.played if agent == "b"]
        return [joint["b"] for joint in beneath.played]

    space.seed(0)
    first = moves(1)
    space.seed(77)  # the environment's own generator says nothing
    np.random.seed(3)  # noqa: NPY002 - nor does the global one
    assert all(move in space for move in first)
    assert repr(moves(1)) == repr(first)
    assert repr(moves(2)) != repr(first)


def test_chance_keeps_to_masks():
    beneath = Script(["b"] * 100 + ["a"], mask=masks([0, 1, 1]))
    SingleAgentEnv(beneath, "a").reset(seed=0)
    played = [move for _, move in beneath.played]
    assert set(played) == {1, 2}
    assert 25 < played.count(1) < 75
    beneath = Script(["b"] * 100 + ["a"], mask=masks([0, 1, 1, 0, 1]), mask_in="info")
    beneath.action_spaces["b"] = spaces.MultiDiscrete([2, 3], start=[5, 0])
    beneath.action_spaces["a"] = spaces.MultiDiscrete([2, 3])
    SingleAgentEnv(beneath, "a").reset(seed=0)
    assert {tuple(move.tolist()) for _, move in beneath.played} == {(6, 0), (6, 2)}


def test_masks_start_where_the_actions_do():
    beneath = Script(["b", "a"] * 2, mask=masks([0, 1, 0]))
    beneath.action_spaces = dict.fromkeys("ab", spaces.Discrete(3, start=7))
    env = SingleAgentEnv(beneath, "a", always(1), illegal_action="raise")
    env.reset()
    with pytest.raises(IllegalActionError, match=r"of a: expected one of \[8\], came 7"):
        env.step(7)
    env.step(8)
    assert beneath.played == [("b", 8), ("a", 8), ("b", 8)]


def test_the_mask_of_a_multi_discrete_is_checked_part_by_part():
    beneath = Script(["a", "b"], mask=masks([0, 1, 1, 0, 1]), mask_in="info")
    beneath.action_spaces = dict.fromkeys("ab", spaces.MultiDiscrete([2, 3]))
    env = SingleAgentEnv(beneath, "a", illegal_action="raise")
    env.reset()
    with pytest.raises(IllegalActionError, match=r"\[\[1\], \[0, 2\]\], came \[1, 1\]"):
        env.step(np.array([1, 1]))
    env.step(np.array([1, 2]))


@pytest.mark.parametrize("space", [spaces.Discrete(3), spaces.MultiDiscrete([1, 2])])
def test_a_mask_of_zeros_and_one_of_another_length_are_refused(space):
    for row, error, told in [
        ([0, 0, 0], IllegalActionError, "of b: expected a legal one, came a mask of zeros"),
        ([1, 1], ShapeError, r"action mask of b: expected shape \(3,\), came \(2,\)"),
    ]:
        beneath = Script(["b", "a"], mask=masks(row), mask_in="info")
        beneath.action_spaces["b"] = space
        with pytest.raises(error, match=told):
            SingleAgentEnv(beneath, "a").reset()


# ---- models


def test_a_model_sees_what_the_environment_shows_and_its_masks():
    model = MaskedModel()
    env = SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", model)
    env.reset()
    env.step(7)
    observation, mask = model.asked[-1]
    assert sorted(observation) == ["action_mask", "observation"]
    assert mask.tolist() == observation["action_mask"].tolist() == [1] * 7 + [0, 0]
    assert env.env.state_of_play == env.env.game.play([8, 7, 6])


def test_a_recurrent_model_remembers_each_agent_until_the_episode_ends():
    model = Model(1, memory=True)
    env = SingleAgentEnv(Script(["b", "c", "a"] * 2), "a", model)
    for _ in range(2):
        env.reset()
        env.step(0)
    states = [(int(seen[1]), state, start) for seen, state, start, _ in model.asked]
    assert states == [(1, None, True), (2, None, True), (1, 0, False), (2, 0, False)] * 2


def test_models_are_deterministic_unless_told_otherwise():
    for player, expected in [(Model(0), True), (ModelPlayer(Model(0), deterministic=False), False)]:
        SingleAgentEnv(Script(["b", "a"]), "a", player).reset()
        model = player.model if isinstance(player, ModelPlayer) else player
        assert [asked[3] for asked in model.asked] == [expected]


def test_models_play_continuous_actions():
    move = np.array([0.5], dtype=np.float32)
    beneath = Rounds([["a", "b"]] * 2, actions={"b": spaces.Box(0, 1, (1,))})
    env = SingleAgentEnv(beneath, "a", Model(move, np.array([2], dtype=np.float32)))
    env.reset()
    env.step(0)
    assert beneath.played == [{"a": 0, "b": move}]
    with pytest.raises(IllegalActionError, match=r"action of b: expected one of Box.*came array"):
        env.step(0)


def test_illegal_moves_of_models_are_named():
    beneath = Script(["b", "a"], mask=masks([0, 1, 1]))
    with pytest.raises(IllegalActionError, match=r"of b: expected one of \[1, 2\], came 0"):
        SingleAgentEnv(beneath, "a", Model(np.int64(0))).reset()
    with pytest.raises(IllegalActionError, match=r"of b: expected one of Discrete\(3\), came 3"):
        SingleAgentEnv(beneath, "a", Model(3)).reset()

    class Bare:
        def predict(self, observation):
            return 1

    with pytest.raises(InvalidPolicyError, match=r"predict of Bare: expected a pair .*came 1"):
        SingleAgentEnv(beneath, "a", Bare()).reset()


def test_policies_of_probabilities_want_discrete_actions():
    beneath = Rounds([["a", "b"]], actions={"b": spaces.Box(0, 1, (1,))})
    with pytest.raises(ShapeError, match="action space of b: expected Discrete for a policy"):
        SingleAgentEnv(beneath, "a", always(0))
    with pytest.raises(UnknownNameError, match="policy of b: expected 'random', 'expert' or a"):
        SingleAgentEnv(beneath, "a", 3)


class Both:
    """An expert: a policy that has `predict` as well."""

    def __init__(self):
        self.called = []

    def __call__(self, observations, action_masks=None):
        self.called.append("policy")
        return np.eye(action_masks.shape[1])[[1] * len(observations)]

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.called.append("model")
        return np.array([0.5], np.float32), state


def test_an_expert_is_a_policy_where_actions_are_discrete_and_a_model_elsewhere():
    expert = Both()
    actions = {"b": spaces.Box(0, 1, (1,)), "c": spaces.Discrete(2)}
    env = SingleAgentEnv(Rounds([["a", "b", "c"]], actions=actions), "a", expert)
    env.reset()
    env.step(0)
    assert sorted(expert.called) == ["model", "policy"]
    expert.observation_space = None  # stable-baselines3's policies: callable, but for other things
    SingleAgentEnv(Script(["b", "a"]), "a", expert)


def test_one_policy_for_several_agents_is_asked_once():
    policy = always(2)
    beneath = Rounds([["a", "b", "c"]] * 2)
    env = SingleAgentEnv(beneath, "b", policy)
    env.reset()
    env.step(0)
    assert policy.asked == [([[0, 0], [0, 2]], [[1, 1, 1], [1, 1, 1]])]
    assert list(beneath.played[0].values()) == [2, 0, 2]


def test_dictionaries_and_tuples_of_observations_reach_policies_in_batches():
    class Rich(Rounds):
        def _look(self, agents):
            seen, told = super()._look(agents)
            return {a: {"where": one, "pair": (one, one[:1])} for a, one in seen.items()}, told

    seen = []

    def policy(observations, action_masks):
        seen.append(observations)
        return np.full((2, 3), 1 / 3)

    env = SingleAgentEnv(Rich([["a", "b", "c"]]), "a", {"b": policy, "c": policy})
    env.reset(seed=0)
    with pytest.raises(ShapeError, match=r"policy of b: expected .*\(1, 3\), came \(2, 3\)"):
        env.step(0)
    assert seen[0]["where"].shape == (1, 2)
    assert seen[0]["pair"][1].shape == (1, 1)


# ---- self-play


def test_a_learner_follows_itself():
    beneath = Script(["a", "b"] * 4)
    env = SelfPlayEnv(beneath, "a")
    env.reset(seed=0)
    env.follow(always(2))
    env.step(0)
    model = Model(1, memory=True)
    env.follow(model)
    env.step(0)
    env.step(0)
    assert [move for agent, move in beneath.played if agent == "b"] == [2, 1, 1]
    assert [asked[1:] for asked in model.asked] == [(None, True, False), (0, False, False)]
    env.follow(Model(0), deterministic=True)  # another model has other memories
    env.step(0)
    assert beneath.played[-1] == ("b", 0)
    assert gymnasium.Env in SelfPlayEnv.__mro__
