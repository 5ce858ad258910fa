"""Recording what passes through a multi-agent environment."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper, BaseWrapper

from mail_envs.errors import (
    IllegalActionError,
    OutOfOrderError,
    ShapeError,
    UnknownAgentError,
)
from mail_envs.protocols import FloatArray, Mask, Policy
from mail_wrappers.columns import copied
from mail_wrappers.decisions import Decisions
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.options import (
    array_of,
    check_callable,
    check_flag,
    check_mapping,
    check_multi_agent,
    check_path,
)
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.store import Schema, create_store, resume_store
from mail_wrappers.tape import MemorySink, Seat, StoreSink, Tape, seat_of
from mail_wrappers.told import reward_of

__all__ = ["RecordDemonstrations", "RecordParallelDemonstrations"]


class RecordDemonstrations(BaseWrapper[str, Any, Any]):
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

    def __init__(
        self,
        env: AECEnv[str, Any, Any],
        agents: Iterable[str] | None = None,
        *,
        experts: Mapping[str, Policy] | None = None,
        noted: bool = False,
        to: Path | str | None = None,
        resume: bool = False,
        fsync: bool = False,
    ) -> None:
        check_multi_agent(env)
        super().__init__(env)
        self._begun = False
        self.recorder: Recorder = Recorder(env, agents, experts=experts, noted=noted)
        self.recorder.begin(to, resume=resume, fsync=fsync)

    @property
    def demonstrations(self) -> Demonstrations:
        """What has been recorded so far, the running episode as far as it went."""
        return self.recorder.demonstrations

    @property
    def episodes(self) -> int:
        """The number of the next episode that will be recorded."""
        return self.recorder.tape.episode + 1

    def close(self) -> None:
        """End the recording, and close the environment."""
        self.recorder.close()
        super().close()

    def look(self, agent: str) -> tuple[Any, Mask | None]:
        """What an agent sees now and may do, as its columns keep it: copies."""
        seat, env = self.recorder.seat(agent), self.env
        if agent not in env.agents:
            raise UnknownAgentError(f"agent: expected one of {env.agents}, came {agent!r}")
        return seat.look(env.observe(agent), env.infos[agent], what=agent)

    def note(self, agent: str, chances: FloatArray) -> None:
        """Say what the agent's next action is drawn from, `(A,)`.

        Raises:
            UnknownAgentError: an agent that the environment does not have.
            ShapeError: no numbers, one for each action.
        """
        self.recorder.note(agent, chances)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin the next episode."""
        super().reset(seed=seed, options=options)
        self._begun = True
        self.recorder.tape.begin()

    def step(self, action: Any) -> None:
        """Step, and keep the decision if its agent's are kept and the environment takes it."""
        if not self._begun:
            raise OutOfOrderError("step: no episode has begun; call reset()")
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


class RecordParallelDemonstrations(BaseParallelWrapper[str, Any, Any]):
    """`RecordDemonstrations` of a parallel environment; `steps` counts rounds.

    Arguments and errors as there.
    """

    def __init__(
        self,
        env: ParallelEnv[str, Any, Any],
        agents: Iterable[str] | None = None,
        *,
        experts: Mapping[str, Policy] | None = None,
        noted: bool = False,
        to: Path | str | None = None,
        resume: bool = False,
        fsync: bool = False,
    ) -> None:
        check_multi_agent(env)
        super().__init__(env)
        self._begun = False
        self.recorder: Recorder = Recorder(env, agents, experts=experts, noted=noted)
        self.recorder.begin(to, resume=resume, fsync=fsync)
        self._seen: dict[str, Any] = {}
        self._infos: dict[str, dict[str, Any]] = {}

    @property
    def demonstrations(self) -> Demonstrations:
        """What has been recorded so far, the running episode as far as it went."""
        return self.recorder.demonstrations

    @property
    def episodes(self) -> int:
        """The number of the next episode that will be recorded."""
        return self.recorder.tape.episode + 1

    def close(self) -> None:
        """End the recording, and close the environment."""
        self.recorder.close()
        super().close()

    def look(self, agent: str) -> tuple[Any, Mask | None]:
        """What an agent sees now and may do, as its columns keep it: copies."""
        seat = self.recorder.seat(agent)
        if agent not in self._seen:
            raise UnknownAgentError(f"agent: expected one of {[*self._seen]}, came {agent!r}")
        return seat.look(self._seen[agent], self._infos.get(agent, {}), what=agent)

    def note(self, agent: str, chances: FloatArray) -> None:
        """Say what the agent's next action is drawn from, `(A,)`.

        Raises:
            UnknownAgentError: an agent that the environment does not have.
            ShapeError: no numbers, one for each action.
        """
        self.recorder.note(agent, chances)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin the next episode."""
        self._seen, self._infos = super().reset(seed=seed, options=options)
        self._begun = True
        self.recorder.tape.begin()
        return self._seen, self._infos

    def step(self, actions: dict[str, Any]) -> Any:
        """Step, and keep the decisions of the agents whose are kept."""
        tape = self.recorder.tape
        if not self._begun:
            raise OutOfOrderError("step: no episode has begun; call reset()")
        if not isinstance(actions, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise IllegalActionError(f"actions: expected them by agent, came {actions!r:.200}")
        rows = [
            self.recorder.row(each, self._seen[each], self._infos.get(each, {}), action)
            for each, action in actions.items()
            if each in self.recorder.kept and each in self._seen
        ]
        self._seen, rewards, terminations, truncations, self._infos = super().step(actions)
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
        return self._seen, rewards, terminations, truncations, self._infos


class Recorder:
    """What the recorders of both kinds of environments have in common; arguments as there.

    Attributes:
        names: all agents.
        kept: those whose decisions are kept.
        seats: how each agent's are.
        tape: what they are written on.
        chances: what the next actions are drawn from, by agent, as `note` told.
    """

    def __init__(
        self,
        env: MultiAgentEnv,
        agents: Iterable[str] | None,
        *,
        experts: Mapping[str, Policy] | None,
        noted: bool,
    ) -> None:
        check_flag("noted", noted)
        self.names: tuple[str, ...] = tuple(env.possible_agents)
        wanted: Any = self.names if agents is None else agents
        wanted = list(cast("Iterable[Any]", wanted)) if isinstance(wanted, Iterable) else [wanted]
        unknown = [name for name in wanted if not isinstance(name, str) or name not in self.names]
        if unknown:
            raise UnknownAgentError(f"agents: expected some of {self.names}, came {unknown!r:.200}")
        self.kept: frozenset[str] = frozenset(cast("list[str]", wanted))
        self.seats: dict[str, Seat] = {name: seat_of(env, name) for name in self.names}
        _check_experts(experts, self.kept, self.seats)
        self.tape: Tape = Tape(self.seats, experts=experts, noted=noted)
        self.chances: dict[str, FloatArray] = {}
        self._sink: MemorySink | StoreSink = MemorySink()

    def seat(self, agent: str) -> Seat:
        """How an agent's decisions are kept.

        Raises:
            UnknownAgentError: an agent that the environment does not have.
        """
        if not isinstance(agent, str) or agent not in self.seats:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UnknownAgentError(f"agent: expected one of {self.names}, came {agent!r:.200}")
        return self.seats[agent]

    def note(self, agent: str, chances: FloatArray) -> None:
        """Keep what the agent's next action is drawn from; errors as of the recorder's."""
        width, table = self.seat(agent).width, array_of("chances", chances)
        if table.shape != (width,):
            raise ShapeError(f"chances: expected shape ({width},), came {table.shape}")
        self.chances[agent] = table

    def begin(self, to: Path | str | None, *, resume: bool, fsync: bool) -> None:
        """Say where to record; as in `RecordDemonstrations`."""
        check_flag("resume", resume)
        check_flag("fsync", fsync)
        if to is None:
            self._sink = MemorySink()
        else:
            begin = resume_store if resume else create_store
            path = check_path("to", to)
            self._sink = StoreSink(path, begin(path, Schema(self.tape.layouts), fsync=fsync))
        self.tape.start(self._sink)

    def close(self) -> None:
        """End the recording."""
        self.tape.finish()
        self._sink.close()

    def collect(self) -> Demonstrations:
        """What has been recorded into memory so far, which is then forgotten."""
        done = self.demonstrations
        self._sink = MemorySink(self.tape.episode + 1)
        self.tape.start(self._sink)
        return done

    @property
    def demonstrations(self) -> Demonstrations:
        """What has been recorded so far."""
        parts = [*self._sink.parts, self.tape.running()]
        return Demonstrations(
            {name: Decisions.merged([part[name] for part in parts]) for name in self.names}
        )

    def row(
        self, agent: str, observation: Any, info: Mapping[str, Any], action: Any
    ) -> tuple[str, Any, Any, Any, FloatArray | None]:
        """A decision as `Tape.decide` takes it: copies, whatever the environment does next."""
        seat = self.seats[agent]
        seen, mask = seat.look(observation, info, what=agent)
        done = copied(action, seat.actions, what=f"action of {agent}")
        return agent, seen, mask, done, self.chances.pop(agent, None)


def _check_experts(
    experts: Mapping[str, Policy] | None, kept: Iterable[str], seats: Mapping[str, Seat]
) -> None:
    check_mapping("experts", experts)
    for name, expert in (experts or {}).items():
        check_callable(f"the expert of {name}", expert, what="a policy")
    asked = sorted(name for name in kept if seats[name].width is not None)
    unknown = sorted(set(experts or ()) - set(seats))
    missing = [] if experts is None else sorted(set(asked) - set(experts))
    if unknown or missing:
        raise UnknownAgentError(
            f"experts: expected one for each of {asked}, came {list(experts or ())} "
            f"(unknown: {unknown}, missing: {missing})"
        )
