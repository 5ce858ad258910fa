"""The perfect expert against plain minimax; its options by hand; its ways of being asked."""

from functools import partial

import numpy as np
import pytest

from mail_envs import PerfectExpert
from mail_envs.board import LineGame, TicTacToe, batch, solver
from mail_envs.board.positions import positions
from mail_envs.errors import (
    EpisodeOverError,
    GameTooLargeError,
    ShapeError,
    UnknownNameError,
    UnknownPositionError,
)
from mail_envs.protocols import Expert
from tests.boards import all_states, slow_scores

GAMES = (
    TicTacToe(),
    LineGame(3, 4, 3, gravity=True),
    LineGame(4, 4, 3, gravity=True),
    LineGame(2, 4, 3, gravity=False),
    LineGame(3, 3, 2, gravity=False),
    LineGame(3, 3, 1, gravity=False),
    LineGame(1, 1, 1, gravity=False),
)


@pytest.mark.parametrize("game", GAMES, ids=str)
def test_scores_are_those_of_plain_minimax(game):
    expert, known = PerfectExpert(game), slow_scores(game)
    assert len(known) == sum(len(layer.keys) for layer in positions(game))
    answers = expert.batch_scores(batch.stack(list(known)))
    np.testing.assert_array_equal(answers, list(known.values()))
    for state in list(known)[::97]:
        np.testing.assert_array_equal(expert.scores(state), known[state])


def test_tictactoe_is_a_draw_by_every_first_move():
    np.testing.assert_array_equal(PerfectExpert(TicTacToe()).scores((0, 0)), np.zeros(9))


# X at 0 and 3, O at 1 and 2, X to move: 6 wins at once (10 − 5); 4, 5 and 8 threaten twice and win
# two plies later (10 − 7); 7 forces O to 6, then 4 blocks and threatens twice (10 − 9).
#   X O O
#   X . .
#   . . .
FORKS = [0, 1, 3, 2]
SCORES = np.array([-np.inf, -np.inf, -np.inf, -np.inf, 3, 3, 5, 1, 3])


def asked(game, moves, **options):
    observation = game.observation(game.play(moves))[None]
    return PerfectExpert(game, **options)(observation, None)[0]


def one(action):
    return np.eye(9)[action]


FIVE = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1]) / 5
SOFT = np.exp(SCORES / 2) / np.exp(SCORES / 2).sum()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, one(6)),
        ({"ties": "uniform"}, one(6)),
        ({"prefer": "outcome"}, one(4)),
        ({"prefer": "outcome", "ties": "uniform"}, FIVE),
        ({"temperature": 2.0}, SOFT),
        ({"temperature": 1e-3}, one(6)),
        ({"prefer": "outcome", "temperature": 1.0}, FIVE),
        ({"noise": 0.3}, 0.7 * one(6) + 0.3 * FIVE),
        ({"noise": 1.0}, FIVE),
        ({"noise": 0.25, "temperature": 2.0}, 0.75 * SOFT + 0.25 * FIVE),
    ],
)
def test_options_on_a_position_computed_by_hand(options, expected):
    game = TicTacToe()
    np.testing.assert_array_equal(PerfectExpert(game).scores(game.play(FORKS)), SCORES)
    np.testing.assert_allclose(asked(game, FORKS, **options), expected, atol=1e-15)


def test_a_lost_mover_holds_out_longest():
    # X at 0, 3 and 4, O at 1 and 2: O loses at ply 7 whatever it does; X has 5, 6 and 8.
    scores = PerfectExpert(TicTacToe()).scores(TicTacToe().play([*FORKS, 4]))
    np.testing.assert_array_equal(scores, [-np.inf] * 5 + [-3, -3, -3, -3])
    np.testing.assert_array_equal(
        asked(TicTacToe(), [*FORKS, 4], ties="uniform"), [0] * 5 + [0.25] * 4
    )


def test_two_in_a_row_on_a_strip_is_won_from_the_middle():
    game = LineGame(1, 4, 2, gravity=False)  # from a middle cell there are two ways to a pair
    np.testing.assert_array_equal(PerfectExpert(game).scores((0, 0)), [0, 2, 2, 0])
    np.testing.assert_array_equal(
        PerfectExpert(game, ties="uniform")(game.observation((0, 0))[None])[0], [0, 0.5, 0.5, 0]
    )


def test_answers_do_not_depend_on_the_batch():
    game, expert = TicTacToe(), PerfectExpert(TicTacToe(), temperature=1.5, noise=0.1)
    states = [state for state in all_states(game) if game.outcome(state) is None]
    observations = np.array([game.observation(state) for state in states])
    masks = np.array([game.action_mask(state) for state in states])
    table = expert(observations, masks)
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-12)
    assert ((table > 0) == (masks == 1)).all()
    rows = [expert(observations[[i]], masks[[i]])[0] for i in range(0, len(states), 100)]
    np.testing.assert_array_equal(table[::100], rows)
    assert expert(observations[:0], masks[:0]).shape == (0, 9)


def test_it_is_an_expert_and_its_scores_are_the_askers_own():
    expert = PerfectExpert(TicTacToe())
    assert isinstance(expert, Expert)
    expert.scores((0, 0))[:] = 7
    np.testing.assert_array_equal(expert.scores((0, 0)), np.zeros(9))


# ---- predict


def test_predict_answers_one_a_batch_and_a_dictionary():
    game, expert = TicTacToe(), PerfectExpert(TicTacToe())
    one, other = (game.observation(game.play(moves)) for moves in (FORKS, [4]))
    mask = game.action_mask(game.play(FORKS))
    single, state = expert.predict(one, ("kept",), deterministic=True)
    assert (single.shape, int(single), state) == ((), 6, ("kept",))
    batch, state = expert.predict(np.stack([one, other]))
    assert (batch.tolist(), state) == ([6, 0], None)
    both = {"observation": one, "action_mask": mask}
    assert int(expert.predict(both)[0]) == 6
    many = {"observation": np.stack([one, one]), "action_mask": np.stack([mask, mask])}
    assert expert.predict(many, None, np.array([True, False]), True)[0].tolist() == [6, 6]


def test_predict_draws_from_its_own_generator_alone():
    game = TicTacToe()
    blank = np.repeat(game.observation((0, 0))[None], 2000, axis=0)

    def draws(seed):
        rng = np.random.default_rng(seed)
        return PerfectExpert(game, ties="uniform", rng=rng).predict(blank)[0]

    np.testing.assert_array_equal(draws(5), draws(5))
    assert (draws(5) != draws(6)).any()
    # 2000 draws of nine: each count within six standard deviations, √(2000 · 1/9 · 8/9) = 14.
    assert np.abs(np.bincount(draws(5), minlength=9) - 2000 / 9).max() < 6 * 14.1
    deterministic = PerfectExpert(game, ties="uniform").predict(blank, deterministic=True)[0]
    assert set(deterministic.tolist()) == {0}


def test_predict_without_a_generator_works():
    assert PerfectExpert(TicTacToe()).predict(TicTacToe().observation((0, 0)))[0] == 0


# ---- errors


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"prefer": "speed"}, UnknownNameError, r"prefer: .*'distance', 'outcome'.*came 'speed'"),
        ({"ties": "last"}, UnknownNameError, "ties: .*came 'last'"),
        ({"temperature": -1.0}, ValueError, "temperature: .*came -1.0"),
        ({"temperature": np.inf}, ValueError, "temperature: .*came inf"),
        ({"temperature": np.nan}, ValueError, "temperature: .*came nan"),
        ({"noise": 1.5}, ValueError, "noise: .*came 1.5"),
        ({"noise": np.nan}, ValueError, "noise: .*came nan"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        PerfectExpert(TicTacToe(), **options)


def test_a_game_that_is_over_is_no_question():
    game = TicTacToe()
    going, over = (game.observation(game.play(moves)) for moves in ([0], [0, 3, 1, 4, 2]))
    with pytest.raises(EpisodeOverError, match="row 1 is over"):
        PerfectExpert(game)(np.stack([going, over]))
    assert (PerfectExpert(game).scores(game.play([0, 3, 1, 4, 2])) == -np.inf).all()


def seen(game, own, other):
    observation = np.zeros((1, game.rows, game.columns, 2), np.int8)
    for plane, cells in enumerate((own, other)):
        for cell in cells:
            observation[0, cell // game.columns, cell % game.columns, plane] = 1
    return observation


DROP = LineGame(3, 4, 3, gravity=True)


@pytest.mark.parametrize(
    ("game", "own", "other"),
    [
        (TicTacToe(), [0, 1], []),  # the other has not moved
        (TicTacToe(), [0], [0]),  # two marks in a cell
        (TicTacToe(), [0, 1, 2], [3, 4, 5]),  # two winners
        (DROP, [4], []),  # floats, with the key of a position in which it does not
        (DROP, [], [4]),  # floats
        (DROP, [4], [8]),  # the mover has as many, but it was the other's turn
        (DROP, [8], [8]),  # two marks in a cell
        (DROP, [8], [0]),  # floats
    ],
)
def test_positions_that_no_play_reaches_are_refused(game, own, other):
    reachable = {(int(s[0]), int(s[1])) for s in all_states(game)}
    bit = game.cell_bits
    state = tuple(sum(1 << bit[c] for c in cells) for cells in (own, other))
    assert state not in reachable
    with pytest.raises(UnknownPositionError, match=r"legal play reaches, came marks 0x.* in row 0"):
        PerfectExpert(game)(seen(game, own, other))
    with pytest.raises(UnknownPositionError):
        PerfectExpert(game).scores(state)


def test_observations_of_another_board_are_refused():
    with pytest.raises(ShapeError, match=r"expected shape \(B, 3, 3, 2\), came \(1, 3, 4, 2\)"):
        PerfectExpert(TicTacToe())(DROP.observation((0, 0))[None])


def test_a_game_too_large_to_solve_is_refused(monkeypatch):
    monkeypatch.setattr(solver, "positions", partial(positions, limit=100))
    with pytest.raises(GameTooLargeError, match="at most 100 positions, LineGame"):
        PerfectExpert(LineGame(2, 5, 3, gravity=False))
