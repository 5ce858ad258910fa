"""Running episodes: whose turns are due, what they bring, and who is asked about which together."""

import numpy as np
import pytest
from gymnasium import spaces

from mail_envs import tictactoe_v0
from mail_envs.errors import ShapeError, UnknownAgentError, UnknownNameError
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import QueryBudget
from mail_wrappers.answering import answerer_of, answers, by_policy, drawn
from mail_wrappers.lockstep import RunningEpisode, act, action_count, granted, lockstep, waiting
from mail_wrappers.streams import stream_seed
from tests.doubles import Rounds, Script, always, masks
from tests.recorded import Meeting


def played(env, number=0, seed=0):
    """An episode to its end, and who was to move, step by step."""
    episode, movers = RunningEpisode(env), []
    episode.begin(number, seed=seed)
    while episode.due:
        movers.append([turn.agent for turn in episode.due])
        act([episode], [0] * len(episode.due))
    return episode, movers


def test_streams_of_different_paths_differ():
    paths = [
        (seed, part, episode) for seed in range(4) for part in range(3) for episode in range(9)
    ]
    assert len({stream_seed(*path) for path in paths}) == len(paths)
    assert stream_seed(1, 2) == stream_seed(1, 2)
    assert 0 <= stream_seed(2**40, 3) < 2**32


def test_turns_are_due_one_by_one_and_everybody_is_paid_to_the_end():
    pays = [{"a": 1, "b": 10}, {"a": 2, "c": 100}, {"b": 20}, {"a": 4, "b": 40}]
    env = Script(["a", "b", "c", "b"], pays, deaths={1: ["a"]})
    episode, movers = played(env)
    assert movers == [["a"], ["b"], ["c"], ["b"]]
    assert episode.steps == 4
    assert episode.returns == {"a": 1 + 2, "b": 10 + 20 + 40, "c": 100}  # a was led out by then
    assert [seed for seed, _ in env.seeds] == [stream_seed(0, 0)]


def test_where_all_move_at_once_those_whose_end_was_told_are_asked_no_more():
    pays = [{"a": 1, "b": 10}, {"a": 2, "b": 20}]
    env = Rounds([["a", "b"], ["a"], ["a"]], pays, ends={0: {"b": "terminated"}})
    episode, movers = played(env)
    assert movers == [["a", "b"], ["a"], ["a"]]
    assert episode.returns == {"a": 3, "b": 30}
    stays = Rounds([["a", "b"]] * 2, ends={0: {"b": "truncated"}})
    stays.step_ = stays.step
    stays.step = lambda actions: stays.step_(dict.fromkeys("ab", 0) | actions)
    assert played(stays)[1] == [["a", "b"], ["a"]]


def test_what_is_seen_is_a_copy_and_without_its_mask():
    env = Script(["a", "b"], mask=masks([0, 1, 1]))
    episode = RunningEpisode(env)
    assert (episode.number, episode.due) == (-1, [])
    episode.begin(3, seed=7)
    (turn,) = episode.due
    assert (turn.agent, turn.seen.tolist(), turn.mask.tolist()) == ("a", [0, 0], [0, 1, 1])
    assert turn.shown.keys() == {"observation", "action_mask"}
    assert turn.space == spaces.Discrete(3)
    assert episode.rng.random() == np.random.default_rng((7, 3)).random()
    bare = RunningEpisode(Script(["a", "b"]))
    bare.begin(0, seed=0)
    assert bare.due[0].mask.tolist() == [1, 1, 1]


def test_an_agent_that_is_shown_nothing_is_named():
    env = Rounds([["a"], ["b"]])
    env.possible_agents, env._look = ["a", "b"], lambda agents: ({"a": np.zeros(2, np.int8)}, {})
    episode = RunningEpisode(env)
    episode.begin(0, seed=0)
    with pytest.raises(UnknownAgentError, match=r"agent: expected one of \['a'\], came 'b'"):
        episode.act([0])


def test_environments_begin_the_next_number_when_theirs_is_over():
    episodes = [RunningEpisode(Script(["a"] * length + ["b"])) for length in (3, 1, 1)]
    seen = []
    for running in lockstep(episodes, iter(range(5)), seed=0):
        seen.append([(episode.number, episode.steps) for episode in running])
        act(running, [0] * len(waiting(running)))
    assert seen == [
        [(0, 0), (1, 0), (2, 0)],
        [(0, 1), (1, 1), (2, 1)],
        [(0, 2), (3, 0), (4, 0)],
        [(0, 3), (3, 1), (4, 1)],
    ]


def test_numbers_in_which_nobody_decides_are_passed_over():
    env = Script(["a", "b"])
    begin = env.reset

    def reset(seed=None, options=None):
        begin(seed=seed, options=options)
        env.agents = env.agents if len(env.seeds) % 3 == 0 else []

    env.reset = reset
    numbers = []
    for running in lockstep([RunningEpisode(env)], iter(range(7)), seed=0):
        numbers += [episode.number for episode in running if not episode.steps]
        act(running, [0])
    assert numbers == [2, 5]


# ---- asking


def begun(*envs):
    episodes = [RunningEpisode(env) for env in envs]
    for number, episode in enumerate(episodes):
        episode.begin(number, seed=0)
    return waiting(episodes)


def test_each_agent_is_asked_once_about_all_of_its_turns():
    turns = begun(Rounds([["a", "b"]]), Rounds([["b"], ["a"]]), Rounds([["a", "b"]]))
    policies = {"a": always(0), "b": always(2)}
    found = answers({agent: by_policy(policy) for agent, policy in policies.items()}, turns)
    assert [answer.argmax() for answer in found] == [0, 2, 2, 0, 2]
    assert [len(rows) for rows, _ in policies["a"].asked] == [2]
    assert [len(rows) for rows, _ in policies["b"].asked] == [3]


def test_experts_are_asked_about_what_the_info_says_where_it_says_something():
    def told(number):
        env = Script(["a", "b"])
        begin, env.tell = env.reset, number

        def reset(seed=None, options=None):
            begin(seed=seed, options=options)
            env.infos["a"] |= {} if number is None else {"expert_observation": number}

        env.reset = reset
        return env

    turns, policy = begun(told(8), told(None), told(9)), always(1)
    answers({"a": by_policy(policy, told=True)}, turns)
    assert [rows for rows, _ in policy.asked] == [[8, 9], [[0, 0]]]
    answers({"a": by_policy(policy)}, turns)
    assert [rows for rows, _ in policy.asked[2:]] == [[[0, 0]] * 2, [[0, 0]]]


def test_a_budget_grants_the_first_turns_each_at_its_own_cost():
    turns = begun(Rounds([["a", "b"]]), Rounds([["a", "b"]]))
    budget = QueryBudget(7, cost={"a": 3, "b": 1})
    assert granted(budget, turns, purpose="move") == 3
    assert (budget.used, budget.asked) == (7, 3)
    log = budget.log
    assert log.agent.tolist() == ["a", "b", "a"]
    assert log.episode.tolist() == [0, 0, 1]
    assert set(log.purpose.tolist()) == {"move"}
    assert granted(budget, turns) == 0


def test_draws_count_from_the_start_of_the_space():
    episode = RunningEpisode(Meeting())
    episode.begin(0, seed=0)
    for _ in range(2):
        episode.act([np.zeros(2, np.float32), np.zeros(2, np.int64)])
    late = episode.due[-1]
    assert late.agent == "late"
    assert [drawn(late, np.array([0.5, 0.0, 0.5]), draw) for draw in (0, 0.4, 0.5)] == [1, 1, 3]


def test_policies_of_probabilities_want_discrete_actions():
    turns = begun(Meeting())
    with pytest.raises(ShapeError, match="action space of walker: expected Discrete, came Box"):
        answers(dict.fromkeys(Meeting().possible_agents, by_policy(uniform_policy)), turns)
    with pytest.raises(ShapeError, match="action space of walker: expected Discrete from 0, came"):
        action_count(Meeting(), "walker")
    with pytest.raises(ShapeError, match="action space of late: expected Discrete from 0"):
        action_count(Meeting(), "late")
    assert action_count(tictactoe_v0.raw_env(), "player_0") == 9
    with pytest.raises(UnknownNameError, match=r"the policy of walker: .*came None"):
        answerer_of(Meeting(), "walker", None)
