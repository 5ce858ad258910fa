"""One class per mistake, each also the builtin that fits it."""

import pickle

import pytest

from mail_envs import errors

# AssertionError is what PettingZoo's own order-enforcing wrapper raises.
BUILTINS = (
    ValueError,
    RuntimeError,
    TypeError,
    KeyError,
    AssertionError,
    FileNotFoundError,
    ImportError,
    LookupError,
)
CLASSES = [getattr(errors, name) for name in errors.__all__ if name != "MailError"]


@pytest.mark.parametrize("kind", CLASSES)
def test_each_is_caught_as_ours_and_as_the_builtin(kind):
    assert issubclass(kind, errors.MailError)
    assert issubclass(kind, BUILTINS)
    assert kind.__doc__


@pytest.mark.parametrize("kind", CLASSES)
def test_messages_are_shown_as_written(kind):
    message = "agent: expected 'a',\n came 'b'"
    assert str(kind(message)) == message
    assert str(pickle.loads(pickle.dumps(kind(message)))) == message  # noqa: S301 - our own bytes
    assert str(kind()) == ""
