"""Decisions made to measure, of plain and nested spaces, and hypothesis's strategies for them."""

import numpy as np
from hypothesis import strategies as st

from mail_wrappers import Decisions, Demonstrations

OPTIONAL = ("action_masks", "distributions", "rewards", "terminations", "truncations")


def decisions(episodes=(0, 0, 1, 1, 2), steps=None, *, seed=0, nested=False, without=()):
    """Random columns over the given episodes; each trajectory ends with its last row."""
    rng = np.random.default_rng(seed)
    count = len(episodes)
    plain = rng.normal(size=(count, 2)).astype(np.float32)
    board = rng.integers(0, 9, size=(count, 2, 2)).astype(np.int8)
    chances = rng.dirichlet(np.ones(3), size=count)
    columns = {
        "observations": {"board": board, "rest": (plain, rng.random(count) < 0.5)}
        if nested
        else plain,
        "actions": rng.integers(0, 3, size=count),
        "episodes": np.array(episodes, dtype=np.int64),
        "steps": np.arange(count) if steps is None else np.array(steps, dtype=np.int64),
        "action_masks": np.ones((count, 3), dtype=np.int8),
        "distributions": chances,
        "rewards": rng.normal(size=count),
        "terminations": rng.random(count) < 0.2,
        "truncations": rng.random(count) < 0.2,
    }
    return Decisions(**{name: c for name, c in columns.items() if name not in without})


def demonstrations(sizes=(5, 3), *, seed=0, nested=True, without=()):
    """Two agents, of plain and of nested spaces, in common episodes of two decisions each."""
    first, second = (np.arange(size) // 2 for size in sizes)
    return Demonstrations(
        {
            "a": decisions(first, seed=seed, without=without),
            "b": decisions(second, seed=seed + 1, nested=nested, without=without),
        }
    )


def some_demonstrations():
    """Demonstrations of up to nine decisions an agent, with any of the optional columns."""
    return st.builds(
        demonstrations,
        st.tuples(st.integers(0, 9), st.integers(0, 9)),
        seed=st.integers(0, 5),
        nested=st.booleans(),
        without=st.sets(st.sampled_from(OPTIONAL)),
    )
