"""First mistakes: against plain recursion, exact best responses, and PettingZoo's Connect Four."""

from collections import deque
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs import PerfectExpert, best_response
from mail_envs.board import (
    ConnectFour,
    LineGame,
    Mistake,
    NoMistake,
    TicTacToe,
    find_mistake,
    mistakes,
)
from mail_envs.errors import (
    InvalidCertificateError,
    InvalidOptionError,
    InvalidPolicyError,
    UnknownAgentError,
)
from mail_envs.protocols.asking import greedy, uniform_policy
from tests.boards import (
    TablePolicy,
    all_states,
    erring_rows,
    line_games,
    replay_in_pettingzoo,
    tactician,
)

LOWEST = greedy(uniform_policy)
BOARDS = (
    TicTacToe(),
    LineGame(3, 4, 3, gravity=True),  # the first player wins
    LineGame(4, 3, 3, gravity=True),
    LineGame(2, 4, 3, gravity=False),
)


# ---- plain twins


@cache
def memory(game):
    return {}


def plain_value(game, state, prefer):
    """The value for the mover by recursion over the scalar rules."""
    known = memory(game)
    if (state, prefer) not in known:
        outcome = game.outcome(state)
        if outcome is None:
            known[state, prefer] = max(
                -plain_value(game, game.step(state, action), prefer)
                for action in game.legal_actions(state)
            )
        else:
            scale = 1 if prefer == "outcome" else game.cells + 1 - game.plies(state)
            known[state, prefer] = -abs(outcome) * scale
    return known[state, prefer]


def plain_first_mistakes(game, rows, seat):
    """The least ply of a mistake, and what the mistakes at that ply drop; None if there is none."""
    sign = 1 if seat == 0 else -1
    value = sign * plain_value(game, game.initial_state(), "outcome")
    prefer = "distance" if value < 0 else "outcome"
    value = sign * plain_value(game, game.initial_state(), prefer)
    found, seen, waiting = {}, set(), deque([game.initial_state()])
    while waiting:
        state = waiting.popleft()
        if state in seen or game.outcome(state) is not None:
            continue
        seen.add(state)
        own = game.player_to_move(state) == seat
        for action in np.flatnonzero(rows[state]) if own else game.legal_actions(state):
            child = game.step(state, action)
            waiting.append(child)
            after = -plain_value(game, child, prefer)
            if own and after < value:
                found.setdefault(game.plies(state), []).append(value - after)
    return (min(found), max(found[min(found)])) if found else None


def check_against_recursion(game, seed, share):
    rng, expert = np.random.default_rng(seed), PerfectExpert(game)
    rows = erring_rows(game, expert.scores, all_states(game), rng, share)
    policy, found = TablePolicy(game, rows), []
    for seat in range(2):
        expected = plain_first_mistakes(game, rows, seat)
        verdict = find_mistake(game, policy, seat)
        if isinstance(verdict, NoMistake):
            assert expected is None
            assert (verdict.complete, verdict.depth) == (True, game.cells)
        else:
            assert (verdict.ply, verdict.dropped) == expected
            verdict.replay(policy, solver=expert.solver)
        check_against_best_response(game, policy, seat, verdict)
        found.append(expected is None)
    return found


def check_against_best_response(game, policy, seat, verdict):
    """The opponent has something to gain exactly where there is a certificate."""
    attained = -best_response(game, [policy, policy], 1 - seat).value
    if verdict.prefer == "distance":
        assert attained == -1
    elif isinstance(verdict, Mistake):
        assert attained <= verdict.result < verdict.value
    else:
        assert attained == verdict.value


@pytest.mark.parametrize("game", BOARDS, ids=str)
def test_first_mistakes_are_those_of_recursion_and_of_exact_best_responses(game):
    none = [check_against_recursion(game, seed, share) for seed, share in enumerate((0, 0.02, 0.3))]
    assert none[0] == [True, True]
    assert none[2] == [False, False]


@given(
    line_games(3, 4).filter(lambda game: game.cells < 8),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.05, 0.3, 1.0]),
)
@settings(max_examples=40)
def test_first_mistakes_of_small_games(game, seed, share):
    check_against_recursion(game, seed, share)


def test_a_policy_that_gives_back_a_present_makes_no_mistake():
    """A draw after the opponent's blunder is what the game is worth."""
    game = TicTacToe()
    expert = PerfectExpert(game)
    states = [state for state in all_states(game) if game.outcome(state) is None]
    rows = {}
    for state in states:
        scores = expert.scores(state)
        draws = np.flatnonzero(scores == 0)
        rows[state] = np.eye(9)[draws[0] if len(draws) else scores.argmax()]
    for seat in range(2):
        verdict = find_mistake(game, TablePolicy(game, rows), seat)
        assert isinstance(verdict, NoMistake)
        assert verdict.complete


def test_of_mistakes_at_one_ply_the_worst_and_then_the_first_line_is_reported(monkeypatch):
    game = LineGame(3, 4, 3, gravity=True)
    whole = find_mistake(game, LOWEST, 1)
    monkeypatch.setattr(mistakes, "CHUNK", 1)
    assert find_mistake(game, LOWEST, "player_1") == whole


# ---- how far


def test_a_search_says_how_far_it_came():
    game = TicTacToe()
    expert = PerfectExpert(game)
    complete = find_mistake(game, expert, 0)
    assert (complete.depth, complete.complete, complete.value) == (9, True, 0)
    assert complete.text() == (
        f"player_0 makes no mistake (by outcome), in any of {complete.positions} positions."
    )
    early = find_mistake(game, expert, 0, max_ply=3)
    assert (early.depth, early.complete, early.positions) == (3, False, 1 + 8)
    assert "its moves after fewer than 3 plies; 9 positions searched" in early.text()
    for limit, depth in ((0, 0), (1, 2), (8, 2), (9, 4), (10, 4)):
        partial = find_mistake(game, expert, 0, max_positions=limit)
        assert (partial.depth, partial.positions, partial.complete) == (depth, limit, False)
    enough = find_mistake(game, expert, 0, max_positions=complete.positions)
    assert enough == complete
    nothing = find_mistake(game, expert, 1, time_limit=0)
    assert (nothing.depth, nothing.positions, nothing.complete) == (1, 0, False)
    assert find_mistake(game, expert, 1, time_limit=1e6).complete


def test_progress_is_told_ply_by_ply(monkeypatch):
    monkeypatch.setattr(mistakes, "CHUNK", 5)
    told = []
    find_mistake(
        TicTacToe(),
        PerfectExpert(TicTacToe()),
        0,
        max_ply=3,
        progress=lambda *state: told.append(state),
    )
    assert told == [(0, 1, 1), (2, 5, 8), (2, 8, 8)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_ply": -1}, "max_ply: expected a whole number >= 0, came -1"),
        ({"max_positions": 1.5}, "max_positions: expected a whole number >= 0, came 1.5"),
        ({"max_positions": True}, "max_positions: expected a whole number >= 0, came True"),
        ({"time_limit": -0.1}, "time_limit: expected seconds >= 0, came -0.1"),
        ({"time_limit": float("nan")}, "time_limit: expected seconds >= 0, came nan"),
    ],
)
def test_limits_out_of_range(options, message):
    with pytest.raises(InvalidOptionError, match=message):
        find_mistake(TicTacToe(), LOWEST, 0, **options)


def test_stochastic_policies_are_refused():
    with pytest.raises(InvalidPolicyError, match=r"player_0, ply 0.*expected a deterministic poli"):
        find_mistake(TicTacToe(), uniform_policy, 0)


def test_unknown_players_are_refused():
    with pytest.raises(UnknownAgentError):
        find_mistake(TicTacToe(), LOWEST, "player_2")


# ---- certificates


def certificate():
    return find_mistake(LineGame(3, 4, 3, gravity=True), LOWEST, 0)


def test_a_certificate_replays():
    found = certificate()
    states = found.replay(LOWEST, solver=PerfectExpert(found.game).solver)
    assert states[0] == found.game.initial_state()
    assert states[-1] == found.game.play(found.moves)
    assert (found.ply, found.action) == (len(found.line) - 1, found.line[-1])
    assert (found.value, found.after, found.result) == (1, 0, -1)
    assert (found.dropped, found.collected) == (1, 2)


def test_a_certificate_is_a_value():
    assert certificate() == certificate()
    assert len({certificate(), certificate()}) == 1


TAMPERED = [
    ({"line": (0, 0, 9)}, "expected legal moves, came 9 as move 2"),
    ({"line": (0, 0, 0, 0)}, "expected legal moves, came 0 as move 3"),
    ({"continuation": ()}, "expected moves to the end of a game, came 3 moves"),
    ({"continuation": (2, 1, 2, 1, 2, 3)}, "expected legal moves, came 3 as move 8"),
    ({"result": 1}, "expected result -1, as its moves have it, came 1"),
    ({"player": 1}, "expected result 1"),
    ({"player": 1, "result": 1}, "a line that ends with a move of player 1, came 3 moves"),
    (
        {"line": (), "continuation": (0, 0, 0, 2, 1, 2, 1, 2)},
        "ends with a move of player 0, came 0",
    ),
    ({"line": (0, 0), "continuation": (0, 2, 1, 2, 1, 2)}, "a move of player 0, came 2 moves"),
    ({"value": 0}, "expected attained <= after < value <= before, came .* value 0"),
    ({"after": 1}, "came attained -1, after 1, value 1, before 1"),
    ({"after": -2}, "came attained -1, after -2"),
    ({"before": 0}, "before 0"),
    ({"prefer": "beauty"}, "prefer to be one of .* came 'beauty'"),
    ({"game": LineGame(3, 4, 4, gravity=True)}, "after which it goes on"),
]


@pytest.mark.parametrize(("change", "message"), TAMPERED)
def test_a_tampered_certificate_is_refused_by_the_rules(change, message):
    with pytest.raises(InvalidCertificateError, match=message):
        replace(certificate(), **change).replay()
    with pytest.raises(InvalidCertificateError):
        replace(certificate(), **change).text()


@pytest.mark.parametrize(
    "change", [{"after": -1}, {"before": 2}, {"line": (0,), "continuation": (0, 0, 2, 1, 2, 1, 2)}]
)
def test_a_certificate_with_wrong_values_is_refused_by_the_solver(change):
    solver = PerfectExpert(certificate().game).solver
    tampered = replace(certificate(), **change)
    tampered.replay(LOWEST)
    with pytest.raises(InvalidCertificateError, match="as the solver has it"):
        tampered.replay(solver=solver)


def test_a_certificate_of_another_policy_is_refused():
    def highest(seen, masks):
        return np.eye(4)[(masks * np.arange(1, 5)).argmax(axis=1)]

    with pytest.raises(InvalidCertificateError, match="the policy's action 3 as move 0, came 0"):
        certificate().replay(highest)


def test_a_lost_seat_is_measured_in_plies():
    game = LineGame(3, 4, 3, gravity=True)
    found = find_mistake(game, LOWEST, 1)
    perfect, forced = (game.cells + 1 + score for score in (found.value, found.after))
    assert found.prefer == "distance"
    assert found.dropped == perfect - forced > 0
    assert found.collected == perfect - len(found.moves) >= found.dropped
    assert f"lost on ply {forced} at the latest, {found.dropped} sooner" in found.text()


# ---- Connect Four


@pytest.fixture
def book():
    pytest.importorskip("bitbully_databases", reason="openings take minutes without the book")


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("make", [lambda game: LOWEST, tactician], ids=["lowest", "tactician"])
def test_certificates_on_the_full_board(book, make, seat):
    game = ConnectFour()
    policy = make(game)
    found = find_mistake(game, policy, seat)
    assert isinstance(found, Mistake)
    assert found.value == (1 if seat == 0 else -2)  # from the centre, on ply 41
    assert found.after < found.value
    found.replay(policy, solver=PerfectExpert(game).solver)
    replay_in_pettingzoo(found)


def test_the_expert_makes_no_mistake_in_the_opening(book):
    game = ConnectFour()
    for seat in range(2):
        verdict = find_mistake(game, PerfectExpert(game), seat, max_ply=8)
        assert isinstance(verdict, NoMistake)
        assert (verdict.depth, verdict.complete) == (8, False)
