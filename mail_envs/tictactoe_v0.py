"""Tic-Tac-Toe, the PettingZoo way.

>>> from mail_envs import tictactoe_v0
>>> env = tictactoe_v0.env(render_mode="ansi")
>>> env.reset(seed=0)
>>> env.step(4)
>>> print(env.render(), end="")
 . | . | .
---+---+---
 . |[X]| .
---+---+---
 . | . | .
"""

from mail_envs.board.environments import LineGameEnv, wrapped
from mail_envs.board.games import TicTacToe
from mail_envs.guarding import GuardedEnv

__all__ = ["env", "raw_env"]


def raw_env(render_mode: str | None = None) -> LineGameEnv:
    """Make the environment itself: illegal moves raise."""
    return LineGameEnv(TicTacToe(), render_mode=render_mode, name="tictactoe_v0")


def env(render_mode: str | None = None) -> GuardedEnv:
    """Make the environment with PettingZoo's conventions around it: illegal moves lose."""
    return wrapped(raw_env(render_mode=render_mode))
