"""Connect Four, and its smaller and larger cousins, the PettingZoo way.

>>> from mail_envs import connect_four_v0
>>> env = connect_four_v0.env(rows=3, columns=4, in_a_row=3, render_mode="ansi")
>>> env.reset(seed=0)
>>> for column in (1, 1, 2):
...     env.step(column)
>>> print(env.render(), end="")
| .  .  .  . |
| .  O  .  . |
| .  X [X] . |
+------------+
  0  1  2  3
"""

from mail_envs.board.environments import LineGameEnv, wrapped
from mail_envs.board.rules import LineGame
from mail_envs.guarding import GuardedEnv

__all__ = ["env", "raw_env"]


def raw_env(
    render_mode: str | None = None,
    *,
    rows: int = 6,
    columns: int = 7,
    in_a_row: int = 4,
    gravity: bool = True,
) -> LineGameEnv:
    """Make the environment itself: illegal moves raise.

    Args:
        render_mode: None, `"human"`, `"ansi"` or `"rgb_array"`.
        rows: of the board; `columns * (rows + 1)` is at most 64.
        columns: of the board.
        in_a_row: how many marks in a line win.
        gravity: whether marks fall, so that actions are columns; else actions are cells.
    """
    game = LineGame(rows=rows, columns=columns, in_a_row=in_a_row, gravity=gravity)
    return LineGameEnv(game, render_mode=render_mode, name="connect_four_v0")


def env(
    render_mode: str | None = None,
    *,
    rows: int = 6,
    columns: int = 7,
    in_a_row: int = 4,
    gravity: bool = True,
) -> GuardedEnv:
    """Make the environment with PettingZoo's conventions around it: illegal moves lose.

    Args:
        render_mode: None, `"human"`, `"ansi"` or `"rgb_array"`.
        rows: as in `raw_env`, like the rest.
        columns: of the board.
        in_a_row: how many marks in a line win.
        gravity: whether marks fall.
    """
    board = raw_env(render_mode, rows=rows, columns=columns, in_a_row=in_a_row, gravity=gravity)
    return wrapped(board)
