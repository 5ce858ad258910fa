"""Episodes of one length: an absorbing state from the end of the game until the horizon.

Rewards learned from demonstrations (GAIL, AIRL) are of one sign more often than not, so that an
episode's length alone says much about what the expert did; `imitation` therefore refuses episodes
of different lengths. `FixedHorizon` makes them equal, the absorbing state told by an entry of its
own, as in Kostrikov et al., Discriminator-Actor-Critic (arXiv 1809.02925), section 4.2.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mail_envs.errors import EpisodeOverError, IllegalActionError, MissingTruthError, ShapeError
from mail_wrappers.batches import forwarded_masks
from mail_wrappers.options import array_of, check_environment, check_whole
from mail_wrappers.told import check_info, holds, reward_of

__all__ = ["FixedHorizon"]

Step = tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]


class FixedHorizon(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Every episode takes exactly `horizon` steps, and is truncated there.

    Observations are flat, with one entry more in front: 0 while the game goes on, 1 in the
    absorbing state, which pays 0, takes any action and leads to itself. The rest of it are zeros
    (or the nearest that the space holds), but the mask, which is all ones. The end of the game
    beneath, terminated or truncated, stands in that step's `info["ended"]`; later steps have
    `info["absorbing"]`, True.

    Args:
        env: a single-agent environment with flat observations, such as `FlatObservation`, whose
            last A entries are the action mask where it packs one.
        horizon: the number of steps of every episode; games that go on longer are cut there.

    Raises:
        InvalidOptionError: a horizon below 1.
        ShapeError: observations that are no flat Box of real numbers.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], horizon: int) -> None:
        check_environment(env)
        horizon = check_whole("horizon", horizon, least=1)
        super().__init__(env)
        space = env.observation_space
        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise ShapeError(
                f"observation space of {env}: expected a flat Box, came {space}; put "
                f"mail_wrappers.FlatObservation beneath"
            )
        self._horizon = horizon
        self._absorbing = _absorbing(space, env.action_space)
        self.observation_space = spaces.Box(
            np.concatenate([[0], space.low]).astype(np.float32),
            np.concatenate([[1], space.high]).astype(np.float32),
            dtype=np.float32,
        )
        self._size = int(space.shape[0])
        self._steps = horizon
        self._ended = False

    @property
    def horizon(self) -> int:
        """The number of steps of every episode."""
        return self._horizon

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; arguments as for the environment beneath."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._steps, self._ended = 0, False
        check_info(info, "the agent")
        return self._marked(0, observation), info

    def step(self, action: Any) -> Step:
        """Step, in the game or in the absorbing state.

        Raises:
            EpisodeOverError: a step before `reset` or after the horizon.
            IllegalActionError: an action outside the action space.
        """
        if self._steps >= self._horizon:
            raise EpisodeOverError("step: the episode is over or has not begun; call reset()")
        if self._ended:
            return self._stay(action)
        observation, reward, terminated, truncated, info = self.env.step(action)
        paid = reward_of(reward, "the agent")
        check_info(info, "the agent")
        self._steps += 1
        self._ended = bool(terminated or truncated)
        if self._ended:
            info = {**info, "ended": "terminated" if terminated else "truncated"}
            observation = self._absorbing
        seen = self._marked(int(self._ended), observation)
        return seen, paid, False, self._steps == self._horizon, info

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(A,)` bool; all True in the absorbing state."""
        masks = forwarded_masks(self.env)
        return np.ones_like(masks) if self._ended else masks

    def is_absorbing(self, observations: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of a batch `(B, n)` are the absorbing state, `(B,)`."""
        return self._flat(observations)[..., 0] == 1

    def unflatten(self, flat: NDArray[Any]) -> Any:
        """The inverse of the flat observation beneath, of one or a batch, where it has one."""
        if not self.env.has_wrapper_attr("unflatten"):
            raise MissingTruthError(f"unflatten: {self.env} provides none")
        return self.env.get_wrapper_attr("unflatten")(self._flat(flat)[..., 1:])

    def _flat(self, observations: Any) -> NDArray[Any]:
        """One observation or a batch of them, as an array."""
        flat = array_of("observations", observations)
        if flat.shape[-1:] != self.observation_space.shape:
            raise ShapeError(f"observations: expected (..., {self._size + 1}), came {flat.shape}")
        return flat

    def _marked(self, flag: int, observation: Any) -> NDArray[np.float32]:
        seen = array_of("observation", observation)
        if seen.shape != (self._size,):
            raise ShapeError(f"observation: expected ({self._size},), came {seen.shape}")
        return np.concatenate([[flag], seen]).astype(np.float32)

    def _stay(self, action: Any) -> Step:
        if not holds(self.action_space, action):
            raise IllegalActionError(
                f"action: expected one of {self.action_space}, came {action!r}"
            )
        self._steps += 1
        info: dict[str, Any] = {"absorbing": True}
        return self._marked(1, self._absorbing), 0.0, False, self._steps == self._horizon, info


def _absorbing(space: spaces.Box, actions: spaces.Space[Any]) -> NDArray[np.float32]:
    """Zeros, or the nearest that the space holds; ones where the mask is packed in."""
    seen = np.clip(np.zeros(space.shape, np.float32), space.low, space.high)
    number = int(actions.n) if isinstance(actions, spaces.Discrete) else 0
    ends = slice(len(seen) - number, len(seen))
    if 0 < number < len(seen) and (space.low[ends] == 0).all() and (space.high[ends] == 1).all():
        seen[ends] = 1
    return seen
