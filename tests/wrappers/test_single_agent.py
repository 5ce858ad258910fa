"""The single-agent view: its own reward, its own turns, masks, opponents, errors."""

import gymnasium
import numpy as np
import pettingzoo
import pytest

from mail_envs import PerfectExpert, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidPolicyError,
    MissingTruthError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import SingleAgentEnv
from mail_wrappers.streams import foreign_seed
from tests.doubles import Script, always, masks


def view(agent="player_0", others="random", **options):
    return SingleAgentEnv(tictactoe_v0.raw_env(), agent, others, **options)


def random_game(env, rng, seed=None):
    """Rewards of one game of uniform legal play."""
    _, info = env.reset(seed=seed)
    rewards, over = [], False
    while not over:
        action = rng.choice(np.flatnonzero(info["action_mask"]))
        _, reward, terminated, truncated, info = env.step(action)
        rewards.append(reward)
        over = terminated or truncated
    return rewards


# ---- reward


@pytest.mark.parametrize(("agent", "sign"), [("player_0", 1), ("player_1", -1)])
def test_the_return_is_the_games_result_losses_included(agent, sign):
    env, rng, returns = view(agent), np.random.default_rng(0), []
    env.reset(seed=1)
    for _ in range(5_000):
        rewards = random_game(env, rng)
        outcome = env.game.outcome(env.env.state_of_play)
        assert sum(rewards) == sign * outcome
        assert not any(rewards[:-1])
        returns.append(sum(rewards))
    assert set(returns) == {-1.0, 0.0, 1.0}


TURNS = ["a", "b", "a", "b", "b", "a", "b"]
PAYS = [
    {"a": 1, "b": 10},
    {"a": 2, "b": 20},
    {"b": 5},
    {"a": -4},
    {"a": 0.5, "b": 7},
    {"a": 100, "b": 3},
    {"a": 1000, "b": 0.25},
]


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        # From one turn of a to the next: 0 and 1; 2, 3 and 4; 5 and 6.
        ("a", [1 + 2, -4 + 0.5, 100 + 1000]),
        # What b is paid before its first turn comes with its first step.
        ("b", [10 + 20 + 5, 0, 7 + 3, 0.25]),
    ],
)
def test_rewards_between_two_turns_are_summed(agent, expected):
    env = SingleAgentEnv(Script(TURNS, PAYS), agent)
    env.reset()
    steps = [env.step(0) for _ in expected]
    assert [reward for _, reward, *_ in steps] == expected
    assert [ended[2:4] for ended in steps] == [(False, False)] * (len(steps) - 1) + [(False, True)]


# ---- turns


def test_the_agent_sees_its_own_turns_and_the_others_play_theirs():
    beneath, other = Script(TURNS, PAYS), always(2)
    env = SingleAgentEnv(beneath, "b", other)
    observation, _ = env.reset(seed=11, options={"key": 1})
    turns = [observation[0]] + [env.step(1)[0][0] for _ in range(4)]
    assert turns == [1, 3, 4, 6, 7]
    assert beneath.played == [("a", 2), ("b", 1), ("a", 2), ("b", 1), ("b", 1), ("a", 2), ("b", 1)]
    assert [asked[0] for asked in other.asked] == [[[0, 0]], [[2, 0]], [[5, 0]]]
    assert beneath.seeds == [(foreign_seed(11, 1), {"key": 1})]


def three(agent, others="random"):
    """Turns of three; b kills a at turn 1, who was paid for it; c dies at turn 4."""
    turns = ["a", "b", "c", "b", "c", "b", "b"]
    pays = [{"a": 1, "b": 1, "c": 1}, {"a": -7, "c": 2}, {"b": 3}, {"c": 4}, {"c": 5}, {"b": 6}, {}]
    return SingleAgentEnv(Script(turns, pays, {1: ["a"], 4: ["c"]}), agent, others)


@pytest.mark.parametrize(
    ("agent", "rewards", "ending"),
    [
        ("a", [1 - 7], (True, False)),
        ("b", [1 + 3, 0, 6, 0], (False, True)),
        ("c", [1 + 2 + 4, 5], (True, False)),
    ],
)
def test_agents_that_die_early_end_their_own_view_alone(agent, rewards, ending):
    env = three(agent)
    env.reset(seed=0)
    steps = [env.step(0) for _ in rewards]
    assert [step[1] for step in steps] == rewards
    assert steps[-1][2:4] == ending
    with pytest.raises(EpisodeOverError):
        env.step(0)
    env.reset()
    assert env.step(0)[1] == rewards[0]


def test_draws_of_the_others_come_from_the_view_and_its_seed():
    def game(seed):
        env = view("player_1")
        env.reset(seed=seed)
        return env.env.state_of_play

    assert game(5) == game(5)
    assert len({game(seed) for seed in range(30)}) == 9  # every first move


# ---- the others


def test_others_as_a_policy_a_mapping_and_words():
    first = view("player_1", always(3))
    first.reset()
    assert first.env.state_of_play == TicTacToe().play([3])
    by_name = view("player_1", {"player_0": always(5)})
    by_name.reset()
    assert by_name.env.state_of_play == TicTacToe().play([5])
    expert = view("player_1", "expert")
    expert.reset()
    assert expert.env.state_of_play == TicTacToe().play([0])
    mixed = three("c", {"a": "random", "b": always(1)})
    mixed.reset(seed=0)
    assert mixed.env.played[1] == ("b", 1)


def test_every_other_agent_needs_a_policy():
    with pytest.raises(
        UnknownAgentError, match=r"each of \['a', 'b'\], came \['a', 'c'\] .*'c'.*'b'"
    ):
        three("c", {"a": "random", "c": "random"})
    with pytest.raises(UnknownAgentError, match=r"agent: expected one of .*, came 'player_2'"):
        view("player_2")


@pytest.mark.parametrize("others", ["perfect", {"player_1": "perfect"}, {"player_1": 3}, 3])
def test_words_that_stand_for_no_policy(others):
    with pytest.raises(
        UnknownNameError, match="of player_1: expected 'random', 'expert' or a callable"
    ):
        view("player_0", others)


def test_others_answers_are_checked():
    env = view("player_0", lambda seen, masks: np.full((1, 9), 1 / 9))
    env.reset()
    with pytest.raises(
        InvalidPolicyError, match="policy of player_1: expected probability 0 for illegal"
    ):
        env.step(0)


# ---- masks and illegal actions


def test_the_mask_stands_in_three_places_and_is_all_ones_at_the_end():
    env = view("player_0", always(8), illegal_action="raise")
    env.reset()
    observation, _, _, _, info = env.step(0)
    expected = [0, 1, 1, 1, 1, 1, 1, 1, 0]
    assert observation["action_mask"].tolist() == info["action_mask"].tolist() == expected
    assert env.action_masks().tolist() == [bool(x) for x in expected]
    assert env.action_masks().dtype == bool
    rng = np.random.default_rng(0)
    env = view("player_0", "random")
    for seed in range(20):
        random_game(env, rng, seed)
        assert env.action_masks().all()


def test_the_last_observation_is_the_position_and_its_mask_all_ones():
    env = view("player_0", {"player_1": PerfectExpert(TicTacToe())})
    env.reset()
    over, action = False, 0
    while not over:
        observation, _, over, _, info = env.step(action)
        action = int(np.argmax(info["action_mask"]))
    assert observation in env.observation_space
    assert observation["action_mask"].all()
    assert info["action_mask"].all()
    assert observation["observation"].sum() == env.game.plies(env.env.state_of_play)


def test_masks_come_through_gymnasium_make():
    env = gymnasium.make("mail_envs/TicTacToe-v0", agent="player_1")
    env.reset()
    assert env.get_wrapper_attr("action_masks")().tolist() == [False] + [True] * 8


@pytest.mark.parametrize("where", ["observation", "info"])
def test_masks_of_foreign_environments(where):
    beneath = Script(["a", "b"] * 3, mask=masks([1, 1, 1], [0, 1, 0], [0, 1, 1]), mask_in=where)
    env = SingleAgentEnv(beneath, "a", "random")
    _, info = env.reset(seed=0)
    assert info["action_mask"].tolist() == [1, 1, 1]
    observation, *_, info = env.step(0)
    assert beneath.played == [("a", 0), ("b", 1)]
    assert env.action_masks().tolist() == [False, True, True]
    assert ("action_mask" in observation) is (where == "observation")
    observation, reward, terminated, _, info = env.step(0)
    assert (reward, terminated, info["illegal_action"]) == (-1.0, True, True)
    assert info["action_mask"].all()
    assert env.action_masks().all()


def test_environments_without_masks_have_none_to_give():
    env = SingleAgentEnv(Script(TURNS), "a")
    _, info = env.reset()
    assert "action_mask" not in info
    with pytest.raises(MissingTruthError, match="provides no action mask"):
        env.action_masks()


def test_an_illegal_action_loses():
    env = view(illegal_reward=-3)
    env.reset(seed=0)
    env.step(4)
    before = env.env.state_of_play
    observation, reward, terminated, truncated, info = env.step(4)
    assert (reward, terminated, truncated, info["illegal_action"]) == (-3, True, False, True)
    assert observation["action_mask"].all()
    assert env.env.state_of_play == before
    with pytest.raises(EpisodeOverError):
        env.step(0)
    _, info = env.reset()
    assert info["action_mask"].all()
    assert "illegal_action" not in env.step(4)[4]


def test_an_illegal_action_raises_if_it_shall():
    env = view(others="expert", illegal_action="raise")
    env.reset()
    env.step(4)
    with pytest.raises(
        IllegalActionError, match=r"of player_0: expected one of \[1, 2, 3, 5, 6, 7, 8\], came 4"
    ):
        env.step(np.int64(4))
    env.step(1)


@pytest.mark.parametrize("action", [9, -1, 1.0, None, "4", np.array([4])])
def test_actions_outside_the_space_raise_either_way(action):
    env = view()
    env.reset()
    with pytest.raises(
        IllegalActionError, match=r"of player_0: expected one of Discrete\(9\), came"
    ):
        env.step(action)


def test_the_rule_for_illegal_actions_is_a_word():
    with pytest.raises(UnknownNameError, match=r"'lose', 'raise'\), came 'ignore'"):
        view(illegal_action="ignore")


@pytest.mark.parametrize("kind", [int, np.int64, np.array])
def test_integers_of_every_kind_are_actions(kind):
    env = view(others=always(0))
    env.reset()
    env.step(kind(4))
    assert env.env.state_of_play == TicTacToe().play([4, 0])


# ---- steps out of place, truth, pictures


def test_steps_out_of_place_raise():
    env = view()
    with pytest.raises(EpisodeOverError, match="over or has not begun"):
        env.step(0)
    random_game(env, np.random.default_rng(0), seed=0)
    with pytest.raises(EpisodeOverError, match="over or has not begun"):
        env.step(0)


def test_a_foreign_environment_provides_no_truth():
    env = SingleAgentEnv(Script(TURNS), "a", "random")
    for ask in (lambda: env.game, lambda: env.expert("a"), lambda: env.feature_map("a")):
        with pytest.raises(MissingTruthError, match=r"ProvidesTruth.*came Script"):
            ask()
    with pytest.raises(MissingTruthError, match="came Script"):
        SingleAgentEnv(Script(TURNS), "a", "expert")


def test_truth_is_forwarded_through_wrappers_beneath():
    env = SingleAgentEnv(tictactoe_v0.env(), "player_1", "expert")
    assert env.game == TicTacToe()
    assert isinstance(env.expert("player_0"), PerfectExpert)
    assert env.feature_map("player_0").dimension == 3**9


def test_a_game_of_pettingzoos_own():
    pytest.importorskip("pygame", reason="PettingZoo's own games draw with it")
    beneath = pettingzoo.make("aec", "classic/connect_four-v3")
    rng = np.random.default_rng(0)
    for agent in beneath.possible_agents:
        env, results = SingleAgentEnv(beneath, agent, uniform_policy), []
        for seed in range(12):
            rewards = random_game(env, rng, seed)
            assert not any(rewards[:-1])
            results.append(rewards[-1])
        assert set(results) >= {-1.0, 1.0}
    with pytest.raises(MissingTruthError):
        SingleAgentEnv(beneath, beneath.possible_agents[0], "expert")


def test_pictures_are_those_beneath():
    env = gymnasium.make("mail_envs/TicTacToe-v0", render_mode="ansi")
    env.reset()
    assert env.render() == " . | . | . \n---+---+---\n . | . | . \n---+---+---\n . | . | . \n"
    assert env.metadata["render_modes"] == ["human", "ansi", "rgb_array"]
    env.close()
