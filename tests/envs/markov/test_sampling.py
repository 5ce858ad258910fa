"""One draw alone is the draw that it would be in a batch."""

import numpy as np

from mail_envs.markov.dynamics.sampling import RowSampler
from tests.strategies import random_rows


def test_single_draws_are_those_of_a_batch():
    table = random_rows(np.random.default_rng(0), 6, 9, support=0.5)
    sampler = RowSampler.of_table(table)
    rows = np.random.default_rng(1).integers(6, size=500)
    batch = sampler.draw(rows, rng=np.random.default_rng(2))
    rng = np.random.default_rng(2)
    alone = [sampler.draw(rows[i : i + 1], rng=rng)[0] for i in range(len(rows))]
    assert batch.tolist() == alone
    assert (table.reshape(-1)[batch] > 0).all()


def test_single_draws_of_ragged_rows_stay_in_their_row():
    sampler = RowSampler.of_ragged(np.array([1.0, 0.5, 0.5, 0.0]), np.array([0, 1, 4]))
    rng = np.random.default_rng(0)
    drawn = {int(sampler.draw(np.array([1]), rng=rng)[0]) for _ in range(100)}
    assert drawn == {1, 2}
    assert sampler.draw(np.array([0]), rng=rng).tolist() == [0]
