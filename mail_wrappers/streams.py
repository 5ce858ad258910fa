"""Random streams: children of a seed, told apart by where they are used."""

import numpy as np

__all__ = ["foreign_seed", "stream_seed"]


def stream_seed(*path: int) -> int:
    """A seed, from 0 to 2³² - 1, for the random stream that `path` names: `(seed, episode)`, say.

    Streams of different paths are independent.
    """
    return int(np.random.SeedSequence(path).generate_state(1)[0])


def foreign_seed(*path: int) -> int:
    """The same from 0 to 2³¹ - 1: environments written in C take no more."""
    return stream_seed(*path) >> 1
