"""A Markov game together with what is known of it beyond its tables.

Environments, single or batched, are made of a setting: it knows the experts, the feature maps, the
further observations and the pictures of the game's family.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mail_envs.errors import ShapeError, UnknownNameError
from mail_envs.markov.experts import nash_experts
from mail_envs.markov.features import OneHotFeatures
from mail_envs.markov.model import AnyFeatureMap, MarkovGame
from mail_envs.markov.observations import (
    FeatureLens,
    Lens,
    OneHotLens,
    StateLens,
    StepLens,
    TableLens,
)
from mail_envs.markov.rendering import state_picture
from mail_envs.markov.tabular import TabularPolicy, policy_tables
from mail_envs.protocols import FloatArray

__all__ = ["Setting"]

Experts: TypeAlias = Callable[[MarkovGame], Sequence[TabularPolicy]]


@dataclass(frozen=True, eq=False)
class Setting:
    """A game, its experts, its feature maps and how it is shown.

    Attributes:
        game: the model.
        name: of the environment, as in its registration.
        make_experts: from the game to one expert per player; called when they are first asked for.
        feature_maps: one per player; None for the game's own, or one-hot of (s, a) where it has
            none.
        tables: further observations by name, `(S, …)`, the same for all players.
        text: a state in words or characters.
        picture: a state as `(height, width, 3)` uint8; None for the plain one of any game.
    """

    game: MarkovGame
    name: str = "markov_game_v0"
    make_experts: Experts = nash_experts
    feature_maps: Sequence[AnyFeatureMap] | None = None
    tables: Mapping[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    text: Callable[[int], str] | None = None
    picture: Callable[[int], NDArray[np.uint8]] | None = None

    @cached_property
    def experts(self) -> tuple[TabularPolicy, ...]:
        """One expert per player, in player order.

        Raises:
            UnsolvedGameError: a game whose equilibrium is not known.
            ShapeError: experts that do not fit the game.
        """
        experts = tuple(self.make_experts(self.game))
        policy_tables(self.game, experts)  # raises where they do not fit
        return experts

    @cached_property
    def maps(self) -> tuple[AnyFeatureMap, ...]:
        """One feature map per player, over states."""
        given = self.game.feature_maps if self.feature_maps is None else self.feature_maps
        if given is None:
            return tuple(OneHotFeatures(self.game.num_states, a) for a in self.game.num_actions)
        if len(given) != self.game.num_players:
            raise ShapeError(
                f"feature maps: expected one for each of {self.game.num_players} players, "
                f"came {len(given)}"
            )
        return tuple(given)

    @property
    def observations(self) -> tuple[str, ...]:
        """The names of the observations that this setting offers."""
        steps = () if self.game.horizon is None else ("step-and-state",)
        return ("state", *steps, "one-hot", "features", *self.tables)

    def lens(self, observation: str, player: int) -> Lens:
        """What `player` is shown.

        Raises:
            UnknownNameError: an observation that this setting does not offer.
            GameTooLargeError: features that are too many to write out.
        """
        game = self.game
        if observation not in self.observations:
            raise UnknownNameError(
                f"observation: expected one of {self.observations}, came {observation!r}"
            )
        if observation in self.tables:
            return TableLens(self.tables[observation])
        if observation == "step-and-state":
            return StepLens(game.horizon or 0, game.num_states)
        if observation == "one-hot":
            return OneHotLens(game.num_states)
        if observation == "features":
            return FeatureLens(self.maps[player], game.num_states, game.num_actions[player])
        return StateLens(game.num_states)

    @cached_property
    def draw(self) -> Callable[[int], NDArray[np.uint8]]:
        """A state as `(height, width, 3)` uint8."""
        return state_picture(self.game) if self.picture is None else self.picture

    def describe(self, step: int, state: int) -> str:
        """A step and a state as text, ending with a line break."""
        shown = f"state {state}" if self.text is None else self.text(state)
        break_or_space = "\n" if "\n" in shown else " "
        return f"step {step}:{break_or_space}{shown}\n"
