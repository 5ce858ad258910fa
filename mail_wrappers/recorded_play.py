"""Recording policies that play each other: in one process or many, one by one or in batches.

Every episode has random streams of its own, named by the seed and its number, so that it does not
matter who plays it when: the same seed gives the same bytes in one process, in eight, and in
batches, as long as policies answer a row alike whatever stands beside it, which tables and experts
do. Networks do so only up to rounding: with them, the same bytes come on the same machine, at one
batch size, with one thread.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, TypeAlias, cast

from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import InvalidOptionError, UnknownAgentError
from mail_wrappers.answering import Answerer, Choice, answerer_of, answers, drawn
from mail_wrappers.budget import QueryBudget
from mail_wrappers.demonstrations import Demonstrations
from mail_wrappers.lockstep import RunningEpisode, Turn, granted, waiting
from mail_wrappers.options import check_flag, check_path, check_whole
from mail_wrappers.others import MultiAgentEnv
from mail_wrappers.recorder import Recorder
from mail_wrappers.recording import RecordDemonstrations
from mail_wrappers.store import Schema, create_store, resume_store

__all__ = ["record"]

Policies: TypeAlias = Choice | Mapping[str, Choice]


def record(  # noqa: PLR0913 - one keyword for each thing that recordings differ by
    env: MultiAgentEnv | Callable[[], MultiAgentEnv],
    policies: Policies,
    *,
    episodes: int,
    seed: int,
    workers: int = 1,
    batch: int = 1,
    budget: QueryBudget | None = None,
    to: Path | str | None = None,
    resume: bool = False,
) -> Demonstrations:
    """Let policies play each other and record everything, with the distributions they drew from.

    Args:
        env: a PettingZoo environment, AEC or parallel, or a function that makes one, which
            `workers` and `batch` need. Its episodes must depend on the seed of `reset` alone.
        policies: who plays: one for all agents, or a mapping from agent to policy. A policy is a
            `Policy`; or, for actions that are not discrete, a function from observations
            `(B, ...)` and None to actions `(B, ...)`; or a trained model with
            stable-baselines3's `predict`, asked for the actions that it prefers; or `"random"`, or
            `"expert"` for the environment's own, asked about `info["expert_observation"]` where
            that is given.
        episodes: how many in all; a spent budget ends them earlier.
        seed: of everything random. The first n episodes of more are those of n.
        workers: processes. Functions and policies are copied to them, so they must be importable
            there, and what they count stays there.
        batch: episodes played in lockstep; a policy is asked about all that wait for it at once.
        budget: what every decision is charged to, one question each, before it is asked for; None
            for none. The recording ends with the last question granted: the episodes that are
            being played are kept as far as they went, whatever was answered last included.
        to: a folder to record into, episode by episode (`mail_wrappers.store`); None for memory.
            A killed recording loses at most the episodes that were being played.
        resume: whether to continue what is in that folder, by the same arguments, with the episode
            after the last that is there.

    Raises:
        InvalidOptionError: numbers below 1 (`episodes` and `seed`: below 0), several workers or
            episodes at once without a function that makes environments, or several workers with a
            budget.
        UnknownAgentError: a mapping that does not name exactly the environment's agents.
        UnknownNameError: another word than those above.
        InvalidPolicyError, ShapeError, IllegalActionError: a policy's answer that is none.
        ForeignResultsError, DamagedFileError, BusyFileError: as `RecordDemonstrations` raises.
    """
    check_whole("episodes", episodes, least=0)
    check_whole("seed", seed, least=0)
    check_whole("workers", workers, least=1)
    check_whole("batch", batch, least=1)
    check_flag("resume", resume)
    _check_budget(budget, workers)
    make = _maker(env, several=workers > 1 or batch > 1)
    player = _Player(make, policies, seed, budget)
    first = _recorder(player.episode(0))
    writer = None
    if to is not None:
        begin = resume_store if resume else create_store
        writer = begin(check_path("to", to), Schema(first.tape.layouts))
    start = writer.episodes if writer else 0
    chunks = [range(n, min(n + batch, episodes)) for n in range(start, episodes, batch)]
    parts = [first.collect()]
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
    """The episodes of each chunk, in order, until a budget is spent."""
    if workers == 1:
        for chunk in chunks:
            yield player.play(chunk)
            if player.spent:
                return
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
    _WORKERS[:] = [_Player(make, policies, seed, None)]


def _play(numbers: range) -> Numbered:
    return _WORKERS[0].play(numbers)


# ---- playing


class _Player:
    """Plays episodes in lockstep, each in an environment of its own, which is used again."""

    def __init__(
        self,
        make: Callable[[], MultiAgentEnv],
        policies: Policies,
        seed: int,
        budget: QueryBudget | None,
    ) -> None:
        self.make, self.policies, self.seed = make, policies, seed
        self.spent = False
        self._budget = budget
        self._episodes: list[RunningEpisode] = []
        self._answerers: dict[str, Answerer] = {}

    def episode(self, place: int) -> RunningEpisode:
        """The environment at a place of the batch, made when it is first needed."""
        while len(self._episodes) <= place:
            env = self.make()
            if not isinstance(env, AECEnv | ParallelEnv):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidOptionError(
                    f"env: expected a PettingZoo environment, came {env!r:.200}"
                )
            self._answerers = self._answerers or _resolved(env, self.policies)
            self._episodes.append(RunningEpisode(RecordDemonstrations(env, noted=True)))
        return self._episodes[place]

    def play(self, numbers: range) -> Numbered:
        """Play the episodes of these numbers; those that a spent budget left empty are left out."""
        episodes = [self.episode(place) for place in range(len(numbers))]
        for episode, number in zip(episodes, numbers, strict=True):
            _recorder(episode).tape.episode = number - 1
            episode.begin(number, seed=self.seed)
        while not self.spent and (running := [episode for episode in episodes if episode.due]):
            self._act(running)
        played: Numbered = []
        for episode in episodes:
            _recorder(episode).tape.finish()
            played.append((episode.number, _recorder(episode).collect()))
        return [(number, part) for number, part in played if len(part) or not self.spent]

    def _act(self, running: Sequence[RunningEpisode]) -> None:
        """Ask about every turn that is due and granted, and act where all are answered."""
        budget, turns = self._budget, waiting(running)
        asked = turns if budget is None else turns[: granted(budget, turns, purpose="move")]
        self.spent = len(asked) < len(turns)
        chosen = map(_chosen, asked, answers(self._answerers, asked))
        for episode in running:
            actions = list(islice(chosen, len(episode.due)))
            if len(actions) == len(episode.due):
                episode.act(actions)
            else:
                _keep(episode, actions)


def _recorder(episode: RunningEpisode) -> Recorder:
    return cast("RecordDemonstrations", episode.env).recorder


def _chosen(turn: Turn, answer: Any) -> Any:
    """The action that an answer stands for; of a distribution, which is noted, a drawn one."""
    if not isinstance(turn.space, spaces.Discrete):
        return answer
    _recorder(turn.episode).note(turn.agent, answer)
    return drawn(turn, answer, turn.episode.rng.random())


def _keep(episode: RunningEpisode, actions: Sequence[Any]) -> None:
    """Keep decisions that are never acted on."""
    recorder = _recorder(episode)
    for turn, action in zip(episode.due, actions, strict=False):
        recorder.tape.decide(*recorder.row(turn.agent, turn.shown, turn.info, action))


# ---- arguments


def _check_budget(budget: QueryBudget | None, workers: int) -> None:
    if budget is None:
        return
    if not isinstance(budget, QueryBudget):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidOptionError(f"budget: expected a QueryBudget, came {budget!r:.200}")
    if workers > 1:
        raise InvalidOptionError(
            f"workers: expected 1 where there is a budget, which processes cannot share, came "
            f"{workers}"
        )


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


def _resolved(env: MultiAgentEnv, policies: Policies) -> dict[str, Answerer]:
    """Who plays each agent."""
    names = list(env.possible_agents)
    given = policies if isinstance(policies, Mapping) else dict.fromkeys(names, policies)
    if set(given) != set(names):
        raise UnknownAgentError(f"policies: expected one for each of {names}, came {list(given)}")
    return {name: answerer_of(env, name, given[name]) for name in names}
