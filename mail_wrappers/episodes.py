"""Which rows of a vector environment go on, begin or have ended, in any autoreset mode."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from mail_envs.errors import BudgetExhaustedError
from mail_wrappers.batches import rows_of

__all__ = ["Episodes", "cut_rows", "final_of", "marked"]

Flags = NDArray[np.bool_]


class Episodes:
    """Kept beside a vector environment by telling it every `reset` and `step`.

    Attributes:
        live: the rows `(B,)` at a turn of their agent: what is asked about them makes sense.
        played: the rows whose last step was a transition, not the beginning of an episode.
        begun: the rows whose observation is the first of an episode.
        renewed: the rows whose observation is new.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        self.mode: Any = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._rows = env.num_envs
        self._cut = self._none()
        self.live: Flags = self._none()
        self.played: Flags = self._none()
        self.begun: Flags = self._none()
        self.renewed: Flags = self._none()

    def to_reset(self, options: Mapping[str, Any] | None) -> Flags:
        """The rows that a reset with such options begins: `reset_mask`, or all.

        To be asked before the environment is reset, which may take the mask out of the options.
        """
        given = None if options is None else options.get("reset_mask")
        return ~self._none() if given is None else np.array(given, dtype=np.bool_)

    def reset(self, rows: Flags) -> None:
        """Begin some rows; see `to_reset`."""
        self.begun = self.renewed = rows
        self.live = self.live | self.begun
        self._cut = self._cut & ~self.begun
        self.played = self._none()

    def step(self, terminations: Flags, truncations: Flags) -> None:
        """Take in how a step ended."""
        done = np.asarray(terminations | truncations, dtype=np.bool_)
        self.renewed = ~self._none()
        if self.mode is AutoresetMode.SAME_STEP:
            self.played, self.begun, self.live = ~self._none(), done, ~self._none()
        else:
            again = self.mode is AutoresetMode.NEXT_STEP
            self.played = self.live
            self.begun = ~self.live if again else self._none()
            self.live = ~done if again else self.live & ~done

    def cut(self, rows: Flags, done: Flags) -> Flags:
        """End rows from outside; where rows begin of themselves all end together.

        Args:
            rows: `(B,)`.
            done: the rows that the environment has ended in this step.

        Returns:
            The rows that end so; they are to be reset before the next step.
        """
        going = self.live & ~done
        ended = rows & going if self.mode is AutoresetMode.DISABLED else going
        if ended.any():
            self._cut = self._cut | (rows & self.live) | ended
        return ended

    @property
    def waits(self) -> bool:
        """Whether rows that were cut wait for a reset."""
        return bool(self._cut.any())

    def check_step(self) -> None:
        """Refuse a step of rows that were cut and not reset.

        Raises:
            BudgetExhaustedError: such rows.
        """
        if self.waits:
            raise BudgetExhaustedError(
                f"step: expected a reset of rows {np.flatnonzero(self._cut).tolist()}, whose "
                f"episodes ended as the budget was spent, came a step"
            )

    def _none(self) -> Flags:
        return np.zeros(self._rows, dtype=np.bool_)


def cut_rows(
    episodes: Episodes,
    rows: Flags,
    observations: Any,
    ends: tuple[Flags, Flags],
    infos: dict[str, Any],
) -> tuple[Flags, dict[str, Any]]:
    """Truncate rows whose budget is spent; `ends` are the step's terminations and truncations.

    Returns:
        The truncations and infos, with `budget_spent`; where episodes begin in the step that ends
        them, with `final_obs` of the rows that the environment has not ended.
    """
    done = np.asarray(ends[0] | ends[1], dtype=np.bool_)
    ended = episodes.cut(rows, done)
    infos = {**infos, **marked("budget_spent", rows | ended)}
    if episodes.mode is AutoresetMode.SAME_STEP and ended.any():
        final = np.full(len(ended), None, dtype=object)
        for row in np.flatnonzero(ended | done).tolist():
            final[row] = rows_of(observations, row) if ended[row] else final_of(infos, row)
        infos |= {"final_obs": final, "_final_obs": ended | done}
    return np.asarray(ends[1], dtype=np.bool_) | ended, infos


def marked(name: str, where: Flags) -> dict[str, Any]:
    """A flag that only some rows have, in Gymnasium's form; nothing where none has it."""
    return {name: where.copy(), f"_{name}": where.copy()} if where.any() else {}


def final_of(infos: Mapping[str, Any], row: int) -> Any:
    """What was seen at the end of a row's episode, where a new one has begun in the same step."""
    return _without_flags(rows_of(infos["final_obs"], row))


def _without_flags(final: Any) -> Any:
    """Drop the `_name` entries that Gymnasium puts beside those of a dictionary."""
    if not isinstance(final, Mapping):
        return final
    kept = [name for name in final if not (name.startswith("_") and name[1:] in final)]
    return {name: _without_flags(final[name]) for name in kept}
