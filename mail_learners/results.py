"""What a learner ends with."""

from dataclasses import dataclass, field
from typing import Any

from mail_envs.protocols import FloatArray

__all__ = ["Result"]


@dataclass(frozen=True, eq=False)
class Result:
    """A learned joint policy and what it was learned from.

    Attributes:
        policies: agent → learned policy, of the kind that the game's `nash_gap` takes: a callable
            on boards, an array `(S, A_i)` or `(H, S, A_i)` on Markov games.
        demonstrations: what the experts were seen to do: `mail_wrappers.Demonstrations`, or one
            `mail_learners.markov.Episodes` per explorer; None for learners that keep none.
        queries: the questions put to experts.
        greedy_policies: on Markov games, agent → the policy's most probable actions alone.
        history: for learners that run online, what was true after each evaluated iteration.
    """

    policies: dict[str, Any]
    demonstrations: Any
    queries: int
    greedy_policies: dict[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    history: tuple[Any, ...] = ()
