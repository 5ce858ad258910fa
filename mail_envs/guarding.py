"""PettingZoo's conventions around any AEC environment, in one layer.

`GuardedEnv` checks what PettingZoo's `TerminateIllegalWrapper`, `AssertOutOfBoundsWrapper` and
`OrderEnforcingWrapper` check together, and answers as they do: an illegal action ends the game with
a loss, an action outside the space or a call before `reset` raises an `AssertionError`, a step
after the end warns. Three layers look every attribute up by name through one another, at each
access; one layer that holds the present turn as attributes of its own costs a fraction of that.

The environment beneath is never written to: how a game ended by an illegal action stands here.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeAlias

from gymnasium import spaces
from pettingzoo import AECEnv
from pettingzoo.utils.env import AECIterable, AECIterator
from pettingzoo.utils.env_logger import EnvLogger
from pettingzoo.utils.wrappers import BaseWrapper

from mail_envs.errors import MissingTruthError, OutOfOrderError, OutOfSpaceError

__all__ = ["GuardedEnv"]

TURN = (
    "agents",
    "agent_selection",
    "rewards",
    "_cumulative_rewards",
    "terminations",
    "truncations",
    "infos",
)
"""What an AEC environment holds of the present turn; nothing of it exists before `reset`."""

AnyEnv: TypeAlias = AECEnv[str, Any, Any]

turn_of: Callable[[AnyEnv], tuple[Any, ...]] = attrgetter(*TURN)


class GuardedEnv(BaseWrapper[str, Any, Any]):
    """An AEC environment whose illegal moves lose and whose order of calls is kept.

    Args:
        env: a PettingZoo AEC environment with an action mask in its observations or infos.
        illegal_reward: what an illegal action is worth to the offender; the others get 0. The
            episode ends for all, terminated and truncated, as with `TerminateIllegalWrapper`.

    >>> from mail_envs import tictactoe_v0
    >>> env = GuardedEnv(tictactoe_v0.raw_env())
    >>> env.step(4)
    Traceback (most recent call last):
    mail_envs.errors.OutOfOrderError: reset() needs to be called before step.
    """

    agent_selection: str

    def __init__(self, env: AnyEnv, *, illegal_reward: float = -1.0) -> None:
        super().__init__(env)
        self._illegal_reward = float(illegal_reward)
        self._begun = False
        self._moved = False  # stepped or reset since `agent_iter` last named an agent
        self._forfeited = False
        self._seen: Any = None  # what the agent to move has seen of this turn, if it has looked
        self._choices: dict[str, range] = {}  # the actions of agents whose space is discrete

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the environment has
        """Forward to the environment beneath, except what is asked for too early."""
        if name in TURN or name == "num_agents":
            raise AttributeError(f"{name} cannot be accessed before reset")
        return super().__getattr__(name)

    # ---- PettingZoo

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin an episode."""
        self.env.reset(seed=seed, options=options)
        self._begun, self._forfeited = True, False
        self._skip_agent_selection = None
        self._follow()

    def observe(self, agent: str) -> Any:  # noqa: ANN401 - whatever the environment shows
        """What `agent` sees now.

        Raises:
            OutOfOrderError: before `reset`, as every method.
        """
        self._needs_reset("observe")
        seen = self.env.observe(agent)
        if agent == self.agent_selection:
            self._seen = seen
        return seen

    def step(self, action: Any) -> None:  # noqa: ANN401 - whatever the environment takes
        """Play `action` for `agent_selection`, after the checks.

        Raises:
            OutOfSpaceError: an action outside the action space.
            ValueError: an action other than None for an agent whose game is over.
        """
        self._needs_reset("step")
        self._moved = True
        if not self.agents:
            EnvLogger.warn_step_after_terminated_truncated()
            return
        agent = self.agent_selection
        over = self.terminations[agent] or self.truncations[agent]
        if not (over and action is None) and not self._in_space(agent, action):
            raise OutOfSpaceError(
                f"action is not in action space: expected one of {self.action_space(agent)} for "
                f"{agent}, came {action!r}"
            )
        if over and self._forfeited:
            self._was_dead_step(action)
        elif over or self._legal(agent, action):
            self.env.step(action)
            self._follow()
        else:
            self._forfeit(agent)

    def agent_iter(self, max_iter: int = 2**63) -> AECIterable[str, Any, Any]:
        """Name the agent to move, once a step."""
        self._needs_reset("agent_iter()")
        return _Turns(self, max_iter, self._claim_turn)

    def render(self) -> Any:  # noqa: ANN401 - whatever the environment draws
        """Render the environment beneath."""
        self._needs_reset("render")
        return self.env.render()

    def state(self) -> Any:  # noqa: ANN401 - whatever the environment shows
        """The environment's own global view, where it has one."""
        self._needs_reset("state")
        return self.env.state()

    def __str__(self) -> str:
        return str(self.env)

    # ---- the turn

    def _follow(self) -> None:
        """Hold the environment's present turn."""
        (
            self.agents,
            self.agent_selection,
            self.rewards,
            self._cumulative_rewards,
            self.terminations,
            self.truncations,
            self.infos,
        ) = turn_of(self.env)
        self._moved = True
        self._seen = None

    def _in_space(self, agent: str, action: Any) -> bool:  # noqa: ANN401
        """Whether the action space contains an action; at once for plain numbers."""
        if type(action) is int and agent in self._choices:
            return action in self._choices[agent]
        space = self.action_space(agent)
        if isinstance(space, spaces.Discrete):
            self._choices[agent] = range(int(space.start), int(space.start + space.n))
        return space.contains(action)

    def _legal(self, agent: str, action: Any) -> bool:  # noqa: ANN401
        seen = self.env.observe(agent) if self._seen is None else self._seen
        holder = seen if isinstance(seen, dict) else self.infos[agent]
        if "action_mask" not in holder:
            raise MissingTruthError(
                f"step: expected an action mask of {agent} in its observation or info, came none"
            )
        return bool(holder["action_mask"][action])

    def _forfeit(self, offender: str) -> None:
        """End the episode, lost by `offender`, in a turn of our own."""
        EnvLogger.warn_on_illegal_move()
        self._forfeited = True
        self.agents: list[str] = list(self.agents)
        self.infos: dict[str, dict[str, Any]] = dict(self.infos)
        self.terminations: dict[str, bool] = dict.fromkeys(self.agents, True)
        self.truncations: dict[str, bool] = dict.fromkeys(self.agents, True)
        self.rewards: dict[str, float] = {
            **dict.fromkeys(self.agents, 0.0),
            offender: self._illegal_reward,
        }
        self._cumulative_rewards = {**self._cumulative_rewards, offender: 0.0}
        self._accumulate_rewards()
        self._deads_step_first()

    def _needs_reset(self, call: str) -> None:
        if not self._begun:
            raise OutOfOrderError(f"reset() needs to be called before {call}.")

    def _claim_turn(self) -> None:
        if not self._moved:
            raise OutOfOrderError("need to call step() or reset() in a loop over `agent_iter`")
        self._moved = False


class _Turns(AECIterable[str, Any, Any]):
    """The agents to move, checked by `claim` each time one is named."""

    def __init__(self, env: AnyEnv, max_iter: int, claim: Callable[[], None]) -> None:
        super().__init__(env, max_iter)
        self._claim = claim

    def __iter__(self) -> AECIterator[str, Any, Any]:
        return _Turn(self.env, self.max_iter, self._claim)


class _Turn(AECIterator[str, Any, Any]):
    def __init__(self, env: AnyEnv, max_iter: int, claim: Callable[[], None]) -> None:
        super().__init__(env, max_iter)
        self._claim = claim

    def __next__(self) -> str:
        agent = super().__next__()
        self._claim()
        return agent
