"""A cheap environment of twenty decisions an episode, to record at length."""

import numpy as np

from mail_wrappers import Demonstrations, RecordDemonstrations
from mail_wrappers.decisions import Decisions
from tests.doubles import Script

TURNS = ["a", "b"] * 10


def walking():
    return Script(TURNS, pays=[{"a": 1.0, "b": -0.5}] * len(TURNS))


def play(env, episode):
    """One episode, the same for its number."""
    env.reset()
    for turn in range(len(TURNS)):
        env.step(action(episode, turn))


def action(episode, turn):
    return (episode * 7 + turn) % 3


def whole(episodes):
    """What an undisturbed recording holds, from one recorded episode."""
    recorder = RecordDemonstrations(walking())
    play(recorder, 0)
    one = recorder.demonstrations
    return Demonstrations({name: _repeated(each, episodes) for name, each in one.decisions.items()})


def _repeated(one, episodes):
    rows = np.tile(np.arange(len(one)), episodes)
    columns = one.take(rows).columns()
    number = np.repeat(np.arange(episodes), len(one))
    columns["episodes"] = number
    columns["actions"] = (number * 7 + columns["steps"]) % 3
    return Decisions(**columns)
