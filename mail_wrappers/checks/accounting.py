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
from mail_wrappers.others import MultiAgentEnv, Others

__all__ = ["Accounts", "check_returns", "keep_books"]

MakeView = Callable[[MultiAgentEnv, str, Others], gymnasium.Env[Any, Any]]
TOLERANCE = 1e-9


class Accounts(NamedTuple):
    """What was counted."""

    episodes: int
    steps: int
    largest_deviation: float
    """Of a return from what was paid, in the units of the reward."""


class AecBooks(BaseWrapper[str, Any, Any]):
    """Adds up what every step of an AEC environment pays, in `paid`, by agent."""

    def __init__(self, env: AECEnv[str, Any, Any]) -> None:
        super().__init__(env)
        self.paid = dict.fromkeys(env.possible_agents, 0.0)

    def step(self, action: Any) -> None:
        """Step, and enter what it pays."""
        super().step(action)
        for agent, reward in self.env.rewards.items():
            self.paid[agent] += float(reward)


class ParallelBooks(BaseParallelWrapper[str, Any, Any]):
    """Adds up what every step of a parallel environment pays, in `paid`, by agent."""

    def __init__(self, env: ParallelEnv[str, Any, Any]) -> None:
        super().__init__(env)
        self.paid = dict.fromkeys(env.possible_agents, 0.0)

    def step(self, actions: dict[str, Any]) -> Any:
        """Step, and enter what it pays."""
        answer = super().step(actions)
        for agent, reward in answer[1].items():
            self.paid[agent] += float(reward)
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

    What is paid before the agent's first turn is no consequence of what it does: it belongs to no
    step and is not counted.

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
    books = keep_books(env)
    view = make_view(books, agent, others)
    choose = Chooser(view.action_space, seed=seed)
    begun, played, steps, largest = time.monotonic(), 0, 0, 0.0
    while played < episodes and (seconds is None or time.monotonic() - begun < seconds):
        returned, paid, length = _episode(view, books, choose, (agent, seed + played, most_steps))
        off = abs(returned - paid)
        where = f"episode {played} of {length} steps, seed {seed + played}"
        require(off <= TOLERANCE, where, f"a return of {paid!r}, what was paid", returned)
        played, steps, largest = played + 1, steps + length, max(largest, off)
    return Accounts(played, steps, largest)


def _episode(
    view: gymnasium.Env[Any, Any],
    books: AecBooks | ParallelBooks,
    choose: Chooser,
    setup: tuple[str, int, int | None],
) -> tuple[float, float, int]:
    """Play one episode: its return, what the seat was paid, and its steps."""
    agent, seed, most = setup
    seen, info = view.reset(seed=seed)
    seat = str(getattr(view.unwrapped, "agent", agent))
    before, returned, steps, over = books.paid[seat], 0.0, 0, False
    while not over and steps != most:
        seen, reward, terminated, truncated, info = view.step(choose(mask_of(seen, info)))
        returned, steps, over = returned + float(reward), steps + 1, terminated or truncated
    return returned, books.paid[seat] - before, steps
