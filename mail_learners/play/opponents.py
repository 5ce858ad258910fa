"""Whom a person may play: the expert, chance, or a policy from a file."""

from pathlib import Path

from mail_envs.board.rules import LineGame
from mail_envs.errors import ForeignResultsError, InvalidOptionError, ShapeError
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import Policy
from mail_envs.protocols.asking import ask, uniform_policy

__all__ = ["opponent_named"]


def opponent_named(name: str, game: LineGame) -> Policy:
    """The policy that a name or a path stands for.

    Args:
        name: `"expert"`, perfect play that draws among equally good actions; `"random"`; or the
            path of a file that `ClonedPolicy.save` wrote.
        game: the board.

    Raises:
        InvalidOptionError: neither name, and no such file; or a policy of another board.
        ForeignResultsError: a file of another kind, or a damaged one.
    """
    if name == "expert":
        return PerfectExpert(game, ties="uniform")
    if name == "random":
        return uniform_policy
    if not Path(name).is_file():
        raise InvalidOptionError(
            f"--opponent: expected expert, random or a file with a policy, came {name!r}"
        )
    from mail_learners.cloning import load_policy  # noqa: PLC0415 - loads torch

    try:
        policy = load_policy(name)
    except FileNotFoundError as gone:
        raise ForeignResultsError(f"{name}: expected a file with a policy, came none") from gone
    start = game.initial_state()
    try:
        ask(policy, game.observation(start)[None], game.action_mask(start)[None], who=name)
    except (ShapeError, ValueError) as foreign:
        raise InvalidOptionError(
            f"--opponent: expected a policy for {game.rows} × {game.columns} cells and "
            f"{game.actions} actions, came {name} ({foreign})"
        ) from foreign
    return policy
