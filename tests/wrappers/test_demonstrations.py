"""Demonstrations: columns read-only, and cut and joined as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs.errors import (
    InvalidOptionError,
    InvalidPolicyError,
    ShapeError,
    UnknownAgentError,
)
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import Decisions, Demonstrations
from mail_wrappers.columns import leaves
from tests.columns import OPTIONAL, decisions, demonstrations, some_demonstrations


def rows(table):
    return table.steps.tolist()


def test_columns_are_read_only_and_the_giver_keeps_his_own():
    mine = np.arange(5.0)
    table = Decisions(mine, mine.astype(int), mine.astype(int), mine.astype(int))
    mine[0] = 7  # still writable
    whole = decisions(nested=True)
    for part in (table, whole, whole.take([0, 2]), whole.first(1), Decisions.merged([whole])):
        for name, column in part.columns().items():
            for _, array in leaves(column, name):
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 1
    with pytest.raises(AttributeError):
        table.actions = None


def test_selections_keep_their_rows_together():
    table = decisions()
    assert len(table) == 5
    assert rows(table.take([3, 0])) == [3, 0]
    assert rows(table.take(slice(1, 3))) == [1, 2]
    assert rows(table.take(table.episodes == 1)) == [2, 3]
    assert rows(table.first(2)) == [0, 1, 2, 3]
    assert rows(table.first(0)) == []
    assert rows(table.first(9)) == [0, 1, 2, 3, 4]
    some = table.where(lambda each: each.actions > 0)
    assert rows(some) == np.flatnonzero(table.actions > 0).tolist()
    assert (some.observations == table.observations[rows(some)]).all()


def test_trajectories_are_runs_of_one_episode_whose_steps_increase():
    table = decisions(episodes=[0, 0, 1, 1, 1, 2], steps=[0, 2, 0, 3, 1, 0])
    assert [rows(each) for each in table.trajectories()] == [[0, 2], [0, 3], [1], [0]]
    assert list(table.take(slice(0)).trajectories()) == []


def test_all_agents_decisions_have_an_order():
    first, second = decisions([0, 0, 1], [0, 2, 0]), decisions([0, 1, 1], [1, 0, 1], nested=True)
    agents, which = Demonstrations({"a": first, "b": second}).order()
    assert agents.tolist() == [0, 1, 0, 0, 1, 1]
    assert which.tolist() == [0, 0, 1, 2, 1, 2]
    assert len(Demonstrations({}).order().rows) == 0


def test_merged_recordings_keep_their_episodes_or_are_numbered_anew():
    table = demonstrations()
    both = Demonstrations.merged([table, table.first(1), table])
    assert both.of("a").episodes.tolist() == [0, 0, 1, 1, 2, 0, 0, 0, 0, 1, 1, 2]
    anew = Demonstrations.merged([table, table.first(1), table], renumber=True)
    assert anew.of("a").episodes.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6]
    assert anew.of("b").episodes.tolist() == [0, 0, 1, 3, 3, 4, 4, 5]


@settings(max_examples=40, deadline=None)
@given(some_demonstrations(), st.integers(0, 4), st.floats(0, 1), st.integers(0, 99))
def test_parts_make_the_whole(table, cut, fraction, seed):
    before = table.first(cut)
    after = table.where(lambda each: each.episodes >= cut)
    assert Demonstrations.merged([before, after]).checksum() == table.checksum()
    rng = np.random.default_rng(seed)
    one, two = table.split(fraction, rng=rng)
    episodes = [
        {int(e) for d in part.decisions.values() for e in d.episodes} for part in (one, two)
    ]
    assert not episodes[0] & episodes[1]
    assert len(episodes[0]) == round(fraction * len(episodes[0] | episodes[1]))
    assert len(one) + len(two) == len(table)
    n = int(rng.integers(len(table) + 1))
    sample = table.sample(n, rng=rng)
    assert len(sample) == n
    every = {name: np.arange(len(d)) for name, d in table.decisions.items()}
    assert table.take(every).checksum() == table.checksum()
    for agent in table.agent_names:
        trajectories = list(table.of(agent).trajectories())
        if trajectories:
            assert Decisions.merged(trajectories).checksum() == table.of(agent).checksum()


def test_every_byte_name_and_kind_counts():
    table = demonstrations()
    sums = {table.checksum(), demonstrations(seed=9).checksum()}
    sums |= {demonstrations(without={name}).checksum() for name in OPTIONAL}
    sums.add(Demonstrations({"c": table.of("a"), "b": table.of("b")}).checksum())
    sums.add(Demonstrations(dict(reversed(table.decisions.items()))).checksum())
    assert len(sums) == 4 + len(OPTIONAL)
    assert demonstrations().checksum() == table.checksum()


def test_experts_label_everything_at_once():
    table = demonstrations(without={"distributions"}, nested=False)
    labelled = table.labelled({"a": uniform_policy, "b": uniform_policy})
    assert (labelled.of("b").distributions == 1 / 3).all()
    with pytest.raises(UnknownAgentError, match=r"one for each of \('a', 'b'\), came \{'a'"):
        table.labelled({"a": uniform_policy})
    with pytest.raises(InvalidPolicyError, match="the expert of a: expected"):
        table.labelled(dict.fromkeys("ab", lambda seen, masks: np.zeros(masks.shape)))
    with pytest.raises(ShapeError, match="expected masks of discrete actions"):
        demonstrations(without={"action_masks"}).labelled(dict.fromkeys("ab", uniform_policy))


REFUSED = [
    (lambda d: Decisions(d.observations, d.actions, d.episodes, d.steps[1:]), "steps: expected 5"),
    (lambda d: Decisions({"x": [1]}, d.actions, d.episodes, d.steps), r"observations\['x'\]: "),
    (
        lambda d: Decisions({}, d.actions, d.episodes, d.steps[:0]),
        r"observations: expected an array, came {}",
    ),
    (lambda d: Decisions(d.actions, d.actions, d.rewards, d.steps), "episodes: expected"),
    (lambda d: Decisions(d.actions.astype(object), d.actions, d.steps, d.steps), "of numbers"),
    (lambda d: Decisions(d.actions, d.actions, d.steps, d.steps, d.steps), "action_masks: "),
    (
        lambda d: Decisions(
            d.actions, d.actions, d.steps, d.steps, d.action_masks[:, :1], d.distributions
        ),
        r"distributions: expected shape \(5, 1\)",
    ),
    (lambda d: d.take([5]), "indices from 0 to 4, came 5"),
    (lambda d: d.take([-1]), "indices from 0 to 4, came -1"),
    (lambda d: d.take([True]), "5 truth values, came 1"),
    (lambda d: d.take("all"), "rows: expected indices"),
    (lambda d: d.where(lambda each: each.steps), "predicate: expected"),
    (lambda d: Decisions.merged([d, decisions(nested=True)]), "in part 1"),
    (lambda d: Decisions.merged([]), r"at least one part, came \[\]"),
    (lambda d: Demonstrations({"a": None}), r"\('a', 'NoneType'\)"),
    (lambda d: Demonstrations.merged([]), r"came \[\]"),
    (
        lambda d: Demonstrations.merged([Demonstrations({"a": d}), Demonstrations({"b": d})]),
        r"over the same agents, came \[\('a',\), \('b',\)\]",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_does_not_fit_together_is_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make(decisions())


def test_options_and_names_are_checked():
    table, rng = demonstrations(), np.random.default_rng(0)
    with pytest.raises(UnknownAgentError, match=r"one of \('a', 'b'\), came 'c'"):
        table.of("c")
    with pytest.raises(UnknownAgentError):
        table.take({"c": [0]})
    assert len(table.take({"a": [0]}).of("b")) == 0
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidOptionError, match="fraction"):
            table.split(wrong, rng=rng)
    for part in (table, table.of("a")):
        for wrong in (-1, 9):
            with pytest.raises(InvalidOptionError, match="n: expected an integer of at"):
                part.sample(wrong, rng=rng)
