"""Work spread over processes: the one place that knows joblib.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

__all__ = ["Failure", "Outcome", "do_nothing", "in_processes", "one_torch_thread"]

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


def in_processes(
    function: Callable[[Task], Answer],
    tasks: Sequence[Task],
    *,
    jobs: int,
    prepare: Prepare = do_nothing,
) -> Iterator[Outcome[Answer]]:
    """Call a function on every task, in worker processes.

    Args:
        function: importable by the workers; its answer must survive the way between processes.
        tasks: what to call it on.
        jobs: how many tasks are under way at a time, at least 1.
        prepare: called once in each worker before its first task.

    Yields:
        Outcomes in the order in which tasks end. A task that raises ends as a failure and the
        others go on; if a worker dies, the tasks that were under way fail, up to `jobs` of
        them, and the others go on.
    """
    waiting = dict(enumerate(tasks))
    while waiting:
        try:
            for outcome in _in_one_pool(function, waiting, jobs, prepare):
                del waiting[outcome.index]
                yield outcome
        except BrokenProcessPool as death:
            # Tasks start in order: the first ones that have not ended were under way.
            for index in list(waiting)[:jobs]:
                del waiting[index]
                yield Outcome(index, Failure(f"a worker process died meanwhile: {death}"))


def _in_one_pool(
    function: Callable[[Task], Answer], tasks: Mapping[int, Task], jobs: int, prepare: Prepare
) -> Iterator[Outcome[Answer]]:
    import joblib  # noqa: PLC0415 - half a second, not needed to list experiments

    # joblib runs in this very process if told n_jobs=1; pre_dispatch bounds what is under way.
    habits: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1}
    habits |= {"pre_dispatch": jobs, "max_nbytes": None}
    habits |= {"initializer": _serve, "initargs": (os.getpid(),)}
    with joblib.parallel_config("loky", n_jobs=max(jobs, 2), inner_max_num_threads=1):
        parallel: Any = joblib.Parallel(**habits)
        yield from parallel(
            joblib.delayed(_attempt)(function, index, task, prepare)
            for index, task in list(tasks.items())
        )


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
