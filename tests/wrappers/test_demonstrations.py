"""The columns of demonstrations: read-only, and cut and joined as they say."""

import numpy as np
import pytest

from mail_envs.errors import ShapeError, UnknownAgentError
from mail_wrappers import Demonstrations


def demonstrations(agents=(0, 1, 0, 1, 0), episodes=(0, 0, 1, 1, 2), names=("a", "b"), **columns):
    count = len(agents)
    return Demonstrations(
        agent_names=names,
        **{
            "observations": np.arange(count * 2).reshape(count, 2),
            "action_masks": np.ones((count, 3), dtype=np.int8),
            "actions": np.arange(count) % 3,
            "agents": np.array(agents, dtype=np.int8),
            "episodes": np.array(episodes),
            "steps": np.arange(count),
            **columns,
        },
    )


COLUMNS = ("observations", "action_masks", "actions", "agents", "episodes", "steps")


def rows(table):
    return table.steps.tolist()


def test_columns_are_read_only():
    table = demonstrations()
    for part in (table, table.of("a"), table.first(1), Demonstrations.merged([table, table])):
        for column in COLUMNS:
            with pytest.raises(ValueError, match="read-only"):
                getattr(part, column)[0] = 1
    with pytest.raises(AttributeError):
        table.actions = None


def test_selections_keep_their_rows_together():
    table = demonstrations()
    assert len(table) == 5
    assert rows(table.of("a")) == [0, 2, 4]
    assert rows(table.of("b")) == [1, 3]
    assert rows(table.first(2)) == [0, 1, 2, 3]
    assert rows(table.first(0)) == []
    assert rows(table.first(9)) == [0, 1, 2, 3, 4]
    some = table.where(table.actions == 0)
    assert rows(some) == [0, 3]
    assert some.observations.tolist() == [[0, 1], [6, 7]]
    assert some.agent_names == ("a", "b")
    assert some.agents.tolist() == [0, 1]
    assert table.of("a").first(2).actions.tolist() == [0, 2]


def test_merged_recordings_stand_one_after_the_other_and_keep_their_episodes():
    table = demonstrations()
    both = Demonstrations.merged([table.of("b"), table])
    assert rows(both) == [1, 3, 0, 1, 2, 3, 4]
    assert both.episodes.tolist() == [0, 1, 0, 0, 1, 1, 2]
    assert rows(both.first(1)) == [1, 0, 1]
    assert both.observations.dtype == table.observations.dtype


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ShapeError, match="steps: expected 5 rows as in actions, came 4"):
        demonstrations(steps=np.arange(4))
    with pytest.raises(UnknownAgentError, match=r"one of \('a', 'b'\), came 'c'"):
        demonstrations().of("c")
    with pytest.raises(
        ShapeError, match=r"over the same agents, came \[\('a', 'b'\), \('b', 'a'\)\]"
    ):
        Demonstrations.merged([demonstrations(), demonstrations(names=("b", "a"))])
    with pytest.raises(ShapeError, match=r"came \[\]"):
        Demonstrations.merged([])
