"""A small masked DQN on Tic-Tac-Toe, and batches of positions to ask it about."""

import gymnasium
import numpy as np
from stable_baselines3 import DQN

from mail_envs.board import TicTacToe
from mail_wrappers.interop.stable_baselines3 import MaskedDQNPolicy

GAME = TicTacToe()


def model(steps=0, buffer=None, **policy):
    env = gymnasium.make("mail_envs/TicTacToe-v0", opponent="random")
    dqn = DQN(
        MaskedDQNPolicy,
        env,
        learning_starts=0,
        buffer_size=500,
        exploration_initial_eps=0.0,
        exploration_final_eps=0.0,
        policy_kwargs={"net_arch": [16, 8], "temperature": 0.5, **policy},
        seed=0,
        device="cpu",
        **(buffer or {}),
    )
    return dqn.learn(steps) if steps else dqn


def batch(*plays):
    states = [GAME.play(moves) for moves in plays]
    return {
        "observation": np.array([GAME.observation(state) for state in states]),
        "action_mask": np.array([GAME.action_mask(state) for state in states]),
    }


PLAYS = ([], [4], [0, 1, 2, 3], [0, 1, 2, 4, 3, 5, 7, 6])
