"""DAgger's mixing for a batch of environments."""

from typing import Any, get_args

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from numpy.typing import NDArray

from mail_envs.protocols.asking import invert
from mail_wrappers.advice import Advice, Form, advice_for
from mail_wrappers.batches import forwarded_vector_masks, latest_masks, part
from mail_wrappers.budget import QueryBudget
from mail_wrappers.episodes import Episodes, cut_rows, marked
from mail_wrappers.mixing import (
    Drawn,
    MixSpent,
    Schedule,
    expert_form,
    probability_of,
    stream,
)
from mail_wrappers.options import check_environment, check_word
from mail_wrappers.spending import spent_error
from mail_wrappers.told import check_actions, checked_reset

__all__ = ["VectorMixedPlay"]

Flags = NDArray[np.bool_]
Step = tuple[Any, Any, Flags, Flags, dict[str, Any]]


class VectorMixedPlay(VectorWrapper[Any, Any, Any, Any, Any]):
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
        check_environment(env, vector=True)
        super().__init__(env)
        check_word("drawn", drawn, get_args(Drawn))
        check_word("spent", spent, get_args(MixSpent))
        probability_of(beta, 0)
        self._beta = beta
        self._advice, self._keeps = advice_for(env, expert, budget, agent=agent)
        self._form: Form = expert_form(expert, env.single_action_space)
        self._by_episode = drawn == "episode"
        self._on_spent: MixSpent = spent
        self._episodes = Episodes(env)
        self._rngs = [np.random.default_rng() for _ in range(env.num_envs)]
        self._begun = 0
        self._chances = np.zeros(env.num_envs)
        self._last: tuple[Any, dict[str, Any]] = (None, {})
        self._masks: NDArray[np.int8] | None = None

    @property
    def advices(self) -> tuple[Advice, ...]:
        """The expert's answers at the present turns."""
        return (self._advice,)

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
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed or []
        for row, each in enumerate(seeds):
            if each is not None and begun[row]:
                self._rngs[row] = stream(each)
        self._arrive(observations, infos)
        return observations, infos

    def step(self, actions: Any) -> Step:
        """Play the expert's actions or the learner's `actions`, `(B, ...)`.

        Raises:
            BudgetExhaustedError: see `spent`.
        """
        self._episodes.check_step()
        check_actions(self.env, actions)
        mixed = self._draw()
        known = self._advice.ask(self._form, mixed, purpose="move")
        missing = mixed & ~known
        if missing.any() and self._on_spent != "learner":
            return self._end(missing)
        played = self._played(np.asarray(actions), known)
        observations, rewards, terminations, truncations, infos = self.env.step(played)
        self._episodes.step(terminations, truncations)
        self._arrive(observations, infos)
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
        mixed = np.zeros(self.num_envs, dtype=np.bool_)
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

    def _arrive(self, observations: Any, infos: dict[str, Any]) -> None:
        """Take the next turns in; episodes that begin get their β."""
        self._last, begun = (observations, infos), self._episodes.begun
        self._masks = latest_masks(self._masks, part(observations, infos)[1], infos)
        if self._keeps:
            self._advice.opens(observations, infos, begun=begun, rows=self._episodes.renewed)
        for row in np.flatnonzero(begun).tolist():
            chance = probability_of(self._beta, self._begun)
            self._begun += 1
            if self._by_episode:
                chance = float(self._rngs[row].random() < chance)
            self._chances[row] = chance

    def _end(self, missing: Flags) -> Step:
        if self._on_spent != "truncate":
            rows = np.flatnonzero(missing).tolist()
            raise spent_error(f"the expert's moves of rows {rows}", self._advice.budget)
        observations, infos = self._last
        none = np.zeros(self.num_envs, dtype=np.bool_)
        live = self._episodes.live.copy()
        ended, infos = cut_rows(self._episodes, live, observations, (none, none), infos)
        return observations, np.zeros(self.num_envs), none.copy(), ended, infos
