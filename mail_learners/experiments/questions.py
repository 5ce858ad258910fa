r"""How many questions a learner needs: doubling, then bisection, over prefixes of one long run.

The gap of a clone made from the first k games of a run is a function gap(k) of one random run: on
the whole falling (like `k^{-1/2}` once everything is covered), but no monotone one. **Needed** is
the k that

1. doubling finds first, `gap(2^j) ≤ target` with `gap(2^{j-1}) > target`, and
2. bisection between the two narrows down, keeping `gap(low) > target ≥ gap(high)`,

until `high / low` is within `PRECISION`. Where the target is not met at any power of two up to the
cap, nor at the cap, the cap is returned as what it is: a bound from below.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mail_learners.markov import Episodes, first_games

__all__ = ["PRECISION", "LongRun", "Needed", "games_needed"]

PRECISION = 1.02
"""Bisection ends where its ends differ by less than this factor, or by one game."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What the search found.

    Attributes:
        games: the number of games that were enough; the cap where it was not.
        gap: after that many games.
        over_cap: whether more than the cap would be needed.
    """

    games: int
    gap: float
    over_cap: bool


def games_needed(gap_after: Callable[[int], float], *, target: float, cap: int) -> Needed:
    """Search for the number of games after which the gap is at most `target`.

    Args:
        gap_after: from a number of games, 1..cap, to the gap.
        target: in the gap's unit.
        cap: the most that is tried.

    >>> games_needed(lambda games: 1 / games, target=0.01, cap=1000)
    Needed(games=100, gap=0.01, over_cap=False)
    >>> games_needed(lambda games: 1 / games, target=0.0001, cap=1000)
    Needed(games=1000, gap=0.001, over_cap=True)
    """
    low, high = 0, 1
    while (gap := gap_after(high)) > target:
        if high == cap:
            return Needed(cap, gap, over_cap=True)
        low, high = high, min(2 * high, cap)
    while high - low > 1 and high > PRECISION * low:
        middle = (low + high) // 2
        found = gap_after(middle)
        if found > target:
            low = middle
        else:
            high, gap = middle, found
    return Needed(high, gap, over_cap=False)


class LongRun:
    """One run that grows when more of it is asked for; mutable.

    Args:
        gather: from a number of games to the run, each time from the same seed: a shorter run is a
            prefix of a longer one.
        least: how many games to play at first.
    """

    def __init__(self, gather: Callable[[int], Sequence[Episodes]], *, least: int) -> None:
        self._gather = gather
        self._games = least
        self._episodes: Sequence[Episodes] = ()

    def first(self, games: int) -> tuple[Episodes, ...]:
        """The first games of each explorer."""
        if not self._episodes or games > self._games:
            self._games = max(games, self._games)
            self._episodes = self._gather(self._games)
        return first_games(self._episodes, games)
