"""A package that is not there is named with the command that installs it."""

import importlib.util

import pytest

from mail_envs.errors import MissingPackageError
from mail_wrappers.interop.arrow import to_arrow
from mail_wrappers.interop.imitation_data import to_transitions
from mail_wrappers.interop.minari import to_minari
from mail_wrappers.interop.optional import needed
from tests.columns import decisions


def test_what_is_there_is_imported():
    assert needed("json", "nothing").loads("1") == 1


CALLS = [
    ("pyarrow", lambda: to_arrow(decisions()), r'pip install "mail-envs\[arrow\]"'),
    ("minari", lambda: to_minari(decisions(), "a-v0"), r'pip install "mail-envs\[minari\]"'),
    ("imitation", lambda: to_transitions(decisions()), "pip install --no-deps imitation==1.0.1"),
]


@pytest.mark.parametrize(("package", "call", "command"), CALLS)
def test_what_is_not_there_is_said(package, call, command):
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingPackageError, match=command):
        call()
