"""Cells spread over a Ray cluster, behind joblib's own interface for backends.

Each task is one of Ray's: it waits for a free core anywhere in the cluster, and Ray runs it again,
elsewhere if need be, when its worker dies. (The backend that Ray brings deals tasks out to fixed
workers in advance and can't hand back results one by one; a worker's death takes its share along.)
"""

import os
import socket
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import joblib
from joblib.parallel import ParallelBackendBase

from mail_envs.errors import InvalidOptionError

__all__ = ["ON_RAY", "connected"]

ON_RAY = "mail-bench-ray"
"""The backend's name for `joblib.parallel_config`."""

KNOCK_SECONDS = 5

RETRIES = 3
"""How often a task is run again whose worker died; after that it is the task that kills."""


class _RayTasks(ParallelBackendBase):
    """One Ray task for each of joblib's calls; needs a connection, see `connected`."""

    supports_retrieve_callback = True
    supports_inner_max_num_threads = True

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - joblib's own
        super().__init__(**kwargs)
        self._ray: Any = import_module("ray")
        self._call: Any = self._ray.remote(num_cpus=1, max_retries=RETRIES)(_call)
        self._open: set[Any] = set()

    # joblib writes no types: what it means stands in its documentation of custom backends.

    def effective_n_jobs(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, n_jobs: int
    ) -> int:
        """As many as asked for; all cores of the cluster if that is negative."""
        return n_jobs if n_jobs > 0 else max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, func: Callable[[], Any], callback: Callable[[Any], None]
    ) -> Future[Any]:
        """Start a task; `callback` is called with its future when it has ended."""
        reference = self._call.remote(func)
        self._open.add(reference)
        future: Future[Any] = reference.future()

        def ended(done: Future[Any]) -> None:
            self._open.discard(reference)
            callback(done)

        future.add_done_callback(ended)
        return future

    def retrieve_result_callback(self, out: Future[Any]) -> Any:  # noqa: ANN401
        """The task's answer.

        Raises:
            BrokenProcessPool: every worker that tried the task died.
        """
        try:
            return out.result()
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as death:
            raise BrokenProcessPool(f"after {RETRIES + 1} attempts: {death}") from death

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Stop whatever is under way."""
        del ensure_ready
        for reference in list(self._open):
            self._ray.cancel(reference, force=True)
        self._open.clear()


@contextmanager
def connected(address: str | None, jobs: int) -> Generator[None]:
    """Join a Ray cluster for the length of a `with` block, workers with one thread each.

    Args:
        address: `host:port` of the cluster's head; None for the one that `RAY_ADDRESS` or a local
            `ray start` names, or else for one of our own here, which ends with the block.
        jobs: the cores of a cluster of our own.

    Raises:
        InvalidOptionError: there is no cluster at `address`.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray: Any = import_module("ray")
    joblib.register_parallel_backend(ON_RAY, _RayTasks)
    habits: dict[str, Any] = {"log_to_driver": False, "runtime_env": {"env_vars": _surroundings()}}
    if address is not None:
        _somebody_answers(address)
    try:
        ray.init(address or os.environ.get("RAY_ADDRESS", "auto"), **habits)
    except ConnectionError:  # nobody started a cluster here
        ray.init("local", num_cpus=jobs, include_dashboard=False, **habits)
    try:
        yield
    finally:
        ray.shutdown()


def _somebody_answers(address: str) -> None:
    """Knock at once where Ray itself would knock for many minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()
    except (OSError, ValueError, OverflowError) as refusal:
        raise InvalidOptionError(
            f"--address: expected HOST:PORT of a Ray cluster's head, came {address} ({refusal}); "
            f"start one with: ray start --head --port=PORT"
        ) from refusal


def _call(function: Callable[[], Any]) -> Any:  # noqa: ANN401
    return function()


def _surroundings() -> dict[str, str]:
    """What workers find: one thread for numerical libraries, and this process's modules."""
    threads = dict.fromkeys(ParallelBackendBase.MAX_NUM_THREADS_VARS, "1")
    return {**threads, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
