"""One row of the table: what the checks say of one environment."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gymnasium.utils.env_checker
from gymnasium import spaces
from pettingzoo import ParallelEnv

from mail_wrappers import SingleAgentEnv
from mail_wrappers.checks import (
    Accounts,
    check_multi_agent_env,
    check_returns,
    check_view,
)
from tests.benchmarks.third_party.proving import Fault

EPISODES = 1000


@dataclass
class Finding:
    """What one environment came to; `failures` and `exceptions` by check."""

    name: str
    kind: str = ""
    agents: int = 0
    agent: str = ""
    observations: str = ""
    actions: str = ""
    accounts: Accounts | None = None
    failures: dict[str, str] = field(default_factory=dict)
    exceptions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def line(self) -> str:
        """How it went, in a line."""
        accounts = self.accounts or Accounts(0, 0, 0.0)
        return (
            f"{self.name}: {', '.join(self.failures) or 'passes'}, "
            f"{len(self.exceptions)} exceptions, {accounts.episodes} episodes of {accounts.steps} "
            f"steps, deviation {accounts.largest_deviation:.1e}, {self.seconds:.0f} s"
        )


def examine(
    name: str,
    make: Callable[[], Any],
    *,
    agent: str | None = None,
    faults: tuple[Fault, ...] = (),
    steps: int = 300,
    episodes: int = EPISODES,
    seconds: float = 600.0,
    make_view: Callable[..., Any] = SingleAgentEnv,
) -> Finding:
    """Put an environment through every check; nothing is raised, everything is told."""
    begun, finding = time.monotonic(), Finding(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what others warn about is no finding
        try:
            describe(finding, make(), agent)
        except Exception as error:  # noqa: BLE001
            finding.failures["made"] = told(error)
            return finding
        for check, run in checks(make, make_view, finding, steps, (episodes, seconds)).items():
            excuse = [fault for fault in faults if check in fault.checks]
            judge(finding, check, run, make, excuse)
    finding.seconds = time.monotonic() - begun
    return finding


def checks(make, make_view, finding, steps, accounting) -> dict[str, Callable[[], Any]]:
    """The checks of a row, by name."""
    seat, (episodes, seconds) = finding.agent, accounting

    def view():
        return make_view(make(), seat)

    def returns():
        finding.accounts = check_returns(
            make_view, make(), seat, episodes=episodes, seconds=seconds
        )

    def sb3():
        from stable_baselines3.common.env_checker import check_env

        check_env(view(), warn=True, skip_render_check=True)

    return {
        "environment": lambda: check_multi_agent_env(make(), episodes=1, most_steps=steps),
        "view": lambda: check_view(view(), episodes=1, most_steps=steps),
        "returns": returns,
        "gymnasium": lambda: gymnasium.utils.env_checker.check_env(
            view(), skip_render_check=True, skip_close_check=True
        ),
        "sb3": sb3,
    }


def judge(finding, check, run, make, faults) -> None:
    """Run a check; a failure is excused by a fault of the environment that is proved.

    A check may pass in spite of a fault, as the view may make it good; the fault has to show still.
    """
    try:
        run()
    except Exception as error:  # noqa: BLE001
        message = told(error)
        excuse = next((f for f in faults if any(part in message for part in f.says)), None)
        if excuse is None:
            finding.failures[check] = message
            return
        proof = prove(excuse, make)
        if proof is None:
            finding.failures[check] = f"{message} (listed as its own fault, which does not show)"
        else:
            finding.exceptions[check] = proof
        return
    gone = [fault.why for fault in faults if prove(fault, make) is None]
    if gone:
        finding.failures[check] = f"passes, and a listed fault does not show: {gone[0]}"


def prove(fault: Fault, make) -> str | None:
    """The line that proves a fault, with its place; None where it is not there or does not show."""
    place = fault.place()
    if place is None or not fault.shown(make()):
        return None
    return f"{fault.why} `{place}`: `{fault.line}`"


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def describe(finding: Finding, env: Any, agent: str | None) -> None:
    """Fill in what an environment is, and whose view is checked."""
    names = list(env.possible_agents)
    seat = names[-1] if agent is None else agent
    finding.kind = "parallel" if isinstance(env, ParallelEnv) else "AEC"
    finding.agents, finding.agent = len(names), seat
    finding.observations = brief(env.observation_space(seat))
    finding.actions = brief(env.action_space(seat))


def brief(space: Any) -> str:
    """A space in a few characters: kind, shape, and what a dictionary holds."""
    if isinstance(space, spaces.Dict):
        return "{" + ", ".join(f"{key}: {brief(part)}" for key, part in space.items()) + "}"
    if isinstance(space, spaces.Box):
        return f"Box{space.shape} {space.dtype}".replace(",)", ")")
    if isinstance(space, spaces.Discrete):
        return f"Discrete({space.n})"
    return f"{type(space).__name__}{'' if space.shape is None else space.shape}".replace(",)", ")")
