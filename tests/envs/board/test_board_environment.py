"""The AEC shell: play as PettingZoo's own game has it, conventions, truth, pictures, errors."""

import copy
import pickle

import numpy as np
import pettingzoo
import pytest
from hypothesis import given

from mail_envs import PerfectExpert, tictactoe_v0
from mail_envs.board import LineGame, TicTacToe
from mail_envs.board.environments import LineGameEnv, wrapped
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    UnknownAgentError,
    UnknownNameError,
)
from tests.boards import played

WON = [0, 3, 1, 4, 2]


def begun(moves=(), make=tictactoe_v0.raw_env, **options):
    env = make(**options)
    env.reset(seed=0)
    for move in moves:
        env.step(move)
    return env


@pytest.mark.parametrize("seed", range(20))
def test_play_is_that_of_pettingzoos_own_game(seed):
    pytest.importorskip("pygame", reason="PettingZoo's own games draw with it")
    rng, ours = np.random.default_rng(seed), begun()
    theirs = pettingzoo.make("aec", "classic/tictactoe-v3").unwrapped
    theirs.reset(seed=0)
    named = dict(zip(ours.possible_agents, theirs.possible_agents, strict=True))  # from 1, not 0
    while ours.agents:
        assert named[ours.agent_selection] == theirs.agent_selection
        assert [named[agent] for agent in ours.agents] == theirs.agents
        (seen, *outcome), (_, *expected) = ours.last(), theirs.last()
        assert outcome == expected
        over = outcome[1]
        for agent in ours.agents:
            ours_sees, theirs_sees = ours.observe(agent), theirs.observe(named[agent])
            np.testing.assert_array_equal(ours_sees["observation"], theirs_sees["observation"])
            if not over:  # PettingZoo's mask of a finished game shows the empty cells
                np.testing.assert_array_equal(ours_sees["action_mask"], theirs_sees["action_mask"])
        action = None if over else int(rng.choice(np.flatnonzero(seen["action_mask"])))
        ours.step(action)
        theirs.step(action)
    assert theirs.agents == []


@given(played())
def test_the_shell_adds_nothing_to_the_rules(drawn):
    game, moves = drawn
    env = LineGameEnv(game)
    env.reset()
    for move in moves:
        env.step(move)
    state, outcome = game.play(moves), game.outcome(game.play(moves))
    assert env.state_of_play == state
    assert env.agent_selection == game.agents[len(moves) % 2]
    assert env.rewards == {"player_0": outcome or 0, "player_1": -(outcome or 0)}
    assert set(env.terminations.values()) == {outcome is not None}
    assert set(env.truncations.values()) == {False}
    seen = {agent: env.observe(agent) for agent in game.agents}
    mover, other = env.agent_selection, game.agents[1 - len(moves) % 2]
    np.testing.assert_array_equal(seen[mover]["observation"], game.observation(state))
    np.testing.assert_array_equal(seen[other]["observation"], game.observation(state)[..., ::-1])
    np.testing.assert_array_equal(seen[mover]["action_mask"], game.action_mask(state))
    assert not seen[other]["action_mask"].any()
    assert all(seen[agent] in env.observation_space(agent) for agent in game.agents)


def test_rewards_reach_each_agent_once():
    env = begun(WON)
    paid = {}
    for agent in env.agent_iter():
        _, paid[agent], terminated, _, _ = env.last()
        assert terminated
        env.step(None)
    assert paid == {"player_0": 1, "player_1": -1}
    assert env.agents == []


def test_reset_begins_anew():
    env = begun(WON)
    env.reset()
    assert env.state_of_play == TicTacToe().initial_state()
    assert env.agents == ["player_0", "player_1"]
    assert env.rewards == {"player_0": 0, "player_1": 0}
    assert not any(env.terminations.values())


def pickled(env):
    return pickle.loads(pickle.dumps(env))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_environments_can_be_copied(copied):
    env = copied(tictactoe_v0.raw_env(render_mode="ansi"))
    assert env.game == TicTacToe()
    assert env.render_mode == "ansi"
    env.reset()
    env.step(4)
    assert env.render() == " . | . | . \n---+---+---\n . |[X]| . \n---+---+---\n . | . | . \n"


# ---- the truth


def test_it_tells_the_truth_about_its_game():
    env = LineGameEnv(LineGame(3, 4, 3, gravity=True))
    assert env.game == LineGame(3, 4, 3, gravity=True)
    expert = env.expert("player_1")
    assert isinstance(expert, PerfectExpert)
    assert (expert.prefer, expert.ties, expert.temperature, expert.noise) == (
        "distance",
        "first",
        0,
        0,
    )
    assert env.feature_map("player_0").dimension == 3**12


@pytest.mark.parametrize(
    "ask", ["expert", "feature_map", "observe", "observation_space", "action_space"]
)
def test_unknown_agents_are_refused(ask):
    with pytest.raises(
        UnknownAgentError, match=r"one of \('player_0', 'player_1'\), came 'player_2'"
    ):
        getattr(begun(), ask)("player_2")


# ---- illegal actions, and steps out of place


@pytest.mark.parametrize("action", [4, 9, -1, "4", 1.0])
def test_illegal_actions_raise_and_change_nothing(action):
    env = begun([4])
    with pytest.raises(
        IllegalActionError, match=r"expected one of \(0, 1, 2, 3, 5, 6, 7, 8\), came"
    ):
        env.step(action)
    assert env.state_of_play == TicTacToe().play([4])
    assert env.agent_selection == "player_1"
    assert not any(env.terminations.values())


def test_no_action_is_no_action():
    with pytest.raises(IllegalActionError, match="an action of player_0, came None"):
        begun().step(None)


def test_steps_out_of_place_raise():
    with pytest.raises(EpisodeOverError, match="over or has not begun"):
        tictactoe_v0.raw_env().step(0)
    env = begun(WON)
    with pytest.raises(ValueError, match="the only valid action is None"):
        env.step(5)
    env.step(None)
    env.step(None)
    with pytest.raises(EpisodeOverError, match="over or has not begun"):
        env.step(5)


def test_around_it_pettingzoos_convention_makes_the_offender_lose():
    env = begun([4], make=tictactoe_v0.env)
    env.step(4)
    assert set(env.terminations.values()) == {True}
    assert env.rewards == {"player_0": 0, "player_1": -1}


def test_around_it_order_is_kept():
    env = wrapped(LineGameEnv(TicTacToe()))
    with pytest.raises(AssertionError, match=r"reset\(\) needs to be called before step"):
        env.step(0)
    env.reset()
    with pytest.raises(AssertionError, match="action is not in action space"):
        env.step(9)


# ---- pictures


def test_text_shows_the_board():
    env = begun([0, 4, 8], render_mode="ansi")
    assert env.render() == " X | . | . \n---+---+---\n . | O | . \n---+---+---\n . | . |[X]\n"


PAPER, CROSS, RING = (250, 248, 243), (38, 70, 130), (196, 78, 60)
FRAME, RED, YELLOW = (40, 84, 160), (222, 76, 62), (246, 200, 68)
WHITE = (255, 255, 255)


def centre(picture, row, column, right=0):
    """The colour near a cell's centre, `right` pixels beside it."""
    return tuple(picture[64 * row + 32, 64 * column + 32 + right].tolist())


def test_crosses_and_rings_on_paper():
    picture = begun([0, 4, 8], render_mode="rgb_array").render()
    assert (picture.shape, picture.dtype) == ((192, 192, 3), np.uint8)
    assert [centre(picture, i, i) for i in range(3)] == [CROSS, PAPER, CROSS]
    assert centre(picture, 1, 1, right=round(0.55 * 32)) == RING
    assert centre(picture, 0, 2) == PAPER
    assert (picture == picture.transpose(1, 0, 2)).all()  # as the position is


def test_discs_in_a_frame_whoever_is_to_move():
    env = LineGameEnv(LineGame(2, 3, 3, gravity=True), render_mode="rgb_array")
    env.reset()
    for move in (0, 2, 0):
        env.step(move)
        picture = env.render()
        assert picture.shape == (128, 192, 3)
        assert centre(picture, 1, 0, right=10) == RED
        assert tuple(picture[0, 0].tolist()) == FRAME
    assert [centre(picture, 1, c) for c in range(3)] == [RED, PAPER, YELLOW]
    assert centre(picture, 0, 0) == WHITE  # it came last
    assert centre(picture, 0, 0, right=10) == RED


def test_rendering_without_a_mode_warns_and_another_mode_is_refused():
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert begun().render() is None
    expected = r"one of \('human', 'ansi', 'rgb_array'\), came 'hologram'"
    with pytest.raises(UnknownNameError, match=expected):
        tictactoe_v0.raw_env(render_mode="hologram")
