"""The experiments by name, loaded when they are run."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mail_envs.errors import UnknownNameError

if TYPE_CHECKING:
    from mail_learners.experiments.sweep import Experiment

__all__ = ["REGISTRY", "Entry", "load"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an experiment is, and what can be said of it without importing it.

    Attributes:
        place: `module:ATTRIBUTE`.
        summary: the experiment's one line.
        learners: the names that `--learners` takes.
    """

    place: str
    summary: str
    learners: tuple[str, ...] = ()


REGISTRY: Mapping[str, Entry] = {
    "tictactoe": Entry(
        "mail_learners.experiments.tictactoe:TICTACTOE",
        "who can be exploited after watching perfect Tic-Tac-Toe, passively or interactively",
        (
            "bc",
            "bc-random-ties",
            "bc-random-openings",
            "uniform-bc",
            "dqn-explore-bc",
        ),
    ),
    "connect4": Entry(
        "mail_learners.experiments.connect4:CONNECT4",
        "how far clones of a perfect Connect Four player get, taught passively or interactively",
        (
            "bc",
            "bc-random-ties",
            "bc-random-openings",
            "uniform-bc",
            "dqn-explore-bc",
        ),
    ),
    "grid": Entry(
        "mail_learners.experiments.grid:GRID",
        "how many games it takes to copy experts who block each other, by explorer and features",
        (
            "bc-tabular",
            "bc-linear",
            "uniform-bc",
            "lsvi-ucb-zero-bc",
            "lsvi-ucb-zero-bc-published-ties",
            "mail-warm",
            "murmail",
        ),
    ),
    "chain": Entry(
        "mail_learners.experiments.chain:CHAIN",
        "who explores a corridor to its end, where the habits of its beginning are ruinous",
        (
            "bc-linear",
            "uniform-bc",
            "lsvi-ucb-zero-bc",
            "lsvi-ucb-zero-bc-published-constants",
            "mail-warm",
        ),
    ),
    "lower-bound": Entry(
        "mail_learners.experiments.lower_bound:LOWER_BOUND",
        "what concentrability costs those who only watch, and not those who ask",
        ("bc-tabular", "lsvi-ucb-zero-bc", "mail-warm", "mail-bro", "murmail"),
    ),
    "concentrability": Entry(
        "mail_learners.experiments.concentrability:CONCENTRABILITY",
        "how badly deviations can leave the experts' data: of states, and of features",
        ("experts",),
    ),
    "dimension": Entry(
        "mail_learners.experiments.dimension:DIMENSION",
        "whether questions grow with the number of states, or with the dimension of the features",
        ("lsvi-ucb-zero-bc", "uniform-bc", "bc-linear", "uniform-bc-one-hot"),
    ),
}
"""The experiments that `mail-bench list` shows."""


def load(name: str, registry: Mapping[str, Entry] = REGISTRY) -> "Experiment":
    """Import an experiment.

    Args:
        name: a name of the registry, or `module:ATTRIBUTE` for an experiment of one's own; the
            module may lie in the current folder.
        registry: the experiments known by name.

    Raises:
        UnknownNameError: no such name, module or attribute.
    """
    if name in registry:
        return _import(registry[name].place)
    if ":" not in name:
        raise UnknownNameError(
            f"unknown experiment {name!r}; known: {', '.join(registry) or 'none'}, or "
            f"module:ATTRIBUTE for one of your own"
        )
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    return _import(name)


def _import(place: str) -> "Experiment":
    from mail_learners.experiments.sweep import Experiment  # noqa: PLC0415 - slow, only to run

    module, _, attribute = place.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise UnknownNameError(f"unknown experiment {place!r}: expected module:ATTRIBUTE")
    try:
        found: object = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):  # a module that this one misses
            raise
        raise UnknownNameError(f"unknown experiment {place!r}: no module {module!r}") from error
    if not isinstance(found, Experiment):
        raise UnknownNameError(f"unknown experiment {place!r}: {attribute!r} is no Experiment")
    return found
