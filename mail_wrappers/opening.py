"""Random openings of episodes in which agents take turns."""

from typing import Any

import numpy as np
from pettingzoo import AECEnv
from pettingzoo.utils.wrappers import BaseWrapper

from mail_envs.errors import AbsentAgentError, IllegalActionError
from mail_wrappers.lockstep import action_count
from mail_wrappers.moves import mask_of
from mail_wrappers.options import (
    check_mapping,
    check_multi_agent,
    check_rng,
    check_seed,
    check_whole,
)

__all__ = ["RandomOpening"]

MOST_OPENINGS = 10_000
"""Episodes that end within their openings, before a reset gives up."""


class RandomOpening(BaseWrapper[str, Any, Any]):
    """Play the first moves of every episode uniformly at random, before anybody is asked.

    Args:
        env: a PettingZoo AEC environment with action masks in its observations.
        plies: the most random moves; how many is drawn uniformly from 0 to `plies` for every
            episode. An episode that ends within them starts again.
        rng: where they are drawn from.

    Raises:
        InvalidOptionError: no environment in which agents take turns, plies below 0, no generator.
    """

    def __init__(self, env: AECEnv[str, Any, Any], plies: int, *, rng: np.random.Generator) -> None:
        check_multi_agent(env, turns=True)
        check_rng("rng", rng)
        super().__init__(env)
        self._plies = check_whole("plies", plies, least=0)
        self._rng = rng

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin an episode and play its opening.

        Raises:
            AbsentAgentError: many episodes in a row ended within their openings.
            InvalidOptionError: a seed or options that are none.
            IllegalActionError: a mask that allows nothing.
            ShapeError: actions that are not discrete, or do not count from 0.
        """
        seed = check_seed("seed", seed)
        check_mapping("options", options)
        for _ in range(MOST_OPENINGS):
            super().reset(seed=seed, options=options)
            for _ in range(int(self._rng.integers(self._plies + 1))):
                if any(self.terminations.values()):
                    break
                mover = self.agent_selection
                seen, count = self.observe(mover), action_count(self, mover)
                mask = mask_of(seen, self.infos[mover], count, mover)
                legal = np.arange(count) if mask is None else np.flatnonzero(mask)
                if not len(legal):
                    raise IllegalActionError(
                        f"action of {mover}: expected a legal one, came a mask of zeros"
                    )
                super().step(int(self._rng.choice(legal)))
            if not (any(self.terminations.values()) or any(self.truncations.values())):
                return
        raise AbsentAgentError(
            f"reset: expected an episode that outlasts its opening of at most {self._plies} plies "
            f"among {MOST_OPENINGS}, came none"
        )
