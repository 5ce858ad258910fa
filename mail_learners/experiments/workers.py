"""Work spread over processes, of this machine or of a Ray cluster: the one place that knows joblib.

Every cell runs in a worker process, with one job too, so that it always finds the same
surroundings: one thread for numerical libraries (joblib sets `OMP_NUM_THREADS` and its cousins
before they load), nothing left over from the command line's own process. With `jobs` cells under
way at a time, the next one starts when one ends.
"""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from mail_envs.errors import InvalidOptionError

__all__ = [
    "BACKENDS",
    "Failure",
    "Outcome",
    "Workers",
    "do_nothing",
    "in_workers",
    "one_torch_thread",
]

BACKENDS = ("processes", "ray")
"""Where cells can run."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Prepare = Callable[[], None]

_PARENT_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as the traceback's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """The end of a task, by the task's index: its answer or its failure."""

    index: int
    answer: Answer | Failure


def do_nothing() -> None:
    """Prepare a worker for cells that need no preparation."""


def one_torch_thread() -> None:
    """Prepare a worker for cells that use torch: one thread, deterministic algorithms only."""
    import torch  # noqa: PLC0415 - only workers whose cells use torch pay for it

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)


@dataclass(frozen=True, slots=True)
class Workers:
    """Where work is done.

    Attributes:
        jobs: tasks under way at a time, at least 1.
        backend: `"processes"` of this machine, or `"ray"`, a cluster's.
        address: of the cluster's head, `host:port`; None for the one that is running here, or
            else for a cluster of our own. See `ray_backend.connected`.

    Raises:
        InvalidOptionError: no jobs, another backend, an address without Ray, or no Ray.
    """

    jobs: int
    backend: str = "processes"
    address: str | None = None

    def __post_init__(self) -> None:
        """Check the options, which errors call by their names on the command line."""
        if self.jobs < 1:
            raise InvalidOptionError(f"--jobs: expected at least 1, came {self.jobs}")
        if self.backend not in BACKENDS:
            raise InvalidOptionError(
                f"--backend: expected one of {', '.join(BACKENDS)}, came {self.backend!r}"
            )
        if self.address is not None and self.backend != "ray":
            raise InvalidOptionError(
                f"--address: expected --backend ray with it, came --backend {self.backend}"
            )
        if self.backend == "ray" and find_spec("ray") is None:
            raise InvalidOptionError(
                '--backend ray: expected Ray, which is not installed: pip install "mail-envs[ray]"'
            )


def in_workers(
    function: Callable[[Task], Answer],
    tasks: Sequence[Task],
    *,
    workers: Workers,
    prepare: Prepare = do_nothing,
) -> Iterator[Outcome[Answer]]:
    """Call a function on every task, in worker processes.

    Args:
        function: importable by the workers; its answer must survive the way between processes.
        tasks: what to call it on.
        workers: where, and how many at a time.
        prepare: called once in each worker before its first task.

    Yields:
        Outcomes in the order in which tasks end. A task that raises ends as a failure and the
        others go on; if a worker dies (on Ray: every worker that tries the same task), the tasks
        that were under way fail, up to `jobs` of them, and the others go on.
    """
    waiting = dict(enumerate(tasks))
    with _cluster(workers, needed=bool(waiting)):
        while waiting:
            try:
                for outcome in _in_one_pool(function, waiting, workers, prepare):
                    del waiting[outcome.index]
                    yield outcome
            except BrokenProcessPool as death:
                # Tasks start in order: the first ones that have not ended were under way.
                for index in list(waiting)[: workers.jobs]:
                    del waiting[index]
                    yield Outcome(index, Failure(f"a worker process died meanwhile: {death}"))


@contextmanager
def _cluster(workers: Workers, *, needed: bool) -> Generator[None]:
    """Be connected to the cluster, where there is one."""
    if workers.backend != "ray" or not needed:
        yield
        return
    from mail_learners.experiments.ray_backend import connected  # noqa: PLC0415 - an extra

    with connected(workers.address, workers.jobs):
        yield


def _in_one_pool(
    function: Callable[[Task], Answer],
    tasks: Mapping[int, Task],
    workers: Workers,
    prepare: Prepare,
) -> Iterator[Outcome[Answer]]:
    import joblib  # noqa: PLC0415 - half a second, not needed to list experiments

    # joblib runs in this very process if told n_jobs=1; pre_dispatch bounds what is under way.
    habits: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1}
    habits |= {"pre_dispatch": workers.jobs, "max_nbytes": None}
    if workers.backend == "processes":
        habits |= {"initializer": _serve, "initargs": (os.getpid(),)}
    with joblib.parallel_config(
        _joblib_name(workers), n_jobs=max(min(workers.jobs, len(tasks)), 2), inner_max_num_threads=1
    ):
        parallel: Any = joblib.Parallel(**habits)
        yield from parallel(
            joblib.delayed(_attempt)(function, index, task, prepare)
            for index, task in list(tasks.items())
        )


def _joblib_name(workers: Workers) -> str:
    if workers.backend == "processes":
        return "loky"
    from mail_learners.experiments.ray_backend import ON_RAY  # noqa: PLC0415 - an extra

    return ON_RAY


def _attempt(
    function: Callable[[Task], Answer], index: int, task: Task, prepare: Prepare
) -> Outcome[Answer]:
    try:
        _prepare_once(prepare)
        return Outcome(index, function(task))
    except Exception:  # noqa: BLE001 - whatever a cell raises is reported, and others go on
        return Outcome(index, Failure(traceback.format_exc()))


@cache
def _prepare_once(prepare: Prepare) -> None:
    prepare()


def _serve(parent: int) -> None:
    """Set a worker up to live as long as its parent, and to leave interrupts to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    """End this process when its parent has: a killed sweep leaves no worker computing."""
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL_SECONDS)
    os._exit(1)
