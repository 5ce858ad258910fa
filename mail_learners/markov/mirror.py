r"""Learning online: mirror descent on the distance to the expert, where an adversary leads.

MAIL-BRO and MURMAIL (arXiv 2505.17610) share one loop. Player i's clone μ_k starts uniform. At
iteration k a **responder** names a policy y_k for the other player, which takes play to where μ_k
is to be improved; states are drawn from the occupancy of (μ_k, y_k), the expert is asked for an
action A in each, and

.. math:: g(s, a) = 1\{s = S\} (\mu_k(a \mid s) - 1\{a = A\}), \qquad
          \mu_{k+1}(a \mid s) \propto \mu_k(a \mid s) \exp(-\eta\, g(s, a)),

because g is an unbiased gradient of `½ E‖μ^E − μ_k‖²` under that occupancy; a batch adds the g of
its states, each at the same μ_k. The guarantee is for the **mean gap over iterates**, not for the
averaged table: a history holds both.

States are drawn from the discounted occupancy, or, in games with a horizon, at a step drawn
uniformly; tables then have a row for each step and state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mail_envs.errors import InvalidModelError
from mail_envs.markov import MarkovGame
from mail_envs.markov.checks import IntArray
from mail_envs.markov.tabular import policy_tables
from mail_envs.protocols import FloatArray
from mail_envs.protocols.asking import sample_actions
from mail_envs.truth import nash_gap
from mail_learners.markov.options import at_least, positive
from mail_learners.markov.play import Experts

__all__ = [
    "Lead",
    "MirrorOptions",
    "MirrorRecord",
    "OnlineImitation",
    "Responder",
    "descend",
    "two_players",
]


@dataclass(frozen=True)
class MirrorOptions:
    """How online learners descend.

    Attributes:
        step_size: η > 0, by which each sampled state moves its logits; None for
            `sqrt(X log A / N_k)`, where X is the number of situations (states, times steps in games
            with a horizon), A of the player's actions and N_k of situations drawn up to iteration
            k: the best constant step of a run that ends there.
        batch: how many situations are drawn, and experts' actions asked, per player and iteration.
        evaluate_every: gaps are computed at iterations 1, 1 + this, 1 + twice this, … and the last.
    """

    step_size: float | None = None
    batch: int = 16
    evaluate_every: int = 10

    def __post_init__(self) -> None:
        if self.step_size is not None:
            positive(self.step_size, "step_size")
        at_least(1, self.batch, "batch")
        at_least(1, self.evaluate_every, "evaluate_every")


@dataclass(frozen=True)
class MirrorRecord:
    """What was true after an iteration; gaps are exact sums over players (`NashGap.total`).

    Attributes:
        iteration: k, counted from 1.
        queries: expert moves asked for so far.
        gap: of the iterate.
        mean_gap: of the evaluated iterates so far, on average.
        average_gap: of the averaged table.
    """

    iteration: int
    queries: int
    gap: float
    mean_gap: float
    average_gap: float


@dataclass(frozen=True, eq=False)
class OnlineImitation:
    """What an online learner ends with; read-only arrays.

    Attributes:
        policies: the averaged tables, `(S, A_i)` or `(H, S, A_i)`, in player order.
        last_policies: the last iterates.
        queries: how many expert moves were asked for.
        history: gaps over iterations.
    """

    policies: tuple[FloatArray, ...]
    last_policies: tuple[FloatArray, ...]
    queries: int
    history: tuple[MirrorRecord, ...]

    def __post_init__(self) -> None:
        for table in (*self.policies, *self.last_policies):
            table.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Lead:
    """Where a responder took play.

    Attributes:
        steps: `(B,)`, 0 in discounted games.
        states: `(B,)`.
        queries: expert moves that the responder asked for.
    """

    steps: IntArray
    states: IntArray
    queries: int = 0


class Responder(Protocol):
    """Leads play to where a clone is to be improved; may keep what it learned."""

    def __call__(
        self, clones: Sequence[FloatArray], player: int, *, count: int, rng: np.random.Generator
    ) -> Lead:
        """Draw situations.

        Args:
            clones: the iterates, `(1 or H, S, A_i)` each.
            player: whose clone is improved; the other player deviates.
            count: B.
            rng: where the randomness comes from.
        """
        ...


def descend(
    game: MarkovGame,
    experts: Experts,
    responder: Responder,
    *,
    iterations: int,
    rng: np.random.Generator,
    options: MirrorOptions,
) -> OnlineImitation:
    """Run the loop for both players.

    Args:
        game: a two-player game.
        experts: one policy per player.
        responder: who leads.
        iterations: K.
        rng: where the randomness comes from.
        options: step size, batch and evaluations.

    Raises:
        InvalidModelError: not two players.
        InvalidOptionError: no iterations.
        ShapeError, InvalidPolicyError, UnknownAgentError: experts that are no joint policy.
    """
    iterations = at_least(1, iterations, "iterations")
    two_players(game)
    tables = policy_tables(game, experts)
    shape = (game.horizon or 1, game.num_states)
    logits = [np.zeros((*shape, actions)) for actions in game.num_actions]
    sums = [np.zeros_like(table) for table in logits]
    clones = [_softmax(table) for table in logits]
    history = _History(game)
    for k in range(1, iterations + 1):
        clones = [_softmax(table) for table in logits]
        for player, clone in enumerate(clones):
            sums[player] += clone
            lead = responder(clones, player, count=options.batch, rng=rng)
            asked = _ask(tables[player], lead, rng=rng)
            logits[player] -= _step_size(options, clone, k) * _gradient(clone, lead, asked)
            history.queries += lead.queries + len(asked)
        if (k - 1) % options.evaluate_every == 0 or k == iterations:
            history.evaluate(k, clones, [total / k for total in sums])
    averages = tuple(_as_policy(game, total / iterations) for total in sums)
    last = tuple(_as_policy(game, clone) for clone in clones)
    return OnlineImitation(averages, last, history.queries, tuple(history.records))


def two_players(game: MarkovGame) -> None:
    """Refuse other games.

    Raises:
        InvalidModelError: more or fewer players.
    """
    if game.num_players != 2:
        raise InvalidModelError(f"expected a two-player game, came {game.num_players} players")


class _History:
    """The gaps so far."""

    def __init__(self, game: MarkovGame) -> None:
        self._game = game
        self.queries = 0
        self.records: list[MirrorRecord] = []

    def evaluate(
        self, iteration: int, clones: Sequence[FloatArray], averages: Sequence[FloatArray]
    ) -> None:
        """Append a record."""
        gap = nash_gap(self._game, [_as_policy(self._game, table) for table in clones]).total
        average = nash_gap(self._game, [_as_policy(self._game, t) for t in averages]).total
        mean = float(np.mean([*(record.gap for record in self.records), gap]))
        self.records.append(MirrorRecord(iteration, self.queries, gap, mean, average))


def _step_size(options: MirrorOptions, clone: FloatArray, iteration: int) -> float:
    if options.step_size is not None:
        return options.step_size
    steps, states, actions = clone.shape
    drawn = iteration * options.batch
    return float(np.sqrt(steps * states * np.log(max(actions, 2)) / drawn))


def _ask(table: FloatArray, lead: Lead, *, rng: np.random.Generator) -> IntArray:
    """One move of the expert in each situation: `(B,)`."""
    steps = lead.steps if len(table) > 1 else 0
    return sample_actions(table[steps, lead.states], rng=rng)


def _gradient(clone: FloatArray, lead: Lead, asked: IntArray) -> FloatArray:
    """The sum of g over the batch: `(1 or H, S, A)`."""
    at = clone[lead.steps, lead.states]  # b a
    gradient = np.zeros_like(clone)
    np.add.at(gradient, (lead.steps, lead.states), at - np.eye(at.shape[1])[asked])
    return gradient


def _softmax(logits: FloatArray) -> FloatArray:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _as_policy(game: MarkovGame, table: FloatArray) -> FloatArray:
    return table if game.discount is None else table[0]
