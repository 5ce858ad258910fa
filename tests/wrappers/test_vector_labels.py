"""Labels for a batch: one batch of questions a step, the lowest rows first, a clear end."""

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mail_envs.errors import BudgetExhaustedError, EpisodeOverError
from mail_wrappers import (
    QueryBudget,
    SingleAgentEnv,
    VectorExpertLabels,
    VectorFlatObservation,
)
from tests.doubles import Script, always, masks

NEXT, SAME, OFF = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED
PLAY = np.zeros(3, dtype=np.int64)


def view(turns=3, **options):
    return SingleAgentEnv(Script(["a", "b"] * turns, mask=masks([1, 1, 1]), **options), "a")


def batch(limit=None, mode=NEXT, lengths=(3, 3, 3), **options):
    envs = SyncVectorEnv([lambda n=n: view(n) for n in lengths], autoreset_mode=mode)
    expert = always(2)
    labels = VectorExpertLabels(envs, expert, QueryBudget(limit), **options)
    return labels, expert, labels.advices[0].budget


def test_every_step_asks_one_batch_about_the_rows_at_a_turn():
    env, expert, budget = batch(lengths=(1, 2, 3))
    _, infos = env.reset()
    assert infos["expert_distribution"].tolist() == [[0, 0, 1]] * 3
    asked = [infos["_expert_distribution"].tolist()]
    for _ in range(4):
        *_, infos = env.step(PLAY)
        asked.append(infos["_expert_distribution"].tolist())
        hidden = ~infos["_expert_distribution"]
        assert not infos["expert_distribution"][hidden].any()
    rows = [[True] * 3, [False, True, True], [True, False, True], [False, True, False], [True] * 3]
    assert asked == rows
    assert len(expert.asked) == 5
    assert budget.used == sum(map(sum, rows))
    assert set(budget.log.agent.tolist()) == {"a"}
    first = [budget.log.episode.tolist(), budget.log.step.tolist()]
    assert first[0] == [0, 0, 0, 0, 0, 1, 0, 1, 2, 1, 1]
    assert first[1] == [0, 0, 0, 1, 1, 0, 2, 0, 0, 1, 0]


def test_episodes_that_begin_in_the_step_that_ends_others_are_asked_about_at_once():
    env, _, budget = batch(mode=SAME, lengths=(1, 2, 3))
    env.reset()
    *_, infos = env.step(PLAY)
    assert infos["_expert_distribution"].all()
    assert budget.log.step.tolist() == [0, 0, 0, 0, 1, 1]


def test_a_row_that_is_reset_alone_is_the_only_one_asked_again():
    env, expert, budget = batch(mode=OFF, lengths=(1, 2, 3))
    env.reset()
    *_, done, _ = env.step(PLAY)
    assert done.tolist() == [True, False, False]
    assert budget.used == 5
    _, infos = env.reset(options={"reset_mask": done})
    assert budget.used == 6
    assert infos["_expert_distribution"].all()
    assert expert.asked[-1][0] == [[0, 0]]


def test_the_lowest_rows_are_granted_first_and_then_the_next_step_raises():
    env, expert, budget = batch(4, when="every_step")
    _, infos = env.reset()
    assert "budget_spent" not in infos
    *_, infos = env.step(PLAY)
    assert infos["_expert_distribution"].tolist() == [True, False, False]
    assert infos["budget_spent"].tolist() == [False, True, True]
    assert len(expert.asked[-1][0]) == 1
    with pytest.raises(BudgetExhaustedError, match=r"labels of rows \[1, 2\]: .* all 4 are spent"):
        env.step(PLAY)
    assert budget.used == 4


@pytest.mark.parametrize("mode", [NEXT, SAME])
def test_where_rows_begin_of_themselves_all_are_truncated_together(mode):
    env, _, budget = batch(4, mode, spent="truncate")
    env.reset()
    seen, _, over, cut, infos = env.step(PLAY)
    assert cut.all()
    assert not over.any()
    assert infos["_expert_distribution"].tolist() == [True, False, False]
    if mode is SAME:
        for row in range(3):
            last = infos["final_obs"][row]["observation"]
            np.testing.assert_array_equal(last, seen["observation"][row])
    with pytest.raises(BudgetExhaustedError, match=r"expected a reset of rows \[0, 1, 2\]"):
        env.step(PLAY)
    _, infos = env.reset()
    assert infos["budget_spent"].all()
    again, rewards, _, cut, _ = env.step(PLAY)  # plays nothing
    assert cut.all()
    assert not rewards.any()
    assert not again["observation"].any()
    assert budget.used == 4


def test_rows_that_end_as_the_budget_does_keep_what_was_seen_at_their_end():
    env, *_ = batch(4, SAME, lengths=(1, 2, 2), spent="truncate")
    env.reset()
    _, _, over, cut, infos = env.step(PLAY)
    assert (over | cut).all()
    assert [final["observation"][0] for final in infos["final_obs"]] == [2, 2, 2]


def test_where_rows_wait_for_a_reset_the_labelled_ones_go_on():
    env, *_ = batch(4, OFF, spent="truncate")
    env.reset()
    _, _, _, cut, _ = env.step(PLAY)
    assert cut.tolist() == [False, True, True]
    with pytest.raises(BudgetExhaustedError, match=r"rows \[1, 2\]"):
        env.step(PLAY)


def test_labels_on_demand():
    env, expert, budget = batch(5, when="demand")
    with pytest.raises(EpisodeOverError, match="label: no episode has begun"):
        env.label()
    _, infos = env.reset()
    assert "expert_distribution" not in infos
    answers, known = env.label(np.array([False, True, False]))
    assert known.tolist() == [False, True, False]
    assert answers[1].tolist() == [0, 0, 1]
    answers, known = env.label()
    assert known.all()
    assert (budget.used, len(expert.asked)) == (3, 2)
    env.step(PLAY)
    assert env.label()[1].tolist() == [True, True, False]
    env.step(PLAY)
    with pytest.raises(BudgetExhaustedError, match=r"label: .* all 5 are spent"):
        env.label()
    env.step(PLAY)
    assert not env.label()[1].any()  # every episode is over: nothing to ask


def test_on_demand_the_step_that_finds_nothing_left_truncates():
    env, *_ = batch(3, when="demand", spent="truncate")
    env.reset()
    env.label()
    _, _, _, cut, infos = env.step(PLAY)
    assert cut.all()
    assert infos["budget_spent"].all()


def test_masks_in_infos_reach_the_expert_also_after_a_partial_reset():
    def single():
        mask = masks([0, 1, 1], [1, 0, 1], [1, 1, 0])
        script = Script(["a"] * 3, mask=mask, mask_in="info")
        return SingleAgentEnv(script, "a")

    envs = SyncVectorEnv([single] * 2, autoreset_mode=OFF)
    expert = always(2)
    env = VectorExpertLabels(envs, expert, QueryBudget(), when="demand")
    env.reset()
    env.step(np.array([1, 1]))
    env.reset(options={"reset_mask": np.array([True, False])})
    assert env.label()[1].all()
    assert env.action_masks().tolist() == [[False, True, True], [True, False, True]]
    flat = VectorFlatObservation(SyncVectorEnv([single] * 2, autoreset_mode=OFF))
    flat.reset()
    flat.step(np.array([1, 1]))
    rows, _ = flat.reset(options={"reset_mask": np.array([True, False])})
    assert flat.unflatten(rows)["action_mask"].tolist() == [[0, 1, 1], [1, 0, 1]]
    assert expert.asked[-1][1] == [[0, 1, 1], [1, 0, 1]]
