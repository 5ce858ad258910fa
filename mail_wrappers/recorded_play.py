"""Recording policies that play each other: in one process or many, one by one or in batches.

Every episode has random streams of its own, named by the seed and its number, so that it does not
matter who plays it when: the same seed gives the same bytes in one process, in eight, and in
batches, as long as policies answer a row alike whatever stands beside it, which tables and experts
do. Networks do so only up to rounding: with them, the same bytes come on the same machine, at one
batch size, with one thread.
"""

import copy
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import InvalidOptionError, ShapeError, UnknownAgentError, UnknownNameError
from mail_envs.protocols import FloatArray, Mask
from mail_envs.protocols.asking import ask, sample_actions, uniform_policy
from mail_wrappers.columns import stacked
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.options import check_flag, check_path, check_whole
from mail_wrappers.others import MultiAgentEnv, truth_of
from mail_wrappers.recording import RecordDemonstrations, RecordParallelDemonstrations
from mail_wrappers.store import Schema, create_store, resume_store
from mail_wrappers.streams import stream_seed

__all__ = ["record"]

Chooser: TypeAlias = Callable[[Any, Any], Any]
"""A `Policy`; or, of an agent whose actions are not discrete, from observations `(B, ...)` and
None to actions `(B, ...)`."""
Policies: TypeAlias = Chooser | str | Mapping[str, Chooser | str]
AnyRecorder: TypeAlias = RecordDemonstrations | RecordParallelDemonstrations


def record(
    env: MultiAgentEnv | Callable[[], MultiAgentEnv],
    policies: Policies,
    *,
    episodes: int,
    seed: int,
    workers: int = 1,
    batch: int = 1,
    to: Path | str | None = None,
    resume: bool = False,
) -> Demonstrations:
    """Let policies play each other and record everything, with the distributions they drew from.

    Args:
        env: a PettingZoo environment, AEC or parallel, or a function that makes one, which
            `workers` and `batch` need. Its episodes must depend on the seed of `reset` alone.
        policies: who plays: one for all agents, or a mapping from agent to policy. A policy is a
            `Policy`; or, for actions that are not discrete, a function from observations
            `(B, ...)` and None to actions `(B, ...)`; or `"random"`, or `"expert"` for the
            environment's own.
        episodes: how many in all.
        seed: of everything random. The first n episodes of more are those of n.
        workers: processes. Functions and policies are copied to them, so they must be importable
            there, and what they count stays there.
        batch: episodes played in lockstep; a policy is asked about all that wait for it at once.
        to: a folder to record into, episode by episode (`mail_wrappers.store`); None for memory.
            A killed recording loses at most the episodes that were being played.
        resume: whether to continue what is in that folder, by the same arguments.

    Raises:
        InvalidOptionError: numbers below 1 (`episodes` and `seed`: below 0), or several workers or
            episodes at once without a function that makes environments.
        UnknownAgentError: a mapping that does not name exactly the environment's agents.
        UnknownNameError: another word than those above.
        InvalidPolicyError, ShapeError: a policy's answer that is none.
        ForeignResultsError, DamagedFileError, BusyFileError: as `RecordDemonstrations` raises.
    """
    check_whole("episodes", episodes, least=0)
    check_whole("seed", seed, least=0)
    check_whole("workers", workers, least=1)
    check_whole("batch", batch, least=1)
    check_flag("resume", resume)
    make = _maker(env, several=workers > 1 or batch > 1)
    player = _Player(make, policies, seed)
    first = player.recorder(0)
    writer = None
    if to is not None:
        begin = resume_store if resume else create_store
        writer = begin(check_path("to", to), Schema(first.recorder.tape.layouts))
    start = writer.episodes if writer else 0
    chunks = [range(n, min(n + batch, episodes)) for n in range(start, episodes, batch)]
    parts = [first.recorder.collect()]
    try:
        for played in _played(player, chunks, workers):
            for number, part in played:
                if writer:
                    writer.append(part.decisions, episodes=number + 1)
                else:
                    parts.append(part)
    finally:
        if writer:
            writer.close()
    return Demonstrations.merged(parts) if to is None else Demonstrations.load(to)


Numbered: TypeAlias = list[tuple[int, Demonstrations]]


def _played(player: "_Player", chunks: Sequence[range], workers: int) -> Iterator[Numbered]:
    """The episodes of each chunk, in order."""
    if workers == 1:
        yield from map(player.play, chunks)
        return
    context = multiprocessing.get_context("spawn")
    described = (player.make, player.policies, player.seed)
    try:
        ForkingPickler.dumps(described)
    except Exception as error:
        raise InvalidOptionError(
            f"workers: expected a function and policies that other processes can import, came "
            f"{described[:2]}: {error!r}"
        ) from error
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=described)
    try:
        yield from pool.map(_play, chunks)
    finally:
        pool.shutdown(cancel_futures=True)


_WORKERS: list["_Player"] = []
"""The one player of a worker process."""


def _begin(make: Callable[[], MultiAgentEnv], policies: Policies, seed: int) -> None:
    _WORKERS[:] = [_Player(make, policies, seed)]


def _play(numbers: range) -> Numbered:
    return _WORKERS[0].play(numbers)


# ---- playing


class _Turn(NamedTuple):
    """An agent's turn in one of the episodes that are played."""

    agent: str
    seen: Any
    mask: Mask | None


class _Player:
    """Plays episodes in lockstep, each in an environment of its own, which is used again."""

    def __init__(self, make: Callable[[], MultiAgentEnv], policies: Policies, seed: int) -> None:
        self.make, self.policies, self.seed = make, policies, seed
        self._recorders: list[AnyRecorder] = []
        self._chosen: dict[str, Chooser | None] = {}

    def recorder(self, place: int) -> AnyRecorder:
        """The environment at a place of the batch, made when it is first needed."""
        while len(self._recorders) <= place:
            env = self.make()
            if not isinstance(env, AECEnv | ParallelEnv):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidOptionError(
                    f"env: expected a PettingZoo environment, came {env!r:.200}"
                )
            self._chosen = self._chosen or _resolved(env, self.policies)
            self._recorders.append(RecordDemonstrations(env, noted=True))
        return self._recorders[place]

    def play(self, numbers: range) -> Numbered:
        """Play the episodes of these numbers."""
        games = [_Game(self.recorder(i), self.seed, n) for i, n in enumerate(numbers)]
        running = [(game, game.turns()) for game in games]
        while running := [(game, turns) for game, turns in running if turns]:
            answers = self._answers([turns for _, turns in running])
            for (game, turns), rows in zip(running, answers, strict=True):
                game.act(turns, rows)
            running = [(game, game.turns()) for game, _ in running]
        return [(game.number, game.recorder.recorder.collect()) for game in games]

    def _answers(self, waiting: Sequence[Sequence[_Turn]]) -> list[list[Any]]:
        """What the policies answer to every turn, each asked once."""
        answers = [[cast("Any", None)] * len(turns) for turns in waiting]
        for agent, choose in self._chosen.items():
            places = [
                (game, place)
                for game, turns in enumerate(waiting)
                for place, turn in enumerate(turns)
                if turn.agent == agent
            ]
            if not places or choose is None:
                continue
            rows = self._asked(agent, choose, [waiting[game][place] for game, place in places])
            for (game, place), row in zip(places, rows, strict=True):
                answers[game][place] = row
        return answers

    def _asked(self, agent: str, choose: Chooser, turns: Sequence[_Turn]) -> Any:
        seat = self._recorders[0].recorder.seats[agent]
        seen = stacked([turn.seen for turn in turns], seat.observations)
        if seat.width is not None:
            masks = np.array([turn.mask for turn in turns], dtype=np.int8)
            return ask(choose, seen, masks, who=f"the policy of {agent}")
        actions = choose(seen, None)
        count = len(actions) if hasattr(actions, "__len__") else None
        if count != len(turns):
            raise ShapeError(
                f"the policy of {agent}: expected {len(turns)} actions, came {count}: "
                f"{actions!r:.200}"
            )
        return actions


class _Game:
    """One episode that is played."""

    def __init__(self, recorder: AnyRecorder, seed: int, number: int) -> None:
        self.recorder, self.number = recorder, number
        self._stream = (seed, number)
        self._rng = np.random.default_rng(self._stream)
        self._spaces: dict[str, spaces.Space[Any]] = {}
        recorder.recorder.tape.episode = number - 1
        recorder.reset(seed=stream_seed(seed, number))

    def turns(self) -> list[_Turn]:
        """Whose turn it is, and what they see; nobody's at the end."""
        env = self.recorder
        if isinstance(env, ParallelEnv):
            return [_Turn(agent, *env.look(agent)) for agent in env.agents]
        while env.agents and (
            env.terminations[env.agent_selection] or env.truncations[env.agent_selection]
        ):
            env.step(None)
        agent = env.agent_selection
        return [_Turn(agent, *env.look(agent))] if env.agents else []

    def act(self, turns: Sequence[_Turn], answers: Sequence[Any]) -> None:
        """Draw the actions from the policies' answers, and step."""
        pairs = zip(turns, answers, strict=True)
        actions = {turn.agent: self._drawn(turn, answer) for turn, answer in pairs}
        if isinstance(self.recorder, ParallelEnv):
            self.recorder.step(actions)
        else:
            self.recorder.step(actions[turns[0].agent])

    def _drawn(self, turn: _Turn, answer: Any) -> Any:
        space = self.recorder.action_space(turn.agent)
        if isinstance(space, spaces.Discrete):
            chances: FloatArray = answer
            self.recorder.note(turn.agent, chances)
            return int(space.start) + int(sample_actions(chances[None], rng=self._rng)[0])
        return self._sampled(turn.agent, space) if answer is None else answer

    def _sampled(self, agent: str, space: spaces.Space[Any]) -> Any:
        """A random action of a space that is not discrete, from a stream of this episode."""
        if agent not in self._spaces:
            place = self.recorder.possible_agents.index(agent)
            self._spaces[agent] = copy.deepcopy(space)
            self._spaces[agent].seed(stream_seed(*self._stream, place))
        return self._spaces[agent].sample()


# ---- arguments


def _maker(
    env: MultiAgentEnv | Callable[[], MultiAgentEnv], *, several: bool
) -> Callable[[], MultiAgentEnv]:
    if isinstance(env, AECEnv | ParallelEnv):
        if several:
            raise InvalidOptionError(
                f"env: expected a function that makes environments, as several are played at "
                f"once, came the environment {env}"
            )
        return partial(_same, cast("MultiAgentEnv", env))
    if not callable(env):
        raise InvalidOptionError(f"env: expected an environment or its maker, came {env!r}")
    return env


def _same(env: MultiAgentEnv) -> MultiAgentEnv:
    return env


def _resolved(env: MultiAgentEnv, policies: Policies) -> dict[str, Chooser | None]:
    """Who plays each agent; None for random actions that are not discrete."""
    names = list(env.possible_agents)
    given = policies if isinstance(policies, Mapping) else dict.fromkeys(names, policies)
    if set(given) != set(names):
        raise UnknownAgentError(f"policies: expected one for each of {names}, came {list(given)}")
    return {name: _chooser(env, name, given[name]) for name in names}


def _chooser(env: MultiAgentEnv, agent: str, policy: Chooser | str) -> Chooser | None:
    if isinstance(policy, str) and policy == "random":
        return uniform_policy if isinstance(env.action_space(agent), spaces.Discrete) else None
    if isinstance(policy, str) and policy == "expert":
        return truth_of(env).expert(agent)
    if isinstance(policy, str) or not callable(policy):
        raise UnknownNameError(
            f"the policy of {agent}: expected 'random', 'expert' or a callable, came {policy!r}"
        )
    return policy
