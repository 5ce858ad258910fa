"""DAgger: labels where the learners come, one question each, exactly as many as the budget."""

import numpy as np
import pytest
from pettingzoo import ParallelEnv

from mail_envs import PerfectExpert, nash_gap, tictactoe_v0
from mail_envs.board import TicTacToe
from mail_envs.errors import (
    InvalidOptionError,
    InvalidPolicyError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.markov.library import random_game
from mail_envs.protocols.asking import uniform_policy
from mail_learners import CloneConfig, learn
from mail_learners.boards.cloning import BoardCloneConfig
from mail_learners.dagger import DaggerConfig, dagger
from mail_learners.environments import problem_of
from mail_wrappers import QueryBudget
from tests.doubles import Script, always, masks
from tests.foreign import Matching, knows

NAME = "mail_envs/tictactoe-v0"
GAME = random_game(0, states=4, actions=(2, 2), horizon=3)
QUICK = {
    "clone": CloneConfig(widths=(16,), max_steps=20),
    "board_clone": BoardCloneConfig(widths=(16,), steps=10),
}


def gathered(games=4, limit=None, environment=NAME, experts=None, clone=None, **config):
    """What DAgger labels, with clones that play alike or as given."""
    budget, asked = QueryBudget(limit), []

    def cloned(labels, agent, *, final):
        asked.append((agent, len(labels), final))
        return clone or uniform_policy

    problem = problem_of(environment, experts)
    agents = config.pop("agents", None)
    policies, kept = dagger(
        problem,
        cloned,
        games=games,
        seed=3,
        budget=budget,
        agents=agents,
        config=DaggerConfig(**config),
    )
    return kept, budget, asked, policies


def test_every_visited_situation_is_labelled_by_its_movers_expert_once():
    kept, budget, asked, policies = gathered(games=6, rounds=3, noise=0.0)
    assert list(policies) == ["player_0", "player_1"]
    assert budget.used == len(kept)
    expert = PerfectExpert(TicTacToe())
    for player, agent in enumerate(kept.agent_names):
        own = kept.of(agent)
        answers = expert(own.observations, own.action_masks)
        np.testing.assert_allclose(own.distributions, answers)
        assert set((own.steps % 2).tolist()) == {player}
    # Both are cloned anew after each round, from all labels so far.
    assert [agent for agent, _, _ in asked] == ["player_0", "player_1"] * 3
    assert [final for _, _, final in asked] == [False] * 4 + [True] * 2
    assert max(size for _, size, _ in asked) == len(kept)


def boards(kept):
    """What player_0 saw, game by game."""
    own = kept.of("player_0")
    return [own.observations[own.episodes == n].tobytes() for n in range(own.episodes.max() + 1)]


def test_the_first_round_is_the_experts_own_play_and_later_ones_are_not():
    kept, *_ = gathered(games=8, rounds=2, beta=0.0, noise=0.0)
    seen = boards(kept)
    assert len(set(seen[:4])) == 1
    assert len(set(seen[4:])) > 1
    only, *_ = gathered(games=8, rounds=2, beta=1.0, noise=0.0)
    assert set(boards(only)) == {seen[0]}
    noisy, *_ = gathered(games=8, rounds=2, beta=1.0, noise=0.5)
    assert len(set(boards(noisy)[:4])) > 1


def test_against_experts_one_seat_explores_at_a_time():
    kept, budget, *_ = gathered(games=9, rounds=3, beta=0.0, noise=0.0, opponents="experts")
    assert budget.used == len(kept)
    strayed = dict.fromkeys(kept.agent_names, 0)
    for number in range(3, 9):
        for player, agent in enumerate(kept.agent_names):
            own = kept.of(agent).where(lambda each, n=number: each.episodes == n)
            rows = np.arange(len(own) - 1)
            marked = own.observations.reshape(len(own), 9, 2)[rows + 1, own.actions[rows], 0]
            if player != number % 2:
                assert marked.all()  # who does not explore plays what its expert said
            strayed[agent] += int((marked == 0).sum())
    assert all(strayed.values())


@pytest.mark.parametrize("limit", [1, 7, 8, 9, 50])
@pytest.mark.parametrize("at_once", [1, 3, 16])
@pytest.mark.parametrize("games", [None, 100])
def test_a_budget_of_n_asks_exactly_n(limit, at_once, games):
    kept, budget, *_ = gathered(games=games, limit=limit, at_once=at_once, rounds=3)
    assert budget.used == len(kept) == limit


def test_the_questions_are_counted_by_the_expert_too():
    experts = {agent: always(i) for i, agent in enumerate("abc")}

    def make():
        return Script(["a", "b", "c"] * 4, mask=masks([1, 1, 1]))

    gathered(games=None, limit=31, environment=make, experts=experts, at_once=4)
    rows = [len(rows) for expert in experts.values() for rows, _ in expert.asked]
    assert sum(rows) == 31
    assert max(rows) > 1  # of several games at once


@pytest.mark.parametrize("at_once", [2, 5])
def test_a_stream_per_game_gives_the_same_labels_whatever_runs_at_once(at_once):
    one, *_ = gathered(games=7, rounds=2, at_once=1)
    many, *_ = gathered(games=7, rounds=2, at_once=at_once)
    for agent in one.agent_names:
        a, b = one.of(agent), many.of(agent)
        order = np.lexsort((b.steps, b.episodes))
        assert a.take(np.lexsort((a.steps, a.episodes))).checksum() == b.take(order).checksum()


def test_who_is_not_learned_plays_by_its_expert_and_is_asked():
    result = learn("dagger", NAME, games=4, seed=0, agents=("player_1",), rounds=2, **QUICK)
    assert list(result.policies) == ["player_1"]
    assert result.queries == len(result.demonstrations)
    assert len(result.demonstrations.of("player_0"))


def test_on_boards_it_leaves_little_to_exploit():
    result = learn("dagger", NAME, games=64, seed=0, board_clone=BoardCloneConfig((32,), steps=50))
    assert nash_gap(TicTacToe(), result.policies).maximum < 1.0
    watched = learn("bc", NAME, games=64, seed=0)
    assert nash_gap(TicTacToe(), watched.policies).total > 1.5


def test_a_markov_game_is_learned_as_tables():
    game = GAME
    result = learn("dagger", game, games=30, seed=0, rounds=2)
    assert result.policies["player_0"].shape == (3, 4, 2)
    assert nash_gap(game, result.policies).total < 0.05


@pytest.mark.parametrize("name", ["bc", "uniform-bc", "dqn-explore-bc", "dagger"])
@pytest.mark.parametrize("kind", ["box", "discrete", "dict"])
def test_parallel_environments_of_others_of_any_spaces(name, kind):
    def make():
        return Matching(kind)

    assert isinstance(make(), ParallelEnv)
    experts = {agent: knows(kind) for agent in make().possible_agents}
    options = {"rounds": 2} if name == "dagger" else {}
    result = learn(
        name, make, queries=40, seed=0, experts=experts, clone=CloneConfig((16,)), **options
    )
    assert result.queries == len(result.demonstrations) == 40
    kept = result.demonstrations.of("b")
    answers = result.policies["b"](kept.observations, kept.masks())
    right = experts["b"](kept.observations, kept.masks()).argmax(axis=1)
    assert (answers.argmax(axis=1) == right).all()


@pytest.mark.parametrize("name", ["uniform-bc", "dqn-explore-bc"])
@pytest.mark.parametrize("queries", [1, 10, 37])
def test_explorers_ask_exactly_their_budget(name, queries):
    result = learn(name, NAME, queries=queries, seed=0, clone=QUICK["clone"])
    assert result.queries == len(result.demonstrations) == queries


# ---- errors


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"rounds": 0}, InvalidOptionError, "rounds: expected at least 1, came 0"),
        ({"at_once": 0}, InvalidOptionError, "at_once: expected at least 1, came 0"),
        ({"beta": 1.5}, InvalidOptionError, r"beta: expected 0 to 1, came 1\.5"),
        ({"noise": -1}, InvalidOptionError, "noise: expected 0 to 1, came -1"),
        ({"opponents": "random"}, UnknownNameError, "opponents: .*came 'random'"),
        ({"games": None}, InvalidOptionError, "games: expected .*came none"),
        ({"queries": 0}, InvalidOptionError, "queries: expected at least 1, came 0"),
        ({"agents": ("nobody",)}, UnknownAgentError, r"agents: .*came \('nobody',\)"),
        ({"agents": ()}, UnknownAgentError, r"agents: .*came \(\)"),
        ({"round": 2}, UnknownNameError, r"options: .*'rounds'.*came \['round'\]"),
    ],
)
def test_what_cannot_be_is_said(changes, error, message):
    with pytest.raises(error, match=message):
        learn("dagger", NAME, **{"games": 4, "seed": 0, **changes})


def test_wrong_experts_are_refused():
    experts = dict.fromkeys(("player_0", "player_1"), always(8))
    with pytest.raises(InvalidPolicyError, match="the policy of player_0: expected probability 0"):
        gathered(experts=experts)


def test_neither_games_nor_a_limit():
    with pytest.raises(InvalidOptionError, match="games: expected a number where the budget"):
        gathered(games=None)


def test_continuous_actions_are_refused():
    experts = dict.fromkeys("ab", knows("box"))
    with pytest.raises(ShapeError, match="action space of a: expected Discrete from 0"):
        learn("dagger", lambda: Matching(continuous=True), games=1, seed=0, experts=experts)


def test_an_environment_in_which_nobody_decides_is_refused():
    def make():
        env = tictactoe_v0.raw_env()
        reset = env.reset

        def over(seed=None, options=None):
            reset(seed=seed, options=options)
            env.agents = []

        env.reset = over
        return env

    experts = dict.fromkeys(("player_0", "player_1"), uniform_policy)
    with pytest.raises(InvalidOptionError, match="expected episodes in which somebody decides"):
        gathered(games=None, limit=5, environment=make, experts=experts)
