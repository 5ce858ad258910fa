"""DAgger's mixing: now and then the expert's action is played instead of the learner's.

DAgger (Ross, Gordon and Bagnell 2011, arXiv 1011.0686) gathers its i-th round by the mixture
β_i π* + (1 − β_i) π_i of the expert and the learner, β_i falling from 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import gymnasium
import numpy as np
from gymnasium import spaces

from mail_envs.errors import BudgetExhaustedError, InvalidOptionError
from mail_envs.protocols.asking import invert
from mail_wrappers.advice import ONE, Form, advice_for
from mail_wrappers.advised import AdvisedWrapper
from mail_wrappers.budget import QueryBudget
from mail_wrappers.options import (
    check_number,
    check_seed,
    check_whole,
    check_word,
)
from mail_wrappers.spending import spent_error
from mail_wrappers.told import Step

__all__ = [
    "Drawn",
    "ExponentialMix",
    "LinearMix",
    "MixSpent",
    "MixedPlay",
    "Mixture",
    "Schedule",
    "expert_form",
    "stream",
]

Schedule = Callable[[int], float]
"""From the number of an episode, from 0, to the probability β of the expert's action."""
Drawn = Literal["step", "episode"]
"""How often it is drawn who plays."""
MixSpent = Literal["error", "truncate", "learner"]
"""What happens where the expert should play and its question is not granted."""


@dataclass(frozen=True)
class LinearMix:
    """β falls linearly from `start` to `end` over `episodes`, and stays there.

    Raises:
        InvalidOptionError: a probability outside 0 to 1, or fewer than 1 episode.
    """

    episodes: int
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        check_number("start", self.start, low=0, high=1)
        check_number("end", self.end, low=0, high=1)
        check_whole("episodes", self.episodes, least=1)

    def __call__(self, episode: int, /) -> float:
        """β of an episode."""
        number = check_number("episode", episode, low=0)
        done = min(number / self.episodes, 1.0)
        return self.start + (self.end - self.start) * done


@dataclass(frozen=True)
class ExponentialMix:
    """β = base^i in the i-th episode, from 0: the expert alone in the first.

    Raises:
        InvalidOptionError: a base outside 0 to 1.
    """

    base: float

    def __post_init__(self) -> None:
        check_number("base", self.base, low=0, high=1)

    def __call__(self, episode: int, /) -> float:
        """β of an episode."""
        return float(self.base ** check_number("episode", episode, low=0))


@dataclass(frozen=True)
class Mixture:
    """How the expert is mixed in; fields as the arguments of `MixedPlay`.

    Raises:
        UnknownNameError, InvalidOptionError: as there.
    """

    beta: float | Schedule
    drawn: Drawn
    spent: MixSpent

    def __post_init__(self) -> None:
        check_word("drawn", self.drawn, get_args(Drawn))
        check_word("spent", self.spent, get_args(MixSpent))
        self.probability(0)

    def probability(self, episode: int) -> float:
        """β of an episode.

        Raises:
            InvalidOptionError: a schedule that leaves 0 to 1, or takes no episode.
        """
        if not callable(self.beta):
            return check_number("beta", self.beta, low=0, high=1)
        try:
            chance = self.beta(episode)
        except TypeError as error:
            raise InvalidOptionError(
                f"beta: expected a function of an episode's number, came {self.beta!r}: {error}"
            ) from error
        return check_number(f"beta of episode {episode}", chance, low=0, high=1)

    def chance(self, episode: int, *, rng: np.random.Generator) -> float:
        """The probability of the expert's move at each step: β, or 0 or 1 drawn for the episode."""
        chance = self.probability(episode)
        return float(rng.random() < chance) if self.drawn == "episode" else chance


class MixedPlay(AdvisedWrapper):
    """Play the expert's action instead of the learner's with probability β.

    `info["mixed"]` says whether the last step was the expert's, `info["played_action"]` what was
    played. Every question is charged; one that was asked at this state already, as a label say, is
    not asked again. Draws come from a stream of the wrapper's own, which `reset(seed=...)` seeds:
    the environment's is not touched.

    Args:
        env: a single-agent environment.
        expert: a policy where actions are discrete, whose distribution the action is drawn from;
            otherwise whatever has stable-baselines3's `predict`.
        budget: what each question is charged to.
        beta: the probability β from 0 to 1, or a schedule over episodes: `LinearMix`,
            `ExponentialMix`, or any callable.
        drawn: whether it is drawn anew at every `"step"`, or once an `"episode"` who plays it.
        spent: what happens where the expert should play and the question is not granted. `"error"`:
            the step raises `BudgetExhaustedError`; `"truncate"`: it plays nothing, pays 0 and
            truncates the episode, with `info["budget_spent"]` True, as does a step in which an
            expert inside the environment finds its budget spent; `"learner"`: the learner's action
            is played, with `info["budget_spent"]` True.
        agent: whom the questions concern, in the budget's log and costs; None for the view's agent.

    Raises:
        UnknownNameError: another word than those above.
        InvalidOptionError: a β outside 0 to 1, here or, at a later `reset`, from a schedule.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        expert: Any,
        budget: QueryBudget,
        beta: float | Schedule,
        *,
        drawn: Drawn = "step",
        spent: MixSpent = "error",
        agent: str | None = None,
    ) -> None:
        super().__init__(
            env, expert=expert, budget=budget, beta=beta, drawn=drawn, spent=spent, agent=agent
        )
        self._mixture = Mixture(beta, drawn, spent)
        self._advice, self._kept = advice_for(env, expert, budget, agent=agent)
        self._advices = (self._advice,)
        self._form: Form = expert_form(expert, env.action_space)
        self._rng = np.random.default_rng()
        self._episode = -1
        self._chance = 0.0

    @property
    def beta(self) -> float:
        """The probability of the expert's action in this episode."""
        return self._mixture.probability(max(self._episode, 0))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, the next of the schedule."""
        seed = check_seed("seed", seed)
        observation, info = super().reset(seed=seed, options=options)
        if seed is not None:
            self._rng = stream(seed)
        self._episode += 1
        self._chance = self._mixture.chance(self._episode, rng=self._rng)
        return observation, info

    def step(self, action: Any) -> Step:
        """Play the expert's action or the learner's `action`.

        Raises:
            BudgetExhaustedError: see `spent`.
            EpisodeOverError: a step after an end of this wrapper's making.
        """
        self._check_step()
        mixed = self._chance > 0 and self._rng.random() < self._chance
        known = bool(mixed and self._advice.ask(self._form, ONE, purpose="move")[0])
        if mixed and not known and self._mixture.spent != "learner":
            return self._unplayed(spent_error("the expert's move", self._advice.budget))
        played = self._experts() if known else action
        try:
            observation, paid, terminated, truncated, info = self._play(played)
        except BudgetExhaustedError as error:
            return self._unplayed(error)
        told = {"mixed": known, "played_action": played}
        if mixed and not known:
            told["budget_spent"] = True
        return observation, paid, terminated, truncated, {**info, **told}

    def _experts(self) -> Any:
        answer = self._advice.answers(self._form)
        if self._form == "distribution":
            drawn = invert(answer, self._rng.random(1))
            return int(drawn[0]) + self._advice.first_action
        return answer[0]

    def _unplayed(self, error: BudgetExhaustedError) -> Step:
        observation, reward, terminated, truncated, info = self._end(error)
        return observation, reward, terminated, truncated, {**info, "mixed": False}


def stream(seed: int) -> np.random.Generator:
    """The stream of a mixture's draws: another than the environment's of the same seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))


def expert_form(expert: Any, actions: gymnasium.Space[Any]) -> Form:
    """How an expert is asked for a move: a policy over discrete actions for its distribution."""
    return "distribution" if isinstance(actions, spaces.Discrete) and callable(expert) else "action"
