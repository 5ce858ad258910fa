"""Faults of other people's environments, each with the line of theirs that proves it.

A fault excuses nothing by being listed: the command finds the quoted line in the installed file,
and runs the environment raw, without a view of ours, to see the fault for itself.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Fault:
    """Something wrong with an environment that a check stumbles over.

    Attributes:
        checks: the checks that it fails.
        says: what their errors say, in part: one of these.
        module: the module with the line.
        line: the line, without its indent.
        why: what is wrong with it, in one sentence.
        shown: the environment, raw → whether the fault shows.
    """

    checks: tuple[str, ...]
    says: tuple[str, ...]
    module: str
    line: str
    why: str
    shown: Callable[[Any], bool]

    def place(self) -> str | None:
        """File and number of the line as installed, `package/file.py:12`; None without it."""
        found = importlib.util.find_spec(self.module)
        if found is None or found.origin is None:
            return None
        path = Path(found.origin)
        depth = self.module.count(".") + 1 + (path.name == "__init__.py")
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, text in enumerate(lines, start=1):
            if text.strip() == self.line:
                return f"{'/'.join(path.parts[-depth:])}:{number}"
        return None
