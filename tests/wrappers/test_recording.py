"""The recorder keeps what was seen, allowed and done; random openings come before anybody."""

import numpy as np
import pytest

from mail_envs import tictactoe_v0
from mail_envs.board import LineGame, TicTacToe
from mail_envs.board.environments import LineGameEnv
from mail_envs.errors import IllegalActionError, UnknownAgentError
from mail_wrappers import RandomOpening, RecordDemonstrations, SingleAgentEnv
from tests.doubles import Script, in_order, masks

GAME = TicTacToe()


def test_every_decision_is_kept_with_its_place():
    recorder = RecordDemonstrations(tictactoe_v0.raw_env())
    plays = [[0, 3, 1, 4, 2], [4, 0]]
    for play in plays:
        recorder.reset()
        for action in play:
            recorder.step(action)
    kept = recorder.demonstrations
    assert kept.agent_names == ("player_0", "player_1")
    assert in_order(kept, "actions").tolist() == [0, 3, 1, 4, 2, 4, 0]
    assert in_order(kept, "agents").tolist() == [0, 1, 0, 1, 0, 0, 1]
    assert in_order(kept, "episodes").tolist() == [0] * 5 + [1] * 2
    assert in_order(kept, "steps").tolist() == [0, 1, 2, 3, 4, 0, 1]
    states = [GAME.play(play[:n]) for play in plays for n in range(len(play))]
    np.testing.assert_array_equal(
        in_order(kept, "observations"), [GAME.observation(s) for s in states]
    )
    np.testing.assert_array_equal(
        in_order(kept, "action_masks"), [GAME.action_mask(s) for s in states]
    )
    dtypes = [column.dtype for column in kept.of("player_0").columns().values()]
    expected = ["i1", "i8", "i8", "i8", "i1", "f8", "?", "?"]
    assert dtypes == [np.dtype(kind) for kind in expected]


def test_some_agents_may_be_left_out_and_removals_are_no_decisions():
    recorder = RecordDemonstrations(tictactoe_v0.raw_env(), ["player_1"])
    recorder.reset()
    for action in [0, 3, 1, 4, 2, None, None]:
        recorder.step(action)
    kept = recorder.demonstrations
    assert len(kept.of("player_0")) == 0
    kept = kept.of("player_1")
    assert (kept.actions.tolist(), kept.steps.tolist()) == ([3, 4], [1, 3])
    assert recorder.agents == []
    with pytest.raises(
        UnknownAgentError, match=r"some of \('player_0', 'player_1'\), came \['player_2'\]"
    ):
        RecordDemonstrations(tictactoe_v0.raw_env(), ["player_0", "player_2"])


def test_beneath_a_view_it_sees_everybodys_moves():
    recorder = RecordDemonstrations(tictactoe_v0.raw_env())
    env = SingleAgentEnv(recorder, "player_1", "expert")
    env.reset(seed=0)
    env.step(4)
    kept = recorder.demonstrations
    assert in_order(kept, "agents").tolist() == [0, 1, 0]
    actions = in_order(kept, "actions")
    assert actions[1] == 4
    assert GAME.play(actions) == env.env.unwrapped.state_of_play


def test_moves_that_the_environment_refuses_are_not_kept():
    recorder = RecordDemonstrations(tictactoe_v0.raw_env())
    recorder.reset()
    recorder.step(4)
    with pytest.raises(IllegalActionError):
        recorder.step(4)
    recorder.step(0)
    assert in_order(recorder.demonstrations, "actions").tolist() == [4, 0]
    assert in_order(recorder.demonstrations, "steps").tolist() == [0, 1]


class Reusing(Script):
    """Shows every agent the same array, overwritten."""

    def observe(self, agent):
        self.buffer = getattr(self, "buffer", np.zeros(2, np.int8))
        self.buffer[:] = super().observe(agent)
        return self.buffer


def test_what_is_kept_does_not_change_with_the_environments_buffers():
    recorder = RecordDemonstrations(Reusing(["a", "b", "a"]))
    recorder.reset()
    for action in (0, 1, 2):
        recorder.step(action)
    assert in_order(recorder.demonstrations, "observations").tolist() == [[0, 0], [1, 1], [2, 0]]
    assert in_order(recorder.demonstrations, "action_masks").all()


def test_removals_between_decisions_are_no_steps():
    recorder = RecordDemonstrations(Script(["a", "b", "c", "b"], deaths={1: ["a"]}))
    recorder.reset()
    for agent, action in (("a", 0), ("b", 1), ("a", None), ("c", 2), ("b", 0)):
        assert recorder.agent_selection == agent
        recorder.step(action)
    assert in_order(recorder.demonstrations, "agents").tolist() == [0, 1, 2, 1]
    assert in_order(recorder.demonstrations, "steps").tolist() == [0, 1, 2, 3]


def test_masks_in_infos_are_kept():
    recorder = RecordDemonstrations(
        Script(["a", "b"], mask=masks([0, 1, 1], [1, 0, 0]), mask_in="info")
    )
    recorder.reset()
    recorder.step(1)
    recorder.step(0)
    assert in_order(recorder.demonstrations, "action_masks").tolist() == [[0, 1, 1], [1, 0, 0]]


def test_an_empty_recording_has_shape_and_kind_and_disturbs_nothing():
    recorder = RecordDemonstrations(tictactoe_v0.raw_env())
    space = recorder.observation_space("player_0")
    space.seed(3)
    expected = space.sample()
    space.seed(3)
    kept = recorder.demonstrations.of("player_0")
    np.testing.assert_array_equal(space.sample()["observation"], expected["observation"])
    assert kept.observations.shape == (0, 3, 3, 2)
    assert kept.observations.dtype == np.int8
    assert kept.action_masks.shape == (0, 9)
    assert len(kept) == 0


# ---- random openings


def openings(plies, episodes, seed=0, game=GAME):
    env = RandomOpening(LineGameEnv(game), plies, rng=np.random.default_rng(seed))
    states = []
    for _ in range(episodes):
        env.reset()
        assert not any(env.terminations.values())
        assert env.agent_selection == game.agents[game.player_to_move(env.unwrapped.state_of_play)]
        states.append(env.unwrapped.state_of_play)
    return states


def test_openings_have_every_length_up_to_the_longest_and_never_end_the_game():
    lengths = np.bincount([GAME.plies(state) for state in openings(4, 1000)], minlength=5)
    # Lengths 0 to 4 alike: 200 of 1000 each, six standard deviations of √(1000 · 0.16) = 12.6.
    assert np.abs(lengths - 200).max() < 6 * 12.7
    assert len(lengths) == 5


def test_openings_that_end_the_game_are_played_again():
    game = LineGame(2, 2, 2, gravity=False)  # the third mark always wins
    assert {game.plies(state) for state in openings(4, 60, game=game)} == {0, 1, 2}


def test_the_same_generator_opens_alike_and_no_plies_leave_the_board_empty():
    assert openings(4, 30, seed=5) == openings(4, 30, seed=5)
    assert openings(4, 30, seed=5) != openings(4, 30, seed=6)
    assert set(openings(0, 5)) == {GAME.initial_state()}


def test_a_recorder_around_an_opening_keeps_none_of_it():
    env = RandomOpening(tictactoe_v0.raw_env(), 4, rng=np.random.default_rng(0))
    recorder = RecordDemonstrations(env)
    for _ in range(10):
        recorder.reset()
    assert len(recorder.demonstrations) == 0
    _, mask = (
        recorder.observe(recorder.agent_selection)[k] for k in ("observation", "action_mask")
    )
    recorder.step(int(np.argmax(mask)))
    assert in_order(recorder.demonstrations, "episodes").tolist() == [9]
    assert in_order(recorder.demonstrations, "steps").tolist() == [0]
