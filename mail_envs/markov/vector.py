"""One agent's view of many copies of a Markov game at once, the others' policies inside.

Every step is a handful of array operations over the batch, whatever its size; there is no Python
loop over the copies. Observations, rewards, episodes and infos are those of
`mail_envs.markov.environments`; all copies draw from one stream, so that a seed gives the same batch
on every run, but not the same as as many single environments.

**Autoreset** (`metadata["autoreset_mode"]`). `NEXT_STEP`, Gymnasium's default: the step after an
episode's end ignores the action, pays 0 and shows the next episode's beginning. `SAME_STEP`: the
step that ends an episode already shows the next one's beginning, and its own last observation is
`info["final_obs"]`, with `info["final_info"]` beside it; rows are meant where `info["_final_obs"]`.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.markov.checks import IntArray
from mail_envs.markov.dynamics import rewards_at
from mail_envs.markov.dynamics.sampling import RowSampler
from mail_envs.markov.environments import (
    MarkovGameEnv,
    check_render_mode,
    drawn,
    episode_length,
    render_modes,
)
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.observations import View, seen_features
from mail_envs.markov.setting import Setting
from mail_envs.markov.tabular import TabularPolicy
from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap, Policy
from mail_envs.protocols.asking import ask, by_player, sample_actions

__all__ = ["MarkovVectorEnv", "make_vector_view"]

Mover: TypeAlias = Callable[[IntArray, IntArray, np.random.Generator], IntArray]
"""From `(B,)` steps and `(B,)` states to `(B,)` actions of one player."""
Others: TypeAlias = "Policy | str | Mapping[str, Policy | str]"

MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)


class MarkovVectorEnv(VectorEnv[Any, Any, Any]):
    """`num_envs` copies of a Markov game seen by one agent.

    Args:
        setting: the game and what is known of it, or a bare game.
        agent: whose view.
        others: who plays the rest: one for all, or a mapping from agent. `"expert"`, `"random"`,
            or a policy; a `TabularPolicy` is asked about steps and states, any other one about
            its agent's observations.
        num_envs: B.
        observation: what agents are shown, by name.
        max_cycles: truncate episodes after so many steps.
        reveal_actions: whether `info["joint_action"]`, `(B, n)`, tells what everybody just played.
        autoreset_mode: `NEXT_STEP` or `SAME_STEP`.
        render_mode: as of `MarkovGameEnv`; a frame for each copy.

    Raises:
        UnknownAgentError: an agent, here or in `others`, that the game does not have.
        UnknownNameError: another word, observation, mode than those above.
        ValueError: no copies, or `max_cycles` below 1.
        UnsolvedGameError: `"expert"` in a game whose equilibrium is not known.
    """

    def __init__(
        self,
        setting: Setting | MarkovGame,
        agent: str = "player_0",
        others: Others = "expert",
        *,
        num_envs: int = 1,
        observation: str = "state",
        max_cycles: int | None = None,
        reveal_actions: bool = False,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        self.setting = Setting(setting) if isinstance(setting, MarkovGame) else setting
        game, modes = self.setting.game, render_modes(self.setting)
        check_render_mode(render_mode, modes)
        if num_envs < 1:
            raise ValueError(f"num_envs: expected at least 1, came {num_envs}")
        self._mode = AutoresetMode(autoreset_mode)
        if self._mode not in MODES:
            raise UnknownNameError(f"autoreset_mode: expected one of {MODES}, came {self._mode}")
        self._player = game.player_index(agent)
        self._views = tuple(self.setting.view(observation, i) for i in range(game.num_players))
        self._movers = self._make_movers(others)
        self._length = episode_length(game, max_cycles)
        self._shown = self.setting.expert_is_shown(observation)
        self._reveal = reveal_actions
        self.render_mode = render_mode
        self.metadata = {
            "autoreset_mode": self._mode,
            "render_modes": list(modes),
            "render_fps": 2,
        }
        self.num_envs = num_envs
        view = self._views[self._player]
        self.single_observation_space = view.space
        self.observation_space = batch_space(view.space, num_envs)
        self.single_action_space = _discrete(game.num_actions[self._player])
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._states = np.zeros(num_envs, dtype=np.int64)
        self._steps = np.zeros(num_envs, dtype=np.int64)
        self._over = np.zeros(num_envs, dtype=np.bool_)
        self._begun = False

    # ---- the truth

    @property
    def game(self) -> MarkovGame:
        """The immutable game."""
        return self.setting.game

    @property
    def agent(self) -> str:
        """The agent whose view this is."""
        return self.game.agents[self._player]

    def expert(self, agent: str) -> TabularPolicy:
        """The expert of `agent`, as of `MarkovGameEnv`."""
        return self.setting.experts[self.game.player_index(agent)]

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The feature map of `agent`, over the observations of this environment."""
        player = self.game.player_index(agent)
        return seen_features(self.setting.maps[player], self._views[player])

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

    def step(
        self, actions: Any
    ) -> tuple[Observations, FloatArray, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Play `(B,)` actions, the others' policies beside them.

        Raises:
            EpisodeOverError: a step before `reset`.
            ShapeError: actions of another shape.
            IllegalActionError: an action outside the space; the message names the first copy.
        """
        if not self._begun:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        joint = self._joint(self._checked(actions))
        dynamics, steps, states = self.game.dynamics, self._steps, self._states
        rewards = rewards_at(dynamics, steps, states, joint)[self._player]
        self._states = dynamics.sample_next(steps, states, joint, rng=self.np_random)
        self._steps = steps + 1
        last = self._steps >= self._length
        ends = last & (self._steps == (self.game.horizon or 0))
        cuts = last & ~ends
        if self._mode is AutoresetMode.SAME_STEP:
            return self._same_step(joint, rewards, ends, cuts)
        if self._over.any():  # these ended one step ago, and begin anew in this one
            rewards[self._over], ends[self._over], cuts[self._over] = 0.0, False, False
            self._restart(self._over)
        self._over = ends | cuts
        return self._observation(), rewards, ends, cuts, self._info(joint)

    def render(self) -> tuple[Any, ...] | None:
        """A frame of every copy."""
        if self.render_mode is None:
            return None
        pairs = zip(self._steps.tolist(), self._states.tolist(), strict=True)
        return tuple(drawn(self.setting, self.render_mode, step, state) for step, state in pairs)

    # ---- parts

    def _same_step(
        self,
        joint: IntArray,
        rewards: FloatArray,
        ends: NDArray[np.bool_],
        cuts: NDArray[np.bool_],
    ) -> tuple[Observations, FloatArray, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        over = ends | cuts
        if not over.any():
            return self._observation(), rewards, ends, cuts, self._info(joint)
        final = {"final_obs": self._observation(), "final_info": self._info(joint)}
        self._restart(over)
        info = {**self._info(joint), **final, "_final_obs": over, "_final_info": over.copy()}
        return self._observation(), rewards, ends, cuts, info

    def _restart(self, rows: NDArray[np.bool_]) -> None:
        count = int(rows.sum())
        self._states[rows] = self.game.sample_initial_states(count, rng=self.np_random)
        self._steps[rows] = 0

    def _observation(self) -> Observations:
        return self._views[self._player](self._steps, self._states)

    def _info(self, joint: IntArray | None) -> dict[str, Any]:
        """What each copy is told beside its observation, with Gymnasium's masks."""
        told: dict[str, NDArray[Any]] = {}
        if self.game.horizon is not None:
            told["step"] = self._steps.copy()
        if not self._shown:
            parts = (self._steps, self._states) if self.setting.experts_see_steps else ()
            told["expert_observation"] = np.stack(parts, axis=1) if parts else self._states.copy()
        if self._reveal and joint is not None:
            told["joint_action"] = joint
        present = {f"_{key}": np.ones(self.num_envs, dtype=np.bool_) for key in told}
        return {**told, **present}

    def _joint(self, own: IntArray) -> IntArray:
        """The joint actions, `(B, n)`."""
        steps = self._steps
        if self._over.any():
            steps = np.where(self._over, 0, steps)  # whatever is played there is forgotten
        joint = np.empty((self.num_envs, self.game.num_players), dtype=np.int64)
        for player, mover in enumerate(self._movers):
            joint[:, player] = mover(steps, self._states, self.np_random) if mover else own
        self._steps = steps
        return joint

    def _checked(self, actions: Any) -> IntArray:
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

    def _make_movers(self, others: Others) -> tuple[Mover | None, ...]:
        """Who moves each player; None for the view's own."""
        agents = [a for i, a in enumerate(self.game.agents) if i != self._player]
        if not isinstance(others, Mapping):
            others = dict.fromkeys(agents, others)
        chosen = dict(zip(agents, by_player(others, agents, what="others"), strict=True))
        return tuple(
            None if i == self._player else self._mover(i, chosen[a])
            for i, a in enumerate(self.game.agents)
        )

    def _mover(self, player: int, policy: Policy | str) -> Mover:
        agent, count = self.game.agents[player], self.game.num_actions[player]
        if policy == "random":
            return lambda _, states, rng: rng.integers(count, size=len(states))
        if policy == "expert":
            return _table_mover(self.setting.experts[player])
        if isinstance(policy, TabularPolicy):
            return _table_mover(policy)
        if isinstance(policy, str) or not callable(policy):
            raise UnknownNameError(
                f"the policy of {agent}: expected 'random', 'expert' or a callable, came {policy!r}"
            )
        return _asked_mover(policy, self._views[player], count, agent)


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
        max_episode_steps: truncate episodes after so many steps, if sooner than otherwise.
        autoreset_mode: as of `MarkovVectorEnv`.
        kwargs: for the function.
    """
    module, _, function = env.partition(":")
    single: MarkovGameEnv = getattr(import_module(module), function)(**kwargs)
    length = min(single.max_cycles, max_episode_steps or single.max_cycles)
    return MarkovVectorEnv(
        single.setting,
        agent,
        opponent,
        num_envs=num_envs,
        observation=single.observation,
        max_cycles=length,
        reveal_actions=single.reveal_actions,
        autoreset_mode=autoreset_mode,
        render_mode=single.render_mode,
    )


def _table_mover(policy: TabularPolicy) -> Mover:
    """Draw from a table, `(1 or H, S, A)`, row by row."""
    steps, states, actions = policy.table.shape
    sampler = RowSampler.of_table(policy.table.reshape(-1, actions))

    def move(h: IntArray, s: IntArray, rng: np.random.Generator) -> IntArray:
        rows = s if steps == 1 else h * states + s
        return sampler.draw(rows, rng=rng) - rows * actions

    return move


def _asked_mover(policy: Policy, view: View, actions: int, agent: str) -> Mover:
    def move(h: IntArray, s: IntArray, rng: np.random.Generator) -> IntArray:
        masks = np.ones((len(s), actions), dtype=np.int8)
        return sample_actions(ask(policy, view(h, s), masks, who=agent), rng=rng)

    return move
