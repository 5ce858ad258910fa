r"""MAIL-WARM: a tabular reward-free warm-up against experts, then tabular cloning.

Each player in turn explores a game in which all others are experts, then every player is cloned
from what its expert did while the *others* explored (arXiv 2510.09325). The explorer plans on the
empirical model of the game it faces, with its uncertainty as the reward: with `n_h(s, a)` visits,

.. math:: E_h(s, a) = \min\Bigl\{\frac{c}{\sqrt{n_h(s, a)}} + \sum_{s'} \hat P_h(s' \mid s, a)
          \max_{a'} E_{h+1}(s', a'),\; H - h\Bigr\}, \qquad E_h = H - h \text{ where } n_h = 0,

the error recursion of reward-free UCRL (Kaufmann et al. 2021, arXiv 2006.06294) with one constant c
for its logarithms, and plays greedily; among equals it takes the action tried least. Optimistic
Q-learning without rewards (UCBZero) is the other explorer with a guarantee. With the smallest of
its constants it does not reach all states of the 3 × 3 grid within 200 episodes, where this one
needs 16 at worst, and it takes three times as many on the chain of despair: it is not offered.
"""

from dataclasses import dataclass

import numpy as np

from mail_envs.markov import MarkovGame
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import FloatArray
from mail_learners.markov.episodes import Episodes
from mail_learners.markov.exploring import explore
from mail_learners.markov.feature_blocks import FeatureBlocks, player_features
from mail_learners.markov.options import at_least, episode_length, positive
from mail_learners.markov.planning import Planner
from mail_learners.markov.play import Experts
from mail_learners.markov.regression import regression_of
from mail_learners.markov.results import Imitation
from mail_learners.markov.tabular import tabular_clones

__all__ = ["WarmBonus", "mail_warm", "warm_episodes", "warm_planner"]


@dataclass(frozen=True)
class WarmBonus:
    """b = c / √n, paid as it is, capped at the number of steps left."""

    scale: float
    steps: int

    def size(self, widths: FloatArray) -> FloatArray:
        """From 1/n to c / √n; infinite for pairs never tried."""
        return self.scale * np.sqrt(widths)

    def pay(self, bonus: FloatArray) -> FloatArray:
        """b, at most H."""
        return np.minimum(bonus, self.steps)

    def cap(self, h: int) -> float:
        """H - h."""
        return float(self.steps - h)


def warm_planner(features: FeatureBlocks, steps: int, bonus_scale: float) -> Planner:
    """The explorer of one player, before its first episode; `features` are one-hot."""
    bonus = WarmBonus(positive(bonus_scale, "bonus_scale"), steps)
    return Planner(regression_of(features, steps=steps, ridge=0.0), bonus, steps)


def warm_episodes(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    horizon: int | None = None,
    bonus_scale: float = 1.0,
) -> tuple[Episodes, ...]:
    """Let each player in turn explore on its empirical model among the others' experts.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes of each player.
        rng: where the randomness comes from; the first k episodes of each player are those of a run
            of k.
        horizon: steps an episode; see `mail_learners.markov.options.episode_length`.
        bonus_scale: c > 0.

    Returns:
        One run of K episodes per player.

    Raises:
        InvalidOptionError: options outside their ranges.
        ShapeError, InvalidPolicyError, UnknownAgentError: experts that are no joint policy.
    """
    games, steps = at_least(1, games, "games"), episode_length(game, horizon)
    tables = policy_tables(game, experts)
    runs: list[Episodes] = []
    children = rng.spawn(game.num_players)
    for player, features in enumerate(player_features(game, None)):
        planner, child = warm_planner(features, steps, bonus_scale), children[player]
        run = explore(game, tables, planner, player=player, games=games, steps=steps, rng=child)
        runs.append(run)
    return tuple(runs)


def mail_warm(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    horizon: int | None = None,
    bonus_scale: float = 1.0,
) -> Imitation:
    """Warm up, then clone tabularly; errors as of `warm_episodes`.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes of each player.
        rng: where the randomness comes from.
        horizon: steps an episode; see `mail_learners.markov.options.episode_length`.
        bonus_scale: c > 0, the factor of the bonus.
    """
    episodes = warm_episodes(
        game, experts, games=games, rng=rng, horizon=horizon, bonus_scale=bonus_scale
    )
    return Imitation(tabular_clones(game, episodes), episodes)
