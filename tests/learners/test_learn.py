"""One door to every learner: the same bytes twice, longer runs beginning as shorter ones."""

import numpy as np
import pytest

from mail_envs import PerfectExpert, loss_probability, nash_gap, tictactoe_v0
from mail_envs.board import LineGame, TicTacToe
from mail_envs.board.environments import LineGameEnv
from mail_envs.errors import (
    InvalidOptionError,
    InvalidPolicyError,
    MissingTruthError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_learners import CloneConfig, ExploreConfig, Options, learn
from mail_learners.deep import DEEP_LEARNERS, gather
from mail_learners.environments import problem_of
from mail_wrappers import QueryBudget
from tests.doubles import Script, always, in_order, masks

NAME = "mail_envs/tictactoe-v0"
QUICK = CloneConfig(widths=(16,), max_steps=20)
WAYS = [pytest.param(name, {}, id=name) for name in DEEP_LEARNERS] + [
    pytest.param("dqn-explore-bc", {"features": name}, id=f"dqn-explore-bc {name}")
    for name in ("network", "one-hot", "lines")
]


def gathered(name, games, seed=0, environment=NAME, **options):
    budget = QueryBudget()
    kept = gather(
        name,
        problem_of(environment),
        games=games,
        seed=seed,
        options=Options(**options),
        budget=budget,
    )
    return kept, budget.used


def same(one, other):
    return one.checksum() == other.checksum()


@pytest.mark.parametrize(("name", "options"), WAYS)
def test_the_first_games_of_a_longer_run_are_those_of_a_shorter(name, options):
    short, queries = gathered(name, 3, **options)
    long, more = gathered(name, 6, **options)
    assert same(long.first(3), short)
    assert (queries, more) == (len(short), len(long))
    for kept, games in ((short, 3), (long, 6)):
        for agent in kept.agent_names:
            assert sorted(set(kept.of(agent).episodes.tolist())) == list(range(games))


@pytest.mark.parametrize(("name", "options"), WAYS)
def test_the_same_seed_gives_the_same_bytes(name, options):
    results = [learn(name, NAME, games=2, seed=5, clone=QUICK, **options) for _ in range(2)]
    assert same(results[0].demonstrations, results[1].demonstrations)
    for agent in ("player_0", "player_1"):
        weights = [result.policies[agent]._network.state_dict().values() for result in results]
        assert all(
            a.numpy().tobytes() == b.numpy().tobytes() for a, b in zip(*weights, strict=True)
        )
    assert results[0].queries == len(results[0].demonstrations)


@pytest.mark.parametrize("name", sorted(set(DEEP_LEARNERS) - {"bc"}))
def test_seeds_matter(name):
    kept = [gathered(name, 4, seed=seed)[0].checksum() for seed in range(3)]
    assert len(set(kept)) > 1


def test_what_each_behaviour_cloning_watches():
    games = {}
    for name in ("bc", "bc-random-ties", "bc-random-openings"):
        kept, _ = gathered(name, 30)
        actions, episodes = in_order(kept, "actions"), in_order(kept, "episodes")
        moves = [actions[episodes == episode].tobytes() for episode in range(30)]
        games[name] = len(set(moves))
    assert games["bc"] == 1  # deterministic experts repeat themselves
    assert games["bc-random-ties"] > 15
    assert games["bc-random-openings"] > 10
    kept, _ = gathered("bc-random-openings", 30, opening_plies=0)
    assert {kept.of("player_0").steps[0], kept.of("player_1").steps[0]} == {0, 1}
    assert same(kept, gathered("bc", 30)[0])


def test_policies_are_learned_for_both_players_and_never_move_illegally():
    result = learn("bc", NAME, games=1, seed=0, symmetry=False)
    assert list(result.policies) == ["player_0", "player_1"]
    gap = nash_gap(TicTacToe(), result.policies)  # which refuses a probability outside the mask
    assert 0 < gap.total <= 2
    # One game teaches little: somebody beats the clone for certain, or nearly.
    assert loss_probability(TicTacToe(), result.policies, 0) > 0.9
    kept = result.demonstrations.of("player_0")
    answer = result.policies["player_0"](kept.observations, kept.action_masks)
    assert (answer[np.arange(len(kept)), kept.actions] > 0.99).all()


ENVIRONMENTS = [NAME, "mail_envs/TicTacToe-v0", TicTacToe(), tictactoe_v0.raw_env, tictactoe_v0.env]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_environments_by_id_game_or_maker_are_the_same(environment):
    kept, _ = gathered("uniform-bc", 2, environment=environment)
    assert same(kept, gathered("uniform-bc", 2)[0])


def test_another_board():
    result = learn("uniform-bc", LineGame(3, 4, 3, gravity=True), games=2, seed=0, clone=QUICK)
    kept = result.demonstrations.of("player_1")
    assert kept.observations.shape[1:] == (3, 4, 2)
    assert kept.masks().shape[1:] == (4,)


def test_experts_of_ones_own():
    experts = {"player_1": always(8), "player_0": PerfectExpert(TicTacToe(), noise=0.5)}
    with pytest.raises(InvalidPolicyError, match="the policy of player_1: expected probability 0"):
        learn("uniform-bc", NAME, games=9, seed=0, experts=experts)  # it cannot always be 8
    assert experts["player_1"].asked


def foreign():
    return Script(["a", "b", "c"] * 3, mask=masks([1, 1, 1]))


def test_environments_of_others_with_experts_given():
    experts = {agent: always(i) for i, agent in enumerate("abc")}
    for name in ("bc", "uniform-bc"):
        result = learn(name, foreign, games=2, seed=0, experts=experts, clone=CloneConfig())
        assert list(result.policies) == ["a", "b", "c"]
        seen = result.demonstrations.of("b").observations
        assert (result.policies["b"](seen, np.ones((len(seen), 3)))[:, 1] > 0.99).all()


# ---- errors


@pytest.mark.parametrize(
    ("arguments", "changes", "error", "message"),
    [
        (
            ("gail", NAME),
            {},
            UnknownNameError,
            r"learner: expected one of \['bc', .*came 'gail'",
        ),
        (
            ("bc", "mail_envs/chess-v0"),
            {},
            UnknownNameError,
            "environment: .* came 'mail_envs/chess-v0'",
        ),
        (
            ("bc", "CartPole-v1"),
            {},
            MissingTruthError,
            "CartPole-v1: expected a view of a multi-agent",
        ),
        (("bc", NAME), {"games": 0}, ValueError, "games: expected at least 1, came 0"),
        (
            ("bc", NAME),
            {"feature": "planes"},
            UnknownNameError,
            r"options: .*'explore'.*came \['feature'\]",
        ),
        (
            ("dqn-explore-bc", NAME),
            {"features": "value"},
            UnknownNameError,
            r"features: expected one of \['afterstates', .*came 'value'",
        ),
        (
            ("bc", foreign),
            {},
            MissingTruthError,
            r"experts: expected one for each of \('a', 'b', 'c'\)",
        ),
        (
            ("bc", NAME),
            {"experts": {"player_0": None}},
            UnknownAgentError,
            r"experts: expected one for each .*missing: \['player_1'\]",
        ),
        (
            ("bc-random-ties", foreign),
            {"experts": dict.fromkeys("abc", always(0))},
            MissingTruthError,
            "bc-random-ties: expected an environment over a board game",
        ),
        (
            ("dqn-explore-bc", foreign),
            {"experts": dict.fromkeys("abc", always(0)), "features": "afterstates"},
            UnknownNameError,
            "features: Script names no feature maps, came 'afterstates'",
        ),
    ],
)
def test_what_cannot_be_learned_is_said(arguments, changes, error, message):
    with pytest.raises(error, match=message):
        learn(*arguments, **{"games": 1, "seed": 0, **changes})


def test_a_replay_buffer_shorter_than_the_games_is_an_error():
    explore = ExploreConfig(longest_game=1)
    with pytest.raises(
        InvalidOptionError, match=r"longest_game: .*came 1, within which . of 3 games ended"
    ):
        learn("dqn-explore-bc", NAME, games=3, seed=0, explore=explore)


def test_options_are_given_field_by_field():
    whole = gathered("bc-random-openings", 5, opening_plies=2)[0]
    changed = learn("bc-random-openings", NAME, games=5, seed=0, clone=QUICK, opening_plies=2)
    assert same(changed.demonstrations, whole)


def test_the_truth_of_a_setting():
    setting = problem_of(LineGameEnv(LineGame(3, 3, 2, gravity=True)).unwrapped.game)
    assert setting.agents == ("player_0", "player_1")
    assert setting.game == LineGame(3, 3, 2, gravity=True)
    assert setting.augment is not None
    assert problem_of(foreign, dict.fromkeys("abc", always(0))).augment is None
