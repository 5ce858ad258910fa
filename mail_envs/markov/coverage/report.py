"""The report of `mail_envs.markov.concentrability`, and how it looks."""

from dataclasses import dataclass
from typing import Literal

from mail_envs.markov.coverage.coefficients import Coefficients

__all__ = ["Concentrability"]

COLUMNS = ("all-policy", "single-policy", "mean", "Rayleigh", "trace")


@dataclass(frozen=True)
class Concentrability:
    """How badly deviations of the others can leave the data on which each player is imitated.

    Each kind of coefficient is a `Coefficients`: one for each imitated player i, deviating player
    j ≠ i and step (or the discounted occupancy); `.value`, `.lower`, `.upper`, `.exact` and
    `.witness` are those of the largest, `.per_player`, `.per_step` and `.at(…)` look closer.

    Attributes:
        all_policy: of states, over all deviations (C_max).
        single_policy: of states, over best responses.
        mean: of features, C_mean.
        rayleigh: of features, C_ray.
        trace: of features, C_tr.
        features: what the features are.
        distribution: the distribution under which Λ and the deviations' moments are taken.
        game: the game, in words.
        agents: the players' names.
        visited: how many states the experts visit at any time.
        reached: how many states deviations of each player reach at any time, in player order.
        counted: what these two count: `"states"`, or `"blocks"` where the computation was on them.
    """

    all_policy: Coefficients
    single_policy: Coefficients
    mean: Coefficients
    rayleigh: Coefficients
    trace: Coefficients
    features: str
    distribution: str
    game: str
    agents: tuple[str, ...]
    visited: int
    reached: tuple[int, ...]
    counted: Literal["states", "blocks"]

    def __str__(self) -> str:
        """A table: one row for each pair of players, and the largest of all; [found, bound]."""
        kinds = (self.all_policy, self.single_policy, self.mean, self.rayleigh, self.trace)
        pairs = dict.fromkeys((e.imitated, e.deviator) for e in self.all_policy.entries)
        rows: list[tuple[str, ...]] = [("imitated", "deviator", "reached", *COLUMNS)]
        for i, j in pairs:
            shown = [str(kind.at(imitated=i, deviator=j)) for kind in kinds]
            rows.append((self.agents[i], self.agents[j], str(self.reached[j]), *shown))
        rows.append(("largest", "", "", *(str(kind.overall) for kind in kinds)))
        widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
        lines = [
            f"concentrability of {self.game}",
            f"experts visit: {self.visited} {self.counted}",
            f"features: {self.features}",
            f"distribution: {self.distribution}",
            "",
            *(
                "  ".join(
                    cell.ljust(width) if c < 2 else cell.rjust(width)
                    for c, (cell, width) in enumerate(zip(row, widths, strict=True))
                ).rstrip()
                for row in rows
            ),
        ]
        return "\n".join(lines)
