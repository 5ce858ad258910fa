"""The check of demonstrations, with twins that it must reject."""

from types import SimpleNamespace

import numpy as np
import pytest

from mail_envs import tictactoe_v0
from mail_envs.protocols.asking import uniform_policy
from mail_wrappers import RecordDemonstrations
from mail_wrappers.checks import ContractError, check_demonstrations
from mail_wrappers.checks.playing import decisions_of


class Record:
    """Decisions of the players of Tic-Tac-Toe, as columns, with something replaced."""

    def __init__(self, names=("player_0", "player_1"), **changed):
        self.agent_names, self.changed = names, changed

    def of(self, agent):
        seen, legal = decisions_of(tictactoe_v0.env(), agent, 12, seed=0)
        columns = {
            "observations": seen,
            "action_masks": legal,
            "actions": legal.argmax(axis=1),
            "episodes": np.arange(12) // 3,
            "steps": np.arange(12) % 3,
            "distributions": uniform_policy(seen, legal),
            "rewards": np.zeros(12),
        }
        for name, change in self.changed.items():
            columns[name] = change(columns[name])
        return SimpleNamespace(**columns)


@pytest.mark.parametrize("missing", [{}, {"distributions": lambda column: None}])
def test_decisions_of_the_environment_pass(missing):
    check_demonstrations(Record(**missing), tictactoe_v0.env())
    check_demonstrations(Record(action_masks=lambda column: None), tictactoe_v0.env())


def test_what_is_recorded_passes():
    env = RecordDemonstrations(tictactoe_v0.env())
    decisions_of(env, "player_0", 12, seed=0)
    check_demonstrations(env.demonstrations, tictactoe_v0.env())


BROKEN = [
    ({"names": ("ann",)}, r"agents among \['player_0', 'player_1'\], came 'ann'|came ann"),
    ({"observations": lambda seen: seen + 5}, "player_0, row 0, observation: expected a member"),
    ({"observations": lambda seen: seen[:, :2]}, "of shape"),
    ({"actions": lambda actions: actions + 9}, "row 0, action: expected a member"),
    ({"action_masks": lambda legal: legal[:, :8]}, r"action masks: expected shape \(12, 9\)"),
    ({"action_masks": lambda legal: 1 - legal}, "an action that its mask allows"),
    ({"distributions": lambda table: table * 2}, "distributions over legal actions"),
    ({"distributions": lambda table: table[:, ::-1]}, "distributions over legal actions"),
    ({"distributions": lambda table: table[:3]}, r"distributions: expected shape \(12, 9\)"),
    ({"rewards": lambda pay: pay / 0}, "finite numbers"),
    ({"steps": lambda steps: steps * 0}, r"one decision at each, came more: \[\[0, 0\]\]"),
    ({"episodes": lambda episodes: episodes - 1}, "numbers of at least 0"),
]


@pytest.mark.parametrize(("changed", "match"), BROKEN)
def test_broken_demonstrations_are_rejected(changed, match):
    with np.errstate(all="ignore"), pytest.raises(ContractError, match=match):
        check_demonstrations(Record(**changed), tictactoe_v0.env())
