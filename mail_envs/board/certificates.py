"""What a search for a policy's mistakes hands back: a line that anyone can replay, or a depth.

A **mistake** of a deterministic policy is a move after which best play of the opponent yields the
policy less than the value of the game, which is what perfect play is sure of from the empty board.
Values are ranked as `prefer` says, always seen by the policy's player:

- `"outcome"`: 1 won, 0 drawn, −1 lost. A mistake gives away a result;
- `"distance"`, for a seat that is lost from the start, whose result nothing can spoil: scores
  −(cells + 1 − plies when the game ends), so that a mistake lets itself be beaten sooner.

An opponent's weak move may raise the value of a position; giving that back is no mistake, since the
opponent need not have made it. Along the lines that lead to a first mistake the value is thus never
below the game's. On boards that can be enumerated, a policy has a mistake of the first kind exactly
where its player's opponent has something to gain (`mail_envs.nash_gap`).

A `Mistake` proves by its own moves that the policy gets less than it might: `Mistake.replay` plays
them by the rules alone. What it says of best play, the values, a solver confirms.
"""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from mail_envs.board import batch
from mail_envs.board.batch import States
from mail_envs.board.rules import LineGame, State
from mail_envs.board.solver import Prefer, Solver
from mail_envs.errors import EpisodeOverError, IllegalActionError, InvalidCertificateError
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import decide

__all__ = ["Mistake", "NoMistake", "chosen"]

RESULTS = {1: "win", 0: "draw", -1: "loss"}


@dataclass(frozen=True)
class Mistake:
    """The first mistake of a policy, and how it is punished.

    Attributes:
        game: the board.
        player: the index of the policy's player.
        prefer: what the three values below are; see the module.
        value: the game's value for the player.
        before: the value of the position in which the mistake is made, at least `value`.
        after: that of the position after it, less than `value`.
        line: the actions from the empty board, the mistake last.
        continuation: the actions that follow to the end of the game: the opponent's are the perfect
            expert's, the player's the policy's own.
        result: 1, 0 or −1, how the game so played ends for the player.
    """

    game: LineGame
    player: int
    prefer: Prefer
    value: int
    before: int
    after: int
    line: tuple[int, ...]
    continuation: tuple[int, ...]
    result: int

    @property
    def ply(self) -> int:
        """The number of plies played before the mistake."""
        return len(self.line) - 1

    @property
    def action(self) -> int:
        """The mistake."""
        return self.line[-1]

    @property
    def moves(self) -> tuple[int, ...]:
        """All actions of the game."""
        return self.line + self.continuation

    @property
    def dropped(self) -> int:
        """What the mistake gives away for certain: steps of the result, or plies of resistance."""
        return self.value - self.after

    @property
    def collected(self) -> int:
        """What the opponent has gained at the end of the game, in the same units; at least that.

        For a seat that is lost from the start: how many plies sooner than under perfect play the
        game is over.
        """
        return self.value - self._attained

    @property
    def _attained(self) -> int:
        """The result of the game, or its score."""
        scale = 1 if self.prefer == "outcome" else self.game.cells + 1 - len(self.moves)
        return self.result * scale

    def replay(
        self, policy: Policy | None = None, *, solver: Solver | None = None
    ) -> tuple[State, ...]:
        """Check the certificate by playing it.

        Args:
            policy: also check that it plays the player's moves.
            solver: also check what is claimed of best play: the three values.

        Returns:
            The positions, from the empty board to the end of the game.

        Raises:
            InvalidCertificateError: an illegal move, a game that is not over or ends otherwise, a
                mistake that costs nothing, or another player's.
            InvalidCertificateError: moves that `policy` does not play, or values that `solver`
                denies.
        """
        states = self._played()
        self._check_result(states[-1])
        self._check_values()
        if policy is not None:
            self._check_policy(states, policy)
        if solver is not None:
            self._check_solver(states, solver)
        return states

    def text(self) -> str:
        """The mistake in words, the board before it and at the end; X is player 0, O player 1."""
        states = self.replay()
        name = self.game.agents[self.player]
        return "\n".join(
            (
                f"{name} errs after {self.ply} plies with action {self.action}: {self._loss()}.",
                f"Line: {_listed(self.line)}. Continuation: {_listed(self.continuation)}.",
                "Before:",
                self.game.text(states[self.ply]),
                f"After {len(self.moves)} plies, a {RESULTS[self.result]}:",
                self.game.text(states[-1]),
            )
        )

    def _loss(self) -> str:
        """What is given away, in words."""
        if self.prefer == "outcome":
            return f"a {RESULTS[self.value]} becomes a {RESULTS[self.after]}"
        best, now = (self.game.cells + 1 + score for score in (self.value, self.after))
        return f"lost on ply {now} at the latest, {self.dropped} sooner than ply {best}"

    # ---- checks

    def _played(self) -> tuple[State, ...]:
        states = [self.game.initial_state()]
        for number, action in enumerate(self.moves):
            try:
                states.append(self.game.step(states[-1], action))
            except (IllegalActionError, EpisodeOverError) as error:
                raise InvalidCertificateError(
                    f"certificate: expected legal moves, came {action!r} as move {number}: {error}"
                ) from error
        return tuple(states)

    def _check_result(self, end: State) -> None:
        outcome = self.game.outcome(end)
        if outcome is None:
            raise InvalidCertificateError(
                f"certificate: expected moves to the end of a game, came {len(self.moves)} moves "
                "after which it goes on"
            )
        actual = outcome if self.player == 0 else -outcome
        if actual != self.result:
            raise InvalidCertificateError(
                f"certificate: expected result {actual}, as its moves have it, came {self.result!r}"
            )

    def _check_values(self) -> None:
        if self.prefer not in get_args(Prefer):
            raise InvalidCertificateError(
                f"certificate: expected prefer to be one of {get_args(Prefer)}, "
                f"came {self.prefer!r}"
            )
        if not self.line or self.ply % 2 != self.player:
            raise InvalidCertificateError(
                f"certificate: expected a line that ends with a move of player {self.player}, came "
                f"{len(self.line)} moves"
            )
        if not self._attained <= self.after < self.value <= self.before:
            raise InvalidCertificateError(
                f"certificate: expected attained <= after < value <= before, came attained "
                f"{self._attained}, after {self.after}, value {self.value}, before {self.before}"
            )

    def _check_policy(self, states: tuple[State, ...], policy: Policy) -> None:
        own = range(self.player, len(self.moves), 2)
        known = batch.stack([states[number] for number in own])
        who = f"the policy of {self.game.agents[self.player]}"
        played = chosen(self.game, policy, known, who=who)
        for number, action in zip(own, played.tolist(), strict=True):
            if action != self.moves[number]:
                raise InvalidCertificateError(
                    f"certificate: expected the policy's action {action} as move {number}, came "
                    f"{self.moves[number]}"
                )

    def _check_solver(self, states: tuple[State, ...], solver: Solver) -> None:
        at = [0, self.ply, self.ply + 1]
        values = solver.values(batch.stack([states[i] for i in at]), prefer=self.prefer)
        claims = ("value", "before", "after")
        for claim, ply, seen_by_mover in zip(claims, at, values.tolist(), strict=True):
            actual = int(seen_by_mover) * (1 if ply % 2 == self.player else -1)
            if actual != getattr(self, claim):
                raise InvalidCertificateError(
                    f"certificate: expected {claim} {actual}, as the solver has it, came "
                    f"{getattr(self, claim)}"
                )


@dataclass(frozen=True)
class NoMistake:
    """A proof, by exhaustion, that a policy makes no mistake before some ply.

    Attributes:
        game: the board.
        player: the index of the policy's player.
        prefer: what mistakes are measured in; see the module.
        value: the game's value for the player.
        depth: no move made after fewer than `depth` plies is a mistake, whatever the opponent
            plays; the number of cells where the search is complete.
        complete: whether every line was followed to its end: the policy makes no mistake at all.
        positions: the positions at which the policy was asked.
    """

    game: LineGame
    player: int
    prefer: Prefer
    value: int
    depth: int
    complete: bool
    positions: int

    def text(self) -> str:
        """The finding in words."""
        name, kind = self.game.agents[self.player], f"by {self.prefer}"
        if self.complete:
            return f"{name} makes no mistake ({kind}), in any of {self.positions} positions."
        return (
            f"{name} makes no mistake ({kind}) in its moves after fewer than {self.depth} plies; "
            f"{self.positions} positions searched."
        )


def chosen(game: LineGame, policy: Policy, states: States, *, who: str) -> NDArray[np.int64]:
    """The actions `(B,)` of a deterministic policy at states `(B,)` of games that go on.

    Raises:
        InvalidPolicyError, ShapeError: as `mail_envs.protocols.asking.decide`.
    """
    observations = batch.observations(game, states)
    return decide(policy, observations, batch.action_masks(game, states), who=who)


def _listed(actions: tuple[int, ...]) -> str:
    return " ".join(map(str, actions)) or "none"
