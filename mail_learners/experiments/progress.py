"""What a sweep says while it runs."""

import time
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mail_learners.experiments.cells import Cell

__all__ = ["Bar", "Lines", "Silence", "SweepObserver", "duration", "observer_for"]


class SweepObserver(Protocol):
    """Whoever wants to know how a sweep goes."""

    def start(self, name: str, *, total: int, stored: int) -> None:
        """A sweep of `total` cells starts, of which `stored` had ended before."""
        ...

    def ended(self, cell: Cell, failure: str | None) -> None:
        """A cell ended, well or with the text of a traceback."""
        ...

    def stop(self) -> None:
        """No more cells."""
        ...


class Silence:
    """Say nothing."""

    def start(self, name: str, *, total: int, stored: int) -> None:
        """Say nothing."""

    def ended(self, cell: Cell, failure: str | None) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Say nothing."""


class Lines:
    """One plain line per cell, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._done = self._fresh = 0
        self._began = 0.0

    def start(self, name: str, *, total: int, stored: int) -> None:
        """Say how much there is to do."""
        self._total, self._done, self._began = total, stored, time.monotonic()
        self._say(f"{name}: {total} cells, {stored} of them done before")

    def ended(self, cell: Cell, failure: str | None) -> None:
        """Say which cell ended, how many have, and how long the others may take."""
        self._done, self._fresh = self._done + 1, self._fresh + 1
        each = (time.monotonic() - self._began) / self._fresh
        left = duration(each * (self._total - self._done))
        verdict = "done" if failure is None else "FAILED"
        self._say(f"[{self._done}/{self._total}] {cell}: {verdict}, about {left} left")
        if failure is not None:
            self._say(failure)

    def stop(self) -> None:
        """Say nothing."""

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bar:
    """A progress bar, for terminals."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cells, elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = TaskID(0)

    def start(self, name: str, *, total: int, stored: int) -> None:
        """Show the bar, filled as far as earlier runs got."""
        self._task = self._bar.add_task(name, total=total, completed=stored)
        self._bar.start()

    def ended(self, cell: Cell, failure: str | None) -> None:
        """Move the bar; print a failure above it."""
        if failure is not None:
            self._bar.console.print(f"{cell}: FAILED\n{failure}", markup=False, highlight=False)
        self._bar.advance(self._task)

    def stop(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


def observer_for(console: Console) -> SweepObserver:
    """A bar where there is a terminal to draw it on, lines elsewhere."""
    return Bar(console) if console.is_terminal else Lines(console)


def duration(seconds: float) -> str:
    """A time for reading.

    >>> duration(7), duration(185), duration(7320)
    ('7 s', '3 min 5 s', '2 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
