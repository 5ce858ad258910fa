"""DAgger's mixing for a batch of environments."""

from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from mail_envs.protocols.asking import invert
from mail_wrappers.advice import Form, advice_for
from mail_wrappers.advised import AdvisedVectorWrapper, VectorStep
from mail_wrappers.budget import QueryBudget
from mail_wrappers.episodes import marked
from mail_wrappers.mixing import (
    Drawn,
    MixSpent,
    Mixture,
    Schedule,
    expert_form,
    stream,
)
from mail_wrappers.spending import spent_error
from mail_wrappers.streams import row_seeds

__all__ = ["VectorMixedPlay"]

Flags = NDArray[np.bool_]


class VectorMixedPlay(AdvisedVectorWrapper):
    """`MixedPlay` for a batch: one batch of questions a step, the lowest rows first.

    `infos["mixed"]` `(B,)` says whose last step was the expert's, `infos["played_action"]` what was
    played; their flags `_mixed` and `_played_action` leave out rows whose episode only began. Each
    row has a stream of its own: row i, reset with seed s, draws as `MixedPlay` reset with s + i.
    Episodes count over the whole batch in the order in which they begin, the lowest rows first:
    schedules say how far the gathering is, not one row.

    Args:
        env: a vector environment, in any autoreset mode.
        expert: as in `MixedPlay`, as are the rest.
        budget: likewise.
        beta: likewise.
        drawn: likewise.
        spent: likewise, for the whole batch. `"error"`: the answers granted at this step are kept
            for the turn, and no row moves; `"truncate"`: no row moves, all rows that go on are
            truncated and paid 0, and are to be reset before the next step; `"learner"`: the rows
            not granted play the learner's actions. `infos["budget_spent"]` marks the rows.
        agent: likewise.

    Raises:
        UnknownNameError, InvalidOptionError: as in `MixedPlay`.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        expert: Any,
        budget: QueryBudget,
        beta: float | Schedule,
        *,
        drawn: Drawn = "step",
        spent: MixSpent = "error",
        agent: str | None = None,
    ) -> None:
        super().__init__(env, spent=spent)
        self._mixture = Mixture(beta, drawn, spent)
        self._advice, self._kept = advice_for(env, expert, budget, agent=agent)
        self._advices = (self._advice,)
        self._form: Form = expert_form(expert, env.single_action_space)
        self._rngs = [np.random.default_rng() for _ in range(env.num_envs)]
        self._begun = 0
        self._chances = np.zeros(env.num_envs)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes."""
        observations, infos = super().reset(seed=seed, options=options)
        seeds = row_seeds(seed, self.num_envs)
        for row in np.flatnonzero(self._episodes.begun).tolist():
            if (each := seeds[row]) is not None:
                self._rngs[row] = stream(each)
        self._begin()
        return observations, infos

    def step(self, actions: Any) -> VectorStep:
        """Play the expert's actions or the learner's `actions`, `(B, ...)`.

        Raises:
            BudgetExhaustedError: see `spent`.
        """
        self._check_step(actions)
        mixed = self._draw()
        known = self._advice.ask(self._form, mixed, purpose="move")
        missing = mixed & ~known
        if missing.any() and self._mixture.spent != "learner":
            return self._unplayed(missing)
        played = self._played(np.asarray(actions), known)
        observations, rewards, terminations, truncations, infos = self._play(played)
        self._begin()
        flags = self._episodes.played
        told = {
            "mixed": known,
            "_mixed": flags.copy(),
            "played_action": played.copy(),
            "_played_action": flags.copy(),
            **marked("budget_spent", missing),
        }
        return observations, rewards, terminations, truncations, {**infos, **told}

    def _draw(self) -> Flags:
        """The rows whose step the expert plays."""
        mixed = self._none()
        for row in np.flatnonzero(self._episodes.live & (self._chances > 0)).tolist():
            mixed[row] = self._rngs[row].random() < self._chances[row]
        return mixed

    def _played(self, actions: NDArray[Any], experts: Flags) -> NDArray[Any]:
        rows, played = np.flatnonzero(experts), actions.copy()
        if len(rows):
            answers = self._advice.answers(self._form)[rows]
            if self._form == "distribution":
                draws = np.array([self._rngs[row].random() for row in rows.tolist()])
                answers = invert(answers, draws) + int(
                    getattr(self.single_action_space, "start", 0)
                )
            played[rows] = answers
        return played

    def _begin(self) -> None:
        """Give the episodes that begin their β."""
        for row in np.flatnonzero(self._episodes.begun).tolist():
            self._chances[row] = self._mixture.chance(self._begun, rng=self._rngs[row])
            self._begun += 1

    def _unplayed(self, missing: Flags) -> VectorStep:
        if not self._truncates:
            rows = np.flatnonzero(missing).tolist()
            raise spent_error(f"the expert's moves of rows {rows}", self._advice.budget)
        return self._end()
