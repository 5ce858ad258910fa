"""k-in-a-row games: rules, experts, and what is exactly true of them."""

from mail_envs.board.certificates import Mistake, NoMistake
from mail_envs.board.games import ConnectFour, TicTacToe
from mail_envs.board.mistakes import find_mistake
from mail_envs.board.rules import LineGame, State, Symmetries

__all__ = [
    "ConnectFour",
    "LineGame",
    "Mistake",
    "NoMistake",
    "State",
    "Symmetries",
    "TicTacToe",
    "find_mistake",
]
