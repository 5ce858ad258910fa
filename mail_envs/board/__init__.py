"""k-in-a-row games: rules, experts, and what is exactly true of them."""

from mail_envs.board.games import TicTacToe
from mail_envs.board.rules import LineGame, State, Symmetries

__all__ = ["LineGame", "State", "Symmetries", "TicTacToe"]
