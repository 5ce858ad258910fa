"""Recording what passes through a multi-agent environment."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper, BaseWrapper

from mail_envs.errors import IllegalActionError
from mail_wrappers.recorder import Recording
from mail_wrappers.told import reward_of

__all__ = ["RecordDemonstrations", "RecordParallelDemonstrations"]


class RecordDemonstrations(Recording[AECEnv[str, Any, Any]], BaseWrapper[str, Any, Any]):
    """Keep every decision of some agents: what they saw, what was legal, what they did, their pay.

    It stands around the environment, beneath the view or the loop that drives it, and sees every
    move whoever makes it. `RecordDemonstrations(env)` of a parallel environment is a
    `RecordParallelDemonstrations`.

    An episode that is left by `reset` before its end is kept as far as it went, without an end.

    Args:
        env: a PettingZoo environment, AEC or parallel, of any spaces whose values are arrays of
            one shape, or dictionaries and tuples of such.
        agents: whose decisions are kept; None for all.
        experts: who would be asked in the agents' place: their answers are kept as
            `distributions`, asked for when an episode ends; None for no such column.
        noted: whether, instead, whoever acts tells by `note` what each action was drawn from.
        to: a folder to record into (`mail_wrappers.store`): every episode is there as soon as it
            ends, and a killed recording loses at most the unfinished one; None for memory. `close`
            it at the end.
        resume: whether to continue what is in that folder, with the next episode's number.
        fsync: whether every episode is flushed to the disk, against a loss of power.

    Raises:
        UnknownAgentError: an agent that the environment does not have, in `agents` or `experts`;
            or, where there are `experts`, an agent of discrete actions without one.
        ShapeError: a space of another kind.
        ForeignResultsError: something is in the way of the folder, or, with `resume`, another
            recording, or one of another version.
        DamagedFileError: with `resume`, a recording that was cut short or altered.
        BusyFileError: somebody else records into the folder.
    """

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Choose the recorder that fits the environment."""
        if isinstance(args[0] if args else options.get("env"), ParallelEnv):
            return RecordParallelDemonstrations(*args, **options)
        return super().__new__(cls)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin the next episode."""
        super().reset(seed=seed, options=options)
        self.recorder.begin_episode()

    def step(self, action: Any) -> None:
        """Step, and keep the decision if its agent's are kept and the environment takes it."""
        self.recorder.check_step()
        agent, recorder = self.agent_selection, self.recorder
        row = None
        if action is not None and agent in recorder.kept:
            row = recorder.row(agent, self.env.observe(agent), self.env.infos[agent], action)
        self._settle(agent)
        super().step(action)
        if row is not None:
            recorder.tape.decide(*row)
        recorder.tape.step += action is not None
        if all(self.terminations[each] or self.truncations[each] for each in self.agents):
            for each in self.agents:
                self._settle(each)
            recorder.tape.finish()

    def _settle(self, agent: str) -> None:
        """Keep what the agent was paid since its last turn, and whether its episode is over."""
        self.recorder.tape.settle(
            agent,
            reward_of(self.env._cumulative_rewards[agent], agent),  # noqa: SLF001 - what `last` tells
            terminated=self.terminations[agent],
            truncated=self.truncations[agent],
        )


class RecordParallelDemonstrations(
    Recording[ParallelEnv[str, Any, Any]], BaseParallelWrapper[str, Any, Any]
):
    """`RecordDemonstrations` of a parallel environment; `steps` counts rounds.

    Arguments and errors as there.
    """

    _seen: Mapping[str, Any] = MappingProxyType({})  # what was last seen, by agent
    _infos: Mapping[str, dict[str, Any]] = MappingProxyType({})

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin the next episode."""
        seen, infos = super().reset(seed=seed, options=options)
        self._seen, self._infos = seen, infos
        self.recorder.begin_episode()
        return seen, infos

    def step(self, actions: dict[str, Any]) -> Any:
        """Step, and keep the decisions of the agents whose are kept."""
        self.recorder.check_step()
        tape = self.recorder.tape
        if not isinstance(actions, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise IllegalActionError(f"actions: expected them by agent, came {actions!r:.200}")
        rows = [
            self.recorder.row(each, self._seen[each], self._infos.get(each, {}), action)
            for each, action in actions.items()
            if each in self.recorder.kept and each in self._seen
        ]
        seen, rewards, terminations, truncations, infos = super().step(actions)
        self._seen, self._infos = seen, infos
        for row in rows:
            tape.decide(*row)
        tape.step += 1
        for each, reward in rewards.items():
            tape.settle(
                each,
                tape.paid(each) + reward_of(reward, each),
                terminated=terminations.get(each, False),
                truncated=truncations.get(each, False),
            )
        if not self.agents:
            tape.finish()
        return seen, rewards, terminations, truncations, infos
