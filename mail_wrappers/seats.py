"""One agent's seat at a multi-agent environment: what a view shows and takes, without Gymnasium.

Resets and steps return what the view shows, or the questions that the others' players have to
answer first. `SingleAgentEnv` settles those of one seat, `SingleAgentVectorEnv` those of many in
lockstep: so both play alike.
"""

import copy
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv

from mail_envs.errors import (
    AbsentAgentError,
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    MissingTruthError,
    ShapeError,
    UnknownAgentError,
)
from mail_wrappers.moves import allowed, legal_moves, mask_of, mask_width, shown
from mail_wrappers.options import check_number, check_word
from mail_wrappers.others import Known, MultiAgentEnv, Others, resolve_others
from mail_wrappers.players import Asked, Player, answers
from mail_wrappers.playing import Turn, play_of
from mail_wrappers.streams import foreign_seed
from mail_wrappers.told import Step, holds, reward_of

__all__ = [
    "IllegalAction",
    "Rules",
    "Seat",
    "check_equal_spaces",
    "seats_of",
    "settled",
    "settled_together",
]

IllegalAction: TypeAlias = Literal["lose", "raise"]
"""What an illegal action does: lose the game, or raise."""

SEATS = ("alternate", "draw")
MOST_SKIPPED = 100
"""Episodes in which the agent never acts, before a reset gives up."""


@dataclass(frozen=True)
class Rules:
    """What a view does with illegal actions.

    Attributes:
        illegal_action: `"lose"` or `"raise"`.
        illegal_reward: the reward of an illegal action under `"lose"`.
    """

    illegal_action: IllegalAction = "lose"
    illegal_reward: float = -1.0

    def __post_init__(self) -> None:
        """Check the word.

        Raises:
            UnknownNameError: another word.
            InvalidOptionError: a reward that is no finite number.
        """
        check_word("illegal_action", self.illegal_action, get_args(IllegalAction))
        check_number("illegal_reward", self.illegal_reward)


def seats_of(env: object, agent: str) -> tuple[str, ...]:
    """The agents that a view may play: one, or all for `"alternate"` and `"draw"`.

    Raises:
        InvalidOptionError: no PettingZoo environment, or one without `possible_agents`.
        UnknownAgentError: an agent that the environment does not have.
        ShapeError: agents of different spaces that are to take turns.
    """
    if not isinstance(env, AECEnv | ParallelEnv):
        raise InvalidOptionError(
            f"env: expected a PettingZoo AECEnv or ParallelEnv, came {type(env).__name__}"
        )
    names = cast("tuple[str, ...]", tuple(getattr(env, "possible_agents", None) or ()))
    named = isinstance(agent, Hashable)  # pyright: ignore[reportUnnecessaryIsInstance]
    if named and agent in names:
        return (agent,)
    if not named or agent not in SEATS or not names:
        raise UnknownAgentError(
            f"agent: expected one of {list(names)}, or one of {SEATS}, came {agent!r}"
        )
    check_equal_spaces(env, names, f"agent {agent!r}")
    return names


def check_equal_spaces(env: MultiAgentEnv, names: tuple[str, ...], who: str) -> None:
    """Refuse agents of different spaces, naming the two that differ.

    Raises:
        ShapeError: there are such.
    """
    first = names[0]
    for kind, space_of in (
        ("observation", env.observation_space),
        ("action", env.action_space),
    ):
        for name in names[1:]:
            if space_of(name) != space_of(first):
                raise ShapeError(
                    f"{who}: expected equal {kind} spaces for all agents, came "
                    f"{space_of(first)} for {first} and {space_of(name)} for {name}"
                )


class Seat:
    """One agent's side of a multi-agent environment; arguments as for `SingleAgentEnv`.

    Attributes:
        env: the multi-agent environment.
        seats: the agents that may be played.
        agent: the one played in the running episode.
        observation_space: of every seat.
        action_space: of every seat.
    """

    def __init__(
        self,
        env: MultiAgentEnv,
        agent: str,
        others: Others,
        rules: Rules,
        known: Known | None = None,
    ) -> None:
        self.env = env
        self.seats: tuple[str, ...] = seats_of(env, agent)
        self.agent = self.seats[0]
        self.observation_space: spaces.Space[Any] = env.observation_space(self.agent)
        self.action_space: spaces.Space[Any] = env.action_space(self.agent)
        self._drawn = agent == "draw" and len(self.seats) > 1
        self._rules = rules
        self._play = play_of(env)
        self._width = mask_width(self.action_space)
        self._choices = _choices(self.action_space)
        self._begun = 0  # episodes since the last seeded reset
        self._over = True
        self._tries = 0  # episodes that a reset which is under way may still begin
        self._options: dict[str, Any] | None = None  # of the last reset
        self._carried = 0.0  # paid before the first turn, and not delivered yet
        self._mask: list[int] | None = None  # of the last turn, whatever becomes of its array
        self._last: tuple[Any, Mapping[str, Any]] = (None, {})  # as the environment showed it
        self.seat_others(others, known)

    @property
    def players(self) -> Mapping[str, Player]:
        """Whoever plays each agent that is not, or not always, this seat's."""
        return self._play.table.players

    def seat_others(self, others: Others, known: Known | None = None) -> None:
        """Say who plays the others from now on; arguments as for `resolve_others`."""
        fixed = len(self.seats) == 1
        names = [name for name in self.env.possible_agents if not (fixed and name == self.agent)]
        self._play.table.players = resolve_others(self.env, names, others, known)

    def begin(
        self, *, rng: np.random.Generator, seed: int | None, options: dict[str, Any] | None
    ) -> Step | Asked:
        """Begin an episode: a step that earned nothing, with the agent's first observation.

        Args:
            rng: where the draws of this and later episodes come from.
            seed: of the environment beneath and of spaces that are drawn from; None to go on.
            options: for the environment beneath.

        Raises:
            AbsentAgentError: the agent had no turn in any of `MOST_SKIPPED` episodes.
        """
        self._over = True
        self._mask = None
        self.agent: str = self._next_seat(rng, anew=seed is not None)
        table = self._play.table
        table.rng = rng
        table.memory.clear()
        beneath = None
        if seed is not None:
            table.seed(seed)
            beneath = foreign_seed(seed, 1)
        self._options, self._tries = options, MOST_SKIPPED
        return self._first_turn(self._play.begin(self.agent, seed=beneath, options=options))

    def move(self, action: Any) -> Step | Asked:
        """Play `action`: the agent's next observation, reward, ends and info.

        Raises:
            EpisodeOverError: before the first reset or after the end.
            IllegalActionError: an action outside the mask, under `illegal_action="raise"`; or one
                outside the action space.
        """
        action = self.checked(action)
        if not self._legal(action):
            return self._refuse()
        self._over = True  # until the turn has come: after an error there is no way on
        return self._next_turn(self._play.move(action))

    def answer(self, moves: list[Any]) -> Step | Asked:
        """Go on with the others' moves, in the order in which they were asked for."""
        turn = self._play.answer(moves)
        return self._first_turn(turn) if self._tries else self._next_turn(turn)

    def checked(self, action: Any) -> Any:
        """`action` as the environment takes it; errors as of `move`, and nothing moves."""
        if self._over:
            raise EpisodeOverError("step: the episode is over or has not begun; call reset()")
        if not (type(action) is int and action in self._choices):
            if not holds(self.action_space, action):
                raise IllegalActionError(
                    f"action of {self.agent}: expected one of {self.action_space}, came {action!r}"
                )
            # 0-d arrays, as stable-baselines3 predicts them, are no int
            action = int(action) if self._choices else action
        if self._rules.illegal_action == "raise" and not self._legal(action):
            raise IllegalActionError(
                f"action of {self.agent}: expected one of "
                f"{allowed(self.action_space, self._mask)}, came {shown(action)}"
            )
        return action

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(A,)` bool; all True at the end.

        Raises:
            MissingTruthError: an environment without masks.
        """
        if self._mask is None:
            raise MissingTruthError(f"action_masks: {self.env} provides no action mask")
        return np.asarray(self._mask, dtype=np.bool_)

    # ---- parts

    def _first_turn(self, turn: Turn | Asked) -> Step | Asked:
        """The first observation; an episode in which the agent has no turn is passed over."""
        while not isinstance(turn, list):
            seen, paid, terminated, truncated, info = turn
            if not (terminated or truncated):
                self._over, self._carried, self._tries = False, reward_of(paid, self.agent), 0
                seen, info = self._shown(seen, info)
                return seen, 0.0, False, False, info
            self._tries -= 1
            if not self._tries:
                raise AbsentAgentError(
                    f"reset: expected a turn of {self.agent} in one of {MOST_SKIPPED} episodes of "
                    f"{self.env}, came none"
                )
            self._play.table.memory.clear()
            turn = self._play.begin(self.agent, seed=None, options=self._options)
        return turn

    def _next_turn(self, turn: Turn | Asked) -> Step | Asked:
        if isinstance(turn, list):
            return turn
        seen, paid, terminated, truncated, info = turn
        paid = paid if type(paid) is float else reward_of(paid, self.agent)
        reward, self._carried = paid + self._carried, 0.0
        terminated, truncated = bool(terminated), bool(truncated)
        self._over = terminated or truncated
        seen, info = self._shown(seen, info)
        return seen, reward, terminated, truncated, info

    def _next_seat(self, rng: np.random.Generator, *, anew: bool) -> str:
        if self._drawn:
            return self.seats[int(rng.integers(len(self.seats)))]
        self._begun = 0 if anew else self._begun
        self._begun += 1
        return self.seats[(self._begun - 1) % len(self.seats)]

    def _legal(self, action: Any) -> bool:
        if self._mask is None:
            return True
        if self._choices:
            return bool(self._mask[action - self._choices.start])
        return legal_moves(self.action_space, self._mask, action)

    def _shown(self, observation: Any, told: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Keep the mask, all ones at the end, and put it where it is looked for."""
        self._last = (observation, told)
        mask = mask_of(observation, told, self._width, self.agent)
        if self._over:
            observation, mask = self._ended(observation, mask)
        if mask is None:
            self._mask = None
            return observation, {**told, "agent": self.agent}
        self._mask = mask.tolist()
        return observation, {**told, "agent": self.agent, "action_mask": mask.copy()}

    def _ended(self, observation: Any, mask: Any) -> tuple[Any, Any]:
        """The last observation and its mask, all ones."""
        if mask is None and self._mask is None:
            return observation, None
        mask = np.ones(len(cast("list[int]", self._mask)), np.int8) if mask is None else mask
        mask = np.ones_like(mask)
        if isinstance(observation, Mapping) and "action_mask" in observation:
            observation = {**observation, "action_mask": mask}
        return observation, mask

    def _refuse(self) -> Step:
        """Lose by an illegal action: what was last seen, the mask all ones."""
        self._over = True
        seen, told = self._last
        observation, info = self._shown(copy.deepcopy(seen), told)
        reward = self._rules.illegal_reward + self._carried
        return observation, reward, True, False, {**info, "illegal_action": True}


def _choices(space: spaces.Space[Any]) -> range:
    """The actions of a `Discrete` space; nothing for others, which are looked at one by one."""
    if not isinstance(space, spaces.Discrete):
        return range(0)
    return range(int(space.start), int(space.start + space.n))


def settled(seat: Seat, outcome: Step | Asked) -> Step:
    """Put the questions of one seat to their players until its turn has come."""
    while isinstance(outcome, list):
        outcome = seat.answer(answers(outcome))
    return outcome


def settled_together(seats: Sequence[Seat], outcomes: Sequence[Step | Asked]) -> list[Step]:
    """Settle several seats in lockstep, the questions of all put together; steps in order."""
    settled_ones: list[Step | Asked] = list(outcomes)
    while waiting := [
        (row, each) for row, each in enumerate(settled_ones) if isinstance(each, list)
    ]:
        chosen = iter(answers([one for _, asked in waiting for one in asked]))
        for row, asked in waiting:
            settled_ones[row] = seats[row].answer(list(islice(chosen, len(asked))))
    return cast("list[Step]", settled_ones)
