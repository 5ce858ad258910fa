"""Experts of Markov games: equilibria as policies that may be asked.

An expert is a `TabularPolicy`: called on a batch of states `(B,)`, or of pairs of step and state
`(B, 2)` where it depends on the step, it answers with distributions; it has stable-baselines3's
`predict`, and it is array-like, so that exact functions take it as it is.
"""

from mail_envs.markov.equilibrium import solve
from mail_envs.markov.matrix_game import Ties
from mail_envs.markov.model import MarkovGame
from mail_envs.markov.tabular import TabularPolicy

__all__ = ["nash_experts"]


def nash_experts(game: MarkovGame, *, ties: Ties = "lexicographic") -> tuple[TabularPolicy, ...]:
    """The exact equilibrium of `mail_envs.solve`, one expert per player.

    Args:
        game: two-player zero-sum; of identical interest; or with a horizon and equilibria in
            pure actions at every stage.
        ties: which of several optimal strategies is played, see `mail_envs.markov.matrix_game`.

    Raises:
        UnsolvedGameError: a game of another kind.
    """
    equilibrium = solve(game, ties=ties)
    return tuple(
        TabularPolicy(table, who=agent)
        for table, agent in zip(equilibrium.policies, game.agents, strict=True)
    )
