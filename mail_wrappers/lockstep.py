"""Episodes of any multi-agent environment, whether its agents take turns or move at once.

A `RunningEpisode` says whose turns are due, what each agent sees, and takes their actions: one
where agents take turns, one for every living agent where they move at once. Several run in
lockstep, so that policies are asked about many turns at a time. Every episode has a random stream
of its own, named by the seed and its number: it does not matter what runs beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import ShapeError, UnknownAgentError
from mail_envs.protocols import Mask
from mail_wrappers.budget import QueryBudget
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.query_log import Purpose
from mail_wrappers.streams import stream_seed
from mail_wrappers.tape import Seat, seat_of
from mail_wrappers.told import reward_of

__all__ = [
    "RunningEpisode",
    "Turn",
    "act",
    "action_count",
    "granted",
    "lockstep",
    "waiting",
]


class Turn(NamedTuple):
    """An agent's turn in a running episode.

    Attributes:
        episode: which.
        agent: whose.
        seen: what the agent sees, without its mask, as a row of its column: a copy.
        mask: `(A,)` int8, all ones where the environment has none; None where actions are not
            discrete.
        shown: what it sees, as the environment gives it.
        info: what it is told beside it.
    """

    episode: "RunningEpisode"
    agent: str
    seen: Any
    mask: Mask | None
    shown: Any
    info: Mapping[str, Any]

    @property
    def seat(self) -> Seat:
        """How the agent's decisions are kept."""
        return self.episode.seats[self.agent]

    @property
    def space(self) -> spaces.Space[Any]:
        """The agent's actions."""
        return self.episode.spaces[self.agent]


class RunningEpisode:
    """The running episode of one environment, which is used again for the next.

    Args:
        env: a PettingZoo environment, AEC or parallel.

    Attributes:
        seats: how each agent's decisions are kept.
        spaces: each agent's actions.
        number: which episode it is; -1 before the first.
        path: the seed and the number, which name its random streams.
        rng: its own random stream.
        memory: what players keep until it ends, each under a key of its own.
        returns: what every agent has been paid so far, undiscounted.
        steps: how often actions were taken so far: turns, or rounds where all move at once.
        due: the turns that it waits for; none when it is over.

    Raises:
        ShapeError: a space whose values are no arrays of one shape.
    """

    def __init__(self, env: MultiAgentEnv) -> None:
        self.env = env
        agents: list[str] = list(env.possible_agents)
        self.seats: dict[str, Seat] = {agent: seat_of(env, agent) for agent in agents}
        self.spaces: dict[str, spaces.Space[Any]] = {a: env.action_space(a) for a in agents}
        self.due: list[Turn] = []
        self._start(-1, seed=0)

    def begin(self, number: int, *, seed: int) -> None:
        """Begin the episode of that number; its streams follow from `seed` and the number."""
        self._start(number, seed=seed)
        if isinstance(self.env, ParallelEnv):
            shown, infos = self.env.reset(seed=stream_seed(seed, number))
            self.due = self._at_once(self.env.agents, shown, infos)
        else:
            self.env.reset(seed=stream_seed(seed, number))
            self.due = self._next_turn(self.env)

    def _start(self, number: int, *, seed: int) -> None:
        self.number: int = number
        self.path: tuple[int, int] = seed, number
        self.rng: np.random.Generator = np.random.default_rng((seed, max(number, 0)))
        self.memory: dict[Any, Any] = {}
        self.returns: dict[str, float] = dict.fromkeys(self.seats, 0.0)
        self.steps: int = 0

    def act(self, actions: Sequence[Any]) -> None:
        """Take one action for each turn that is due, in their order."""
        self.steps += 1
        if isinstance(self.env, ParallelEnv):
            joint = {turn.agent: act for turn, act in zip(self.due, actions, strict=True)}
            shown, rewards, ended, cut, infos = self.env.step(joint)
            for agent, reward in rewards.items():
                self._pay(agent, reward)
            living = [a for a in self.env.agents if not (ended.get(a) or cut.get(a))]
            self.due = self._at_once(living, shown, infos)
        else:
            self.env.step(actions[0])
            self.due = self._next_turn(self.env)

    def _pay(self, agent: str, reward: Any) -> None:
        self.returns[agent] = self.returns.get(agent, 0.0) + reward_of(reward, agent)

    def _next_turn(self, env: AECEnv[str, Any, Any]) -> list[Turn]:
        """Whose turn it is; those whose game is over are led out, and paid what is left."""
        while env.agents:
            agent = env.agent_selection
            _, reward, terminated, truncated, info = env.last(observe=False)
            self._pay(agent, reward)
            if not (terminated or truncated):
                return [self._turn(agent, env.observe(agent), info)]
            env.step(None)
        return []

    def _at_once(
        self, agents: Iterable[str], shown: Mapping[str, Any], infos: Mapping[str, Any]
    ) -> list[Turn]:
        turns: list[Turn] = []
        for agent in agents:
            if agent not in shown:
                raise UnknownAgentError(f"agent: expected one of {[*shown]}, came {agent!r}")
            turns.append(self._turn(agent, shown[agent], infos.get(agent, {})))
        return turns

    def _turn(self, agent: str, shown: Any, info: Mapping[str, Any]) -> Turn:
        seen, mask = self.seats[agent].look(shown, info, what=agent)
        return Turn(self, agent, seen, mask, shown, info)


def action_count(env: MultiAgentEnv, agent: str) -> int:
    """The number A of actions of `agent`.

    Raises:
        ShapeError: an action space that is not discrete, or does not count from 0.
    """
    space = env.action_space(agent)
    if not isinstance(space, spaces.Discrete) or space.start:
        raise ShapeError(f"action space of {agent}: expected Discrete from 0, came {space}")
    return int(space.n)


# ---- several at once


def lockstep(
    episodes: Sequence[RunningEpisode], numbers: Iterator[int], *, seed: int
) -> Iterator[list[RunningEpisode]]:
    """Run episodes at once: yields those that wait for actions, until the numbers are used up.

    Whoever iterates acts in every episode yielded. An environment whose episode is over begins
    the next number; the episodes yielded are in the order of their numbers.
    """
    running = [episode for episode in episodes if _begun(episode, numbers, seed)]
    while running:
        yield sorted(running, key=lambda episode: episode.number)
        running = [each for each in running if each.due or _begun(each, numbers, seed)]


def _begun(episode: RunningEpisode, numbers: Iterator[int], seed: int) -> bool:
    """Begin the next episode that waits for anybody; False where no number is left."""
    for number in numbers:
        episode.begin(number, seed=seed)
        if episode.due:
            return True
    return False


def waiting(running: Iterable[RunningEpisode]) -> list[Turn]:
    """All turns that episodes wait for, one episode after the other."""
    return [turn for episode in running for turn in episode.due]


def act(running: Iterable[RunningEpisode], actions: Iterable[Any]) -> None:
    """Take one action for each turn of `waiting(running)`, in their order."""
    taken = iter(actions)
    for episode in running:
        episode.act([next(taken) for _ in episode.due])


def granted(budget: QueryBudget, turns: Sequence[Turn], *, purpose: Purpose = "label") -> int:
    """How many of some turns, the first ones, a budget grants a question each; it is charged."""

    def grants(turn: Turn) -> int:
        episode = turn.episode
        place = {"episode": episode.number, "step": episode.steps}
        return budget.reserve(1, agent=turn.agent, purpose=purpose, **place)

    return sum(1 for _ in takewhile(grants, turns))
