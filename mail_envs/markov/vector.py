"""One agent's view of many copies of a Markov game at once, the others' policies inside.

Every step is a handful of array operations over the batch, whatever its size; there is no Python
loop over the copies. Observations, rewards, episodes and infos are those of
`mail_envs.markov.environments`. All copies draw from one stream: a seed gives the same batch on
every run, but not the same as as many single environments.

**Autoreset** (`metadata["autoreset_mode"]`). `NEXT_STEP`, Gymnasium's default: the step after an
episode's end ignores the action, pays 0 and shows the next episode's beginning. `SAME_STEP`: the
step that ends an episode already shows the next one's beginning, and its own last observation is
`info["final_obs"]`, with `info["final_info"]` beside it; rows are meant where `info["_final_obs"]`.
"""

from importlib import import_module
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mail_envs.errors import EpisodeOverError, IllegalActionError, ShapeError, UnknownNameError
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import rewards_at
from mail_envs.markov.environments import FRAMES, MarkovGameEnv, drawn
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.movers import Others, other_movers
from mail_envs.markov.tabular import TabularPolicy
from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap

__all__ = ["MarkovVectorEnv", "make_vector_view"]

MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)

Flags = NDArray[np.bool_]
Transition = tuple[Observations, FloatArray, Flags, Flags, dict[str, Any]]


class MarkovVectorEnv(VectorEnv[Any, Any, Any]):
    """Copies of a Markov game seen by one agent.

    Args:
        env: what is copied: its game, observations, length of episodes and infos.
        agent: whose view.
        others: who plays the rest, see `mail_envs.markov.movers.other_movers`.
        num_envs: B, the number of copies.
        autoreset_mode: `NEXT_STEP` or `SAME_STEP`.

    Raises:
        UnknownAgentError: an agent, here or in `others`, that the game does not have.
        UnknownNameError: another word or mode than those above.
        ValueError: no copies.
        UnsolvedGameError: `"expert"` in a game whose equilibrium is not known.
    """

    def __init__(
        self,
        env: MarkovGameEnv,
        agent: str = "player_0",
        others: Others = "expert",
        *,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs: expected at least 1, came {num_envs}")
        if env.render_mode not in {None, *FRAMES}:
            raise UnknownNameError(
                f"render_mode: expected None or one of {FRAMES} of many copies, came "
                f"{env.render_mode!r}"
            )
        self._env = env
        self._mode = _autoreset(autoreset_mode)
        self._player = env.game.player_index(agent)
        self._movers = other_movers(env, agent, others)
        self._lens = env.lens(agent)
        self.render_mode: str | None = env.render_mode
        self.metadata: dict[str, Any] = {
            **env.metadata,
            "render_modes": list(FRAMES),
            "autoreset_mode": self._mode,
        }
        self.num_envs = num_envs
        self.single_observation_space: spaces.Space[Any] = self._lens.space
        self.observation_space: spaces.Space[Any] = batch_space(
            self.single_observation_space, num_envs
        )
        self.single_action_space: spaces.Space[Any] = spaces.Discrete(
            env.game.num_actions[self._player]
        )
        self.action_space: spaces.Space[Any] = batch_space(self.single_action_space, num_envs)
        self._states = np.zeros(num_envs, dtype=np.int64)
        self._steps = np.zeros(num_envs, dtype=np.int64)
        self._over = np.zeros(num_envs, dtype=np.bool_)  # ended one step ago, under NEXT_STEP
        self._begun = False

    # ---- the truth

    @property
    def game(self) -> MarkovGame:
        """The immutable game."""
        return self._env.game

    @property
    def agent(self) -> str:
        """The agent whose view this is."""
        return self.game.agents[self._player]

    def expert(self, agent: str) -> TabularPolicy:
        """The expert of `agent`, as of `MarkovGameEnv`."""
        return self._env.expert(agent)

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The feature map of `agent`, over the observations of this environment."""
        return self._env.feature_map(agent)

    # ---- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Begin an episode in every copy.

        Args:
            seed: of all randomness from now on; None goes on with the current stream.
            options: not used.
        """
        del options
        super().reset(seed=seed)
        self._states = self.game.sample_initial_states(self.num_envs, rng=self.np_random)
        self._steps = np.zeros(self.num_envs, dtype=np.int64)
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        self._begun = True
        return self._observation(), self._info(None)

    def step(self, actions: NDArray[np.integer]) -> Transition:
        """Play `(B,)` actions, the others' policies beside them.

        Raises:
            EpisodeOverError: a step before `reset`.
            ShapeError: actions of another shape or kind.
            IllegalActionError: an action outside the space; the message names the first copy.
        """
        if not self._begun:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        dynamics = self.game.dynamics
        if self._over.any():  # the copies that begin anew play a step that is then forgotten
            self._steps = np.where(self._over, 0, self._steps)
        joint = self._joint(self._checked(actions))
        rewards = rewards_at(dynamics, self._steps, self._states, joint)[self._player]
        self._states = dynamics.sample_next(self._steps, self._states, joint, rng=self.np_random)
        self._steps = self._steps + 1
        last = self._steps >= self._env.max_cycles
        ends = (
            np.zeros_like(last) if self.game.horizon is None else self._steps == self.game.horizon
        )
        cuts = last & ~ends
        if self._mode is AutoresetMode.SAME_STEP:
            return self._same_step(joint, rewards, ends, cuts)
        return self._next_step(joint, rewards, ends, cuts)

    def render(self) -> tuple[Any, ...] | None:
        """A frame of every copy."""
        mode, setting = self.render_mode, self._env.setting
        if mode is None:
            return None
        pairs = zip(self._steps.tolist(), self._states.tolist(), strict=True)
        return tuple(drawn(setting, mode, step, state) for step, state in pairs)

    # ---- parts

    def _next_step(
        self, joint: IntArray, rewards: FloatArray, ends: Flags, cuts: Flags
    ) -> Transition:
        begun = self._over
        if begun.any():
            rewards[begun], ends[begun], cuts[begun] = 0.0, False, False
            self._restart(begun)
        self._over = ends | cuts
        return self._observation(), rewards, ends, cuts, self._info(joint, begun)

    def _same_step(
        self, joint: IntArray, rewards: FloatArray, ends: Flags, cuts: Flags
    ) -> Transition:
        over, final = ends | cuts, {}
        if over.any():
            final = {"final_obs": self._observation(), "final_info": self._info(joint.copy())}
            final |= {"_final_obs": over.copy(), "_final_info": over.copy()}
            self._restart(over)
        return self._observation(), rewards, ends, cuts, {**self._info(joint, over), **final}

    def _restart(self, rows: Flags) -> None:
        count = int(rows.sum())
        self._states[rows] = self.game.sample_initial_states(count, rng=self.np_random)
        self._steps[rows] = 0

    def _observation(self) -> Observations:
        return self._lens(self._steps, self._states)

    def _info(self, joint: IntArray | None, begun: Flags | None = None) -> dict[str, Any]:
        """What each copy is told beside its observation, with Gymnasium's masks.

        Args:
            joint: what was just played, `(B, n)`; None after a reset.
            begun: the copies in which an episode has just begun, so that nothing was played.
        """
        told = self._env.beside(self._steps, self._states)
        masks = {f"_{key}": np.ones(self.num_envs, dtype=np.bool_) for key in told}
        if self._env.reveal_actions and joint is not None:
            told["joint_action"] = joint
            masks["_joint_action"] = np.full(self.num_envs, True) if begun is None else ~begun
        return {**told, **masks}

    def _joint(self, own: IntArray) -> IntArray:
        """The joint actions, `(B, n)`."""
        joint = np.empty((self.num_envs, self.game.num_players), dtype=np.int64)
        joint[:, self._player] = own
        for player, mover in self._movers.items():
            joint[:, player] = mover(self._steps, self._states, self.np_random)
        return joint

    def _checked(self, actions: NDArray[np.integer]) -> IntArray:
        given = np.asarray(actions)
        if given.shape != (self.num_envs,) or given.dtype.kind not in "iu":
            raise ShapeError(
                f"actions: expected integers of shape ({self.num_envs},), came {given.dtype} of "
                f"shape {given.shape}"
            )
        count = self.game.num_actions[self._player]
        wrong = (given < 0) | (given >= count)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise IllegalActionError(
                f"action of {self.agent}: expected one of 0..{count - 1}, came {given[row]} in "
                f"copy {row}"
            )
        return given.astype(np.int64, copy=False)


def _autoreset(mode: AutoresetMode | str) -> AutoresetMode:
    for known in MODES:
        if mode in {known, known.value}:
            return known
    names = [known.value for known in MODES]
    raise UnknownNameError(f"autoreset_mode: expected one of {names}, came {mode!r}")


def make_vector_view(
    env: str,
    *,
    agent: str = "player_0",
    opponent: Others = "expert",
    num_envs: int = 1,
    max_episode_steps: int | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **kwargs: Any,
) -> MarkovVectorEnv:
    """Make the batched view of an environment named by its door: Gymnasium's vector entry point.

    Args:
        env: `"module:function"`, the function making a `MarkovGameEnv` from `kwargs`.
        agent: whose view.
        opponent: who plays the rest, as `others` of `MarkovVectorEnv`.
        num_envs: B.
        max_episode_steps: truncate episodes after so many steps, if that is sooner.
        autoreset_mode: as of `MarkovVectorEnv`.
        kwargs: for the function.
    """
    module, _, function = env.partition(":")
    single: MarkovGameEnv = getattr(import_module(module), function)(**kwargs)
    if max_episode_steps is not None:
        single.max_cycles = min(single.max_cycles, max_episode_steps)
    return MarkovVectorEnv(
        single, agent, opponent, num_envs=num_envs, autoreset_mode=autoreset_mode
    )
