"""Whoever plays an agent that a view does not control: chance, a policy, a trained model.

A player answers questions, one for each move, in batches. Every answer is checked and none is
repaired: a move outside the space or the mask is an error that names the agent.
"""

import inspect
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np
from gymnasium import spaces

from mail_envs.errors import InvalidOptionError, InvalidPolicyError
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import check_distributions, invert
from mail_wrappers.moves import checked_move, random_move, seen_of
from mail_wrappers.options import check_flag

__all__ = [
    "Asked",
    "ModelPlayer",
    "Player",
    "PolicyPlayer",
    "Predictor",
    "Question",
    "RandomPlayer",
    "answers",
]


class Question(NamedTuple):
    """One move to be made.

    Attributes:
        agent: who moves.
        observation: what it sees, as the environment gives it.
        info: what it is told beside it.
        mask: `(A,)`, 1 where legal; None where the environment has none.
        space: its action space; where chance draws from it, a copy with a generator of its own.
        draw: a uniform number from 0 to 1 (excluded), of the view's random stream.
        memory: what players keep until the episode ends, each under a key of its own.
    """

    agent: str
    observation: Any
    info: Mapping[str, Any]
    mask: Any
    space: spaces.Space[Any]
    draw: float
    memory: dict[Any, Any]


@runtime_checkable
class Player(Protocol):
    """Whoever answers questions."""

    def answer(self, questions: Sequence[Question], /) -> list[Any]:
        """One legal move for each question."""
        ...


Asked: TypeAlias = list[tuple[Player, Question]]
"""Questions, each with whom it is put to."""


@runtime_checkable
class Predictor(Protocol):
    """What chooses actions as stable-baselines3's models do."""

    def predict(self, observation: Any, /) -> tuple[Any, Any]:
        """`(actions, state)` for one observation or a batch; further arguments as in `Expert`."""
        ...


def answers(asked: Asked) -> list[Any]:
    """Put all questions to their players, each player's at once; moves in the order of `asked`."""
    if len(asked) == 1:
        player, question = asked[0]
        return player.answer([question])
    moves: list[Any] = [None] * len(asked)
    for rows in _alike(id(player) for player, _ in asked):
        some = asked[rows[0]][0].answer([asked[row][1] for row in rows])
        for row, move in zip(rows, some, strict=True):
            moves[row] = move
    return moves


class RandomPlayer:
    """Uniform over legal actions; over the whole space where masks say nothing of it."""

    def answer(self, questions: Sequence[Question]) -> list[Any]:
        """One move for each question."""
        return [random_move(q.space, q.mask, draw=q.draw, who=q.agent) for q in questions]


class PolicyPlayer:
    """A `Policy`, asked for its distributions over discrete actions; moves are drawn from them.

    Args:
        policy: `(observations, action_masks) -> probabilities`, batched.
        told: ask about `info["expert_observation"]`, where an environment gives it, instead of
            about the observation: it is what the environment's own experts have to be asked about.
    """

    def __init__(self, policy: Policy, *, told: bool = False) -> None:
        self.policy = policy
        self._told = told

    def answer(self, questions: Sequence[Question]) -> list[Any]:
        """One move for each question; questions of the same shape are put at once.

        Raises:
            ShapeError, InvalidPolicyError: answers that are no distributions over legal actions.
        """
        seen = [self._seen(question) for question in questions]
        moves: list[Any] = [None] * len(questions)
        for rows in _alike(_form(q, s) for q, s in zip(questions, seen, strict=True)):
            some = [questions[row] for row in rows]
            chosen = self._choose(some, _stacked([seen[row] for row in rows]))
            for row, move in zip(rows, chosen, strict=True):
                moves[row] = move
        return moves

    def _choose(self, questions: Sequence[Question], seen: Any) -> list[int]:
        start = int(cast("spaces.Discrete", questions[0].space).start)
        masks = np.array([_full_mask(question) for question in questions], dtype=np.int8)
        table = check_distributions(
            self.policy(seen, masks), masks, who=f"the policy of {_names(questions)}"
        )
        chosen = invert(table, np.array([question.draw for question in questions]))
        return [start + action for action in chosen.tolist()]

    def _seen(self, question: Question) -> Any:
        if self._told and "expert_observation" in question.info:
            return np.asarray(question.info["expert_observation"])
        return seen_of(question.observation)


class ModelPlayer:
    """A trained model with stable-baselines3's `predict`.

    It is shown observations as the environment gives them, dictionaries included, and masks where
    its `predict` takes `action_masks`. The state of a recurrent model is kept for each agent until
    the episode ends; models that have none are asked in batches.

    Args:
        model: whatever has `predict(observation, state, episode_start, deterministic)`; those of
            these words that it does not take are left out.
        deterministic: handed to `predict`; if False, a model draws from generators of its own,
            which no seed of the view reaches.

    Raises:
        InvalidOptionError: a model without `predict`.
    """

    def __init__(self, model: Predictor, *, deterministic: bool = True) -> None:
        if not callable(getattr(model, "predict", None)):
            raise InvalidOptionError(f"model: expected what has predict(), came {model!r:.200}")
        check_flag("deterministic", deterministic)
        self.model = model
        self._deterministic = deterministic
        self._taken = _keywords(model)
        self._recurrent = None if "state" in self._taken else False  # None: not known yet

    def answer(self, questions: Sequence[Question]) -> list[Any]:
        """One move for each question.

        Raises:
            IllegalActionError: a move outside its agent's space or mask.
            InvalidPolicyError: what `predict` returned is no pair of actions and state.
            InvalidOptionError: no questions.
        """
        if not isinstance(questions, Sequence) or not all(  # pyright: ignore[reportUnnecessaryIsInstance]
            isinstance(each, Question)  # pyright: ignore[reportUnnecessaryIsInstance]
            for each in questions
        ):
            raise InvalidOptionError(f"questions: expected Questions, came {questions!r:.200}")
        if not questions:
            return []
        if self._recurrent is None:
            first = self._alone(questions[0])
            return [first, *self.answer(questions[1:])] if len(questions) > 1 else [first]
        if self._recurrent or len(questions) == 1:
            return [self._alone(question) for question in questions]
        moves: list[Any] = [None] * len(questions)
        for rows in _alike(_form(q, _array(q.observation)) for q in questions):
            some = self._together([questions[row] for row in rows])
            for row, move in zip(rows, some, strict=True):
                moves[row] = move
        return moves

    def _alone(self, question: Question) -> Any:
        key = (self, question.agent)
        state = question.memory.get(key)
        mask = None if question.mask is None else np.asarray(question.mask)
        begins = np.array([state is None])
        move, state = self._predict(_array(question.observation), state, begins, mask)
        if self._recurrent is None:
            self._recurrent = state is not None
        question.memory[key] = state
        return checked_move(question.space, question.mask, move, who=question.agent)

    def _together(self, questions: Sequence[Question]) -> list[Any]:
        masks = None
        if questions[0].mask is not None:
            masks = np.stack([np.asarray(question.mask) for question in questions])
        seen = _stacked([_array(question.observation) for question in questions])
        begins = np.zeros(len(questions), dtype=np.bool_)
        moves, _ = self._predict(seen, None, begins, masks)
        if not _counts(moves, len(questions)):
            raise InvalidPolicyError(
                f"the model of {_names(questions)}: expected {len(questions)} actions, one for "
                f"each observation, came {moves!r:.200}"
            )
        return [
            checked_move(question.space, question.mask, move, who=question.agent)
            for question, move in zip(questions, moves, strict=True)
        ]

    def _predict(self, seen: Any, state: Any, begins: Any, mask: Any) -> tuple[Any, Any]:
        words: dict[str, Any] = {
            "state": state,
            "episode_start": begins,
            "deterministic": self._deterministic,
        }
        if mask is not None:
            words["action_masks"] = mask
        taken = {word: value for word, value in words.items() if word in self._taken}
        answer: Any = self.model.predict(seen, **taken)
        if not isinstance(answer, tuple) or len(cast("tuple[Any, ...]", answer)) != 2:
            raise InvalidPolicyError(
                f"predict of {type(self.model).__name__}: expected a pair (actions, state), "
                f"came {answer!r}"
            )
        return cast("tuple[Any, Any]", answer)


def _keywords(model: Predictor) -> frozenset[str]:
    """The words that `predict` takes beside the observation."""
    known = inspect.signature(model.predict).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return frozenset({"state", "episode_start", "deterministic", *known})
    return frozenset(known)


def _form(question: Question, seen: Any) -> Hashable:
    """What questions must have in common to be put as one batch."""
    space = question.space
    counts = (int(space.n), int(space.start)) if isinstance(space, spaces.Discrete) else None
    shape = seen.shape if isinstance(seen, np.ndarray) else question.agent
    return counts, question.mask is None, shape


def _alike(keys: Iterable[Hashable]) -> list[list[int]]:
    """The places of equal keys, in the order of their first."""
    places: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return list(places.values())


def _stacked(parts: Sequence[Any]) -> Any:
    """One batch of several observations: arrays `(B, ...)`, in dictionaries and tuples too."""
    first = parts[0]
    if isinstance(first, Mapping):
        names = cast("Mapping[str, Any]", first)
        return {name: _stacked([part[name] for part in parts]) for name in names}
    if isinstance(first, tuple):
        return tuple(_stacked(list(column)) for column in zip(*parts, strict=True))
    return np.asarray(first)[None] if len(parts) == 1 else np.stack(parts)


def _array(observation: Any) -> Any:
    """An observation as models take it: numbers as arrays."""
    return observation if isinstance(observation, Mapping | tuple) else np.asarray(observation)


def _full_mask(question: Question) -> Any:
    if question.mask is not None:
        return question.mask
    return np.ones(int(cast("spaces.Discrete", question.space).n), dtype=np.int8)


def _counts(moves: Any, count: int) -> bool:
    """Whether a model's answer holds one move for each of `count` observations."""
    if isinstance(moves, np.ndarray):
        return moves.shape[:1] == (count,)
    return isinstance(moves, Sequence) and len(cast("Sequence[Any]", moves)) == count


def _names(questions: Sequence[Question]) -> str:
    return ", ".join(dict.fromkeys(question.agent for question in questions))
