"""Contract checks for one's own games, experts, environments, views and wrappers.

Each is a function that returns quietly or raises a `ContractError`, also an `AssertionError`, that
says where a promise was broken, what was expected, and what came:

| check | of |
|---|---|
| `check_policy`, `check_expert` | what answers with distributions over actions |
| `check_feature_map` | φ, as vectors or as keys |
| `check_multi_agent_env` | a PettingZoo environment, AEC or parallel |
| `check_view`, `check_wrapper` | one agent's Gymnasium environment, and wrappers around it |
| `check_returns` | that a view pays its agent what the environment beneath pays it |
| `check_budget` | what counts and limits questions |
| `check_demonstrations` | decisions that are said to come from an environment |

>>> from mail_envs import tictactoe_v0
>>> from mail_wrappers import SingleAgentEnv
>>> check_multi_agent_env(tictactoe_v0.env())
>>> check_view(SingleAgentEnv(tictactoe_v0.raw_env(), "player_1"))
>>> check_returns(SingleAgentEnv, tictactoe_v0.raw_env(), "player_1", episodes=10).episodes
10
"""

from mail_envs.errors import ContractError
from mail_wrappers.checks.accounting import Accounts, check_returns
from mail_wrappers.checks.budgets import check_budget
from mail_wrappers.checks.features import check_feature_map
from mail_wrappers.checks.multi_agent import check_multi_agent_env
from mail_wrappers.checks.policies import check_expert, check_policy
from mail_wrappers.checks.records import check_demonstrations
from mail_wrappers.checks.views import check_view
from mail_wrappers.checks.wrapping import check_wrapper

__all__ = [
    "Accounts",
    "ContractError",
    "check_budget",
    "check_demonstrations",
    "check_expert",
    "check_feature_map",
    "check_multi_agent_env",
    "check_policy",
    "check_returns",
    "check_view",
    "check_wrapper",
]
