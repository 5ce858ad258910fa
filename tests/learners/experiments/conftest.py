"""A small sweep that ended well, for whoever looks at its folder or spoils a copy."""

import shutil

import pytest
from toy_experiment import OPTIONS, TOY

from mail_learners.experiments.sweep import run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a sweep that ended well, to be looked at and not touched."""
    out = tmp_path_factory.mktemp("finished") / "toy"
    run(TOY, OPTIONS, out, 1)
    return out


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of that folder, to be spoilt."""
    return shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
