r"""MURMAIL: mirror descent towards the expert where the clone is most uncertain.

The other player responds to the clone μ_k by the policy that meets most of its error,

.. math:: y_k \approx \arg\max_\nu E_{s \sim d^{\mu_k, \nu}} \|\mu^E(\cdot|s) - \mu_k(\cdot|s)\|^2

(arXiv 2505.17610). See `mail_learners.markov.mirror` for the loop. How y_k is found says what is
known, and is the option `inner`:

=================  ===========  ==============================================  ================
inner              transitions  the error                                       queries of it
=================  ===========  ==============================================  ================
`oracle`           known        known exactly                                   none
`known-dynamics`   known        estimated from `pairs` pairs of moves in every  2 pairs X
                                situation and iteration
`ucbvi`            learned      estimated from a pair in every state that       2 games H
                                `games` episodes an iteration visit
=================  ===========  ==============================================  ================

X situations, H steps an episode. `ucbvi` alone needs nothing but play and an expert; the others
show what the loop does when its inner problem is solved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import FloatArray
from mail_learners.markov.mirror import (
    MirrorOptions,
    OnlineImitation,
    Responder,
    descend,
    two_players,
)
from mail_learners.markov.options import at_least, episode_length, one_of, positive
from mail_learners.markov.play import Experts
from mail_learners.markov.responders import (
    AskedError,
    ExactError,
    InformedResponder,
    LearningResponder,
)
from mail_learners.markov.uncertainty import MovePairs

__all__ = ["Inner", "MurmailOptions", "murmail"]

Inner = Literal["oracle", "known-dynamics", "ucbvi"]
"""How the responder of MURMAIL is found."""


@dataclass(frozen=True)
class MurmailOptions:
    """How MURMAIL descends and solves its inner problem.

    Attributes:
        inner: see the module.
        mirror: of the descent.
        pairs: for `known-dynamics`.
        games: for `ucbvi`, episodes an iteration and player.
        bonus_scale: for `ucbvi`, c > 0 of `mail_learners.markov.ucbvi`.
        horizon: for `ucbvi`, steps an episode; see `mail_learners.markov.options.episode_length`.
    """

    inner: Inner = "ucbvi"
    mirror: MirrorOptions = field(default_factory=MirrorOptions)
    pairs: int = 1
    games: int = 4
    bonus_scale: float = 0.1
    horizon: int | None = None

    def __post_init__(self) -> None:
        one_of(("oracle", "known-dynamics", "ucbvi"), self.inner, "inner")
        at_least(1, self.pairs, "pairs")
        at_least(1, self.games, "games")
        positive(self.bonus_scale, "bonus_scale")


def murmail(
    game: MarkovGame,
    experts: Experts,
    *,
    iterations: int,
    rng: np.random.Generator,
    options: MurmailOptions | None = None,
) -> OnlineImitation:
    """Imitate where the clones are most uncertain.

    Args:
        game: a two-player game.
        experts: one policy per player.
        iterations: K; each asks `options.mirror.batch` moves of each player's expert, and those of
            the inner problem.
        rng: where the randomness comes from.
        options: None for the defaults.

    Raises:
        InvalidModelError, InvalidOptionError, ShapeError, InvalidPolicyError, UnknownAgentError: as
            `mail_learners.markov.mirror.descend`.
    """
    options = options or MurmailOptions()
    two_players(game)
    responder = _responder(game, policy_tables(game, experts), options)
    return descend(game, experts, responder, iterations=iterations, rng=rng, options=options.mirror)


def _responder(
    game: MarkovGame, experts: Sequence[FloatArray], options: MurmailOptions
) -> Responder:
    if options.inner == "oracle":
        return InformedResponder(game, ExactError(experts))
    shape = (game.horizon or 1, game.num_states)
    pairs = tuple(MovePairs(expert, shape) for expert in experts)
    if options.inner == "known-dynamics":
        return InformedResponder(game, AskedError(pairs, options.pairs))
    steps = episode_length(game, options.horizon)
    return LearningResponder(
        game, pairs, steps=steps, games=options.games, bonus_scale=options.bonus_scale
    )
