"""One class per mistake, each also the builtin that fits it.

Every message names what was expected, what came and, for arrays, the first offending index.
"""

__all__ = [
    "AbsentAgentError",
    "BudgetExhaustedError",
    "EpisodeOverError",
    "ForeignResultsError",
    "GameTooLargeError",
    "IllegalActionError",
    "InvalidCertificateError",
    "InvalidMeasurementError",
    "InvalidModelError",
    "InvalidOptionError",
    "InvalidPolicyError",
    "MailError",
    "MissingTruthError",
    "OutOfOrderError",
    "OutOfSpaceError",
    "PositionTooHard",
    "PositionTooHardError",
    "ShapeError",
    "UnknownAgentError",
    "UnknownNameError",
    "UnknownPositionError",
    "UnsolvedGameError",
]


class MailError(Exception):
    """The root of every error that this project raises on purpose."""


class IllegalActionError(MailError, ValueError):
    """An action that the rules do not allow in this state."""


class OutOfSpaceError(IllegalActionError, AssertionError):
    """An action outside the action space; an `AssertionError` where PettingZoo raises one."""


class OutOfOrderError(MailError, AssertionError):
    """A call before `reset`, or out of turn; an `AssertionError` where PettingZoo raises one."""


class EpisodeOverError(MailError, RuntimeError):
    """A step after the end of a game or an episode."""


class ShapeError(MailError, ValueError):
    """An array of another shape or kind than the one asked for."""


class InvalidPolicyError(MailError, ValueError):
    """A policy whose answer is no distribution over the legal actions."""


class InvalidModelError(MailError, ValueError):
    """A game model that contradicts itself: rows off one, NaN, wrong counts."""


class UnknownAgentError(MailError, KeyError):
    """An agent that the game does not have."""

    def __str__(self) -> str:
        """Show the message as written, not as the key that `KeyError` would quote."""
        return str(self.args[0]) if self.args else ""


class AbsentAgentError(MailError, RuntimeError):
    """An agent that had no turn in any of many episodes."""


class UnknownNameError(MailError, KeyError):
    """A name (learner, feature map, option) that is not among the known ones."""

    def __str__(self) -> str:
        """Show the message as written, not as the key that `KeyError` would quote."""
        return str(self.args[0]) if self.args else ""


class UnknownPositionError(MailError, ValueError):
    """A position that no sequence of legal moves reaches."""


class MissingTruthError(MailError, TypeError):
    """An environment asked for its game, expert or feature map that provides none."""


class GameTooLargeError(MailError, RuntimeError):
    """An exact computation over more positions than it is allowed to enumerate."""


class UnsolvedGameError(MailError, NotImplementedError):
    """An equilibrium asked of a game of a kind for which no exact method is offered."""


class PositionTooHardError(MailError, RuntimeError):
    """A position whose answer takes more search than is allowed."""


PositionTooHard = PositionTooHardError
"""The same, by its short name."""


class BudgetExhaustedError(MailError, RuntimeError):
    """A question to an expert after the query budget was spent."""


class ForeignResultsError(MailError, RuntimeError):
    """A folder or file that holds something else than what it was asked to hold."""


class InvalidMeasurementError(MailError, ValueError):
    """A measured value that its metric excludes: NaN, out of range, or measured twice."""


class InvalidCertificateError(MailError, ValueError):
    """A certificate that its own moves, or the policy that it speaks of, do not bear out."""


class InvalidOptionError(MailError, ValueError):
    """An option's value that the option excludes."""
