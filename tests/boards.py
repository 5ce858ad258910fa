"""Random line games and random play, and the rules once more: slow, over lists of cells."""

import numpy as np
import pettingzoo
import pytest
from hypothesis import strategies as st

from mail_envs.board import LineGame, batch
from mail_envs.board.batch import States

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


class SlowBoard:
    """The rules as a person would say them: a grid of None, 0 or 1."""

    def __init__(self, game, moves=()):
        self.game = game
        self.grid = [[None] * game.columns for _ in range(game.rows)]
        self.mover = 0
        for move in moves:
            self.play(move)

    def target(self, action):
        """The cell that a mark of this action comes to, None if there is none."""
        if self.game.gravity:
            free = [r for r in range(self.game.rows) if self.grid[r][action] is None]
            return (free[-1], action) if free else None
        row, column = divmod(action, self.game.columns)
        return None if self.grid[row][column] is not None else (row, column)

    def play(self, action):
        row, column = self.target(action)
        self.grid[row][column] = self.mover
        self.mover = 1 - self.mover

    def has_line(self, player):
        for row in range(self.game.rows):
            for column in range(self.game.columns):
                for down, right in DIRECTIONS:
                    cells = [
                        (row + i * down, column + i * right) for i in range(self.game.in_a_row)
                    ]
                    if all(self.at(*cell) == player for cell in cells):
                        return True
        return False

    def at(self, row, column):
        inside = 0 <= row < self.game.rows and 0 <= column < self.game.columns
        return self.grid[row][column] if inside else None

    def outcome(self):
        for player, worth in ((0, 1), (1, -1)):
            if self.has_line(player):
                return worth
        return 0 if all(cell is not None for row in self.grid for cell in row) else None

    def legal(self):
        if self.outcome() is not None:
            return []
        return [a for a in range(self.game.actions) if self.target(a) is not None]

    def observation(self):
        planes = [
            [[cell == who for who in (self.mover, 1 - self.mover)] for cell in row]
            for row in self.grid
        ]
        return np.array(planes, dtype=np.int8)

    def text(self):
        letters = {None: ".", 0: "X", 1: "O"}
        return "\n".join(" ".join(letters[cell] for cell in row) for row in self.grid)


@st.composite
def line_games(draw, max_rows=6, max_columns=7):
    rows, columns = draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns))
    in_a_row = draw(st.integers(1, max(rows, columns)))
    return LineGame(rows, columns, in_a_row, draw(st.booleans()))


@st.composite
def played(draw, games=None):
    """A game and a sequence of legal moves, perhaps to its end; legal by the slow rules."""
    game = draw(line_games() if games is None else games)
    board, moves = SlowBoard(game), []
    for choice in draw(st.lists(st.integers(0, 999), max_size=game.cells)):
        legal = board.legal()
        if not legal:
            break
        moves.append(legal[choice % len(legal)])
        board.play(moves[-1])
    return game, moves


LARGEST = (
    LineGame(7, 8, 4, gravity=True),
    LineGame(7, 8, 5, gravity=False),
    LineGame(1, 32, 3, gravity=True),
    LineGame(63, 1, 4, gravity=True),
    LineGame(31, 2, 4, gravity=True),
    LineGame(1, 32, 3, gravity=False),
)
"""Boards that use all 64 bits, or nearly."""


def all_states(game):
    """Every position that play reaches, by plain recursion over the scalar rules."""
    seen, waiting = set(), [game.initial_state()]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += [game.step(state, action) for action in game.legal_actions(state)]
    return sorted(seen)


def slow_scores(game, state=None):
    """State → scores of its actions, from `state` or the empty board on, by plain minimax."""
    known = {}

    def best(state):
        if state not in known:
            known[state] = np.full(game.actions, -np.inf)
            for action in game.legal_actions(state):
                known[state][action] = -best(game.step(state, action))
        if game.outcome(state) is None:
            return known[state].max()
        return -abs(game.outcome(state)) * (game.cells + 1 - game.plies(state))

    best(game.initial_state() if state is None else state)
    return known


class TablePolicy:
    """A policy as a table from the bytes of an observation to a row; it counts what it is asked."""

    def __init__(self, game, rows):
        self.rows = {game.observation(state).tobytes(): row for state, row in rows.items()}
        self.asked = []

    def __call__(self, observations, action_masks):
        seen = [observation.tobytes() for observation in observations]
        self.asked += seen
        return np.array([self.rows[key] for key in seen])


def random_rows(game, states, rng, support=0.6):
    """A random distribution over the legal actions of each state; some legal actions have none."""
    rows = {}
    for state in states:
        legal = list(game.legal_actions(state))
        row = np.zeros(game.actions)
        if legal:
            kept = rng.random(len(legal)) < support
            kept[rng.integers(len(legal))] = True
            row[legal] = rng.dirichlet(np.ones(len(legal))) * kept
            row /= row.sum()
        rows[state] = row
    return rows


def slow_value(game, rows, responder=None, utility=float):
    """The value at the start, by recursion: of a best-responding player, or of player 0.

    `rows` holds one mapping per player from state to probabilities.
    """
    sign, known = (-1 if responder == 1 else 1), {}

    def value(state):
        if state not in known:
            known[state] = worth(state)
        return known[state]

    def worth(state):
        outcome = game.outcome(state)
        if outcome is not None:
            return utility(sign * outcome)
        mover = game.player_to_move(state)
        if mover == responder:
            return max(value(game.step(state, a)) for a in game.legal_actions(state))
        row = rows[mover][state]
        return sum(row[a] * value(game.step(state, a)) for a in np.flatnonzero(row).tolist())

    return value(game.initial_state())


def tactician(game):
    """A one-ply policy: wins if it can, else stops a win if it can, else the lowest legal action.

    Of several such actions the lowest.
    """

    def policy(observations, action_masks):
        states = batch.encode(game, observations)
        rank = np.where(action_masks == 1, 0, -1)
        for mark, worth in ((states, 2), (States(states.other, states.mover), 1)):
            rows, actions = np.nonzero(action_masks)
            after = batch.place(game, States(mark.mover[rows], mark.other[rows]), actions)
            made = game.has_line(after.other) != 0
            rank[rows[made], actions[made]] = np.maximum(rank[rows[made], actions[made]], worth)
        return np.eye(game.actions)[rank.argmax(axis=1)]

    return policy


def erring_rows(game, scores, states, rng, share):
    """Deterministic rows: the first best action, but any legal one at a share of the states."""
    rows = {}
    for state in states:
        rows[state] = np.zeros(game.actions)
        legal = game.legal_actions(state)
        if legal:
            errs = rng.random() < share
            rows[state][rng.choice(legal) if errs else int(np.argmax(scores(state)))] = 1.0
    return rows


def replay_in_pettingzoo(found):
    """PettingZoo's own rules, moves and rewards bear the certificate out."""
    pytest.importorskip("pygame", reason="PettingZoo's own games draw with it")
    env = pettingzoo.make("aec", "classic/connect_four-v3")
    env.reset(seed=0)
    for action in found.moves:
        assert not any(env.terminations.values())
        mask = env.observe(env.agent_selection)["action_mask"]
        assert mask[action] == 1
        env.step(action)
    assert all(env.terminations.values())
    assert env.rewards[f"player_{found.player}"] == found.result
