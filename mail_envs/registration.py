"""One table of environments, entered in Gymnasium's registry and in PettingZoo's.

The single-agent views of Gymnasium live in `mail_wrappers`, their native batches in modules that
are slow to import; all are named here, not imported.
"""

from dataclasses import dataclass, field
from typing import Any

import gymnasium
import pettingzoo

__all__ = ["ENTRIES", "PARALLEL_ENTRIES", "Entry", "ParallelEntry", "register_environments"]

VIEW = "mail_wrappers.single_agent:make_view"
BOARD_BATCH = "mail_envs.board.vector:make_vector_view"
MARKOV_BATCH = "mail_envs.markov.vector:make_vector_view"


@dataclass(frozen=True)
class Entry:
    """One environment under both its names, whose agents move in turn.

    `door` is the module with `env()` and `raw_env()`; `view` are the keyword defaults of the
    single-agent view, `batch` is the entry point of its native batch.
    """

    multi_agent_id: str
    single_agent_id: str
    door: str
    batch: str
    view: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class ParallelEntry:
    """One environment under both its names, whose agents move at once.

    `door` is the module with `parallel_env()` and its turn-based form `env()`; `view` are the
    keyword defaults of the single-agent view, `batch` is the entry point of its native batch.
    """

    multi_agent_id: str
    single_agent_id: str
    door: str
    batch: str
    view: dict[str, Any] = field(default_factory=dict[str, Any])


def _markov(name: str, single_agent_name: str) -> ParallelEntry:
    """A family of `mail_envs.markov.library`."""
    return ParallelEntry(
        multi_agent_id=f"mail_envs/{name}-v0",
        single_agent_id=f"mail_envs/{single_agent_name}-v0",
        door=f"mail_envs.{name}_v0",
        batch=MARKOV_BATCH,
        view={"agent": "player_0", "opponent": "expert"},
    )


ENTRIES = (
    Entry(
        multi_agent_id="mail_envs/tictactoe-v0",
        single_agent_id="mail_envs/TicTacToe-v0",
        door="mail_envs.tictactoe_v0",
        batch=BOARD_BATCH,
        view={"agent": "player_0", "opponent": "expert"},
    ),
    Entry(
        multi_agent_id="mail_envs/connect_four-v0",
        single_agent_id="mail_envs/ConnectFour-v0",
        door="mail_envs.connect_four_v0",
        batch=BOARD_BATCH,
        view={"agent": "player_0", "opponent": "expert"},
    ),
)
"""The environments whose agents move in turn."""

PARALLEL_ENTRIES = (
    _markov("random_game", "RandomGame"),
    _markov("random_linear", "RandomLinear"),
    _markov("block_linear", "BlockLinear"),
    _markov("additive_linear", "AdditiveLinear"),
    _markov("independent_linear", "IndependentLinear"),
    _markov("low_rank", "LowRank"),
    _markov("grid_game", "GridGame"),
    _markov("chain_of_despair", "ChainOfDespair"),
    _markov("lower_bound", "LowerBound"),
)
"""The environments whose agents move at once."""


def register_environments() -> None:
    """Enter every environment that is not entered yet; cheap, and harmless when called again."""
    for entry in ENTRIES:
        if entry.multi_agent_id not in pettingzoo.aec_registry:
            pettingzoo.register("aec", entry.multi_agent_id, f"{entry.door}:env")
        if entry.single_agent_id not in gymnasium.registry:
            gymnasium.register(
                id=entry.single_agent_id,
                entry_point=VIEW,
                vector_entry_point=entry.batch,
                kwargs={"env": f"{entry.door}:raw_env", **entry.view},
            )
    for entry in PARALLEL_ENTRIES:
        if entry.multi_agent_id not in pettingzoo.aec_registry:
            pettingzoo.register("aec", entry.multi_agent_id, f"{entry.door}:env")
        if entry.multi_agent_id not in pettingzoo.parallel_registry:
            pettingzoo.register("parallel", entry.multi_agent_id, f"{entry.door}:parallel_env")
        if entry.single_agent_id not in gymnasium.registry:
            gymnasium.register(
                id=entry.single_agent_id,
                entry_point=VIEW,
                vector_entry_point=entry.batch,
                kwargs={"env": f"{entry.door}:parallel_env", **entry.view},
            )
