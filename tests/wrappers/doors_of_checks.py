"""The doors of `mail_wrappers.checks`."""

import numpy as np

from mail_wrappers import (
    FlatObservation,
    QueryBudget,
    SingleAgentEnv,
    checks,
)
from tests.columns import demonstrations
from tests.junk import (
    BREAKS,
    Answers,
    BrokenRounds,
    BrokenScript,
    BrokenView,
    few,
    rounds,
    script,
    uniform,
    view,
)
from tests.wrappers.door_parts import (
    each,
)

CHECKS = {
    "Accounts": [lambda a, b: checks.Accounts(a, b, a)],
    "ContractError": [lambda a, b: (str(checks.ContractError(a)), b)],
    "check_budget": [
        lambda a, b: checks.check_budget(a, seed=b),
        lambda a, b: checks.check_budget(Answers(a)),
        lambda a, b: checks.check_budget(QueryBudget, seed=a),
    ],
    "check_demonstrations": [
        checks.check_demonstrations,
        lambda a, b: checks.check_demonstrations(demonstrations(), a),
        lambda a, b: checks.check_demonstrations(demonstrations(), script(), most_rows=a),
        lambda a, b: checks.check_demonstrations(demonstrations(nested=False), rounds()),
    ],
    "check_expert": [
        lambda a, b: checks.check_expert(a, script(), "a", positions=2),
        lambda a, b: checks.check_expert(Answers(a), script(), "a", positions=1),
        lambda a, b: checks.check_expert(uniform, a, b),
        lambda a, b: checks.check_expert(uniform, script(), "a", positions=few(a), seed=b),
        lambda a, b: checks.check_expert(uniform, script(), a, positions=2, scores=b),
        *each(
            BREAKS,
            lambda word, a, b: checks.check_expert(uniform, BrokenScript(word, a), "a"),
        ),
    ],
    "check_feature_map": [
        lambda a, b: checks.check_feature_map(a, np.zeros((2, 3)), np.array([0, 1])),
        lambda a, b: checks.check_feature_map(Answers(a), np.zeros((2, 3)), np.array([0, 1])),
        lambda a, b: checks.check_feature_map(Answers(np.zeros((2, 3))), a, b),
        lambda a, b: checks.check_feature_map(
            Answers(a), np.zeros((2, 3)), np.array([0, 1]), tolerance=b
        ),
    ],
    "check_multi_agent_env": [
        lambda a, b: checks.check_multi_agent_env(a),
        lambda a, b: checks.check_multi_agent_env(script(), episodes=few(a), most_steps=few(b)),
        lambda a, b: checks.check_multi_agent_env(rounds(), seed=a),
        *each(BREAKS, lambda word, a, b: checks.check_multi_agent_env(BrokenScript(word, a))),
        *each(BREAKS, lambda word, a, b: checks.check_multi_agent_env(BrokenRounds(word, a))),
    ],
    "check_policy": [
        lambda a, b: checks.check_policy(a, np.zeros((2, 3)), np.ones((2, 3), np.int8)),
        lambda a, b: checks.check_policy(Answers(a), np.zeros((2, 3)), np.ones((2, 3), np.int8)),
        lambda a, b: checks.check_policy(uniform, a, b),
        lambda a, b: checks.check_policy(
            uniform, np.zeros((2, 3)), np.ones((2, 3), np.int8), tolerance=a, who=b
        ),
    ],
    "check_returns": [
        lambda a, b: checks.check_returns(a, script(), "a", episodes=1),
        lambda a, b: checks.check_returns(Answers(a), script(), "a", episodes=1),
        lambda a, b: checks.check_returns(SingleAgentEnv, a, b, episodes=1),
        lambda a, b: checks.check_returns(SingleAgentEnv, script(), "a", a, episodes=few(b)),
        lambda a, b: checks.check_returns(
            SingleAgentEnv, script(), "a", episodes=1, most_steps=few(a), seconds=b
        ),
        lambda a, b: checks.check_returns(SingleAgentEnv, rounds(), "a", episodes=1, seed=a),
    ],
    "check_view": [
        lambda a, b: checks.check_view(a),
        lambda a, b: checks.check_view(view(), episodes=few(a), most_steps=few(b)),
        lambda a, b: checks.check_view(view(), seed=a),
        *each(BREAKS, lambda word, a, b: checks.check_view(BrokenView(word, a), most_steps=3)),
    ],
    "check_wrapper": [
        lambda a, b: checks.check_wrapper(a, view, episodes=1),
        lambda a, b: checks.check_wrapper(FlatObservation, a, episodes=1),
        lambda a, b: checks.check_wrapper(Answers(a), Answers(b), episodes=1),
        lambda a, b: checks.check_wrapper(
            FlatObservation, view, changes=a, episodes=few(b), most_steps=2
        ),
        lambda a, b: checks.check_wrapper(
            FlatObservation, view, changes=["observation"], seed=a, most_steps=few(b)
        ),
    ],
}
