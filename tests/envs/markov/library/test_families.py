"""Every generated family is valid, linear where promised, solvable, and the same everywhere."""

import hashlib

import numpy as np
import pytest
from hypothesis import given

from mail_envs import nash_gap, solve
from mail_envs.errors import InvalidModelError, ShapeError, UnknownNameError, UnsolvedGameError
from mail_envs.markov import joint_residual, library, player_residual
from mail_envs.markov.dynamics import expected_next_value, lift
from tests.strategies import random_policies, random_rows, seeds

SMALL = {
    "random_game": {"states": 5},
    "random_linear": {"states": 6, "dimension": 3},
    "block_linear": {"states": 11, "latents": 4},
    "additive_linear": {"states": 9, "latents": 3, "dimension": 3},
    "independent_linear": {"states": 7, "latents": 3, "actions": (3, 2, 2)},
    "low_rank": {"latents": 4, "noise_bits": 2},
}
LONG = {"horizon": 3}
DISCOUNTED = {"discount": 0.8}
CASES = [(name, time) for name in SMALL for time in (LONG, DISCOUNTED)]


def made(name, time, seed=0, **options):
    if name == "independent_linear" and "discount" in time:
        options = {"common_interest": True, **options}
    return getattr(library, name)(seed, **{**SMALL[name], **time, **options})


def tables(game):
    """P and r in full: `(1 or H, S, A_1 …, S)` and `(n, 1 or H, S, A_1 …)`."""
    d = game.dynamics
    forms = [
        np.moveaxis(expected_next_value(d, h, np.eye(d.num_states)), 0, -1)
        for h in range(d.num_steps)
    ]
    return lift(d, np.stack(forms), axis=1), lift(d, d.reward_table, axis=2)


@pytest.mark.parametrize(("name", "time"), CASES)
@given(seed=seeds)
def test_games_are_valid_and_bounded(name, time, seed):
    game = made(name, time, seed)
    transitions, rewards = tables(game)
    assert (transitions >= 0).all()
    np.testing.assert_allclose(transitions.sum(axis=-1), 1, rtol=0, atol=1e-12)
    assert np.abs(rewards).max() <= 2  # additive games add up two parts
    assert game.initial_distribution.sum() == pytest.approx(1, abs=1e-15)
    assert (game.horizon, game.discount) == (time.get("horizon"), time.get("discount"))


@pytest.mark.parametrize(("name", "time"), CASES)
def test_equilibria_are_exact(name, time):
    for seed in range(10):
        game = made(name, time, seed)
        assert nash_gap(game, solve(game).policies).total <= 1e-10


@pytest.mark.parametrize("time", [LONG, DISCOUNTED])
@pytest.mark.parametrize("name", ["random_linear", "additive_linear", "low_rank"])
def test_rank_is_at_most_the_dimension(name, time):
    for seed in range(10):
        game = made(name, time, seed)
        d = game.dynamics.dimension
        for table in tables(game)[0]:
            assert np.linalg.matrix_rank(table.reshape(-1, game.num_states)) <= d
        assert joint_residual(game, game.dynamics.features).maximum <= 1e-9


@pytest.mark.parametrize("time", [LONG, DISCOUNTED])
@pytest.mark.parametrize("name", ["block_linear", "independent_linear"])
def test_each_players_problem_is_linear_in_its_own_features(name, time):
    """For opponents that are functions of the latent; not for others."""
    rng = np.random.default_rng(1)
    game = made(name, time, 1)
    blocks = game.dynamics.blocks
    by_latent = [random_rows(rng, blocks.max() + 1, count)[blocks] for count in game.num_actions]
    by_state = random_policies(rng, game)
    for i, feature_map in enumerate(game.feature_maps):
        assert player_residual(game, feature_map, by_latent, i).maximum <= 1e-9
        assert player_residual(game, feature_map, by_state, i).maximum > 1e-3
        assert np.linalg.norm(feature_map.table, axis=-1).max() <= 1 + 1e-12


@pytest.mark.parametrize("time", [LONG, DISCOUNTED])
@pytest.mark.parametrize("name", ["random_linear", "additive_linear"])
def test_features_marginalised_by_the_expert_make_its_challenge_linear_and_say_so(name, time):
    game = made(name, time, 2)
    features = library.linear_features if name == "random_linear" else library.additive_features
    maps = features(game, "marginalised-by-expert")
    experts = solve(game).policies
    for i, feature_map in enumerate(maps):
        assert feature_map.knows_opponents
        assert np.linalg.norm(feature_map.table, axis=-1).max() <= 1 + 1e-12
        assert player_residual(game, feature_map, experts, i).maximum <= 1e-9
    if name == "additive_linear":
        for i, feature_map in enumerate(features(game, "own")):
            assert not feature_map.knows_opponents
            assert player_residual(game, feature_map, experts, i).maximum > 1e-3


def test_a_block_game_is_the_same_latent_game_at_every_size():
    small, large = (library.block_linear(3, states=s) for s in (10, 1003))
    np.testing.assert_array_equal(
        small.dynamics.latent_transitions, large.dynamics.latent_transitions
    )
    np.testing.assert_array_equal(small.dynamics.reward_table, large.dynamics.reward_table)
    values = [solve(game).values for game in (small, large)]
    np.testing.assert_allclose(values[0], values[1], rtol=0, atol=1e-12)
    assert large.initial_distribution[large.dynamics.blocks == 0].sum() == pytest.approx(1)
    assert [m.dimension for m in large.feature_maps] == [20, 20]


def test_block_experts_are_alike_within_blocks():
    game = library.block_linear(3, states=57)
    for table in solve(game).policies:  # states 0..9 are the latents themselves
        np.testing.assert_array_equal(table, table[:, game.dynamics.blocks])


def test_additive_games_of_one_seed_share_their_first_states_and_their_law():
    small, large = (library.additive_linear(5, states=s) for s in (50, 700))
    for i in range(2):
        np.testing.assert_array_equal(small.feature_maps[i].table, large.feature_maps[i].table[:50])
    np.testing.assert_array_equal(small.reward_weights, large.reward_weights)
    by_latent = [
        np.stack([game.measures[..., z::10].sum(axis=-1) for z in range(10)])
        for game in (small, large)
    ]
    np.testing.assert_allclose(by_latent[0], by_latent[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("time", [LONG, DISCOUNTED])
def test_additive_equilibria_are_pure_and_greedy_in_own_features(time):
    game = made("additive_linear", time, 4)
    equilibrium = solve(game)
    d = game.dimension // 2
    following = equilibrium.state_values[0]
    steps = game.horizon or 1
    for h in range(steps):
        if game.horizon is None:
            after = game.discount * following
        else:
            after = following[h + 1] if h + 1 < steps else np.zeros(game.num_states)
        measures = game.measures[h if len(game.measures) > 1 else 0]
        theta = game.reward_weights[0, h if len(game.measures) > 1 else 0]
        w = (theta + measures @ after) / 2  # the features carry the other half
        for i, sign in ((0, 1), (1, -1)):
            own = game.feature_maps[i].table @ (sign * w[i * d : (i + 1) * d])
            table = equilibrium.policies[i]
            played = table if game.horizon is None else table[h]
            np.testing.assert_array_equal(played, np.eye(2)[own.argmax(axis=1)])


def test_independent_games_have_dominant_actions_for_any_number_of_players():
    for actions in ((2,), (2, 3), (2, 2, 3, 2)):
        game = library.independent_linear(1, actions=actions, horizon=3)
        equilibrium = solve(game)
        assert equilibrium.gap.total <= 1e-12
        assert all(np.isin(table, (0, 1)).all() for table in equilibrium.policies)
    assert library.independent_linear(1, discount=0.9, common_interest=True).is_identical_interest
    assert not library.independent_linear(1).is_identical_interest
    with pytest.raises(InvalidModelError, match="common interests with a discount"):
        library.independent_linear(1, discount=0.9)


def test_rich_observations_tell_states_apart_and_hide_the_latent_from_single_coordinates():
    game = library.low_rank(2)
    rich = library.rich_observations(game)
    assert rich.shape == (512, 16)
    assert len(np.unique(rich, axis=0)) == 512
    decode = np.linalg.lstsq(rich, np.eye(8)[game.dynamics.blocks], rcond=None)[0]
    np.testing.assert_allclose(rich @ decode, np.eye(8)[game.dynamics.blocks], atol=1e-9)
    for coordinate in rich.T:
        seen = {z: set(coordinate[game.dynamics.blocks == z]) for z in range(8)}
        assert all(seen[z] & seen[0] for z in range(8))


def test_noise_changes_nothing_of_value():
    values = [solve(library.low_rank(2, noise_bits=k)).values for k in (0, 3)]
    np.testing.assert_allclose(values[0], values[1], rtol=0, atol=1e-12)
    game = library.low_rank(2, noise_bits=3)
    latent, own = (library.low_rank_features(game, name)[0] for name in ("latent", "one-hot"))
    assert (latent.dimension, own.dimension) == (16, 128)


def test_branching_limits_the_next_states():
    game = library.random_game(3, states=20, branching=2, horizon=2)
    assert ((game.dynamics.transitions > 0).sum(axis=-1) <= 2).all()
    assert (game.dynamics.transitions > 0).any(axis=(0, 1, 2, 3)).all()


@pytest.mark.parametrize("name", ["random_game", "random_linear", "block_linear", "low_rank"])
def test_general_sum_games_have_rewards_for_each_of_any_number_of_players(name):
    game = made(name, LONG, zero_sum=False, actions=(2, 3, 2))
    assert game.num_players == 3
    table = game.dynamics.reward_table
    assert not np.array_equal(table[0], table[1])
    with pytest.raises(ShapeError, match="expected two players for a zero-sum game, came 3"):
        made(name, LONG, actions=(2, 3, 2))


# SHA-256 of tables, features, measures and start on x86-64: the same with NumPy 1.26.4 and 2.4.6,
# and with its AVX and FMA code switched off (NPY_DISABLE_CPU_FEATURES)
GOLDEN = {
    "random_game": "913dfe99377b17d2",
    "random_linear": "44c8c2bf9bbd572e",
    "block_linear": "94c9e139a7d37a19",
    "additive_linear": "d6e236a64976edb2",
    "independent_linear": "f3a87968a7d423a1",
    "low_rank": "7eb703e12b7f5698",
}


def fingerprint(game):
    digest = hashlib.sha256(game.initial_distribution.tobytes())
    names = ("transitions", "latent_transitions", "features", "measures", "reward_weights")
    given = [getattr(game.dynamics, name) for name in names if hasattr(game.dynamics, name)]
    if not hasattr(game.dynamics, "reward_weights"):
        given.append(game.dynamics.reward_table)
    for table in given:
        digest.update(np.ascontiguousarray(table).tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("name", list(GOLDEN))
def test_the_same_seed_is_the_same_game_everywhere(name):
    function = getattr(library, name)
    assert fingerprint(function(2024)) == GOLDEN[name]
    assert fingerprint(function(2024)) == fingerprint(function(2024))
    assert fingerprint(function(2025)) != GOLDEN[name]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: library.block_linear(0, states=5), InvalidModelError, "10 latents and 5 states"),
        (lambda: library.block_linear(0, horizon=0), InvalidModelError, "horizon: .*came 0"),
        (lambda: library.random_game(0, branching=0), ValueError, r"branching: .* 1\.\.10, came 0"),
        (lambda: library.additive_linear(0, variety=2), ValueError, "variety: .*came 2"),
        (lambda: library.low_rank(0, noise_bits=21), ValueError, r"noise_bits: .*came 21"),
        (
            lambda: library.named_features(library.random_game(0), "own"),
            UnknownNameError,
            "features: expected one of .*came 'own'",
        ),
        (
            lambda: library.additive_features(library.additive_linear(0), "relational"),
            UnknownNameError,
            "marginalised-by-expert.*came 'relational'",
        ),
        (
            lambda: solve(library.random_game(0, zero_sum=False)),
            UnsolvedGameError,
            "zero sum",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
