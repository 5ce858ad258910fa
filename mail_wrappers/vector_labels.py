"""The expert's labels for a batch of environments, one batch of questions a step."""

from typing import Any, get_args

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from mail_envs.errors import EpisodeOverError, ShapeError
from mail_wrappers.advice import Form, advice_for
from mail_wrappers.advised import AdvisedVectorWrapper, VectorStep
from mail_wrappers.budget import QueryBudget
from mail_wrappers.episodes import cut_rows, marked
from mail_wrappers.labels import When
from mail_wrappers.options import array_of, check_word
from mail_wrappers.spending import Spent, spent_error

__all__ = ["VectorExpertLabels"]

Flags = NDArray[np.bool_]


class VectorExpertLabels(AdvisedVectorWrapper):
    """`ExpertLabels` for a batch: at every step, or on demand, one batch of questions.

    Asked are the rows at a turn of the agent, those whose episode is over excepted. Where fewer
    questions are left than rows, the lowest rows are asked. In `infos`, `expert_distribution`
    `(B, A)` (or `expert_action` `(B, ...)`, `expert_scores` `(B, A)`) holds the answers, and
    `_expert_distribution` `(B,)` says which rows have one; the others are zeros.

    Args:
        env: a vector environment, in any autoreset mode.
        expert: as in `ExpertLabels`.
        budget: what each question is charged to.
        when: `"every_step"` or `"demand"`, as in `ExpertLabels`.
        kind: as in `ExpertLabels`.
        spent: what happens where rows find no question left; `infos["budget_spent"]` `(B,)` marks
            them in either case. `"error"`: under `"every_step"` the next step raises, so that no
            answer paid for is lost; on demand `label()` raises. `"truncate"`: their episodes are
            truncated. A batch that begins episodes of itself (`NEXT_STEP`, `SAME_STEP`) cannot end
            one row's from outside: there all rows that go on are truncated together. Under
            `DISABLED` only the rows marked are. Rows truncated so are to be reset before the next
            step, which raises otherwise; one that is reset with nothing left is truncated by the
            next step, which plays nothing.
        agent: as in `ExpertLabels`.

    Raises:
        UnknownNameError: another word than those above.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        expert: Any,
        budget: QueryBudget,
        *,
        when: When = "every_step",
        kind: Form = "distribution",
        spent: Spent = "error",
        agent: str | None = None,
    ) -> None:
        super().__init__(env, spent=spent)
        check_word("when", when, get_args(When))
        check_word("kind", kind, get_args(Form))
        check_word("spent", spent, get_args(Spent))
        self._advice, self._kept = advice_for(env, expert, budget, agent=agent)
        self._advices = (self._advice,)
        self._every_step = when == "every_step"
        self._kind: Form = kind
        self._missing: Flags = self._none()

    def label(self, rows: Flags | None = None) -> tuple[NDArray[Any], Flags]:
        """Ask about rows now, the lowest first; what has been answered costs nothing again.

        Args:
            rows: which `(B,)`; None for all at a turn.

        Returns:
            The answers `(B, ...)`, and which rows have one; the others are zeros.

        Raises:
            EpisodeOverError: no episode has begun.
            BudgetExhaustedError: no question is left for any row that is at a turn.
            ShapeError: rows that are no `(B,)` truth values.
        """
        live = self._episodes.live
        wanted = live if rows is None else live & self._flags(rows)
        if self._last[0] is None:
            raise EpisodeOverError("label: no episode has begun; call reset()")
        known = self._advice.ask(self._kind, wanted, purpose="label")
        if wanted.any() and not known.any():
            raise spent_error("label", self._advice.budget)
        return self._advice.answers(self._kind), known

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes."""
        observations, infos = super().reset(seed=seed, options=options)
        return observations, self._told(infos)

    def step(self, actions: Any) -> VectorStep:
        """Step; under `"every_step"` the answers about the next observations come in `infos`.

        Raises:
            BudgetExhaustedError: see `spent`.
        """
        self._check_step(actions)
        if self._missing.any():
            if not self._truncates:
                raise spent_error(f"labels of rows {self._missing_rows}", self._advice.budget)
            self._missing = self._none()
            return self._end()
        observations, rewards, terminations, truncations, infos = self._play(actions)
        infos = self._told(infos)
        if self._truncates and self._missing.any():
            truncations, infos = cut_rows(
                self._episodes, self._missing, observations, (terminations, truncations), infos
            )
            if self._episodes.waits:
                self._missing = self._none()
        return observations, rewards, terminations, truncations, infos

    def _flags(self, rows: Any) -> Flags:
        flags = array_of("rows", rows, kinds="b")
        if flags.shape != (self.num_envs,):
            raise ShapeError(f"rows: expected ({self.num_envs},) bool, came {flags.shape}")
        return flags

    @property
    def _missing_rows(self) -> list[int]:
        return np.flatnonzero(self._missing).tolist()

    def _told(self, infos: dict[str, Any]) -> dict[str, Any]:
        """Ask what is due at these turns; the infos with what there is to tell of it."""
        live = self._episodes.live
        if self._every_step:
            known = self._advice.ask(self._kind, live, purpose="label")
            if known.any():
                name = f"expert_{self._kind}"
                answers = self._advice.answers(self._kind)
                infos = {**infos, name: answers, f"_{name}": known}
            self._missing = live & ~known
        elif self._truncates:
            reach = self._advice.within_reach(self._kind)
            known = self._advice.known(self._kind)
            self._missing = self._none() if reach else live & ~known
        return {**infos, **marked("budget_spent", self._missing)}
