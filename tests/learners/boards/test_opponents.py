"""The softened opponents: the published rule, written out slowly."""

import numpy as np
import pytest

from mail_envs import PerfectExpert
from mail_envs.board import LineGame, State, batch
from mail_envs.board.positions import positions
from mail_envs.errors import InvalidOptionError
from mail_learners.boards.opponents import softened_opponent

GAME = LineGame(rows=4, columns=4, in_a_row=3, gravity=True)
LAYER = positions(GAME)[7]
STATES = [
    state
    for state, over in zip(map(tuple, zip(*LAYER.states, strict=True)), LAYER.over, strict=True)
    if not over
][::7]


def halves(score):
    return np.sign(score) * np.ceil(abs(score) / 2)


def published(state, temperature):
    """The distribution of one position, move by move."""
    scores = PerfectExpert(GAME).batch_scores(batch.stack([state]))[0]
    legal = GAME.legal_actions(state_of(state))
    marks = np.array([halves(scores[action]) for action in legal])
    best = legal[int(marks.argmax())]
    if temperature == 0 and marks.max() >= 0:
        after = GAME.step(state_of(state), best)
        wins = [after.mover | mark for mark in marks_open(after)]
        if any(GAME.has_line(marks) for marks in wins):  # whether or not `best` has won already
            return np.eye(GAME.actions)[best]
    weights = np.zeros(GAME.actions)
    weights[list(legal)] = np.exp(marks / (temperature or 1))
    return weights / weights.sum()


def state_of(pair):
    return State(int(pair[0]), int(pair[1]))


def marks_open(state):
    """The marks that the mover could set."""
    occupied = state.mover | state.other
    for column in range(GAME.columns):
        height = sum(occupied >> column * GAME.stride + row & 1 for row in range(GAME.rows))
        if height < GAME.rows:
            yield 1 << column * GAME.stride + height


@pytest.mark.parametrize("temperature", [0, 1, 5])
def test_it_plays_as_published(temperature):
    seen = batch.observations(GAME, batch.stack([state_of(pair) for pair in STATES]))
    table = softened_opponent(GAME, temperature)(seen, None)
    due = np.array([published(pair, temperature) for pair in STATES])
    np.testing.assert_allclose(table, due, atol=1e-12)
    assert (table.max(axis=1) < 1).any()


def test_at_zero_it_plays_some_best_actions_for_sure():
    seen = batch.observations(GAME, batch.stack([state_of(pair) for pair in STATES]))
    sure = softened_opponent(GAME, 0)(seen, None).max(axis=1) == 1
    assert sure.any()
    assert not sure.all()


def test_other_temperatures_are_refused():
    for temperature in (-1, np.inf, np.nan):
        with pytest.raises(InvalidOptionError, match="temperature: expected a finite number"):
            softened_opponent(GAME, temperature)
