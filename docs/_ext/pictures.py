"""A picture of every registered environment, rendered by the environment itself.

`docs/_generated/NAME.png`, where NAME is that of the door (`grid_game_v0`), shows it after a few
moves; it is not committed.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mail_envs.registration import ENTRIES, PARALLEL_ENTRIES

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

MOVES = {"tictactoe_v0": (4, 0, 2, 6, 3), "connect_four_v0": (3, 3, 2, 4, 3, 1, 2, 2)}
"""What has been played on the boards that are shown."""


def board_frame(door: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - a module
    """A board after its moves: `(height, width, 3)`."""
    env = door.env(render_mode="rgb_array")
    env.reset(seed=0)
    for action in MOVES[door.__name__.rpartition(".")[2]]:
        env.step(action)
    return env.render()


def markov_frame(door: Any) -> NDArray[np.uint8]:  # noqa: ANN401
    """A Markov game where play starts: `(height, width, 3)`."""
    env = door.parallel_env(render_mode="rgb_array")
    env.reset(seed=0)
    return env.render()


def write(app: "Sphinx") -> None:
    """Render all of them before pages are read."""
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    frames = [(entry, board_frame) for entry in ENTRIES]
    frames += [(entry, markov_frame) for entry in PARALLEL_ENTRIES]
    for entry, frame in frames:
        picture = Image.fromarray(np.ascontiguousarray(frame(import_module(entry.door))))
        picture.save(folder / f"{entry.door.rpartition('.')[2]}.png", optimize=True)


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Render when the build begins."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
