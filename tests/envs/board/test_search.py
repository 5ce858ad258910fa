"""The search against sweeps, plain minimax and the literature, and against itself."""

import copy
import json
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs.board import ConnectFour, LineGame, batch, search_engine
from mail_envs.board.batch import States
from mail_envs.board.search import SearchSolver
from mail_envs.board.solver import table_solver
from mail_envs.errors import (
    GameTooLargeError,
    InvalidOptionError,
    PositionTooHard,
    PositionTooHardError,
    UnknownPositionError,
)
from tests.boards import LARGEST

LISTED = (
    LineGame(4, 4, 4, gravity=True),
    LineGame(3, 5, 4, gravity=True),
    LineGame(5, 3, 3, gravity=True),
    LineGame(4, 4, 3, gravity=True),
    LineGame(2, 5, 2, gravity=True),
    LineGame(1, 8, 3, gravity=True),
    LineGame(5, 1, 3, gravity=True),
    LineGame(2, 3, 1, gravity=True),
    LineGame(3, 3, 3, gravity=False),
    LineGame(3, 4, 3, gravity=False),
    LineGame(2, 4, 2, gravity=False),
)
"""Boards small enough for a sweep over all positions."""


def one(states, row):
    return States(states.mover[[row]], states.other[[row]])


def random_states(game, plies, number, *, rng):
    """Positions of each of `plies` marks by random play, going on."""
    found = []
    for ply in plies:
        wanted = len(found) + number
        while len(found) < wanted:
            state = game.initial_state()
            while game.plies(state) < ply and game.outcome(state) is None:
                state = game.step(state, int(rng.choice(game.legal_actions(state))))
            if game.outcome(state) is None:
                found.append(state)
    return batch.stack(found)


def plain_scores(game, state):
    """Scores of the actions of one position, by recursion over the scalar rules."""
    known = {}

    def value(state):
        if state not in known:
            outcome = game.outcome(state)
            if outcome is None:
                known[state] = max(-value(game.step(state, a)) for a in game.legal_actions(state))
            else:
                known[state] = -abs(outcome) * (game.cells + 1 - game.plies(state))
        return known[state]

    scores = np.full(game.actions, -np.inf)
    for action in game.legal_actions(state):
        scores[action] = -value(game.step(state, action))
    return scores


# ---- exact


@pytest.mark.parametrize("game", LISTED, ids=str)
@pytest.mark.parametrize("prefer", ["distance", "outcome"])
def test_every_position_of_small_boards_is_priced_as_by_a_sweep(game, prefer):
    sweep, search = table_solver(game), SearchSolver(game, table_bits=16)
    states = sweep.states
    np.testing.assert_array_equal(
        search.scores(states, prefer=prefer), sweep.scores(states, prefer=prefer)
    )
    np.testing.assert_array_equal(
        search.values(states, prefer=prefer), sweep.values(states, prefer=prefer)
    )
    for ties in ("first", "uniform"):
        np.testing.assert_array_equal(
            search.best(states, prefer=prefer, ties=ties),
            sweep.best(states, prefer=prefer, ties=ties),
        )


@pytest.mark.parametrize("game", [*LARGEST[:5], LineGame(5, 5, 4, gravity=False)], ids=str)
def test_the_last_plies_of_the_largest_boards(game):
    """Boards of 64 bits and lines in all directions: no shift wraps, no mark is lost."""
    late = range(max(game.cells - 9, 1), game.cells - 4)
    if game.in_a_row == 3 and game.gravity:
        late = range(2, 3)  # three on a strip of 32 is over soon, and then with many cells empty
    states = random_states(game, late, 4, rng=np.random.default_rng(1))
    scores = SearchSolver(game, table_bits=14).scores(states)
    if game.in_a_row == 3 and game.gravity:
        assert (scores.max(axis=1) > 0).all()
        return
    expected = [plain_scores(game, state) for state in zip(*map(list, states), strict=True)]
    np.testing.assert_array_equal(scores, expected)
