"""The grid game against the published figures, recomputed."""

import numpy as np
import pytest

from mail_envs import nash_gap, solve
from mail_envs.errors import UnknownNameError
from mail_envs.markov import library
from mail_envs.markov.library.grid import grid_cells, grid_size
from mail_envs.markov.library.grid_published import PUBLISHED

LEFT, RIGHT, UP, DOWN = range(4)
START = 30

# What deviations of the other player can make of a published expert (n = 3), as the published
# code lists: numbers of states, and the gaps of clones, to three decimals.
REACH = {3: (19, 17), 5: (140, 99)}


@pytest.fixture(scope="module")
def game():
    return library.grid_game()


def state(size, first, second):
    cells = grid_cells(size)
    (found,) = np.flatnonzero(
        (cells[0] == first[0] * size + first[1]) & (cells[1] == second[0] * size + second[1])
    )
    return int(found)


def following(game):
    """Next states, `(S, 4, 4)`: the game is deterministic."""
    rows = game.dynamics.transitions[0].toarray()
    assert (np.sort(rows, axis=1)[:, -1] == 1).all()
    return rows.argmax(axis=1).reshape(-1, 4, 4)


def actions_of(policy):
    table = np.asarray(policy)
    assert np.isin(table, (0, 1)).all()
    return table.argmax(axis=1)


def reached(game, experts, deviating):
    """The states that one player's deviations reach, the other on its expert; a search by hand."""
    moves, expert = following(game), actions_of(experts[1 - deviating])
    seen = [int(game.initial_distribution.argmax())]
    for s in seen:
        nexts = moves[s, :, expert[s]] if deviating == 0 else moves[s, expert[s], :]
        seen += [int(t) for t in dict.fromkeys(nexts.tolist()) if t not in seen]
    return np.isin(np.arange(game.num_states), seen)


def uniform_elsewhere(experts, known):
    return [
        np.where(k[:, None], np.asarray(expert), 0.25)
        for expert, k in zip(experts, known, strict=True)
    ]


def test_sizes_and_starts(game):
    assert game.num_states == 72
    assert game.initial_distribution[START] == 1
    assert state(3, (1, 0), (2, 1)) == START
    five = library.grid_game(5)
    assert five.num_states == 600
    assert five.initial_distribution[state(5, (3, 0), (4, 1))] == 1
    assert [grid_size(library.grid_game(n)) for n in (2, 3, 4, 7)] == [2, 3, 4, 7]
    with pytest.raises(ValueError, match="size: expected at least 2, came 1"):
        library.grid_game(1)


@pytest.mark.parametrize(
    ("cells", "moves", "expected"),
    [
        (((1, 0), (2, 1)), (UP, UP), ((0, 0), (1, 1))),
        (((0, 0), (1, 1)), (RIGHT, UP), ((0, 0), (1, 1))),  # both want (0, 1)
        (((1, 0), (1, 1)), (RIGHT, LEFT), ((1, 0), (1, 1))),  # a swap
        (((1, 0), (1, 1)), (RIGHT, DOWN), ((1, 1), (2, 1))),  # into a cell just left
        (((1, 0), (1, 1)), (RIGHT, RIGHT), ((1, 1), (1, 2))),
        (((1, 0), (2, 0)), (LEFT, DOWN), ((1, 0), (2, 0))),  # off the board
        (((1, 0), (2, 0)), (LEFT, UP), ((1, 0), (2, 0))),  # onto one that stays: both stay
        (((0, 2), (1, 1)), (DOWN, RIGHT), ((0, 2), (1, 2))),  # the holder never moves
        (((0, 2), (1, 2)), (LEFT, UP), ((0, 2), (1, 2))),  # nor is displaced
    ],
)
def test_moves(game, cells, moves, expected):
    assert following(game)[state(3, *cells)][moves] == state(3, *expected)


def test_rewards_are_those_of_where_a_step_leads(game):
    moves, (first, second) = following(game), grid_cells(3)
    worth = (first == 2).astype(int) - (second == 2)
    np.testing.assert_array_equal(game.dynamics.reward_table[0, 0], worth[moves])
    absorbing = (first == 2) | (second == 2)
    assert absorbing[moves[absorbing]].all()
    assert (np.abs(game.dynamics.reward_table[0, 0][absorbing]) == 1).all()


@pytest.mark.parametrize("size", [3, 5])
def test_the_published_experts_are_an_exact_equilibrium(size):
    big = library.grid_game(size)
    experts = library.grid_experts(big)
    gap = nash_gap(big, experts)
    np.testing.assert_allclose(gap.per_player, 0, atol=1e-12)
    np.testing.assert_allclose(gap.values, 0, atol=1e-12)
    counts = tuple(int(reached(big, experts, 1 - i).sum()) for i in range(2))
    assert counts == REACH[size]
    assert all(len(text) == big.num_states for text in PUBLISHED[size])


def test_play_of_the_published_experts_stands_still_after_one_step(game):
    first, second = (actions_of(e) for e in library.grid_experts(game))
    blocked = state(3, (0, 0), (1, 1))
    moves = following(game)
    assert (first[START], second[START]) == (UP, UP)
    assert moves[START, UP, UP] == blocked
    assert (first[blocked], second[blocked]) == (RIGHT, UP)
    assert moves[blocked, RIGHT, UP] == blocked


def test_published_gaps(game):
    experts = library.grid_experts(game)
    uniform = [np.full((72, 4), 0.25)] * 2
    np.testing.assert_allclose(nash_gap(game, uniform).per_player, 7.99727, atol=1e-5)
    visited = np.isin(np.arange(72), [START, state(3, (0, 0), (1, 1))])
    clones = uniform_elsewhere(experts, [visited, visited])
    np.testing.assert_allclose(nash_gap(game, clones).per_player, [4.560, 8.035], atol=1e-3)
    covered = [reached(game, experts, 1 - i) for i in range(2)]
    clones = uniform_elsewhere(experts, covered)
    np.testing.assert_allclose(nash_gap(game, clones).per_player, 0, atol=1e-12)
    softened = [
        np.where(k[:, None], (1 - 1e-4) * np.asarray(e) + 1e-4 / 4, 0.25)
        for e, k in zip(experts, covered, strict=True)
    ]
    assert nash_gap(game, softened).total / 1e-4 == pytest.approx(138, abs=0.5)


def test_published_ties_are_the_highest_optimal_moves_wherever_deviations_lead(game):
    """A rule that agrees with the solver's choices: provenance that can be checked."""
    values = solve(game).state_values[0]
    worth = game.dynamics.reward_table[0, 0] + 0.9 * values[following(game)]  # s a b
    guaranteed, conceded = worth.min(axis=2), worth.max(axis=1)
    for i, payoffs in enumerate((guaranteed, -conceded)):
        optimal = payoffs >= payoffs.max(axis=1, keepdims=True) - 1e-9
        highest = 3 - optimal[:, ::-1].argmax(axis=1)
        experts = library.grid_experts(game)
        played = actions_of(experts[i])
        assert optimal[np.arange(72), played].all()
        where = reached(game, experts, 1 - i)
        np.testing.assert_array_equal(played[where], highest[where])


def test_experts_of_other_sizes_come_from_the_solver():
    with pytest.raises(UnknownNameError, match=r"size in \(3, 5\), came 4"):
        library.grid_experts(library.grid_game(4))
    assert nash_gap(library.grid_game(4), solve(library.grid_game(4)).policies).total <= 1e-12


def test_what_a_token_sees(game):
    own, other = library.grid_features(game)
    seen = own.table[START, LEFT]
    # (1,0) sees (2,1) to the south-east and adjacent, the goal (0,2) to the north-east
    assert np.flatnonzero(seen).tolist() == [3, 8 + 1, 16]
    # (2,1) sees (1,0) to the north-west and adjacent, the goal to the north-east
    assert np.flatnonzero(other.table[START, DOWN]).tolist() == [60 + 7, 60 + 8 + 1, 60 + 16]
    aliased = library.grid_features(game, "relational-aliased")
    assert np.flatnonzero(aliased[0].table[START, LEFT]).tolist() == [6, 8 + 2, 16]
    home = state(3, (0, 2), (1, 2))  # on the goal, which is a corner, the other just south
    assert np.flatnonzero(own.table[home, UP]).tolist() == [40 + 4, 40 + 16, 40 + 18, 40 + 19]
    assert np.flatnonzero(other.table[home, UP]).tolist() == [40, 40 + 8, 40 + 16, 40 + 17]
    assert library.grid_features(game, "one-hot")[0].dimension == 288
    with pytest.raises(UnknownNameError, match=r"'relational-aliased'.*came 'tiled'"):
        library.grid_features(game, "tiled")


@pytest.mark.parametrize(
    ("name", "used", "rank", "rows"),
    [("relational", 60, 56, 60), ("relational-aliased", 40, 36, 38)],
)
def test_published_facts_of_the_maps(game, name, used, rank, rows):
    for feature_map in library.grid_features(game, name):
        table = feature_map.table
        assert table.shape == (72, 4, 80)
        assert table.any(axis=(0, 1)).sum() == used
        assert np.linalg.matrix_rank(table.reshape(-1, 80)) == rank
        assert len(np.unique(table.reshape(72, -1), axis=0)) == rows
        assert np.linalg.norm(table, axis=2).max() <= 2


def is_separable(table, actions, states):
    """Whether some θ ranks the given action first in every state: a linear programme."""
    from scipy.optimize import linprog

    others = [(s, a) for s in states for a in range(4) if a != actions[s]]
    losses = np.array([table[s, a] - table[s, actions[s]] for s, a in others])
    found = linprog(
        np.zeros(80), A_ub=losses, b_ub=-np.ones(len(losses)), bounds=(None, None), method="highs"
    )
    return found.status == 0


@pytest.mark.parametrize(
    ("name", "expected"), [("relational", (True, True)), ("relational-aliased", (True, False))]
)
def test_where_the_published_experts_are_log_linear(game, name, expected):
    experts = library.grid_experts(game)
    maps = library.grid_features(game, name)
    for i in range(2):
        actions = actions_of(experts[i])
        where = np.flatnonzero(reached(game, experts, 1 - i))
        assert is_separable(maps[i].table, actions, where) == expected[i]
        assert not is_separable(maps[i].table, actions, range(72))
