"""Whatever happens, a view's rewards are what the environment paid its agent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs.errors import AbsentAgentError
from mail_wrappers import SingleAgentEnv
from tests.doubles import Rounds, Script

AGENTS = "abc"
REWARDS = st.sampled_from([0.0, 1.0, -2.0, 0.5, 64.0])
PAYS = st.dictionaries(st.sampled_from(AGENTS), REWARDS)


@st.composite
def scripts(draw):
    """Turn-based episodes in which agents join late, die and leave."""
    alive, late = set(AGENTS), set(draw(st.sets(st.sampled_from(AGENTS), max_size=1)))
    alive -= late
    turns, pays, deaths, leaves, joins = [], [], {}, {}, {}
    for turn in range(draw(st.integers(1, 14))):
        if not alive:
            break
        turns.append(draw(st.sampled_from(sorted(alive))))
        pays.append(draw(PAYS))
        if late and draw(st.booleans()):
            joins[turn] = sorted(late)
            alive |= late
            late = set()
        gone = draw(st.sets(st.sampled_from(AGENTS), max_size=1)) & alive
        if gone and draw(st.booleans()):
            kind = draw(st.sampled_from([deaths, leaves]))
            kind[turn] = sorted(gone)
            alive -= gone
    deaths, leaves, joins = (_among(turns, moves) for moves in (deaths, leaves, joins))
    return Script(turns, pays, deaths, joins=joins, leaves=leaves), turns


def _among(known, moves):
    """The moves of agents that the environment has: those that have a turn."""
    return {turn: [a for a in agents if a in known] for turn, agents in moves.items()}


@st.composite
def rounds(draw):
    """Simultaneous episodes in which agents sit out and end alone."""
    alive, listed, ends = set(AGENTS), [], {}
    for number in range(draw(st.integers(1, 8))):
        if not alive:
            break
        listed.append(sorted(draw(st.sets(st.sampled_from(sorted(alive)), min_size=1))))
        gone = draw(st.sets(st.sampled_from(AGENTS), max_size=1)) & alive
        if gone and draw(st.booleans()):
            word = draw(st.sampled_from(["terminated", "truncated"]))
            ends[number] = dict.fromkeys(gone, word)
            alive -= gone
    pays = draw(st.lists(PAYS, min_size=len(listed), max_size=len(listed)))
    acting = [agent for agents in listed for agent in agents]
    pays = [{agent: pay for agent, pay in one.items() if agent in acting} for one in pays]
    return Rounds(listed, pays, ends), acting


def check(beneath, agent, acting):
    """Play one episode and compare the sum of rewards with what the environment paid."""
    env = SingleAgentEnv(beneath, agent)
    if agent not in acting:
        with pytest.raises(AbsentAgentError):
            env.reset()
        return
    env.reset(seed=0)
    total, steps, over = 0.0, 0, False
    while not over:
        _, reward, terminated, truncated, info = env.step(0)
        total, steps, over = total + reward, steps + 1, terminated or truncated
        assert info["agent"] == agent
    assert total == beneath.paid[agent]
    assert steps == acting.count(agent)


@settings(max_examples=100, deadline=None)
@given(scripts(), st.integers(0, 2))
def test_in_turn(script, place):
    beneath, acting = script
    check(beneath, beneath.possible_agents[place % len(beneath.possible_agents)], acting)


@settings(max_examples=100, deadline=None)
@given(rounds(), st.integers(0, 2))
def test_at_once(script, place):
    beneath, acting = script
    check(beneath, beneath.possible_agents[place % len(beneath.possible_agents)], acting)


def test_a_view_that_keeps_a_reward_to_itself_breaks_the_law():
    """The law's own twin: it must notice a loss of what was paid before the first turn."""
    beneath = Script(["b", "a"], [{"a": 1.0}, {"a": 2.0}])
    beneath.paid = {}
    env = SingleAgentEnv(beneath, "a")
    env.reset()
    env._seat._carried = 0.0
    assert env.step(0)[1] != beneath.paid["a"] == 3.0
