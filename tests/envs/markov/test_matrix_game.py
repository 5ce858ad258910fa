"""Matrix games: textbook values, certificates, a HiGHS twin, and the rule for ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from mail_envs.errors import InvalidModelError, ShapeError, UnknownNameError
from mail_envs.markov.exact_simplex import exact_minimiser
from mail_envs.markov.matrix_game import matrix_game_values, solve_matrix_games
from mail_envs.markov.simplex import lexicographic_strategies
from tests.strategies import seeds

TIGHT = {"rtol": 0, "atol": 1e-10}

TEXTBOOK = {
    "rock paper scissors": ([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], 0, [1 / 3] * 3, [1 / 3] * 3),
    "matching pennies": ([[1, -1], [-1, 1]], 0, [0.5, 0.5], [0.5, 0.5]),
    # Morra's reduced 2 x 2 and the lower-bound game's stage, row mixture 1 / (2 + delta), delta = 1
    "two by two": ([[2, -1], [-1, 0.5]], 0, [1 / 3, 2 / 3], [1 / 3, 2 / 3]),
    "saddle point": ([[3, 1, 4], [5, 2, 6], [0, -1, 9]], 2, [0, 1, 0], [0, 1, 0]),
    "constant": ([[7, 7], [7, 7]], 7, [1, 0], [1, 0]),
    "all zero": ([[0, 0, 0]], 0, [1], [1, 0, 0]),
    "dominated row": ([[1, -1], [-1, 1], [-2, -2]], 0, [0.5, 0.5, 0], [0.5, 0.5]),
    "one column": ([[1], [3], [3]], 3, [0, 1, 0], [1]),
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_games(name):
    matrix, value, row, column = TEXTBOOK[name]
    solution = solve_matrix_games([matrix])
    np.testing.assert_allclose(solution.values, [value], **TIGHT)
    np.testing.assert_allclose(solution.rows, [row], **TIGHT)
    np.testing.assert_allclose(solution.columns, [column], **TIGHT)


def highs(game):
    """Value of one game, scaled first: HiGHS fails on nearly constant ones."""
    shift, scale = game.min(), np.ptp(game) or 1.0
    m, k = game.shape
    result = linprog(
        np.r_[np.zeros(m), -1],
        A_ub=np.c_[-(game.T - shift) / scale, np.ones(k)],
        b_ub=np.zeros(k),
        A_eq=[[1] * m + [0]],
        b_eq=[1],
        bounds=[(0, None)] * m + [(None, None)],
    )
    return -result.fun * scale + shift


KINDS = ["normal", "integers", "nearly constant", "low rank", "large", "near ties", "many scales"]


@st.composite
def batches(draw, kinds=KINDS):
    rng = np.random.default_rng(draw(seeds))
    m, k = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kind = draw(st.sampled_from(kinds))
    shape = (6, m, k)
    return {
        "normal": lambda: rng.normal(size=shape),
        "integers": lambda: rng.integers(-2, 3, size=shape).astype(float),
        "nearly constant": lambda: 5 + 1e-7 * rng.normal(size=shape),
        "low rank": lambda: rng.integers(-1, 2, (6, m, 1)) + rng.integers(-1, 2, (6, 1, k)) + 0.0,
        "large": lambda: 1e6 * rng.normal(size=shape),
        "near ties": lambda: (
            rng.integers(-1, 2, size=shape) + 10.0 ** -rng.integers(6, 14) * rng.normal(size=shape)
        ),
        "many scales": lambda: 10.0 ** rng.uniform(-8, 4, size=shape),
    }[kind]()


@given(batches(), st.sampled_from(["lexicographic", "uniform"]))
def test_strategies_certify_the_value(games, ties):
    solution = solve_matrix_games(games, ties=ties)
    scale = max(np.abs(games).max(), 1e-300)
    guaranteed = np.einsum("ba,bac->bc", solution.rows, games).min(axis=1)
    conceded = np.einsum("bac,bc->ba", games, solution.columns).max(axis=1)
    for strategies in (solution.rows, solution.columns):
        assert (strategies >= 0).all()
        np.testing.assert_allclose(strategies.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert (solution.values - guaranteed <= 1e-10 * scale).all()
    assert (conceded - solution.values <= 1e-10 * scale).all()
    np.testing.assert_array_equal(solution.values, matrix_game_values(games))


@given(batches(kinds=KINDS[:5]))  # on near ties HiGHS's own tolerance shows
@settings(max_examples=25)
def test_values_agree_with_highs(games):
    scale = np.abs(games).max() or 1.0
    expected = [highs(game) for game in games]
    np.testing.assert_allclose(
        matrix_game_values(games) / scale, np.divide(expected, scale), **TIGHT
    )


@given(batches())
@settings(max_examples=25)
def test_values_agree_with_those_in_integers(games):
    low, span = games.min(), np.ptp(games) or 1.0
    expected = [low + span * (exact_minimiser(1 + (game - low) / span)[0] - 1) for game in games]
    scale = np.abs(games).max() or 1.0
    np.testing.assert_allclose(
        matrix_game_values(games) / scale, np.divide(expected, scale), **TIGHT
    )


@given(batches(), seeds)
def test_laws_of_the_value(games, seed):
    rng = np.random.default_rng(seed)
    values, scale = matrix_game_values(games), np.abs(games).max() or 1.0
    rows, columns = rng.permutation(games.shape[1]), rng.permutation(games.shape[2])
    for expected, other in (
        (values, games[:, rows][:, :, columns]),
        (-values, -games.swapaxes(1, 2)),
        (2 * values + 3, 2 * games + 3),
    ):
        np.testing.assert_allclose(
            matrix_game_values(other) / scale, np.divide(expected, scale), **TIGHT
        )
    assert (matrix_game_values(games + rng.random(games.shape) * scale) >= values - 1e-10).all()


def slow_lexicographic(game):
    """The minimiser's lexicographically largest strategy by one HiGHS program per action."""
    m, k = game.shape
    value = highs(game)
    floor = np.zeros(k)
    for action in range(k):
        bounds = [(low, 1) for low in floor]
        result = linprog(
            -np.eye(k)[action], A_ub=game, b_ub=np.full(m, value + 1e-9), A_eq=np.ones((1, k)),
            b_eq=[1], bounds=bounds,
        )  # fmt: skip
        floor[action] = max(result.x[action] - 1e-9, 0)
    return result.x


def test_mixed_ties_go_to_the_lexicographically_largest_strategy():
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(300):
        # a copied or averaged column makes the optimal face larger than a point
        game = rng.integers(-2, 3, size=(3, 4)).astype(float)
        game[:, 3] = game[:, 1] if rng.random() < 0.5 else (game[:, 0] + game[:, 1]) / 2
        game = game[:, rng.permutation(4)]
        solution = solve_matrix_games(game[None])
        if (game.max(axis=0) <= solution.values[0] + 1e-9).any():
            continue
        checked += 1
        np.testing.assert_allclose(solution.columns[0], slow_lexicographic(game), atol=1e-6)
    assert checked > 30


def test_the_face_is_searched_from_the_first_action_on():
    # columns 0 and 1 against columns 2 and 3: both pairs are optimal, and so is every mixture
    game = np.array([[[1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]]])
    np.testing.assert_allclose(solve_matrix_games(game).columns, [[0.5, 0.5, 0, 0]], **TIGHT)
    np.testing.assert_allclose(
        solve_matrix_games(game[:, :, ::-1]).columns, [[0.5, 0.5, 0, 0]], **TIGHT
    )
    scaled = 1 + (game[:, :, [2, 0, 1, 3]] + 1) / 2
    np.testing.assert_allclose(
        lexicographic_strategies(scaled, np.zeros(1)), [[0.5, 0, 0.5, 0]], **TIGHT
    )


def test_pure_ties_go_to_the_first_or_to_all_alike():
    game = [[[2.0, 1.0, 1.0], [1.0, 1.0, 1.0], [3.0, 0.0, 0.0]]]
    first, alike = solve_matrix_games(game), solve_matrix_games(game, ties="uniform")
    assert first.rows.tolist() == [[1, 0, 0]]
    assert first.columns.tolist() == [[0, 1, 0]]
    assert alike.rows.tolist() == [[0.5, 0.5, 0]]
    assert alike.columns.tolist() == [[0, 0.5, 0.5]]


def test_rounding_in_the_entries_decides_nothing():
    rng = np.random.default_rng(0)
    games = rng.integers(-2, 3, size=(200, 4, 4)).astype(float)
    noisy = games + 1e-15 * rng.normal(size=games.shape)
    for ties in ("lexicographic", "uniform"):
        clean, rough = solve_matrix_games(games, ties=ties), solve_matrix_games(noisy, ties=ties)
        np.testing.assert_array_equal(clean.rows, rough.rows)
        np.testing.assert_array_equal(clean.columns, rough.columns)


def test_a_tolerance_makes_near_ties_ties():
    game = [[[1.0, 1.0], [1.0 + 1e-7, 1.0 + 1e-7]]]
    assert solve_matrix_games(game).rows.tolist() == [[0, 1]]
    assert solve_matrix_games(game, tie_tolerance=1e-6).rows.tolist() == [[1, 0]]
    assert solve_matrix_games(game, ties="uniform", tie_tolerance=1e-6).rows.tolist() == [[0.5] * 2]


def test_a_batch_is_its_games_one_by_one():
    rng = np.random.default_rng(0)
    games = rng.integers(-1, 2, size=(50, 3, 3)) + 0.25 * rng.integers(0, 2, size=(50, 3, 3))
    together = solve_matrix_games(games)
    for b in range(50):
        alone = solve_matrix_games(games[b : b + 1])
        np.testing.assert_allclose(alone.rows[0], together.rows[b], **TIGHT)
        np.testing.assert_allclose(alone.values[0], together.values[b], **TIGHT)


def test_large_games_and_empty_batches():
    games = np.random.default_rng(0).normal(size=(20, 15, 12))
    solution = solve_matrix_games(games)
    conceded = np.einsum("bac,bc->ba", games, solution.columns).max(axis=1)
    np.testing.assert_allclose(conceded, solution.values, **TIGHT)
    assert solve_matrix_games(np.empty((0, 2, 3))).rows.shape == (0, 2)
    with pytest.raises(ValueError, match="read-only"):
        solution.rows[0] = 0


def test_integers_and_floating_point_agree(monkeypatch):
    rng = np.random.default_rng(0)
    games = rng.integers(-2, 3, size=(60, 3, 4)).astype(float)
    games[:, :, 3] = games[:, :, 1]
    games[30:] += rng.normal(size=(30, 3, 4))
    fast = solve_matrix_games(games)
    monkeypatch.setattr("mail_envs.markov.simplex.PIVOTS", 0)  # nothing is solved, all is mended
    slow = solve_matrix_games(games)
    np.testing.assert_allclose(slow.values, fast.values, rtol=0, atol=1e-11)
    np.testing.assert_allclose(slow.rows, fast.rows, rtol=0, atol=1e-9)
    np.testing.assert_allclose(slow.columns, fast.columns, rtol=0, atol=1e-9)


def test_the_integer_method_is_exact():
    value, strategy = exact_minimiser(1 + np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]))
    assert value == 1.5
    assert strategy.tolist() == [0.5, 0.5, 0.0]
    value, strategy = exact_minimiser(1 + np.array([[0.0, 1.0], [0.75, 0.0]]))
    assert value == 1 + 3 / 7
    assert strategy.tolist() == [4 / 7, 3 / 7]
    # a tie of a quarter lets the first column be played although it costs up to that
    costly = 1 + np.array([[0.25, 0.0], [0.25, 0.0]])
    assert exact_minimiser(costly)[1].tolist() == [0.0, 1.0]
    assert exact_minimiser(costly, tie=0.25)[1].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("matrices", "options", "error", "message"),
    [
        (np.zeros((2, 2)), {}, ShapeError, r"expected \(B, m, k\)"),
        (np.zeros((1, 0, 2)), {}, ShapeError, "came shape"),
        ([[[0.0, np.nan]]], {}, InvalidModelError, r"came nan at \(B=0, a_1=0, a_2=1\)"),
        ([[[0.0]]], {"ties": "random"}, UnknownNameError, "lexicographic"),
    ],
)
def test_refusals(matrices, options, error, message):
    with pytest.raises(error, match=message):
        solve_matrix_games(matrices, **options)
