"""The machinery of the table of other people's environments, on doubles."""

from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from mail_envs import tictactoe_v0
from mail_wrappers import SingleAgentEnv
from tests.benchmarks.third_party.environments import ENTRIES
from tests.benchmarks.third_party.examining import brief, examine
from tests.benchmarks.third_party.faults import FAULTS
from tests.benchmarks.third_party.proving import Fault
from tests.benchmarks.third_party.showing import page, show
from tests.doubles import Script, masks

PAYS = [{"a": 1.0, "b": 2.0}, {"b": -0.5}]


def script():
    return Script([*"ababab"], PAYS, mask=masks([1, 0, 1]))


class Jumpy(Script):
    """What it shows depends on how often it was made to begin."""

    def observe(self, agent):
        seen = super().observe(agent)
        seen["observation"][0] = len(self.seeds) % 100
        return seen


def jumpy():
    return Jumpy([*"ababab"], PAYS, mask=masks([1, 0, 1]))


def jumps(env):
    shown = []
    for _ in range(2):
        env.reset(seed=0)
        shown.append(env.observe("a")["observation"])
    return not np.array_equal(*shown)


LINE = "self.seeds.append((seed, options))"
JUMPING = Fault(
    checks=("environment", "view", "gymnasium"),
    says=("nothing of it", ""),
    module="tests.doubles",
    line=LINE,
    why="It counts its beginnings.",
    shown=jumps,
)


def examined(make, **options):
    return examine("double", make, episodes=3, steps=20, **options)


def told(*findings):
    console = Console(file=StringIO(), width=180)
    show(findings, console)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def passing():
    return examined(script)


@pytest.fixture(scope="module")
def failing():
    return examined(jumpy)


@pytest.fixture(scope="module")
def excused():
    return examined(jumpy, faults=(JUMPING,))


def test_a_good_environment_passes_every_check(passing):
    assert not passing.failures | passing.exceptions
    assert (passing.kind, passing.agents, passing.agent) == ("AEC", 2, "b")
    assert passing.observations == "{action_mask: MultiBinary(3), observation: Box(2) int8}"
    assert passing.accounts.episodes == 3
    assert passing.accounts.steps == 9
    assert "passes" in passing.line()


def test_the_view_that_is_examined_may_lie():
    class Generous(SingleAgentEnv):
        def step(self, action):
            seen, reward, *rest = super().step(action)
            return seen, reward + 1, *rest

    assert "returns" in examined(tictactoe_v0.raw_env, make_view=Generous).failures


def test_a_bad_environment_fails_its_row(failing):
    assert {"environment", "view"} <= set(failing.failures)
    text = told(failing)
    assert "FAILS double, environment: ContractError: seed 0 played again" in text
    assert "1 environments, 1 failing" in text


def test_an_environment_that_cannot_be_made_fails_its_row():
    finding = examined(lambda: 1 / 0)
    assert "ZeroDivisionError" in finding.failures["made"]
    assert "FAILS" in told(finding)


def test_a_fault_that_shows_is_an_exception_with_its_line(excused):
    assert not excused.failures
    (proof,) = set(excused.exceptions.values())
    assert proof.startswith("It counts its beginnings. `tests/doubles.py:")
    assert proof.endswith(f"`{LINE}`")


@pytest.mark.parametrize("change", [{"shown": lambda env: False}, {"line": "no such line"}])
def test_a_fault_that_does_not_show_excuses_nothing(change):
    fault = Fault(**{**vars(JUMPING), **change})
    message = examined(jumpy, faults=(fault,)).failures["environment"]
    assert "listed as its own fault, which does not show" in message


def test_another_mistake_than_the_listed_one_is_a_failure():
    fault = Fault(**{**vars(JUMPING), "says": ("another",)})
    assert "environment" in examined(jumpy, faults=(fault,)).failures


def test_a_fault_that_is_gone_fails_the_row():
    message = examined(script, faults=(JUMPING,)).failures["environment"]
    assert message == "passes, and a listed fault does not show: It counts its beginnings."


def test_a_fault_that_is_made_good_is_none():
    fault = Fault(**{**vars(JUMPING), "checks": ("view",), "shown": lambda env: True})
    finding = examined(script, faults=(fault,))
    assert not finding.failures | finding.exceptions


def test_the_page_numbers_exceptions(passing, excused):
    text = page([passing, excused], 0.2)
    assert "| double | AEC | 2 | {action_mask: MultiBinary(3), observation: Box(2) int8} →" in text
    assert "| passes | 0e+00, 3 | passes | passes |" in text
    assert "\n1. It counts its beginnings." in text
    assert "--minutes 0.2" in text
    assert "6 episodes of 18 steps" in text
    assert "(1)" in told(passing, excused)


def test_no_row_is_there_twice_and_every_fault_has_one():
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names) >= 30
    assert set(FAULTS) <= set(names)
    assert {"openspiel", "mamujoco"} <= {name.split("/")[0] for name in names}


def test_spaces_in_a_few_characters():
    env = tictactoe_v0.env()
    assert brief(env.observation_space("player_0")).endswith("Box(3, 3, 2) int8}")
    assert brief(env.action_space("player_0")) == "Discrete(9)"
