"""Who answers at the turns of running episodes: policies, functions, trained models, chance.

Each agent has an `Answerer`, which is asked about many turns at once. Of discrete actions it says
how likely each is; the action is drawn from the stream of the episode.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces

from mail_envs.errors import ShapeError, UnknownNameError
from mail_envs.protocols import FloatArray, Policy
from mail_envs.protocols.asking import ask, invert, uniform_policy
from mail_wrappers.columns import stacked
from mail_wrappers.lockstep import Turn
from mail_wrappers.moves import mask_of, mask_width
from mail_wrappers.others import MultiAgentEnv, is_policy, truth_of
from mail_wrappers.players import ModelPlayer, Predictor, Question
from mail_wrappers.streams import stream_seed

__all__ = ["Answerer", "Choice", "answerer_of", "answers", "by_policy", "drawn"]

TOLD = "expert_observation"
"""Where an info says what the environment's own expert is to be asked about."""

Chooser: TypeAlias = Callable[[Any, Any], Any]
"""A `Policy`; or, of an agent whose actions are not discrete, from observations `(B, ...)` and
None to actions `(B, ...)`."""
Choice: TypeAlias = Chooser | Predictor | str
"""One of these, a trained model, `"random"` or `"expert"`; see `record`."""
Answerer: TypeAlias = Callable[[Sequence[Turn]], Iterable[Any]]
"""What answers one agent's turns: by distributions `(A,)` over discrete actions, or by actions."""


def answers(answerers: Mapping[str, Answerer], turns: Sequence[Turn]) -> list[Any]:
    """Ask about turns of any agents, each agent's at once; answers in their order."""
    rows_of: dict[tuple[str, bool], list[int]] = {}
    for row, turn in enumerate(turns):
        rows_of.setdefault((turn.agent, TOLD in turn.info), []).append(row)
    found: list[Any] = [None] * len(turns)
    for (agent, _), rows in rows_of.items():
        given = answerers[agent]([turns[row] for row in rows])
        for row, answer in zip(rows, given, strict=True):
            found[row] = answer
    return found


def by_policy(policy: Policy, *, told: bool = False) -> Answerer:
    """Answer by a policy, asked for its distributions over discrete actions.

    Args:
        policy: `(observations, action_masks) -> probabilities`, batched.
        told: whether it is asked about `info["expert_observation"]`, where there is one, instead of
            the observation: it is what the environment's own experts have to be asked about.

    What it returns raises `ShapeError` and `InvalidPolicyError` where an answer is no distribution
    over legal actions, and `ShapeError` where actions are not discrete.
    """

    def answer(turns: Sequence[Turn]) -> FloatArray:
        agent, space = turns[0].agent, turns[0].space
        if not isinstance(space, spaces.Discrete):
            raise ShapeError(f"action space of {agent}: expected Discrete, came {space}")
        masks = np.array([turn.mask for turn in turns], dtype=np.int8)
        seen = _seen(turns, told=told)
        return ask(policy, seen, masks, who=f"the policy of {agent}")

    return answer


def _seen(turns: Sequence[Turn], *, told: bool) -> Any:
    """What is asked about at one agent's turns, as a batch; `told` as in `by_policy`."""
    if told and TOLD in turns[0].info:
        return np.stack([np.asarray(turn.info[TOLD]) for turn in turns])
    return stacked([turn.seen for turn in turns], turns[0].seat.observations)


def drawn(turn: Turn, chances: FloatArray, draw: float) -> int:
    """The action that a number from 0 to 1 (excluded) draws from a distribution `(A,)`."""
    start = int(turn.space.start) if isinstance(turn.space, spaces.Discrete) else 0
    return start + int(invert(chances[None], np.array([draw]))[0])


# ---- choices of policies


def answerer_of(env: MultiAgentEnv, agent: str, policy: Choice) -> Answerer:
    """What answers for a choice of policy, as `record` takes them.

    Raises:
        UnknownNameError: another word, or nothing of these.
        MissingTruthError: `"expert"` from an environment that provides none.
    """
    discrete = isinstance(env.action_space(agent), spaces.Discrete)
    if isinstance(policy, str) and policy == "random":
        return by_policy(uniform_policy) if discrete else _sampled
    told = isinstance(policy, str) and policy == "expert"
    player = truth_of(env).expert(agent) if told else policy
    if isinstance(player, Predictor) and not (discrete and is_policy(player)):
        return _by_model(player)
    if isinstance(player, str) or not callable(player):
        raise UnknownNameError(
            f"the policy of {agent}: expected 'random', 'expert', a callable or a model with "
            f"predict, came {player!r}"
        )
    return by_policy(player, told=told) if discrete else _by_function(player, told=told)


def _sampled(turns: Sequence[Turn]) -> list[Any]:
    """Random actions of a space that is not discrete, from streams of the turns' episodes."""
    actions: list[Any] = []
    for turn in turns:
        memory, place = turn.episode.memory, list(turn.episode.seats).index(turn.agent)
        if turn.agent not in memory:
            memory[turn.agent] = copy.deepcopy(turn.space)
            memory[turn.agent].seed(stream_seed(*turn.episode.path, place))
        actions.append(memory[turn.agent].sample())
    return actions


def _by_function(function: Chooser, *, told: bool) -> Answerer:
    """Answer by a function to actions that are not discrete."""

    def answer(turns: Sequence[Turn]) -> Any:
        actions = function(_seen(turns, told=told), None)
        count = len(actions) if hasattr(actions, "__len__") else None
        if count != len(turns):
            raise ShapeError(
                f"the policy of {turns[0].agent}: expected {len(turns)} actions, came {count}: "
                f"{actions!r:.200}"
            )
        return actions

    return answer


def _by_model(model: Predictor) -> Answerer:
    """Answer by the actions that a trained model prefers, as distributions where discrete."""
    player = ModelPlayer(model)

    def answer(turns: Sequence[Turn]) -> list[Any] | FloatArray:
        moves = player.answer([_question(turn) for turn in turns])
        space = turns[0].space
        if not isinstance(space, spaces.Discrete):
            return moves
        return np.eye(int(space.n))[np.array(moves) - int(space.start)]

    return answer


def _question(turn: Turn) -> Question:
    mask = mask_of(turn.shown, turn.info, mask_width(turn.space), turn.agent)
    memory = turn.episode.memory
    return Question(turn.agent, turn.shown, turn.info, mask, turn.space, draw=0.0, memory=memory)
