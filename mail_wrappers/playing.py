"""Episodes of a multi-agent environment, one agent's turns apart.

`TurnPlay` (AEC) and `SimultaneousPlay` (parallel) play one agent's episode from turn to turn. Each
of their methods returns the agent's next turn, or the questions that other agents have to answer
before it comes. Who answers, one view or a batch of them, is none of their business; chance answers
at once.

An agent's episode is its own. It begins with its first turn, late joiners included, and ends with
its own termination or truncation, or when it leaves. What it is paid between two of its turns, by
anybody's move, comes with the second; what it is paid while others still play and the environment
still lists it as dead, with its end.
"""

import copy
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from mail_wrappers.moves import draw_discrete, mask_of, mask_width, random_move
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.players import Asked, Player, Question, RandomPlayer
from mail_wrappers.streams import stream_seed
from mail_wrappers.told import reward_of

__all__ = [
    "Play",
    "SimultaneousPlay",
    "Table",
    "Turn",
    "TurnPlay",
    "play_of",
]


Turn: TypeAlias = tuple[Any, float, bool, bool, Mapping[str, Any]]
"""What an agent sees at its turn or its end, and what it was paid since its last turn:
observation, reward, terminated, truncated, info, as `AECEnv.last` gives them."""


class Play(Protocol):
    """One agent's episodes of an environment."""

    table: "Table"

    def begin(
        self, agent: str, *, seed: int | None, options: dict[str, Any] | None
    ) -> Turn | Asked:
        """Begin an episode, up to the agent's first turn; over at once if it has none."""
        ...

    def move(self, action: Any) -> Turn | Asked:
        """Play the agent's action, up to its next turn or its end."""
        ...

    def answer(self, moves: list[Any]) -> Turn | Asked:
        """Go on with the others' moves, in the order in which they were asked for."""
        ...


def play_of(env: MultiAgentEnv) -> Play:
    """The play of either kind of environment."""
    return TurnPlay(env) if isinstance(env, AECEnv) else SimultaneousPlay(env)


class Table:
    """Who sits around an environment: the others' players, what they know and draw from.

    Attributes:
        players: whoever plays each agent.
        rng: where the draws of an episode come from.
        memory: what players keep until the episode ends.
    """

    def __init__(self, env: MultiAgentEnv) -> None:
        self.players: Mapping[str, Player] = {}
        self.rng: np.random.Generator = np.random.default_rng()
        self.memory: dict[Any, Any] = {}
        self._spaces = {name: _private(env.action_space(name)) for name in env.possible_agents}
        self._widths = {name: mask_width(space) for name, space in self._spaces.items()}
        self._actions = {
            name: (int(space.start), int(space.n))
            for name, space in self._spaces.items()
            if isinstance(space, spaces.Discrete)
        }

    def seed(self, seed: int) -> None:
        """Seed the spaces that chance draws from by themselves."""
        for place, space in enumerate(self._spaces.values()):
            if not isinstance(space, spaces.Discrete):
                space.seed(stream_seed(seed, 2, place))

    def question(self, agent: str, observation: Any, info: Mapping[str, Any]) -> Question:
        """The question that `agent` has to answer next."""
        mask = mask_of(observation, info, self._widths[agent], agent)
        return Question(
            agent, observation, info, mask, self._spaces[agent], self.rng.random(), self.memory
        )

    def chance(self, agent: str, observation: Any, info: Mapping[str, Any]) -> Any:
        """The move of an agent that chance plays; the same as `RandomPlayer` answers."""
        mask = mask_of(observation, info, self._widths[agent], agent)
        draw, actions = self.rng.random(), self._actions.get(agent)
        if actions is None:
            return random_move(self._spaces[agent], mask, draw=draw, who=agent)
        return draw_discrete(actions[0], actions[1], mask, draw, agent)


class TurnPlay:
    """One agent's episodes of an AEC environment.

    Args:
        env: the environment; only its public side is used.
    """

    def __init__(self, env: AECEnv[str, Any, Any]) -> None:
        self.table: Table = Table(env)
        self._env = env
        self._agent = ""
        self._joined = False
        self._paid = 0.0  # since the agent's last turn, for when it leaves without another
        self._seen: Any = None

    def begin(
        self, agent: str, *, seed: int | None, options: dict[str, Any] | None
    ) -> Turn | Asked:
        """Begin an episode, up to the agent's first turn; over at once if it has none."""
        self._env.reset(seed=seed, options=options)
        self._agent, self._joined, self._paid, self._seen = agent, False, 0.0, None
        return self._until_turn()

    def move(self, action: Any) -> Turn | Asked:
        """Play the agent's action, up to its next turn or its end."""
        self._paid = 0.0
        self._step(action)
        return self._until_turn()

    def answer(self, moves: list[Any]) -> Turn | Asked:
        """Go on with the move of the one agent that was asked."""
        self._step(moves[0])
        return self._until_turn()

    def _step(self, action: Any) -> None:
        """Let whoever's turn it is move, and add what the agent is paid."""
        self._env.step(action)
        paid = self._env.rewards.get(self._agent, 0.0)
        self._paid += paid if type(paid) is float else reward_of(paid, self._agent)

    def _until_turn(self) -> Turn | Asked:
        env, agent = self._env, self._agent
        players = self.table.players
        while env.agents:
            mover = env.agent_selection
            if mover == agent:
                self._joined = True
                turn = env.last()
                self._seen = turn[0]
                return turn
            listed = agent in env.agents
            if self._joined and not listed:
                break
            self._joined = listed
            if env.terminations[mover] or env.truncations[mover]:
                self._step(None)
                continue
            seen, info, player = env.observe(mover), env.infos[mover], players[mover]
            if type(player) is not RandomPlayer:
                return [(player, self.table.question(mover, seen, info))]
            self._step(self.table.chance(mover, seen, info))
        return self._left()

    def _left(self) -> Turn:
        """The end of an agent that is listed no more and had no turn to see it.

        It terminates unless the environment says that it was truncated; it is shown what it saw at
        its last turn.
        """
        env, agent = self._env, self._agent
        terminated = bool(env.terminations.get(agent, False))
        truncated = bool(env.truncations.get(agent, False))
        info = env.infos.get(agent, {})
        seen = copy.deepcopy(self._seen)
        return seen, self._paid, terminated or not truncated, truncated, info


class SimultaneousPlay:
    """One agent's episodes of a parallel environment.

    An agent that is not listed for a while, without having ended, sits out: the others play on.

    Args:
        env: the environment; only its public side is used.
    """

    def __init__(self, env: ParallelEnv[str, Any, Any]) -> None:
        self.table: Table = Table(env)
        self._env = env
        self._agent = ""
        self._seen: Mapping[str, Any] = {}
        self._infos: Mapping[str, Any] = {}
        self._ended = (False, False)  # terminated, truncated
        self._paid = 0.0  # since the agent's last turn
        self._joint: dict[str, Any] = {}  # the moves of a round that waits for others
        self._waits: list[str] = []  # for whom
        self._last: Any = None

    def begin(
        self, agent: str, *, seed: int | None, options: dict[str, Any] | None
    ) -> Turn | Asked:
        """Begin an episode, up to the agent's first turn; over at once if it has none."""
        self._seen, self._infos = self._env.reset(seed=seed, options=options)
        self._agent, self._ended, self._last, self._paid = agent, (False, False), None, 0.0
        return self._until_turn()

    def move(self, action: Any) -> Turn | Asked:
        """Play the agent's action together with the others', up to its next turn or its end."""
        self._paid = 0.0
        return self._round({self._agent: action}) or self._until_turn()

    def answer(self, moves: list[Any]) -> Turn | Asked:
        """Go on with the moves of the agents that were asked."""
        self._joint.update(zip(self._waits, moves, strict=True))
        self._step()
        return self._until_turn()

    def _until_turn(self) -> Turn | Asked:
        env, agent = self._env, self._agent
        while env.agents and agent not in env.agents and not any(self._ended):
            if asked := self._round({}):
                return asked
        if agent in self._seen:
            self._last = self._seen[agent]
            seen = self._last
        else:
            seen = copy.deepcopy(self._last)
        terminated, truncated = self._ended
        left = agent not in env.agents and not truncated
        return seen, self._paid, terminated or left, truncated, self._infos.get(agent, {})

    def _round(self, joint: dict[str, Any]) -> Asked:
        """Begin a round: the questions beyond the moves that are known; none, and it is played."""
        env, table = self._env, self.table
        asked: Asked = []
        for name in env.agents:
            if name in joint:
                continue
            player, seen, info = table.players[name], self._seen[name], self._infos.get(name, {})
            if type(player) is RandomPlayer:
                joint[name] = table.chance(name, seen, info)
            else:
                asked.append((player, table.question(name, seen, info)))
        self._joint, self._waits = joint, [question.agent for _, question in asked]
        if not asked:
            self._step()
        return asked

    def _step(self) -> None:
        """Let all listed agents move at once, and add what the agent is paid."""
        env, agent = self._env, self._agent
        joint = {name: self._joint[name] for name in env.agents}
        self._seen, rewards, terminations, truncations, self._infos = env.step(joint)
        self._ended = bool(terminations.get(agent, False)), bool(truncations.get(agent, False))
        self._paid += reward_of(rewards.get(agent, 0.0), agent)


def _private(space: spaces.Space[Any]) -> spaces.Space[Any]:
    """A space that may be drawn from without moving anybody else's generator."""
    if isinstance(space, spaces.Discrete):
        return space
    own = copy.deepcopy(space)
    own.seed(None)
    return own
