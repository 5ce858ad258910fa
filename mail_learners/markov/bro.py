"""MAIL-BRO: mirror descent towards the expert where a best-response oracle leads.

At each iteration the other player best-responds to the clone, exactly, by the game's own rewards
and transitions (arXiv 2505.17610). The oracle is part of the algorithm: this learner **knows the
game**, and only the expert is asked. See `mail_learners.markov.mirror` for the loop.
"""

from collections.abc import Sequence

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.protocols import FloatArray
from mail_envs.truth import best_response
from mail_learners.markov.leading import draw_situations
from mail_learners.markov.mirror import Lead, MirrorOptions, OnlineImitation, descend
from mail_learners.markov.play import Experts

__all__ = ["mail_bro"]


def mail_bro(
    game: MarkovGame,
    experts: Experts,
    *,
    iterations: int,
    rng: np.random.Generator,
    options: MirrorOptions | None = None,
) -> OnlineImitation:
    """Imitate where best responses lead.

    Args:
        game: a two-player game.
        experts: one policy per player.
        iterations: K; each asks `options.batch` moves of each player's expert.
        rng: where the randomness comes from.
        options: of the descent; None for the defaults.

    Raises:
        InvalidModelError, InvalidOptionError, ShapeError, InvalidPolicyError, UnknownAgentError: as
            `mail_learners.markov.mirror.descend`.
    """

    def lead(
        clones: Sequence[FloatArray], player: int, *, count: int, rng: np.random.Generator
    ) -> Lead:
        policies = [c if game.discount is None else c[0] for c in clones]
        response = np.asarray(best_response(game, policies, 1 - player).policy)
        tables = list(clones)
        tables[1 - player] = response if response.ndim == 3 else response[None]
        return draw_situations(game, tables, count=count, rng=rng)

    return descend(
        game, experts, lead, iterations=iterations, rng=rng, options=options or MirrorOptions()
    )
