"""The game between a person and a policy: pure, without a terminal or a window."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, LineGame, TicTacToe
from mail_envs.errors import (
    ForeignResultsError,
    IllegalActionError,
    InvalidOptionError,
    InvalidPolicyError,
    NothingToUndoError,
    UnknownNameError,
)
from mail_envs.protocols.asking import uniform_policy
from mail_learners.play.commands import WORDS, Move, parsed
from mail_learners.play.opponents import opponent_named
from mail_learners.play.session import Session, fresh, outlook, played, replied, result, undone
from mail_learners.play.table import Table

TOE, FOUR = TicTacToe(), LineGame(4, 4, 4, gravity=True)
WON = (0, 3, 1, 4, 2)
DRAWN = (0, 1, 2, 4, 3, 5, 7, 6, 8)


def table(game=TOE, seat=0, opponent=uniform_policy, **shown):
    return Table(Session(game, seat, **shown), opponent, PerfectExpert(game))


def test_turns_alternate_and_the_last_mark_is_known():
    start = Session(FOUR, seat=1)
    assert (start.persons_turn, start.over, start.last_cell) == (False, False, None)
    one = played(start, 2)
    assert one.persons_turn
    assert one.last_cell == 3 * 4 + 2
    assert played(one, 2).last_cell == 2 * 4 + 2
    assert not played(one, 2).persons_turn
    assert start.moves == ()  # the sessions before are what they were


@given(st.integers(0, 1), st.integers(0, 99), st.lists(st.integers(0, 99), max_size=9))
def test_undo_takes_the_persons_last_move_back_and_the_answer_with_it(seat, seed, choices):
    here = table(seat=seat, seed=seed, opponent=uniform_policy).begun()
    for choice in choices:
        if here.session.over:
            break
        legal = TOE.legal_actions(here.session.state)
        before, action = here, legal[choice % len(legal)]
        here = here.after(Move(action))
        assert here.session.over or here.session.persons_turn
        assert here.after("undo").session == before.session
        assert here.after("undo").after(Move(action)) == here  # and the answer is the same


def test_there_is_nothing_to_undo_before_the_first_move():
    for seat in (0, 1):
        with pytest.raises(NothingToUndoError, match="you have not moved yet"):
            undone(table(seat=seat).begun().session)


def test_games_after_one_another_differ_and_seeds_repeat_them():
    def games(seed):
        here, seen = table(seat=1, seed=seed).begun(), []
        for _ in range(8):
            seen.append(here.session.moves)
            here = here.after("new")
        return seen

    assert games(1) == games(1)
    assert len(set(games(1))) > 1
    assert games(1) != games(2)


@pytest.mark.parametrize(
    ("moves", "seat", "said"),
    [
        (WON, 0, "You win after 5 moves."),
        (WON, 1, "You lose after 5 moves."),
        (DRAWN, 0, "A draw."),
        (WON[:-1], 0, ""),
    ],
)
def test_results_are_the_persons(moves, seat, said):
    session = Session(TOE, seat, moves=moves)
    assert result(session) == said
    assert session.over == bool(said)
    assert replied(session, uniform_policy) == session or not said


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ((), "a draw"),
        ((0, 3, 1, 4), "a win in 1 move"),  # the mover completes a line
        ((0, 3, 1, 8), "a win in 1 move"),
        ((0, 1, 4, 2), "a win in 1 move"),
        ((0, 1, 4), "a loss in 2 moves"),  # one threat is met, and makes two
    ],
)
def test_the_outlook_counts_the_movers_moves(moves, said):
    session = Session(TOE, 0, moves=moves)
    assert outlook(session, PerfectExpert(TOE).scores(session.state)) == said


def test_the_outlook_is_what_best_play_brings():
    session = Session(LineGame(4, 4, 3, gravity=True), 0)
    expert = PerfectExpert(session.game)
    said = outlook(session, expert.scores(session.state))
    while not session.over:
        session = played(session, expert.best_actions(session.state)[0])
    assert result(session) == f"You win after {len(session.moves)} moves."
    assert said == f"a win in {(len(session.moves) + 1) // 2} moves"


# ---- commands


def test_numbers_count_from_one_and_words_have_letters():
    session = Session(TOE, 0)
    assert parsed(" 1 ", session) == Move(0)
    assert parsed("9", session) == Move(8)
    for word in WORDS:
        assert parsed(word, session) == parsed(word[0].upper(), session) == word
    assert len({word[0] for word in WORDS}) == len(WORDS)


@pytest.mark.parametrize(
    ("line", "moves", "error", "message"),
    [
        (
            "",
            (),
            UnknownNameError,
            "expected the number of a cell, or one of undo, hint, .*came ''",
        ),
        ("-1", (), UnknownNameError, "came '-1'"),
        ("²", (), UnknownNameError, "came '²'"),
        ("jump", (), UnknownNameError, "came 'jump'"),
        ("0", (), IllegalActionError, "there is no cell 0: expected one of 1 to 9"),
        ("10", (), IllegalActionError, "there is no cell 10: expected one of 1 to 9"),
        ("1", (0, 4, 8), IllegalActionError, "cell 1 is taken: expected one of 2, 3, 4, 6, 7, 8"),
        ("1", WON, IllegalActionError, "the game is over: new begins another"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(line, moves, error, message):
    with pytest.raises(error, match=message):
        parsed(line, Session(TOE, 0, moves=moves))


def test_full_columns_are_called_so():
    with pytest.raises(IllegalActionError, match="column 1 is full: expected one of 2, 3, 4"):
        parsed("1", Session(FOUR, 0, moves=(0, 0, 0, 0)))


def test_commands_change_what_is_shown():
    here = table().after("scores")
    assert here.session.show_scores
    assert here.after("hint").session.show_hint
    moved = here.after("hint").after(Move(4))
    assert moved.session.show_scores
    assert not moved.session.show_hint
    assert not table(moves=WON).after("hint").session.show_hint
    assert here.after("quit") is None
    again = fresh(moved.session)
    assert (again.moves, again.round, again.show_scores) == ((), 1, True)


# ---- opponents


def test_the_expert_never_loses_and_draws_among_equals():
    expert, first = opponent_named("expert", TOE), set()
    for seed in range(20):
        here = table(seat=1, seed=seed, opponent=expert).begun()
        first.add(here.session.moves)
        rng = np.random.default_rng(seed)
        while not here.session.over:
            here = here.after(Move(int(rng.choice(TOE.legal_actions(here.session.state)))))
        assert not result(here.session).startswith("You win")
    assert len(first) > 3


def test_a_learned_policy_plays_from_its_file(tmp_path):
    from mail_learners.cloning import CloneConfig, clone
    from tests.cloning import STATES, decisions_of

    path = tmp_path / "policy.safetensors"
    config = CloneConfig(widths=(4,), max_steps=1)
    clone(decisions_of(uniform_policy, STATES[:2], copies=1), seed=0, config=config).save(path)
    learned = opponent_named(str(path), TOE)
    here = table(seat=1, opponent=learned).begun()
    assert len(here.session.moves) == 1
    with pytest.raises(InvalidOptionError, match="expected a policy for 6 × 7 cells"):
        opponent_named(str(path), ConnectFour())
    path.write_bytes(b"no policy")
    with pytest.raises(ForeignResultsError, match="damaged or foreign"):
        opponent_named(str(path), TOE)
    with pytest.raises(InvalidOptionError, match=r"expert, random or a file .* came 'nobody'"):
        opponent_named("nobody", TOE)


def test_an_opponent_that_answers_nonsense_is_refused():
    def broken(observations, action_masks):
        return np.ones_like(action_masks, dtype=np.float64)

    with pytest.raises(InvalidPolicyError, match="the opponent"):
        table(opponent=broken).after(Move(0))


def test_sessions_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Session(TOE, 0).moves = (1,)
