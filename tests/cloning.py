"""Demonstrations made to measure: what a policy does in chosen states of Tic-Tac-Toe."""

import numpy as np

from mail_envs import PerfectExpert
from mail_envs.board import TicTacToe
from mail_envs.protocols.asking import sample_actions
from mail_wrappers import Decisions
from tests.boards import all_states

GAME = TicTacToe()


def demonstrations(observations, masks, actions):
    count = len(actions)
    return Decisions(
        observations=np.asarray(observations),
        action_masks=np.asarray(masks, dtype=np.int8),
        actions=np.asarray(actions, dtype=np.int64),
        episodes=np.arange(count),
        steps=np.zeros(count, dtype=np.int64),
    )


def decisions_of(policy, states, copies, seed=0):
    """What a policy does, some times in each of some states."""
    observations = np.array([GAME.observation(state) for state in states]).repeat(copies, axis=0)
    masks = np.array([GAME.action_mask(state) for state in states]).repeat(copies, axis=0)
    actions = sample_actions(policy(observations, masks), rng=np.random.default_rng(seed))
    return demonstrations(observations, masks, actions)


STATES = [state for state in all_states(GAME) if GAME.outcome(state) is None][::150]
SOFT = PerfectExpert(GAME, temperature=3.0)
