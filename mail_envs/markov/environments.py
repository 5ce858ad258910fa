"""Any Markov game as a PettingZoo parallel environment.

All agents move at once and every action is legal. Agents see the state through one of the lenses
of `mail_envs.markov.observations`: by default its number, `Discrete(S)`.

**The others' actions.** An agent sees them only through the state, unless `reveal_actions` puts the
joint action just played into every agent's `info["joint_action"]`, `(n,)` in player order.

**Steps.** In a game with a horizon the best move depends on the step, which the state does not
tell: `info["step"]` does, and so does the observation `"step-and-state"`. Experts of such games are
asked about pairs of step and state. Where the observation is not itself what experts take,
`info["expert_observation"]` holds it; whoever asks `env.expert(agent)` passes that.

**Episodes.** A game with a horizon H terminates after H steps. A discounted game has no end: it is
truncated after `max_cycles` steps, by default the first at which γ^t ≤ 0.01. Rewards are paid as
the model pays them, undiscounted, `game.discount` being there to discount by. In particular an
absorbing state goes on paying at every step until the truncation, and nothing ever ends an episode
early: cut off after T steps, a constant reward of 1 has been worth (1-γ^T)/(1-γ).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from gymnasium import logger, spaces
from gymnasium.utils import seeding
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils import parallel_to_aec

from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import rewards_at
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.observations import Lens, seen_features
from mail_envs.markov.setting import Setting
from mail_envs.markov.tabular import TabularPolicy
from mail_envs.protocols import FeatureMap, OneHotFeatureMap
from mail_envs.window import Window

__all__ = ["FRAMES", "RENDER_MODES", "MarkovGameEnv", "doors", "drawn", "episode_length"]

FRAMES = ("ansi", "rgb_array")
"""The render modes whose frames `render` returns."""

RENDER_MODES = ("human", *FRAMES)
"""The render modes that an environment may be made with."""

LEFT_OUT = 0.01
"""The weight γ^t from which on the rewards of a discounted game are cut off by default."""

OPTIONS = ("observation", "max_cycles", "reveal_actions", "render_mode")
"""The keywords of `MarkovGameEnv`."""

Infos = dict[str, dict[str, Any]]


def episode_length(game: MarkovGame, max_cycles: int | None) -> int:
    """After how many steps an episode ends.

    Args:
        game: the game.
        max_cycles: the bound asked for, or None.

    Raises:
        ValueError: a bound below 1.
    """
    if max_cycles is not None and max_cycles < 1:
        raise ValueError(f"max_cycles: expected None or at least 1, came {max_cycles}")
    if game.horizon is not None:
        return game.horizon if max_cycles is None else min(max_cycles, game.horizon)
    if max_cycles is not None:
        return max_cycles
    discount = game.discount or LEFT_OUT
    return max(1, int(np.ceil(np.log(LEFT_OUT) / np.log(discount))))


class MarkovGameEnv(ParallelEnv[str, Any, Any]):
    """A Markov game that all agents play at once.

    Args:
        setting: the game and what is known of it, or a bare game.
        observation: what agents are shown, by name.
        max_cycles: truncate episodes after so many steps; None: as the module says.
        reveal_actions: whether `info["joint_action"]` tells what everybody just played.
        render_mode: None; `"human"`, a window that follows the game; `"ansi"` or `"rgb_array"`.

    Raises:
        UnknownNameError: an observation or render mode that the setting does not offer.
        ValueError: `max_cycles` below 1.
        MissingPackageError: `"human"` without pygame, which the `render` extra installs.
    """

    def __init__(
        self,
        setting: Setting | MarkovGame,
        *,
        observation: str = "state",
        max_cycles: int | None = None,
        reveal_actions: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.setting: Setting = Setting(setting) if isinstance(setting, MarkovGame) else setting
        game = self.setting.game
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UnknownNameError(
                f"render_mode: expected None or one of {RENDER_MODES}, came {render_mode!r}"
            )
        self.metadata: dict[str, Any] = {
            "name": self.setting.name,
            "render_modes": list(RENDER_MODES),
            "render_fps": 2,
            "is_parallelizable": True,
        }
        self.render_mode = render_mode
        self._window = Window() if render_mode == "human" else None
        self.observation = observation
        self.reveal_actions = reveal_actions
        self.max_cycles: int = episode_length(game, max_cycles)
        self.possible_agents: list[str] = list(game.agents)
        self.agents = []
        self._lenses = {a: self.setting.lens(observation, i) for i, a in enumerate(game.agents)}
        self._spaces = {agent: lens.space for agent, lens in self._lenses.items()}
        self._actions = {
            agent: spaces.Discrete(count)
            for agent, count in zip(game.agents, game.num_actions, strict=True)
        }
        self._rng: np.random.Generator | None = None
        self._step = np.zeros(1, dtype=np.int64)
        self._state = np.zeros(1, dtype=np.int64)

    # ---- the truth

    @property
    def game(self) -> MarkovGame:
        """The immutable game."""
        return self.setting.game

    def expert(self, agent: str) -> TabularPolicy:
        """The expert of `agent`; asked about states, or pairs of step and state with a horizon.

        Raises:
            UnknownAgentError: an agent that the game does not have.
            UnsolvedGameError: a game whose equilibrium is not known.
        """
        return self.setting.experts[self._index(agent)]

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The feature map of `agent`, over the observations of this environment."""
        player = self._index(agent)
        return seen_features(self.setting.maps[player], self._lenses[agent])

    def lens(self, agent: str) -> Lens:
        """How `agent` is shown steps and states."""
        self._index(agent)
        return self._lenses[agent]

    def beside(self, steps: IntArray, states: IntArray) -> dict[str, NDArray[Any]]:
        """What infos say of `(B,)` steps and states: the step, and what experts are asked about."""
        told: dict[str, NDArray[Any]] = {}
        with_steps = self.game.horizon is not None
        if with_steps:
            told["step"] = steps.copy()
        if self.observation != ("step-and-state" if with_steps else "state"):
            pairs = np.stack([steps, states], axis=1) if with_steps else states.copy()
            told["expert_observation"] = pairs
        return told

    # ---- PettingZoo

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The space of `agent`'s observations."""
        self._index(agent)
        return self._spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """The space of `agent`'s actions, Discrete(A_i); all of them are always legal."""
        self._index(agent)
        return self._actions[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], Infos]:
        """Begin an episode.

        Args:
            seed: of all randomness from now on; None goes on with the current stream.
            options: `"state"`, the number of the state to begin in, instead of a drawn one.

        Raises:
            ValueError: a state that the game does not have.
        """
        if seed is not None or self._rng is None:
            self._rng, _ = seeding.np_random(seed)
        self.agents = list(self.possible_agents)
        self._step = np.zeros(1, dtype=np.int64)
        self._state = self.game.sample_initial_states(1, rng=self._rng)
        if options is not None and "state" in options:
            self._state = np.array([self._known_state(options["state"])])
        self._follow()
        return self._observations(), self._infos(None)

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """Play a joint action: one action of every agent.

        Raises:
            EpisodeOverError: a step before `reset` or after the end.
            UnknownAgentError: actions of other agents than those that play.
            IllegalActionError: an action outside its agent's space.
        """
        if not self.agents or self._rng is None:
            raise EpisodeOverError("step: the episode is over or has not begun; call reset()")
        joint, dynamics = self._joint(actions), self.game.dynamics
        step = int(self._step[0])
        paid = rewards_at(dynamics, step, self._state, joint)[:, 0]
        self._state = dynamics.sample_next(step, self._state, joint, rng=self._rng)
        self._step = self._step + 1
        self._follow()
        ended = step + 1 == self.game.horizon
        cut = not ended and step + 1 >= self.max_cycles
        playing = self.agents
        observations, infos = self._observations(), self._infos(joint[0])
        if ended or cut:
            self.agents: list[str] = []
        return (
            observations,
            {agent: float(reward) for agent, reward in zip(playing, paid, strict=True)},
            dict.fromkeys(playing, ended),
            dict.fromkeys(playing, cut),
            infos,
        )

    def state(self) -> NDArray[np.int64]:
        """The step and the number of the state: `(2,)`."""
        return np.concatenate([self._step, self._state])

    def render(self) -> str | NDArray[np.uint8] | None:
        """The state as text (`"ansi"`) or as an RGB array.

        With `"human"` the window shows it, as after every step, and there is None to return.

        Raises:
            MissingDisplayError: `"human"` where no window can be opened.
        """
        if self.render_mode is None:
            logger.warn("render() was called without a render_mode; pass one when making it.")
            return None
        step, state = int(self._step[0]), int(self._state[0])
        if self._window is None:
            return drawn(self.setting, self.render_mode, step, state)
        title = f"{self.setting.name}: step {step}, state {state}"
        self._window.watch(self.setting.draw(state), title, self.metadata["render_fps"])
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()

    # ---- parts

    def _follow(self) -> None:
        """Show in the window, if there is one, where play is now."""
        if self._window is not None:
            self.render()

    def _observations(self) -> dict[str, Any]:
        return {agent: self._lenses[agent](self._step, self._state)[0] for agent in self.agents}

    def _infos(self, joint: NDArray[np.int64] | None) -> Infos:
        """What each agent is told beside its observation; fresh objects at every call."""
        infos: Infos = {}
        for agent in self.agents:
            told = self.beside(self._step, self._state)
            infos[agent] = {key: _single(rows[0]) for key, rows in told.items()}
            if self.reveal_actions and joint is not None:
                infos[agent]["joint_action"] = joint.copy()
        return infos

    def _joint(self, actions: dict[str, Any]) -> NDArray[np.int64]:
        """The joint action as `(1, n)`."""
        if set(actions) != set(self.agents):
            raise UnknownAgentError(
                f"actions: expected one of each of {self.agents}, came those of {list(actions)}"
            )
        for agent, space in self._actions.items():
            if not space.contains(actions[agent]):
                raise IllegalActionError(
                    f"action of {agent}: expected one of {space}, came {actions[agent]!r}"
                )
        return np.array([[int(actions[agent]) for agent in self.agents]], dtype=np.int64)

    def _known_state(self, state: int) -> int:
        if not 0 <= state < self.game.num_states:
            raise ValueError(
                f"options['state']: expected one of 0..{self.game.num_states - 1}, came {state}"
            )
        return int(state)

    def _index(self, agent: str) -> int:
        if agent not in self.possible_agents:
            raise UnknownAgentError(
                f"agent: expected one of {self.possible_agents}, came {agent!r}"
            )
        return self.possible_agents.index(agent)


ParallelDoor: TypeAlias = Callable[..., MarkovGameEnv]
"""Makes an environment in which all agents move at once."""

TurnDoor: TypeAlias = Callable[..., AECEnv[str, Any, Any]]
"""Makes an environment in which agents move in turn."""


def doors(setting: Callable[..., Setting]) -> tuple[ParallelDoor, TurnDoor]:
    """The functions `parallel_env` and `env` of a door.

    Both take the keywords of `setting` and of `MarkovGameEnv` together. In what `env` makes agents
    move in turn, and the state moves after the last of them.

    Args:
        setting: makes the setting of its keywords.
    """

    def parallel_env(*arguments: Any, **keywords: Any) -> MarkovGameEnv:
        """Make the environment in which all agents move at once."""
        options = {key: keywords.pop(key) for key in OPTIONS if key in keywords}
        return MarkovGameEnv(setting(*arguments, **keywords), **options)

    def env(*arguments: Any, **keywords: Any) -> AECEnv[str, Any, Any]:
        """Make the environment in which agents move in turn."""
        return parallel_to_aec(parallel_env(*arguments, **keywords))

    return parallel_env, env


def _single(row: Any) -> Any:
    """A number as Python's own, an array as a copy."""
    return row.copy() if row.ndim else row.item()


def drawn(setting: Setting, render_mode: str, step: int, state: int) -> str | NDArray[np.uint8]:
    """One frame."""
    if render_mode == "rgb_array":
        return setting.draw(state)
    return setting.describe(step, state)
