"""Graded measures: against exact values and plain counting, and the published odd rule."""

import numpy as np
import pytest

from mail_envs import PerfectExpert, nash_gap
from mail_envs.board import LineGame, TicTacToe, batch
from mail_envs.errors import InvalidOptionError, UnknownAgentError
from mail_envs.protocols.asking import greedy, uniform_policy
from mail_learners.evaluation import play_out
from mail_learners.grading import (
    OPTIMAL,
    TEMPERATURES,
    grade_moves,
    published_opponent,
    results_by_opponent,
)
from tests.boards import all_states

GAME = LineGame(4, 4, 4, gravity=True)
LOWEST = greedy(uniform_policy)


def rng(seed=0):
    return np.random.default_rng(seed)


# ---- moves


def test_the_expert_never_errs_and_one_by_outcome_is_only_late():
    perfect = grade_moves(GAME, PerfectExpert(GAME), 0, uniform_policy, games=50, rng=rng())
    assert {grade.ply % 2 for grade in perfect.plies} == {0}
    assert {(g.drops_outcome.value, g.not_best.value) for g in perfect.plies} == {(0, 0)}
    assert perfect.erring_games.value == 0
    slow = PerfectExpert(GAME, prefer="outcome")
    careless = grade_moves(GAME, slow, "player_1", uniform_policy, games=200, rng=rng())
    assert {grade.drops_outcome.value for grade in careless.plies} == {0}
    assert max(grade.not_best.value for grade in careless.plies) > 0


def test_mistakes_are_those_of_plain_counting():
    """One opponent, one line: lowest against lowest, judged move by move with scalar scores."""
    expert, state, expected = PerfectExpert(GAME), GAME.initial_state(), []
    while GAME.outcome(state) is None:
        action = GAME.legal_actions(state)[0]
        if GAME.player_to_move(state) == 0:
            scores = expert.scores(state)
            drops = np.sign(scores[action]) < np.sign(scores.max())
            expected.append((GAME.plies(state), float(drops), float(scores[action] < scores.max())))
        state = GAME.step(state, action)
    found = grade_moves(GAME, LOWEST, 0, LOWEST, games=3, rng=rng())
    assert [
        (grade.ply, grade.drops_outcome.value, grade.not_best.value) for grade in found.plies
    ] == expected
    assert {grade.moves for grade in found.plies} == {3}
    assert found.erring_games.value == 1


def test_the_share_of_random_first_mistakes_is_within_its_interval():
    """At ply 1 of 3 x 4 in three: the chance that random play errs, exactly, by enumeration."""
    game = LineGame(3, 4, 3, gravity=True)
    expert, chances = PerfectExpert(game), []
    for first in range(4):
        scores = expert.scores(game.play([first]))
        chances.append(np.mean(scores < scores.max()))
    found = grade_moves(game, uniform_policy, 1, uniform_policy, games=20_000, rng=rng(1)).plies[0]
    assert found.ply == 1
    assert found.not_best.value == pytest.approx(np.mean(chances), abs=6 * 0.5 / 20_000**0.5)
    assert found.not_best.low < np.mean(chances) < found.not_best.high
    assert found.drops_outcome.value <= found.not_best.value


# ---- opponents


def literal_rule(expert, state):
    """The published rule at temperature 0, clause by clause, one position at a time."""
    scores = expert.scores(state)
    halved = np.sign(scores) * np.ceil(np.abs(scores) / 2)
    weights = np.exp(halved)  # exp(−inf) = 0 where illegal
    softmax = weights / weights.sum()
    if halved.max() < 0:
        return softmax
    after = GAME.step(state, int(halved.argmax()))
    wins = [a for a in GAME.legal_actions(after) if GAME.outcome(GAME.step(after, a))]
    return np.eye(GAME.actions)[halved.argmax()] if wins else softmax


def test_the_odd_rule_at_temperature_0_is_temperature_1():
    expert = PerfectExpert(GAME)
    going = [state for state in all_states(GAME) if GAME.outcome(state) is None][::499]
    seen = batch.observations(GAME, batch.stack(going))
    zero, one = (published_opponent(GAME, t)(seen, None) for t in (0.0, 1.0))
    np.testing.assert_array_equal(zero, one)
    np.testing.assert_allclose(zero, [literal_rule(expert, state) for state in going], atol=1e-12)


def test_temperatures_are_in_units_of_the_halved_score():
    # X has three in column 0 and wins there at once, on ply 7 of 16: score 10, halved 5.
    state = GAME.play([0, 1, 0, 1, 0, 2])
    scores = PerfectExpert(GAME).scores(state)
    assert scores[0] == 10
    row = published_opponent(GAME, 2.0)(GAME.observation(state)[None], None)[0]
    other = np.sign(scores[3]) * np.ceil(abs(scores[3]) / 2)
    assert row[0] / row[3] == pytest.approx(np.exp((5 - other) / 2))


def test_colder_published_opponents_are_stronger_and_none_beats_the_optimal_one():
    strength = [
        play_out(GAME, [uniform_policy, published_opponent(GAME, t)], games=2000, rng=rng(2)).mean()
        for t in (1.0, 5.0, 100.0)
    ]
    assert strength == sorted(strength)
    found = results_by_opponent(GAME, uniform_policy, 0, games=2000, rng=rng(3))
    assert list(found) == [OPTIMAL, *TEMPERATURES]
    assert all(found[OPTIMAL].wins.value <= found[t].wins.value for t in TEMPERATURES)


def test_results_agree_with_exact_values():
    game = TicTacToe()
    found = results_by_opponent(
        game, uniform_policy, "player_1", games=5000, rng=rng(4), temperatures=(2.0,)
    )
    for name, opponent in (
        (OPTIMAL, PerfectExpert(game, ties="uniform")),
        (2.0, published_opponent(game, 2.0)),
    ):
        shares = found[name]
        value = nash_gap(game, [opponent, uniform_policy]).values[1]
        estimate = shares.wins.value - shares.losses.value
        assert estimate == pytest.approx(value, abs=6 / 5000**0.5)
        assert shares.wins.value + shares.draws.value + shares.losses.value == pytest.approx(1)
        assert shares.games == 5000


def test_the_same_generator_gives_the_same_grades():
    policy = PerfectExpert(GAME, noise=0.3)
    for measure in (
        lambda seed: grade_moves(GAME, policy, 1, uniform_policy, games=40, rng=rng(seed)),
        lambda seed: results_by_opponent(GAME, policy, 1, games=40, rng=rng(seed)),
    ):
        assert measure(5) == measure(5) != measure(6)


@pytest.mark.parametrize("temperature", [-1.0, float("nan"), float("inf")])
def test_temperatures_out_of_range(temperature):
    with pytest.raises(InvalidOptionError, match="temperature: expected a finite number >= 0"):
        published_opponent(GAME, temperature)


def test_no_games_and_unknown_players():
    for measure in (
        lambda player, games: grade_moves(
            GAME, LOWEST, player, LOWEST, games=games, rng=np.random.default_rng(0)
        ),
        lambda player, games: results_by_opponent(GAME, LOWEST, player, games=games, rng=rng()),
    ):
        with pytest.raises(InvalidOptionError, match="games: expected at least 1, came 0"):
            measure(0, 0)
        with pytest.raises(UnknownAgentError):
            measure("player_2", 1)
