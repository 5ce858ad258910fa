"""Episodes of any multi-agent environment, whether its agents take turns or move at once.

An `Episode` says whose decisions are due, what each of them sees, and takes their actions: one
decision at a time where agents take turns, one for every living agent where they move at once.
Several episodes run in lockstep, so that policies are asked about many decisions at a time. Every
episode has a random stream of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import ShapeError
from mail_envs.protocols import FloatArray, Mask, Policy
from mail_envs.protocols.asking import check_distributions, invert
from mail_learners.flattening import batched, seen_of, seen_space
from mail_wrappers.streams import stream_seed

__all__ = [
    "Decision",
    "Episode",
    "MultiAgentEnv",
    "action_count",
    "answers_by_agent",
    "drawn",
    "lockstep",
]

MultiAgentEnv: TypeAlias = AECEnv[str, Any, Any] | ParallelEnv[str, Any, Any]
"""A PettingZoo environment of either kind."""


class Decision(NamedTuple):
    """One agent's turn.

    Attributes:
        agent: whose.
        seen: the observation, without its mask.
        mask: `(A,)` int8; all ones where the environment has no masks.
        asked: what the environment's own expert is asked about, mostly `seen`.
    """

    agent: str
    seen: Any
    mask: Mask
    asked: Any


class Episode:
    """The running episode of one environment.

    Args:
        env: a PettingZoo environment; agents that act have discrete actions.

    Attributes:
        returns: what every agent has been paid so far, undiscounted.
        steps: how often actions were taken so far: turns, or rounds where all move at once.
    """

    def __init__(self, env: MultiAgentEnv) -> None:
        self.env = env
        self.returns: dict[str, float] = {}
        self.steps: int = 0
        self.number: int = -1
        self.rng: np.random.Generator = np.random.default_rng(0)
        self._due: list[Decision] = []
        self._shown: dict[str, Any] = {}
        self._infos: dict[str, dict[str, Any]] = {}

    def begin(self, number: int, *, seed: int) -> None:
        """Begin the episode of that number; its streams follow from `seed` and the number."""
        self.number = number
        self.rng = np.random.default_rng((seed, number))
        self.returns = dict.fromkeys(self.env.possible_agents, 0.0)
        self.steps = 0
        if isinstance(self.env, ParallelEnv):
            self._shown, self._infos = self.env.reset(seed=stream_seed(seed, number))
            self._due = self._at_once(self.env, over=set())
        else:
            self.env.reset(seed=stream_seed(seed, number))
            self._due = self._next_turn(self.env)

    @property
    def due(self) -> list[Decision]:
        """The decisions that the episode waits for; none when it is over."""
        return self._due

    def act(self, actions: Sequence[int]) -> None:
        """Take one action for each decision that is due, in their order."""
        self.steps += 1
        if isinstance(self.env, ParallelEnv):
            joint = {d.agent: action for d, action in zip(self._due, actions, strict=True)}
            self._shown, rewards, ended, cut, self._infos = self.env.step(joint)
            for agent, reward in rewards.items():
                self.returns[agent] += float(reward)
            over = {agent for agent in ended if ended[agent] or cut.get(agent)}
            self._due = self._at_once(self.env, over=over)
        else:
            self.env.step(actions[0])
            self._due = self._next_turn(self.env)

    def _next_turn(self, env: AECEnv[str, Any, Any]) -> list[Decision]:
        """Who is to move; those whose game is over are led out, and paid what is left."""
        while env.agents:
            agent = env.agent_selection
            _, reward, terminated, truncated, info = env.last(observe=False)
            self.returns[agent] += float(reward)
            if not (terminated or truncated):
                return [_decision(env, agent, env.observe(agent), info)]
            env.step(None)
        return []

    def _at_once(self, env: ParallelEnv[str, Any, Any], *, over: set[str]) -> list[Decision]:
        return [
            _decision(env, agent, self._shown[agent], self._infos.get(agent, {}))
            for agent in env.agents
            if agent not in over
        ]


def _decision(
    env: MultiAgentEnv,
    agent: str,
    shown: Any,  # noqa: ANN401 - whatever the environment shows
    info: Mapping[str, Any],
) -> Decision:
    """What an agent sees and may do; the mask stands in the observation or in the info."""
    seen, mask = seen_of(shown, info)
    if mask is None:
        mask = np.ones(action_count(env, agent), dtype=np.int8)
    return Decision(
        agent, seen, np.asarray(mask, dtype=np.int8), info.get("expert_observation", seen)
    )


def action_count(env: MultiAgentEnv, agent: str) -> int:
    """The number A of actions of `agent`.

    Raises:
        ShapeError: an action space that is not discrete, or does not count from 0.
    """
    space = env.action_space(agent)
    if not isinstance(space, spaces.Discrete) or space.start:
        raise ShapeError(
            f"action space of {agent}: expected Discrete from 0, as learners here choose among "
            f"actions, came {space}"
        )
    return int(space.n)


def lockstep(
    episodes: Sequence[Episode], numbers: Iterator[int], *, seed: int
) -> Iterator[list[Episode]]:
    """Run episodes at once: yields those that wait for actions, until the numbers are used up.

    Whoever iterates acts in every episode yielded. An environment whose episode is over begins
    the next number; the episodes yielded are in the order of their numbers.
    """
    running = [episode for episode in episodes if _begun(episode, numbers, seed)]
    while running:
        yield sorted(running, key=lambda episode: episode.number)
        running = [each for each in running if each.due or _begun(each, numbers, seed)]


def _begun(episode: Episode, numbers: Iterator[int], seed: int) -> bool:
    """Begin the next episode that waits for anybody; False where no number is left."""
    for number in numbers:
        episode.begin(number, seed=seed)
        if episode.due:
            return True
    return False


def answers_by_agent(
    policies: Mapping[str, Policy],
    decisions: Sequence[Decision],
    env: MultiAgentEnv,
    *,
    told: bool = False,
) -> list[FloatArray]:
    """Ask each agent's policy about all of its decisions at once; distributions in their order.

    Args:
        policies: by agent.
        decisions: of any agents; masks of one agent have one length.
        env: whose observation spaces say how observations are batched.
        told: whether they are asked about `Decision.asked`.

    Raises:
        InvalidPolicyError, ShapeError: an answer that is no distribution over legal actions.
    """
    answers: dict[int, FloatArray] = {}
    rows_of: dict[str, list[int]] = {}
    for row, decision in enumerate(decisions):
        rows_of.setdefault(decision.agent, []).append(row)
    for agent, rows in rows_of.items():
        masks = np.stack([decisions[row].mask for row in rows])
        shown = [decisions[row].asked if told else decisions[row].seen for row in rows]
        answer = policies[agent](batched(seen_space(env.observation_space(agent)), shown), masks)
        table = check_distributions(answer, masks, who=f"the policy of {agent}")
        answers.update(zip(rows, table, strict=True))
    return [answers[row] for row in range(len(decisions))]


def drawn(chances: Sequence[FloatArray], draws: Sequence[float] | NDArray[np.float64]) -> list[int]:
    """One action from each distribution `(A,)`, by a number from 0 to 1 (excluded) each."""
    return [
        int(invert(chance[None], np.array([draw]))[0])
        for chance, draw in zip(chances, draws, strict=True)
    ]
