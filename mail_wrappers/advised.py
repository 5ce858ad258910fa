"""The bases of wrappers that keep what experts say at the present turn, of one environment or many.

They know where an episode stands, and end it where the budget is spent; what is asked, and what
becomes of the answers, each wrapper says itself.
"""

from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from mail_envs.errors import BudgetExhaustedError, EpisodeOverError
from mail_wrappers.advice import Advice
from mail_wrappers.batches import forwarded_masks, forwarded_vector_masks, latest_masks, part
from mail_wrappers.episodes import Episodes, cut_rows
from mail_wrappers.options import check_environment
from mail_wrappers.spending import cut_short
from mail_wrappers.told import Step, check_actions, check_info, checked_reset, reward_of

__all__ = ["AdvisedVectorWrapper", "AdvisedWrapper", "VectorStep"]

Flags: TypeAlias = NDArray[np.bool_]
VectorStep: TypeAlias = tuple[Any, Any, Flags, Flags, dict[str, Any]]
"""What a step of a vector environment returns."""


class AdvisedWrapper(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """A wrapper of one environment that keeps experts' answers at the present turn.

    Args:
        env: a single-agent environment.
        spent: `"truncate"` if the episode ends where the budget is spent.
        arguments: what else the wrapper was made with.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], *, spent: str, **arguments: Any) -> None:
        check_environment(env)
        RecordConstructorArgs.__init__(self, _disable_deepcopy=True, spent=spent, **arguments)
        gymnasium.Wrapper.__init__(self, env)
        self._advices: tuple[Advice, ...] = ()
        self._kept: tuple[Advice, ...] = ()  # those of them that no wrapper beneath keeps
        self._truncates = spent == "truncate"
        self._last: tuple[Any, dict[str, Any]] = (None, {})
        self._begun = self._cut = False

    @property
    def advices(self) -> tuple[Advice, ...]:
        """The experts' answers at the present turn."""
        return self._advices

    def action_masks(self) -> Flags:
        """The legal actions, `(A,)` bool, as the environment beneath tells them."""
        return forwarded_masks(self.env)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._begun, self._cut = True, False
        self._arrive(observation, info, begun=True)
        return observation, info

    def _check_step(self) -> None:
        if self._cut:
            raise EpisodeOverError("step: the budget ended the episode; call reset()")

    def _play(self, action: Any) -> Step:
        """Step beneath, and take the next turn in."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        paid = reward_of(reward, "the agent")
        self._arrive(observation, info, begun=False)
        return observation, paid, terminated, truncated, info

    def _arrive(self, observation: Any, info: dict[str, Any], *, begun: bool) -> None:
        check_info(info, "the agent")
        self._last = observation, info
        for advice in self._kept:
            advice.opens_one(observation, info, begun=begun)

    def _end(self, error: BudgetExhaustedError) -> Step:
        """A step that plays nothing and truncates, or the error that says why."""
        if not self._truncates:
            raise error
        self._cut = True
        return cut_short(*self._last)


class AdvisedVectorWrapper(VectorWrapper[Any, Any, Any, Any, Any]):
    """A wrapper of a vector environment that keeps experts' answers at the present turns.

    Args:
        env: a vector environment, in any autoreset mode.
        spent: `"truncate"` if episodes end where the budget is spent.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], *, spent: str) -> None:
        check_environment(env, vector=True)
        super().__init__(env)
        self._advices: tuple[Advice, ...] = ()
        self._kept: tuple[Advice, ...] = ()  # those of them that no wrapper beneath keeps
        self._truncates = spent == "truncate"
        self._episodes = Episodes(env)
        self._last: tuple[Any, dict[str, Any]] = (None, {})
        self._masks: NDArray[np.int8] | None = None

    @property
    def advices(self) -> tuple[Advice, ...]:
        """The experts' answers at the present turns."""
        return self._advices

    def action_masks(self) -> Flags:
        """The legal actions, `(B, A)` bool, as the environment beneath tells them."""
        return forwarded_vector_masks(self.env, self._masks)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes."""
        seed = checked_reset(self.env, seed, options)
        begun = self._episodes.to_reset(options)
        observations, infos = self.env.reset(seed=seed, options=options)  # pyright: ignore[reportArgumentType]
        self._episodes.reset(begun)
        self._arrive(observations, infos)
        return observations, infos

    def _check_step(self, actions: Any) -> None:
        self._episodes.check_step()
        check_actions(self.env, actions)

    def _play(self, actions: Any) -> VectorStep:
        """Step beneath, and take the next turns in."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        self._episodes.step(terminations, truncations)
        self._arrive(observations, infos)
        return observations, rewards, terminations, truncations, infos

    def _arrive(self, observations: Any, infos: dict[str, Any]) -> None:
        self._last = observations, infos
        self._masks = latest_masks(self._masks, part(observations, infos)[1], infos)
        begun, rows = self._episodes.begun, self._episodes.renewed
        for advice in self._kept:
            advice.opens(observations, infos, begun=begun, rows=rows)

    def _end(self) -> VectorStep:
        """A step that plays nothing and truncates all rows that go on."""
        observations, infos = self._last
        none = self._none()
        live = self._episodes.live.copy()
        ended, infos = cut_rows(self._episodes, live, observations, (none, none), infos)
        return observations, np.zeros(self.num_envs), none, ended, infos

    def _none(self) -> Flags:
        return np.zeros(self.num_envs, dtype=np.bool_)
