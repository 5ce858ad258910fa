"""LSVI-UCB-ZERO-BC on the published grid game, and beside its twin from scratch."""

import numpy as np
import pytest

from mail_envs import nash_gap, solve
from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_envs.markov.library import (
    additive_features,
    additive_linear,
    block_linear,
    grid_experts,
    grid_features,
    grid_game,
    independent_linear,
)
from mail_envs.markov.tabular import policy_tables
from mail_learners.markov import (
    FeatureBlocks,
    LsviOptions,
    first_games,
    linear_clones,
    lsvi_episodes,
    lsvi_ucb_zero_bc,
    player_features,
    tabular_clones,
)
from mail_learners.markov.lsvi import lsvi_planner
from tests.benchmarks.direct_lsvi import direct_episodes

GRID = grid_game(3)
EXPERTS = grid_experts(GRID)
REACHED = (17, 19)  # states that deviations of player 0, of player 1, reach
SEEDS = range(20)


def explored(seed, games, name="one-hot", **options):
    return lsvi_episodes(
        GRID,
        EXPERTS,
        games=games,
        rng=np.random.default_rng(seed),
        features=grid_features(GRID, name),
        options=LsviOptions(**options),
    )


def covered_after(run):
    """The number of episodes after which all reachable states were visited."""
    seen = [len(np.unique(run.states[:k])) for k in range(1, len(run) + 1)]
    return 1 + seen.index(REACHED[run.explorer])


def gap(policies):
    return nash_gap(GRID, policies).total


def test_one_hot_covers_and_clones_within_twenty_episodes_on_every_seed():
    after = []
    for seed in SEEDS:
        runs = explored(seed, 25)
        after.append([covered_after(run) for run in runs])
        clones = linear_clones(GRID, first_games(runs, 20))
        assert gap(clones.policies) <= 1e-3
        assert gap(clones.greedy_policies) <= 1e-3
    assert np.median(after, axis=0).max() <= 13
    assert np.max(after) <= 20


def test_relational_features_need_five_episodes_on_every_seed():
    features = grid_features(GRID, "relational")
    for seed in SEEDS:
        runs = explored(seed, 5, "relational")
        clones = linear_clones(GRID, runs, features=features)
        assert gap(clones.policies) <= 1e-3
        assert gap(clones.greedy_policies) == pytest.approx(0, abs=1e-9)


def test_the_published_ties_walk_at_random():
    after = [
        covered_after(run) for seed in range(8) for run in explored(seed, 150, ties="published")
    ]
    assert max(after) > 25


@pytest.mark.parametrize("name", ["one-hot", "relational", "relational-aliased"])
def test_the_incremental_explorer_is_its_twin_from_scratch(name):
    features = grid_features(GRID, name)
    games = 12 if name == "one-hot" else 40
    keep = []
    runs = explored(3, games, name)
    twins = direct_episodes(
        GRID,
        policy_tables(GRID, EXPERTS),
        games=games,
        rng=np.random.default_rng(3),
        features=features,
        keep=keep,
    )
    for run, twin, explorer in zip(runs, twins, keep, strict=True):
        assert run.states.tobytes() == twin.states.tobytes()
        assert run.actions.tobytes() == twin.actions.tobytes()
        assert largest_difference(run, explorer, features) <= 1e-9


def largest_difference(run, explorer, features):
    """Between the plans of both after all episodes, over all visited states and steps."""
    planner = lsvi_planner(player_features(GRID, features)[run.explorer], 10, LsviOptions())
    for states, actions in zip(run.states, run.actions[:, :, run.explorer], strict=True):
        rows = np.array([planner.regression.row(h, int(s)) for h, s in enumerate(states)])
        planner.record(rows, actions)
    planner.plan()
    explorer.plan()
    differences = []
    for h in range(10):
        for state in np.unique(run.states[:, h]):
            row = planner.regression.row(h, int(state))
            differences.append(planner._q[h, row] - explorer.q[h, state])
            differences.append(planner._bonus[h, row] - explorer.bonus[h, state])
    return np.abs(differences).max()


def test_the_first_games_of_a_longer_run_are_a_shorter_run():
    for name in ("one-hot", "relational"):
        long, short = explored(1, 12, name), explored(1, 5, name)
        for a, b in zip(first_games(long, 5), short, strict=True):
            assert a.states.tobytes() == b.states.tobytes()
            assert a.actions.tobytes() == b.actions.tobytes()


def test_the_same_seed_is_the_same_result():
    first, second, other = (
        lsvi_ucb_zero_bc(GRID, EXPERTS, games=6, rng=np.random.default_rng(seed))
        for seed in (7, 7, 8)
    )
    assert first.queries == 2 * 6 * 10
    for a, b in zip(first.policies, second.policies, strict=True):
        assert a.tobytes() == b.tobytes()
    assert any(
        a.tobytes() != b.tobytes() for a, b in zip(first.policies, other.policies, strict=True)
    )
    assert first.demonstrations(0).states.tolist() == first.episodes[1].states.reshape(-1).tolist()


def test_a_block_game_costs_the_same_at_any_size():
    gaps = []
    for states in (20, 2000, 20_000):
        game = block_linear(3, states=states)
        experts = solve(game).policies
        rng = np.random.default_rng(0)
        found = lsvi_ucb_zero_bc(game, experts, games=300, rng=rng, features=game.feature_maps)
        assert found.policies[0].shape == (5, states, 2)
        gaps.append(nash_gap(game, found.policies).total)
    assert gaps == pytest.approx([gaps[0]] * 3, abs=1e-9)
    assert gaps[0] < 0.3


def test_the_explorer_may_have_other_features_than_the_clone():
    game = additive_linear(0, states=40)
    experts = solve(game).policies
    found = lsvi_ucb_zero_bc(
        game,
        experts,
        games=150,
        rng=np.random.default_rng(0),
        features=additive_features(game, "marginalised-by-expert"),
        clone_features=additive_features(game, "own"),
    )
    assert nash_gap(game, found.greedy_policies).total < 0.15


def test_three_players():
    game = independent_linear(0)
    experts = solve(game).policies
    found = lsvi_ucb_zero_bc(
        game, experts, games=40, rng=np.random.default_rng(0), features=game.feature_maps
    )
    n, h = game.num_players, game.horizon
    assert [run.explorer for run in found.episodes] == list(range(n))
    assert found.queries == n * 40 * h * (n - 1)
    assert len(found.demonstrations(0)) == (n - 1) * 40 * h
    few = tabular_clones(game, first_games(found.episodes, 1)).policies
    assert nash_gap(game, found.policies).total < nash_gap(game, few).total


def test_options_outside_their_ranges_are_refused():
    for name in ("bonus_scale", "ridge"):
        for value in (0, -1.0, float("inf"), float("nan")):
            with pytest.raises(InvalidOptionError, match=f"{name}: expected a positive"):
                LsviOptions(**{name: value})
    with pytest.raises(UnknownNameError, match=r"ties: expected one of .*came 'random'"):
        LsviOptions(ties="random")
    with pytest.raises(InvalidOptionError, match="games: expected an integer of at least 1"):
        explored(0, 0)
    features = [FeatureBlocks(72, 4, table=np.zeros((3, 72, 4, 2)))] * 2
    with pytest.raises(InvalidOptionError, match="tables of one step or of 10, came 3"):
        lsvi_episodes(GRID, EXPERTS, games=1, rng=np.random.default_rng(0), features=features)
