"""Playing out: estimates that agree with the exact values, and the paper's noisy opponent."""

import numpy as np
import pytest

from mail_envs import PerfectExpert, nash_gap
from mail_envs.board import LineGame, TicTacToe
from mail_envs.errors import InvalidPolicyError
from mail_envs.protocols.asking import uniform_policy
from mail_learners.evaluation import perturbed_expert, play_out

GAME = TicTacToe()


@pytest.mark.parametrize("game", [GAME, LineGame(3, 4, 3, gravity=True)], ids=str)
def test_the_mean_result_is_the_exact_value(game):
    pair = [uniform_policy, PerfectExpert(game, noise=0.6)]
    results = play_out(game, pair, games=10_000, rng=np.random.default_rng(0))
    assert set(results.tolist()) == {-1, 0, 1}
    # Six standard errors of a result between −1 and 1.
    assert results.mean() == pytest.approx(nash_gap(game, pair).values[0], abs=6 / 100)


def test_perfect_players_draw_and_the_same_generator_plays_alike():
    expert = PerfectExpert(GAME, ties="uniform")
    assert not play_out(GAME, [expert, expert], games=100, rng=np.random.default_rng(0)).any()
    pair = [uniform_policy, uniform_policy]
    once, again, other = (
        play_out(GAME, pair, games=50, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_answers_are_checked():
    with pytest.raises(InvalidPolicyError):
        play_out(
            GAME,
            [lambda seen, masks: np.ones((len(seen), 9))] * 2,
            games=3,
            rng=np.random.default_rng(0),
        )


def row(*moves):
    return perturbed_expert(GAME)(GAME.observation(GAME.play(moves))[None], None)[0]


def test_the_noisy_opponent_errs_in_four_of_a_hundred_moves_unless_it_wins_at_once():
    # The expert answers a corner by the centre; 0.1 · 0.4 goes to the eight legal moves alike.
    expected = np.full(9, 0.04 / 8)
    expected[0], expected[4] = 0, 0.96 + 0.04 / 8
    np.testing.assert_allclose(row(0), expected, atol=1e-15)
    # X has 0 and 1: it wins at 2, now.
    np.testing.assert_array_equal(row(0, 3, 1, 4), np.eye(9)[2])
    # X will win, but only two plies later: 4, 5 and 8 are alike, the lowest is played.
    assert row(0, 1, 3, 2, 7, 6)[4] == pytest.approx(0.96 + 0.04 / 3)
