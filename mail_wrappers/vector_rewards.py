"""Priced rewards for a batch of environments."""

from typing import Any, get_args

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from mail_envs.errors import EpisodeOverError
from mail_wrappers.advised import AdvisedVectorWrapper, VectorStep
from mail_wrappers.batches import (
    as_batch,
    part,
    rows_of,
    with_rows,
)
from mail_wrappers.episodes import final_of
from mail_wrappers.options import check_word
from mail_wrappers.rewards import Askers, RewardSource, Transitions, priced_action, prices_of
from mail_wrappers.spending import Spent, spent_error

__all__ = ["VectorPricedReward"]

Flags = NDArray[np.bool_]


class VectorPricedReward(AdvisedVectorWrapper):
    """`PricedReward` for a batch; the environment's own rewards stay in `infos["reward"]`.

    A step that only begins a row's episode is no transition: it is paid as the environment pays
    it, and nothing is asked about it. Next observations are those of the same episode, also where
    the step that ended it has begun another.

    Args:
        env: a vector environment, in any autoreset mode.
        source: what prices the transitions.
        spent: what a step does where the source's questions are not all granted. `"error"`: it
            raises `BudgetExhaustedError`; the answers granted are kept for the turn, and no row
            moves. `"truncate"`: no row moves, all rows that go on are truncated and paid 0, with
            `infos["budget_spent"]`, and are to be reset before the next step.

    Raises:
        UnknownNameError: another word than those above.
    """

    def __init__(
        self, env: VectorEnv[Any, Any, Any], source: RewardSource, *, spent: Spent = "error"
    ) -> None:
        super().__init__(env, spent=spent)
        check_word("spent", spent, get_args(Spent))
        self._ask = Askers(env, source)
        self._advices = self._kept = self._ask.kept

    @property
    def source(self) -> RewardSource:
        """What prices the transitions now."""
        return self._ask.source

    def renew(self, source: RewardSource) -> None:
        """Price by another source from the next transition on; errors as in `PricedReward`."""
        self._ask.renew(source)

    def step(self, actions: Any) -> VectorStep:
        """Step, and price the transitions.

        Raises:
            BudgetExhaustedError: see `spent`.
        """
        if self._last[0] is None:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        self._check_step(actions)
        rows = np.flatnonzero(self._episodes.live)  # what will have been a transition
        seen = rows_of(part(*self._last)[0], rows)
        masks = None if self._masks is None else self._masks[rows]
        answers, unanswered = self._ask(self._episodes.live)
        if unanswered is not None:
            if not self._truncates:
                raise spent_error("rewards", unanswered.budget)
            return self._end()
        observations, rewards, terminations, truncations, infos = self._play(actions)
        priced = np.array(rewards, dtype=np.float64)
        if len(rows):
            transitions = Transitions(
                observations=seen,
                action_masks=masks,
                actions=priced_action(actions, self.single_action_space)[rows],
                rewards=priced[rows],
                next_observations=rows_of(self._ends(observations, infos), rows),
                terminations=np.asarray(terminations)[rows],
                truncations=np.asarray(truncations)[rows],
                answers=tuple((asked, answer[rows]) for asked, answer in answers),
            )
            priced[rows] = prices_of(self._ask.source, transitions, len(rows))
        own = {"reward": np.array(rewards, dtype=np.float64), "_reward": ~self._none()}
        return observations, priced, terminations, truncations, {**infos, **own}

    def _ends(self, observations: Any, infos: dict[str, Any]) -> Any:
        """What is seen after each step in the episode that it belongs to, `(B, ...)`."""
        seen = part(observations, infos)[0]
        ended = self._episodes.begun
        if self._episodes.mode is not AutoresetMode.SAME_STEP or not ended.any():
            return seen
        for row in np.flatnonzero(ended).tolist():
            last = part(final_of(infos, row), {})[0]
            seen = with_rows(seen, np.array([row]), as_batch(last))
        return seen
