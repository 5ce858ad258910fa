r"""How far a game is from being linear in given features.

Transitions and rewards are regressed on the features by least squares, every state-action pair
counting alike; the residual is the largest error of any entry. It is zero (to rounding) exactly if
the game is linear in the features. The regression runs over the latents of the dynamics: with
`P = φ' M` the residual of P is that of φ', times M.

Two questions are asked of a feature map. A *joint* map φ(s, a_1, …, a_n): is the game linear? A map
φ_i(s, a_i) of *one player*: is this player's problem, against given policies of the others, a
linear MDP?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mail_envs.errors import GameTooLargeError
from mail_envs.markov.checks import action_axes, check_finite, check_shape
from mail_envs.markov.dynamics import rewards
from mail_envs.markov.dynamics.tables import with_steps
from mail_envs.markov.features import feature_blocks
from mail_envs.markov.marginal import expect_against, others_policy
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.markov.tabular import at_step, policy_table
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import by_player

__all__ = ["LinearityResidual", "joint_residual", "player_residual"]

CHUNK = 1 << 24
"""How many transition probabilities are formed at once (128 MiB)."""

LARGEST = 1 << 33
"""How many are formed at all."""


@dataclass(frozen=True)
class LinearityResidual:
    """The largest absolute error of the best linear fit."""

    transitions: float
    """Over all P_h(s'|s, a): a probability."""
    rewards: float
    """Over all r_h(s, a): in units of reward."""

    @property
    def maximum(self) -> float:
        """The larger of the two."""
        return max(self.transitions, self.rewards)


def joint_residual(game: MarkovGame, features: ArrayLike) -> LinearityResidual:
    """How far a game is from being linear in joint features.

    Args:
        game: any game.
        features: φ by block, `(M, A_1, …, A_n, d)` or per step `(H, M, A_1, …, A_n, d)`; where
            every state is its own block M = S.

    Raises:
        ShapeError, InvalidModelError: another shape, or NaN.
        GameTooLargeError: more than 2³³ transition probabilities.
    """
    d = game.dynamics
    table, axes = with_steps(features, "features", ("s", *action_axes(game.num_players), "d"))
    steps = () if axes[0] == "s" else (1 if len(table) == 1 else game.horizon or 1,)
    expected = (*steps, d.num_blocks, *game.num_actions, table.shape[-1])
    check_shape(table, expected, "features", axes)
    check_finite(table, "features", axes)
    table = table if steps else table[None]
    worst: list[LinearityResidual] = []
    for h in range(max(d.num_steps, len(table))):
        phi = at_step([table], h)[0].reshape(-1, table.shape[-1])
        mixing = d.mix(h, np.eye(d.num_latents)).reshape(d.num_latents, -1).T  # (za k)
        paid = rewards(d, h).reshape(game.num_players, -1).T  # (za i)
        worst.append(_residual(game, h, phi, mixing, paid))
    return _worst(worst)


def player_residual(
    game: MarkovGame,
    feature_map: AnyFeatureMap,
    policies: Sequence[Any] | Mapping[str, Any],
    player: int | str,
) -> LinearityResidual:
    """How far one player's problem is from a linear MDP in its own features.

    Args:
        game: any game. Where policies and features are alike within blocks, ask about
            `game.by_block`: the answer is the same, and cheap.
        feature_map: φ_i(s, a_i).
        policies: as in `mail_envs.nash_gap`; the entry of `player` is not used and may be None.
        player: index or agent name.

    Raises:
        GameTooLargeError: more than 2³³ transition probabilities.
        ShapeError, InvalidPolicyError, UnknownAgentError: as of their parts.
    """
    d, i = game.dynamics, game.player_index(player)
    blocks, table = feature_blocks(feature_map, game.num_states, game.num_actions[i])
    phi = table[blocks].reshape(-1, table.shape[-1])  # (sa d)
    ordered = by_player(policies, game.agents)
    rest = [policy_table(game, p, j) for j, p in enumerate(ordered) if j != i]
    worst: list[LinearityResidual] = []
    for h in range(max(d.num_steps, *(len(table) for table in rest), 1)):
        others = others_policy(at_step(rest, h), game.num_states)
        mixing = expect_against(d, d.mix(h, np.eye(d.num_latents)), others, i)  # k s a
        paid = expect_against(d, rewards(d, h)[i], others, i)  # s a
        worst.append(
            _residual(game, h, phi, mixing.reshape(d.num_latents, -1).T, paid.reshape(-1, 1))
        )
    return _worst(worst)


def _residual(
    game: MarkovGame, h: int, phi: FloatArray, mixing: FloatArray, paid: FloatArray
) -> LinearityResidual:
    """One step: features `(N, d)`, latent transitions `(N, K)`, rewards `(N, n)`."""
    if len(phi) * game.num_states > LARGEST:
        raise GameTooLargeError(
            f"expected at most {LARGEST} transition probabilities, came {len(phi)} rows of "
            f"{game.num_states} states"
        )
    targets = np.concatenate([mixing, paid], axis=1)
    weights = np.linalg.lstsq(phi, targets, rcond=None)[0]
    left = targets - phi @ weights
    size = max(1, CHUNK // game.num_states)
    chunks = (left[j : j + size, : mixing.shape[1]] for j in range(0, len(left), size))
    emitted = (np.abs(game.dynamics.emit(h, chunk)).max() for chunk in chunks)
    return LinearityResidual(
        transitions=float(max(emitted)), rewards=float(np.abs(left[:, mixing.shape[1] :]).max())
    )


def _worst(residuals: Sequence[LinearityResidual]) -> LinearityResidual:
    return LinearityResidual(
        transitions=max(r.transitions for r in residuals),
        rewards=max(r.rewards for r in residuals),
    )
