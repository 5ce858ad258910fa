r"""LSVI-UCB-ZERO-BC: explore without rewards against experts, then clone what they did.

Each player in turn explores a game in which all others are experts, by reward-free least-squares
value iteration (Wang, Du, Yang, Salakhutdinov 2020, arXiv 2006.11274, as used in arXiv 2602.22810).
With features `φ` of the explorer's own state-action pairs, before every episode for h = H-1 … 0

.. math:: u_h = \min\{\beta \|\phi\|_{\Lambda_h^{-1}},\, H\}, \qquad
          Q_h = \min\{\phi^\top w_h + u_h / H + u_h,\, H\}, \qquad V_h = \max_a Q_h,

where `w_h` regresses `V_{h+1}` of the next states on φ with ridge λ; then it plays greedily. Player
j is cloned from what its expert did while the *others* explored.

**The constants.** β = 10, λ = 0.1 and H = 10 are the published ones. They keep nearly all of Q at
the cap H, so that the rule for ties decides: towards the largest unclipped bonus here (default),
uniformly in the published code, which makes the explorer a random walk. β below `H √λ` gives up
optimism: pairs never tried no longer reach the cap.
"""

from dataclasses import dataclass

import numpy as np

from mail_envs.errors import InvalidOptionError
from mail_envs.markov import MarkovGame
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import FloatArray
from mail_learners.markov.episodes import Episodes
from mail_learners.markov.exploring import explore
from mail_learners.markov.feature_blocks import FeatureBlocks, Features, player_features
from mail_learners.markov.log_linear import CloneOptions, linear_clones
from mail_learners.markov.options import at_least, episode_length, one_of, positive
from mail_learners.markov.planning import Planner, Ties
from mail_learners.markov.play import Experts
from mail_learners.markov.regression import regression_of
from mail_learners.markov.results import Imitation

__all__ = ["LsviBonus", "LsviOptions", "lsvi_episodes", "lsvi_planner", "lsvi_ucb_zero_bc"]


@dataclass(frozen=True)
class LsviOptions:
    """The explorer's constants.

    Attributes:
        bonus_scale: β > 0.
        ridge: λ > 0.
        horizon: H of discounted games; None: see `mail_learners.markov.options.episode_length`.
        ties: `"bonus"` (towards the largest unclipped bonus) or `"published"` (uniform).
    """

    bonus_scale: float = 10.0
    ridge: float = 0.1
    horizon: int | None = None
    ties: Ties = "bonus"

    def __post_init__(self) -> None:
        positive(self.bonus_scale, "bonus_scale")
        positive(self.ridge, "ridge")
        one_of(("bonus", "published"), self.ties, "ties")


@dataclass(frozen=True)
class LsviBonus:
    """b = β ‖φ‖, paid (1 + 1/H) min(b, H), capped at H."""

    scale: float
    steps: int

    def size(self, widths: FloatArray) -> FloatArray:
        """β ‖φ‖ from ‖φ‖²; rounding may leave a square slightly below zero."""
        return self.scale * np.sqrt(np.maximum(widths, 0))

    def pay(self, bonus: FloatArray) -> FloatArray:
        """What u = min(b, H) earns: u / H + u."""
        return (1 + 1 / self.steps) * np.minimum(bonus, self.steps)

    def cap(self, h: int) -> float:  # noqa: ARG002 - the same at every step
        """H."""
        return float(self.steps)


def lsvi_planner(features: FeatureBlocks, steps: int, options: LsviOptions) -> Planner:
    """The explorer of one player, before its first episode."""
    return Planner(
        regression=regression_of(features, steps=steps, ridge=options.ridge),
        bonus=LsviBonus(options.bonus_scale, steps),
        steps=steps,
        ties=options.ties,
    )


def lsvi_episodes(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    features: Features = None,
    options: LsviOptions | None = None,
) -> tuple[Episodes, ...]:
    """Let each player in turn explore by LSVI among the others' experts.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes of each player.
        rng: where the randomness comes from; the first k episodes of each player are those of a run
            of k.
        features: one map per player, of its own state-action pairs; None for one-hot ones.
        options: β, λ, H and the rule for ties; None for the defaults.

    Returns:
        One run of K episodes per player.

    Raises:
        InvalidOptionError: `games` below 1, a horizon that the game does not have, features of
            another number of steps.
        ShapeError, InvalidPolicyError, UnknownAgentError: experts that are no joint policy, or
            features that do not fit the game.
    """
    options = options or LsviOptions()
    games, steps = at_least(1, games, "games"), episode_length(game, options.horizon)
    tables, maps = policy_tables(game, experts), player_features(game, features)
    runs: list[Episodes] = []
    for player, child in enumerate(rng.spawn(game.num_players)):
        _check_steps(maps[player], steps)
        planner = lsvi_planner(maps[player], steps, options)
        run = explore(game, tables, planner, player=player, games=games, steps=steps, rng=child)
        runs.append(run)
    return tuple(runs)


def lsvi_ucb_zero_bc(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    features: Features = None,
    options: LsviOptions | None = None,
    clone_features: Features = None,
    clone: CloneOptions | None = None,
) -> Imitation:
    """Explore by LSVI, then clone log-linearly.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes of each player.
        rng: where the randomness comes from.
        features: of the explorers; see `lsvi_episodes`.
        options: of the explorers; None for the defaults.
        clone_features: of the clones; None for those of the explorers.
        clone: of the clones' fit; None for the defaults of `mail_learners.markov.log_linear`.

    Raises:
        InvalidOptionError, ShapeError, InvalidPolicyError, UnknownAgentError: as `lsvi_episodes`
            and `linear_clones`.
    """
    maps = player_features(game, features)
    own = maps if clone_features is None else player_features(game, clone_features)
    episodes = lsvi_episodes(game, experts, games=games, rng=rng, features=maps, options=options)
    return Imitation(linear_clones(game, episodes, features=own, options=clone), episodes)


def _check_steps(features: FeatureBlocks, steps: int) -> None:
    if features.num_steps not in (1, steps):
        raise InvalidOptionError(
            f"features: expected tables of one step or of {steps}, came {features.num_steps}"
        )
