"""What the recorders of both kinds of PettingZoo environments have in common."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from mail_envs.errors import OutOfOrderError, ShapeError, UnknownAgentError
from mail_envs.protocols import FloatArray, Policy
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

__all__ = ["Recorder", "Recording"]

Beneath = TypeVar("Beneath", bound=MultiAgentEnv)


class Recording(Generic[Beneath]):
    """The half of a recording wrapper that is the same for turns and rounds.

    It stands before PettingZoo's own base of wrappers, which `super()` reaches. Arguments and
    errors as of `RecordDemonstrations`.
    """

    recorder: "Recorder"

    def __init__(
        self,
        env: Beneath,
        agents: Iterable[str] | None = None,
        *,
        experts: Mapping[str, Policy] | None = None,
        noted: bool = False,
        to: Path | str | None = None,
        resume: bool = False,
        fsync: bool = False,
    ) -> None:
        check_multi_agent(env)
        super().__init__(env)  # pyright: ignore[reportCallIssue] - PettingZoo's base
        self.recorder = Recorder(env, agents, experts=experts, noted=noted)
        self.recorder.begin(to, resume=resume, fsync=fsync)

    @property
    def demonstrations(self) -> Demonstrations:
        """What has been recorded so far, the running episode as far as it went."""
        return self.recorder.demonstrations

    @property
    def episodes(self) -> int:
        """The number of the next episode that will be recorded."""
        return self.recorder.tape.episode + 1

    def note(self, agent: str, chances: FloatArray) -> None:
        """Say what the agent's next action is drawn from, `(A,)`.

        Raises:
            UnknownAgentError: an agent that the environment does not have.
            ShapeError: no numbers, one for each action.
        """
        self.recorder.note(agent, chances)

    def close(self) -> None:
        """End the recording, and close the environment."""
        self.recorder.close()
        super().close()  # pyright: ignore[reportAttributeAccessIssue] - PettingZoo's base


class Recorder:
    """What the recorders of both kinds of environments have in common; arguments as there.

    Attributes:
        names: all agents.
        kept: those whose decisions are kept.
        seats: how each agent's are.
        tape: what they are written on.
        chances: what the next actions are drawn from, by agent, as `note` told.
        begun: whether an episode has been recorded since this was made.
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
        self.begun: bool = False
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

    def begin_episode(self) -> None:
        """Record the next episode, which has begun."""
        self.begun = True
        self.tape.begin()

    def check_step(self) -> None:
        """Refuse a step before any episode.

        Raises:
            OutOfOrderError: such a step.
        """
        if not self.begun:
            raise OutOfOrderError("step: no episode has begun; call reset()")

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
