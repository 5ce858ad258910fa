r"""Log-linear behaviour cloning.

The clone of a player with features `φ(s, a)` of its own state-action pairs is

.. math:: \hat\pi_\theta(a \mid s) \propto \exp(\theta^\top \phi(s, a)),

and θ minimises the mean negative log-likelihood of the demonstrations, repeated as often as they
occurred, plus a ridge:

.. math:: L(\theta) = -\frac{1}{N} \sum_{z, a} n(z, a) \log \hat\pi_\theta(a \mid z)
          + \frac{\rho}{2} \|\theta\|^2.

The counts `n(z, a)` over distinct feature blocks are sufficient, so the cost does not depend on how
many demonstrations or states there are. L is strictly convex; it is minimised by scipy with exact
derivatives until its gradient is below a tolerance (a trust region with exact Hessians up to
d = `HESSIAN_LIMIT`, finished by Newton steps because differences of L drown in rounding before its
gradient does; L-BFGS beyond). In games with a horizon each step has a θ of its own.

**The ridge matters.** The likelihood of a deterministic expert has no maximum in this class: the
clone keeps a share of probability on other actions that shrinks with ρ alone. Hence the most
probable actions are reported beside the clone. One-hot features are the case in which the limit
ρ → 0 is known, the empirical frequencies, and they are returned exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mail_envs.errors import InvalidOptionError
from mail_envs.markov import MarkovGame
from mail_envs.protocols import FloatArray
from mail_learners.markov.episodes import Episodes, MarkovDemonstrations, demonstrations_of
from mail_learners.markov.feature_blocks import FeatureBlocks, Features, player_features
from mail_learners.markov.options import positive
from mail_learners.markov.play import Experts, expert_episodes
from mail_learners.markov.results import Clones, Imitation
from mail_learners.markov.tabular import clone_steps, clones_of, count_blocks, frequencies

__all__ = ["CloneOptions", "LogLinearFit", "bc_linear", "fit_log_linear", "linear_clones"]

HESSIAN_LIMIT = 1000
"""Up to which dimension Hessians are formed."""

NEWTON_STEPS = 10
"""How many finishing steps are tried; they end where the gradient no longer shrinks."""


@dataclass(frozen=True)
class CloneOptions:
    """How log-linear clones are fitted.

    Attributes:
        ridge: ρ > 0.
        tolerance: the norm of the gradient at which the fit stops; it must be well below ρ ‖θ‖.
    """

    ridge: float = 1e-9
    tolerance: float = 1e-12

    def __post_init__(self) -> None:
        positive(self.ridge, "ridge")
        positive(self.tolerance, "tolerance")


@dataclass(frozen=True, eq=False)
class LogLinearFit:
    """Where a fit ended.

    Attributes:
        weights: θ, `(d,)`.
        loss: L(θ), in nats.
        gradient_norm: ‖∇L(θ)‖; above the tolerance where rounding stopped the fit.
    """

    weights: FloatArray
    loss: float
    gradient_norm: float


def bc_linear(
    game: MarkovGame,
    experts: Experts,
    *,
    games: int,
    rng: np.random.Generator,
    features: Features = None,
    horizon: int | None = None,
    options: CloneOptions | None = None,
) -> Imitation:
    """Clone experts from games among themselves.

    Args:
        game: any game.
        experts: one policy per player.
        games: K, the number of episodes.
        rng: where the randomness comes from.
        features: one map per player, of its own state-action pairs; None for one-hot ones.
        horizon: steps an episode; see `mail_learners.markov.options.episode_length`.
        options: of the fit; None for the defaults.

    Raises:
        InvalidOptionError, ShapeError, InvalidPolicyError, UnknownAgentError: as `expert_episodes`
            and `linear_clones`.
    """
    maps = player_features(game, features)
    episodes = expert_episodes(game, experts, games=games, rng=rng, horizon=horizon)
    return Imitation(linear_clones(game, episodes, features=maps, options=options), episodes)


def linear_clones(
    game: MarkovGame,
    episodes: Sequence[Episodes],
    *,
    features: Features = None,
    options: CloneOptions | None = None,
) -> Clones:
    """One log-linear clone per player from what was played.

    Args:
        game: the game that was played.
        episodes: one run per explorer, or one in which nobody explored; see `demonstrations_of`.
        features: one map per player; None for one-hot ones.
        options: of the fit; None for the defaults.

    Raises:
        ShapeError: not as many maps as players, or maps of another game.
        InvalidOptionError: features per step that the clones' steps do not match.
    """
    tables = [
        _log_linear(game, demonstrations_of(episodes, player), blocks, options or CloneOptions())
        if blocks.table is not None
        else frequencies(game, demonstrations_of(episodes, player), blocks)
        for player, blocks in enumerate(player_features(game, features))
    ]
    return clones_of(game, tables)


def _log_linear(
    game: MarkovGame,
    demonstrations: MarkovDemonstrations,
    features: FeatureBlocks,
    options: CloneOptions,
) -> FloatArray:
    """π̂ by step and state, `(1 or H, S, A)`."""
    steps, blocks = clone_steps(game), features.num_blocks
    if features.num_steps not in (1, steps):
        raise InvalidOptionError(
            f"features: expected tables of one step or of the {steps} steps that are cloned apart, "
            f"came {features.num_steps}"
        )
    seen = count_blocks(game, demonstrations, features)
    table = np.empty((steps, blocks, features.num_actions))
    for h in range(steps):
        here = slice(*np.searchsorted(seen.rows, (h * blocks, (h + 1) * blocks)))
        phi = features.at(h)  # z a d
        fit = fit_log_linear(phi[seen.rows[here] - h * blocks], seen.counts[here], options)
        table[h] = np.exp(_log_softmax(phi @ fit.weights))
    return features.lift(table)


def fit_log_linear(phi: FloatArray, counts: FloatArray, options: CloneOptions) -> LogLinearFit:
    """Minimise L.

    Args:
        phi: features of the blocks that were seen, `(U, A, d)`.
        counts: n, `(U, A)`.
        options: ridge and tolerance.

    Returns:
        θ; zero, the uniform policy, where nothing was seen.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import

    likelihood = _Likelihood(phi, counts / max(counts.sum(), 1.0), options.ridge)
    begin, method, extra = np.zeros(phi.shape[2]), "L-BFGS-B", {}
    stop: dict[str, float] = {"gtol": options.tolerance, "ftol": 0.0, "maxiter": 1e5, "maxfun": 1e6}
    if has_hessian := len(begin) <= HESSIAN_LIMIT:
        method, extra = "trust-exact", {"hess": likelihood.hessian}
        stop = {"gtol": options.tolerance}
    theta = minimize(likelihood, begin, jac=True, method=method, options=stop, **extra).x
    if has_hessian:
        theta = _finish(likelihood, theta, options.tolerance)
    loss, gradient = likelihood(theta)
    return LogLinearFit(theta, loss, float(np.linalg.norm(gradient)))


def _finish(likelihood: "_Likelihood", theta: FloatArray, tolerance: float) -> FloatArray:
    """Newton steps as long as they shorten the gradient."""
    _, gradient = likelihood(theta)
    for _ in range(NEWTON_STEPS):
        length = np.linalg.norm(gradient)
        if length <= tolerance:
            break
        moved = theta - np.linalg.solve(likelihood.hessian(theta), gradient)
        _, gradient = likelihood(moved)
        if np.linalg.norm(gradient) >= length:
            break
        theta = moved
    return theta


class _Likelihood:
    """L with its derivatives; `shares` are n / N, `(U, A)`."""

    def __init__(self, phi: FloatArray, shares: FloatArray, ridge: float) -> None:
        self._phi = phi
        self._rows = phi.reshape(-1, phi.shape[2])  # u a, d
        self._shares = shares
        self._totals = shares.sum(axis=1, keepdims=True)  # u 1
        self._ridge = ridge

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """L(θ) and ∇L = Σ (n(u) π(a|u) − n(u, a)) φ(u, a) + ρ θ."""
        logs = _log_softmax(self._phi @ theta)
        loss = -float((self._shares * logs).sum()) + self._ridge / 2 * float(theta @ theta)
        excess = self._totals * np.exp(logs) - self._shares
        return loss, excess.reshape(-1) @ self._rows + self._ridge * theta

    def hessian(self, theta: FloatArray) -> FloatArray:
        """Σ n(u) (E_π[φφᵀ] − E_π[φ] E_π[φ]ᵀ) + ρ I."""
        weights = self._totals * np.exp(_log_softmax(self._phi @ theta))  # u a
        means = (weights[:, None] @ self._phi)[:, 0] / np.sqrt(self._totals)  # u d
        second = (self._rows * weights.reshape(-1, 1)).T @ self._rows
        return second - means.T @ means + self._ridge * np.eye(len(theta))


def _log_softmax(logits: FloatArray) -> FloatArray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
