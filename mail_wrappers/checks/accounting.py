"""Return accounting: a view's returns beside what the environment beneath pays its agent.

The book-keeper stands around the multi-agent environment, beneath the view, and adds up what each
step pays each agent: `rewards` of an AEC environment, the rewards that a parallel one answers with.
It knows nothing of turns, of ends, or of how a view gathers.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper, BaseWrapper

from mail_wrappers.checks.contract import require
from mail_wrappers.checks.playing import Chooser, mask_of
from mail_wrappers.checks.scalars import check_play
from mail_wrappers.options import (
    LARGEST,
    check_callable,
    check_environment,
    check_multi_agent,
    check_number,
)
from mail_wrappers.others import MultiAgentEnv, Others

__all__ = ["Accounts", "check_returns", "keep_books"]

End = tuple[bool, bool]
MakeView = Callable[[MultiAgentEnv, str, Others], gymnasium.Env[Any, Any]]
TOLERANCE = 1e-9


class Accounts(NamedTuple):
    """What was counted."""

    episodes: int
    steps: int
    largest_deviation: float
    """Of a return from what was paid, in the units of the reward."""


class AecBooks(BaseWrapper[str, Any, Any]):
    """Keeps, by agent, what an AEC environment has paid in the episode, and how it ended for it.

    Attributes:
        paid: the sum of what every step paid.
        ends: the last (terminated, truncated).
    """

    def __init__(self, env: AECEnv[str, Any, Any]) -> None:
        super().__init__(env)
        self.paid: dict[str, float] = {}
        self.ends: dict[str, End] = {}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin an episode and a new page."""
        super().reset(seed=seed, options=options)
        self.paid = dict.fromkeys(self.env.possible_agents, 0.0)
        self.ends = dict.fromkeys(self.env.possible_agents, (False, False))

    def step(self, action: Any) -> None:
        """Step, and enter what it pays and whom it ends."""
        super().step(action)
        for agent, reward in self.env.rewards.items():
            self.paid[agent] += float(reward)
        for agent, over in self.env.terminations.items():
            self.ends[agent] = (bool(over), bool(self.env.truncations[agent]))


class ParallelBooks(BaseParallelWrapper[str, Any, Any]):
    """Keeps the same of a parallel environment; see `AecBooks`."""

    def __init__(self, env: ParallelEnv[str, Any, Any]) -> None:
        super().__init__(env)
        self.paid: dict[str, float] = {}
        self.ends: dict[str, End] = {}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode and a new page."""
        self.paid = dict.fromkeys(self.env.possible_agents, 0.0)
        self.ends = dict.fromkeys(self.env.possible_agents, (False, False))
        return super().reset(seed=seed, options=options)

    def step(self, actions: dict[str, Any]) -> Any:
        """Step, and enter what it pays and whom it ends."""
        _, rewards, terminations, truncations, _ = answer = super().step(actions)
        for agent, reward in rewards.items():
            self.paid[agent] += float(reward)
        for agent, over in terminations.items():
            self.ends[agent] = (bool(over), bool(truncations[agent]))
        return answer


def keep_books(env: MultiAgentEnv) -> AecBooks | ParallelBooks:
    """The environment with a book-keeper around it."""
    return ParallelBooks(env) if isinstance(env, ParallelEnv) else AecBooks(env)


def check_returns(
    make_view: MakeView,
    env: MultiAgentEnv,
    agent: str,
    others: Others = "random",
    *,
    episodes: int = 100,
    most_steps: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
) -> Accounts:
    """Check that a view's returns are what the environment paid its agent, to 1e-9.

    All is counted that the environment paid it from the reset of the episode to the view's end,
    whoever moved, and before its first turn too; and the view must end as the environment said.

    Args:
        make_view: environment, agent, others → the view; `mail_wrappers.SingleAgentEnv` is one.
        env: a PettingZoo environment, AEC or parallel.
        agent: whose returns; whatever `make_view` takes. A view that changes seats says in `agent`
            which one it has.
        others: who plays the rest.
        episodes: how many are played, of random legal actions.
        most_steps: where an episode is broken off and compared as far as it went; None for never.
        seconds: after which no further episode is begun; None for no limit.
        seed: of the first episode, and of the actions; the others follow it.

    Returns:
        Episodes, the view's steps, and the largest deviation met.

    Raises:
        ContractError: a return that is off, with the episode's seed.
    """
    check_callable("make_view", make_view)
    check_multi_agent(env)
    seed = check_play(episodes, LARGEST if most_steps is None else most_steps, seed)
    if seconds is not None:
        check_number("seconds", seconds, low=0)
    books = keep_books(env)
    view = make_view(books, agent, others)
    check_environment(view)
    choose = Chooser(view.action_space, seed=seed)
    begun, played, steps, largest = time.monotonic(), 0, 0, 0.0
    while played < episodes and (seconds is None or time.monotonic() - begun < seconds):
        returned, end, length = _episode(view, choose, seed + played, most_steps)
        seat = str(getattr(view.unwrapped, "agent", agent))
        paid, where = books.paid[seat], f"episode {played} of {length} steps, seed {seed + played}"
        off = abs(returned - paid)
        require(end in (None, books.ends[seat]), where, f"the end {books.ends[seat]}", end)
        require(off <= TOLERANCE, where, f"a return of {paid!r}, what was paid", returned)
        played, steps, largest = played + 1, steps + length, max(largest, off)
    return Accounts(played, steps, largest)


def _episode(
    view: gymnasium.Env[Any, Any], choose: Chooser, seed: int, most_steps: int | None
) -> tuple[float, End | None, int]:
    """Play one episode: its return, its end or None where it is broken off, and its steps."""
    seen, info = view.reset(seed=seed)
    returned, steps = 0.0, 0
    while steps != most_steps:
        seen, reward, terminated, truncated, info = view.step(choose(mask_of(seen, info)))
        returned, steps = returned + float(reward), steps + 1
        if terminated or truncated:
            return returned, (bool(terminated), bool(truncated)), steps
    return returned, None, steps
