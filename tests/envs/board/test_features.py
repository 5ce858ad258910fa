"""Feature maps against what they say they are, computed slowly; and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_envs.board import LineGame, TicTacToe
from mail_envs.board.features import FEATURES, feature_map
from mail_envs.errors import InvalidModelError, UnknownNameError
from mail_envs.protocols import FeatureMap, OneHotFeatureMap
from tests.boards import DIRECTIONS, SlowBoard, all_states, line_games, played


@st.composite
def decisions(draw, games=None):
    """A game, the moves so far, and a legal action."""
    game, moves = draw(played(line_games(5, 5) if games is None else games))
    if game.outcome(game.play(moves)) is not None:
        moves = moves[:-1]
    return game, moves, draw(st.sampled_from(game.legal_actions(game.play(moves))))


def ask(feature, game, moves, action):
    observation = game.observation(game.play(moves))[None]
    answer = feature.keys if isinstance(feature, OneHotFeatureMap) else feature
    return answer(observation, np.array([action]))[0]


@given(decisions())
def test_planes_are_the_cells_afterwards_and_a_constant(drawn):
    game, moves, action = drawn
    phi = ask(feature_map(game, "planes"), game, moves, action)
    after = SlowBoard(game, [*moves, action]).observation()[..., ::-1]  # who has moved first
    expected = np.append(after.ravel(), 1) / np.sqrt(game.cells + 1)
    np.testing.assert_allclose(phi, expected, atol=1e-15)
    assert feature_map(game, "planes").dimension == len(phi)


@given(decisions())
def test_lines_count_lines_by_what_they_hold(drawn):
    game, moves, action = drawn
    board, k = SlowBoard(game, [*moves, action]), game.in_a_row
    mover, counts = len(moves) % 2, np.zeros(2 * k + 2)
    for row in range(game.rows):
        for column in range(game.columns):
            for down, right in DIRECTIONS:
                line = [(row + i * down, column + i * right) for i in range(k)]
                if all(0 <= r < game.rows and 0 <= c < game.columns for r, c in line):
                    marks = [board.grid[r][c] for r, c in line]
                    own, other = marks.count(mover), marks.count(1 - mover)
                    kinds = [own and not other, other and not own, own and other, True]
                    where = [own - 1, k + other - 1, 2 * k, 2 * k + 1]
                    counts[where[[bool(kind) for kind in kinds].index(True)]] += 1
    phi = ask(feature_map(game, "lines"), game, moves, action)
    np.testing.assert_allclose(phi, counts / counts.sum(), atol=1e-15)
    assert feature_map(game, "lines").dimension == len(phi)


@given(decisions())
def test_dense_features_have_at_most_unit_length(drawn):
    for name in ("planes", "lines"):
        assert np.linalg.norm(ask(feature_map(drawn[0], name), *drawn)) <= 1 + 1e-12


def orbits(game, of):
    """Key → set of canonical descriptions, and the other way round, over all decisions."""
    by_key, by_class = {}, {}
    states = [state for state in all_states(game) if game.outcome(state) is None]
    feature = feature_map(game, of)
    for state in states:
        legal = np.array(game.legal_actions(state))
        observations = np.repeat(game.observation(state)[None], len(legal), axis=0)
        keys = feature.keys(observations, legal).tolist()
        for action, key in zip(legal.tolist(), keys, strict=True):
            name = canonical(game, state, action, of)
            by_key.setdefault(key, set()).add(name)
            by_class.setdefault(name, set()).add(key)
    return by_key, by_class


def canonical(game, state, action, of):
    """The least image of the pair, or of the position it leaves; None where that ends the game."""
    symmetries = zip(game.symmetries.cells, game.symmetries.actions, strict=True)
    if of == "one-hot":
        cells = game.observation(state).reshape(-1, 2)
        return min((cells[g].tobytes(), h.tolist().index(action)) for g, h in symmetries)
    after = game.step(state, action)
    if game.outcome(after) is not None:
        return None
    cells = game.observation(after).reshape(-1, 2)
    return min(cells[g].tobytes() for g, _ in symmetries)


@pytest.mark.parametrize("name", ["one-hot", "afterstates"])
@pytest.mark.parametrize("game", [TicTacToe(), LineGame(3, 3, 3, gravity=True)], ids=str)
def test_one_hot_keys_are_the_same_exactly_for_symmetric_images(game, name):
    by_key, by_class = orbits(game, name)
    assert all(len(names) == 1 for names in by_key.values())
    assert all(len(keys) == 1 for keys in by_class.values())
    assert len(by_key) <= feature_map(game, name).dimension
    assert by_class.get(None, {0}) == {0}
    assert (0 in by_key) == (name == "afterstates")


def test_tictactoe_has_626_questions_to_leave_behind():
    # 765 classes of positions, less the 138 that are over and the empty board.
    by_key, _ = orbits(TicTacToe(), "afterstates")
    assert len(by_key) - 1 == 765 - 138 - 1


@given(decisions(line_games(4, 4)))
def test_batches_answer_as_their_rows(drawn):
    game, moves, action = drawn
    observations = np.array([game.observation(game.play(moves[:n])) for n in range(len(moves) + 1)])
    actions = np.array([*moves, action])
    for name in FEATURES:
        feature = feature_map(game, name)
        answer = feature.keys if isinstance(feature, OneHotFeatureMap) else feature
        rows = [answer(observations[[i]], actions[[i]])[0] for i in range(len(actions))]
        np.testing.assert_array_equal(answer(observations, actions), rows)


def test_each_is_of_the_kind_that_it_says():
    kinds = {
        name: isinstance(feature_map(TicTacToe(), name), OneHotFeatureMap) for name in FEATURES
    }
    assert kinds == {"planes": False, "lines": False, "one-hot": True, "afterstates": True}
    assert isinstance(feature_map(TicTacToe(), "planes"), FeatureMap)
    assert feature_map(TicTacToe()) == feature_map(TicTacToe(), "afterstates")


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownNameError, match=r"one of \['afterstates', .*\], came 'value'"):
        feature_map(TicTacToe(), "value")


def test_pairs_that_do_not_fit_64_bits_are_refused():
    with pytest.raises(InvalidModelError, match="do not fit 64-bit keys"):
        feature_map(LineGame(7, 8, 4, gravity=True), "one-hot")
    feature_map(LineGame(7, 8, 4, gravity=True), "afterstates")
