"""Whatever is given to the task's wrappers ends in one of the project's errors, or works."""

import contextlib

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs.errors import MailError
from mail_wrappers import (
    ExpertLabels,
    ExponentialMix,
    FlatObservation,
    GameReward,
    ImitationReward,
    LinearMix,
    MixedPlay,
    PricedReward,
    QueryBudget,
    SingleAgentEnv,
    VectorExpertLabels,
    VectorFlatObservation,
    VectorMixedPlay,
    VectorPricedReward,
    WeightedSum,
)
from mail_wrappers.flat import FlatLayout
from tests.doubles import Script, always, masks

LAYOUT = FlatLayout(spaces.Box(0, 1, (2,)), spaces.Discrete(2))


def view():
    return SingleAgentEnv(Script(["a", "b"], mask=masks([1, 1, 1])), "a")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=2)), max_size=4),
    st.dictionaries(st.text(max_size=2), st.one_of(st.integers(-3, 3), st.floats()), max_size=2),
    st.sampled_from(
        [
            np.zeros((2, 2)),
            np.array(["a"]),
            np.float32(0.5),
            np.int8(2),
            object(),
            GameReward(),
            QueryBudget(2),
            always(1),
            view(),
            SyncVectorEnv([view]),
            gymnasium.Env(),
            "error",
            "step",
            "action",
        ]
    ),
)

DOORS = [
    lambda a, b: QueryBudget(a, cost=b),
    lambda a, b: QueryBudget(log=a).reserve(b),
    lambda a, b: QueryBudget(3).reserve(1, purpose=a, cost=b),
    lambda a, b: QueryBudget(3).reserve(1, episode=a, step=b),
    lambda a, b: QueryBudget(cost={"a": 1}).reserve(a, agent=b),
    lambda a, b: LinearMix(a, start=b),
    lambda a, b: (ExponentialMix(a), LinearMix(2, end=b)),
    lambda a, b: ExpertLabels(a, always(1), b),
    lambda a, b: ExpertLabels(view(), a, b),
    lambda a, b: ExpertLabels(view(), always(1), QueryBudget(), when=a, kind=b),
    lambda a, b: MixedPlay(view(), a, QueryBudget(), b),
    lambda a, b: MixedPlay(view(), always(1), QueryBudget(), 0.5, drawn=a, spent=b),
    PricedReward,
    lambda a, b: PricedReward(view(), WeightedSum([(a, b)])),
    lambda a, b: WeightedSum(a if b is None else {GameReward(): b}),
    lambda a, b: ImitationReward(always(1), QueryBudget(), agreement=a, floor=b),
    lambda a, b: ImitationReward(always(1), QueryBudget(), floor=a),
    lambda a, b: (FlatObservation(a), b),
    lambda a, b: (VectorFlatObservation(a), b),
    lambda a, b: VectorExpertLabels(a, always(1), b),
    lambda a, b: VectorMixedPlay(SyncVectorEnv([view]), a, QueryBudget(), b),
    lambda a, b: VectorPricedReward(SyncVectorEnv([view]), a, spent=b),
    lambda a, b: (LAYOUT.unflatten(a), b),
]


@settings(max_examples=700)
@given(st.sampled_from(DOORS), VALUES, VALUES)
def test_no_foreign_traceback(door, first, second):
    with contextlib.suppress(MailError):
        door(first, second)
