"""The expert's labels for a batch of environments, one batch of questions a step."""

from typing import Any, get_args

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from mail_envs.errors import EpisodeOverError, ShapeError
from mail_wrappers.advice import Advice, Form, advice_for
from mail_wrappers.batches import forwarded_vector_masks, latest_masks, part
from mail_wrappers.budget import QueryBudget
from mail_wrappers.episodes import Episodes, cut_rows, marked
from mail_wrappers.labels import When
from mail_wrappers.options import array_of, check_environment, check_word
from mail_wrappers.spending import Spent, spent_error
from mail_wrappers.told import check_actions, checked_reset

__all__ = ["VectorExpertLabels"]

Flags = NDArray[np.bool_]
Step = tuple[Any, Any, Flags, Flags, dict[str, Any]]


class VectorExpertLabels(VectorWrapper[Any, Any, Any, Any, Any]):
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
        check_environment(env, vector=True)
        super().__init__(env)
        check_word("when", when, get_args(When))
        check_word("kind", kind, get_args(Form))
        check_word("spent", spent, get_args(Spent))
        self._advice, self._keeps = advice_for(env, expert, budget, agent=agent)
        self._episodes = Episodes(env)
        self._every_step = when == "every_step"
        self._kind: Form = kind
        self._truncates = spent == "truncate"
        self._last: tuple[Any, dict[str, Any]] = (None, {})
        self._masks: NDArray[np.int8] | None = None
        self._missing: Flags = np.zeros(env.num_envs, dtype=np.bool_)

    @property
    def advices(self) -> tuple[Advice, ...]:
        """The expert's answers at the present turns."""
        return (self._advice,)

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

    def action_masks(self) -> Flags:
        """The legal actions, `(B, A)` bool, as the environment beneath tells them."""
        return forwarded_vector_masks(self.env, self._masks)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes."""
        seed = checked_reset(self.env, seed, options)
        begun = self._episodes.to_reset(options)
        observations, infos = self.env.reset(seed=seed, options=options)  # pyright: ignore[reportArgumentType]
        self._episodes.reset(begun)
        infos = self._arrive(observations, infos)
        return observations, infos

    def step(self, actions: Any) -> Step:
        """Step; under `"every_step"` the answers about the next observations come in `infos`.

        Raises:
            BudgetExhaustedError: see `spent`.
        """
        self._episodes.check_step()
        check_actions(self.env, actions)
        if self._missing.any():
            if not self._truncates:
                raise spent_error(f"labels of rows {self._missing_rows}", self._advice.budget)
            return self._cut()
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        self._episodes.step(terminations, truncations)
        infos = self._arrive(observations, infos)
        if self._truncates and self._missing.any():
            truncations, infos = cut_rows(
                self._episodes, self._missing, observations, (terminations, truncations), infos
            )
            if self._episodes.waits:
                self._missing = np.zeros(self.num_envs, dtype=np.bool_)
        return observations, rewards, terminations, truncations, infos

    def _flags(self, rows: Any) -> Flags:
        flags = array_of("rows", rows, kinds="b")
        if flags.shape != (self.num_envs,):
            raise ShapeError(f"rows: expected ({self.num_envs},) bool, came {flags.shape}")
        return flags

    @property
    def _missing_rows(self) -> list[int]:
        return np.flatnonzero(self._missing).tolist()

    def _arrive(self, observations: Any, infos: dict[str, Any]) -> dict[str, Any]:
        """Take the next turns in, and ask what is due."""
        self._last, live = (observations, infos), self._episodes.live
        self._masks = latest_masks(self._masks, part(observations, infos)[1], infos)
        if self._keeps:
            begun, rows = self._episodes.begun, self._episodes.renewed
            self._advice.opens(observations, infos, begun=begun, rows=rows)
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
            self._missing = np.zeros(self.num_envs, dtype=np.bool_) if reach else live & ~known
        return {**infos, **marked("budget_spent", self._missing)}

    def _cut(self) -> Step:
        """A step that plays nothing, and truncates what has begun with nothing left."""
        observations, infos = self._last
        none = np.zeros(self.num_envs, dtype=np.bool_)
        ended, infos = cut_rows(
            self._episodes, self._episodes.live.copy(), observations, (none, none), infos
        )
        self._missing = none
        return observations, np.zeros(self.num_envs), none.copy(), ended, infos
