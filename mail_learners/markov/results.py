"""What a learner of Markov games gives back."""

from collections.abc import Sequence
from dataclasses import dataclass

from mail_envs.errors import ShapeError
from mail_envs.protocols import FloatArray
from mail_learners.markov.episodes import Episodes, MarkovDemonstrations, demonstrations_of

__all__ = ["Clones", "Imitation", "first_games"]


@dataclass(frozen=True, eq=False)
class Clones:
    """One clone per player; read-only arrays.

    Attributes:
        policies: `(S, A_i)` for discounted games, otherwise `(H, S, A_i)`, in player order.
        greedy_policies: the first of each clone's most probable actions, with probability one.
    """

    policies: tuple[FloatArray, ...]
    greedy_policies: tuple[FloatArray, ...]

    def __post_init__(self) -> None:
        for table in (*self.policies, *self.greedy_policies):
            table.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Imitation:
    """A learned joint policy and what it was learned from.

    Attributes:
        clones: the policies.
        episodes: what was played, one run per explorer; one run where nobody explored.
    """

    clones: Clones
    episodes: tuple[Episodes, ...]

    @property
    def policies(self) -> tuple[FloatArray, ...]:
        """One array per player; see `Clones`."""
        return self.clones.policies

    @property
    def greedy_policies(self) -> tuple[FloatArray, ...]:
        """The argmax policies; see `Clones`."""
        return self.clones.greedy_policies

    @property
    def queries(self) -> int:
        """How many expert moves were asked for."""
        return sum(part.queries for part in self.episodes)

    def demonstrations(self, player: int) -> MarkovDemonstrations:
        """What taught `player`.

        Raises:
            ShapeError: a player that the game does not have.
        """
        players = self.episodes[0].num_players
        if not 0 <= player < players:
            raise ShapeError(f"player: expected 0..{players - 1}, came {player}")
        return demonstrations_of(self.episodes, player)


def first_games(episodes: Sequence[Episodes], games: int) -> tuple[Episodes, ...]:
    """The first `games` of each explorer's `episodes`: what a shorter run would have played."""
    return tuple(part.first(games) for part in episodes)
