"""One table of environments, entered in Gymnasium's registry and in PettingZoo's.

The single-agent views of Gymnasium live in `mail_wrappers`; they are named here, not imported.
"""

from dataclasses import dataclass, field
from typing import Any

import gymnasium
import pettingzoo

__all__ = ["ENTRIES", "Entry", "register_environments"]

VIEW = "mail_wrappers.single_agent:make_view"


@dataclass(frozen=True)
class Entry:
    """One environment under both its names.

    `door` is the module with `env()` and `raw_env()`; `view` are the keyword defaults of the
    single-agent view.
    """

    multi_agent_id: str
    single_agent_id: str
    door: str
    view: dict[str, Any] = field(default_factory=dict[str, Any])


ENTRIES = (
    Entry(
        multi_agent_id="mail_envs/tictactoe-v0",
        single_agent_id="mail_envs/TicTacToe-v0",
        door="mail_envs.tictactoe_v0",
        view={"agent": "player_0", "opponent": "expert"},
    ),
)


def register_environments() -> None:
    """Enter every environment that is not entered yet; cheap, and harmless when called again."""
    for entry in ENTRIES:
        if entry.multi_agent_id not in pettingzoo.aec_registry:
            pettingzoo.register("aec", entry.multi_agent_id, f"{entry.door}:env")
        if entry.single_agent_id not in gymnasium.registry:
            gymnasium.register(
                id=entry.single_agent_id,
                entry_point=VIEW,
                kwargs={"env": f"{entry.door}:raw_env", **entry.view},
            )
