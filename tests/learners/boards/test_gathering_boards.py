"""Gathering by many games at once: what is recorded, prefixes, and what explorers learn."""

import numpy as np
import pytest

from mail_envs import PerfectExpert
from mail_envs.board import LineGame, batch
from mail_envs.errors import InvalidOptionError, UnknownAgentError, UnknownNameError
from mail_learners.boards.gathering import BOARD_LEARNERS, BoardOptions, gather_board
from mail_learners.boards.rounds import by_policy, play_round
from tests.doubles import in_order

GAME = LineGame(rows=4, columns=4, in_a_row=4, gravity=True)
SMALL = BoardOptions(games_per_round=8)


@pytest.mark.parametrize("taught", [0, 1])
@pytest.mark.parametrize("name", sorted(BOARD_LEARNERS))
def test_what_is_recorded_is_the_perfect_players_and_a_prefix(name, taught):
    few = gather_board(name, GAME, taught, games=13, seed=5, options=SMALL)
    many = gather_board(name, GAME, taught, games=30, seed=5, options=SMALL)
    assert many.first(13).checksum() == few.checksum()
    recorded = {0, 1} if name.startswith("bc") else {taught}
    for player, agent in enumerate(GAME.agents):
        own = few.of(agent)
        assert (len(own) > 0) == (player in recorded)
        states = batch.encode(GAME, own.observations)
        ties = "uniform" if name == "bc-random-ties" else "first"
        best = PerfectExpert(GAME, ties=ties)(own.observations)
        assert (best[np.arange(len(own)), own.actions] > 0).all()
        np.testing.assert_array_equal(own.steps, batch.plies(states))
        assert set(own.steps % 2) <= {player}
        if name != "bc-random-openings" and len(own):  # a game may be over before its opening is
            assert set(own.episodes) == set(range(13))
    other = gather_board(name, GAME, taught, games=13, seed=6, options=SMALL)
    assert (other.checksum() == few.checksum()) == (name == "bc")


def test_plain_bc_watches_one_game():
    table = gather_board("bc", GAME, 0, games=9, seed=1, options=SMALL).of("player_1")
    assert len(np.unique(table.observations, axis=0)) == (table.episodes == 0).sum()


def test_random_openings_are_left_out():
    table = gather_board("bc-random-openings", GAME, 0, games=200, seed=1)
    steps, episodes = in_order(table, "steps"), in_order(table, "episodes")
    first = [steps[episodes == game].min() for game in range(200)]
    assert set(first) == set(range(SMALL.opening_plies + 1))


def test_the_explorer_learns_to_stay_in_the_game():
    uniform = gather_board("uniform-bc", GAME, 0, games=600, seed=1).of("player_0")
    deep = gather_board("dqn-explore-bc", GAME, 0, games=600, seed=1).of("player_0")
    late = [(table.episodes >= 400).sum() / 200 for table in (uniform, deep)]
    assert late[1] > late[0] + 0.5
    seen = [len(np.unique(table.observations, axis=0)) for table in (uniform, deep)]
    assert seen[1] > seen[0]


def test_rounds_play_the_rules():
    expert = by_policy(GAME, PerfectExpert(GAME, ties="uniform"), who="expert")
    turns = list(play_round(GAME, (expert, expert), games=5, rng=np.random.default_rng(0)))
    for number in range(5):
        moves = [int(turn.actions[turn.games == number][0]) for turn in turns]
        assert GAME.outcome(GAME.play(moves)) == 0  # 4 × 4 is a draw under best play


def test_mistakes_are_refused_where_they_enter():
    with pytest.raises(UnknownNameError, match="learner: expected one of"):
        gather_board("dagger", GAME, 0, games=1, seed=0)
    with pytest.raises(UnknownAgentError, match="taught: expected 0 or 1, came 2"):
        gather_board("bc", GAME, 2, games=1, seed=0)
    with pytest.raises(InvalidOptionError, match="games: expected at least 1, came 0"):
        gather_board("bc", GAME, 0, games=0, seed=0)
    with pytest.raises(InvalidOptionError, match="games_per_round: expected at least 1, came 0"):
        gather_board("bc", GAME, 0, games=1, seed=0, options=BoardOptions(games_per_round=0))
