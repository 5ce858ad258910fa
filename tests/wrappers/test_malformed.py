"""Whatever comes in at a public door ends in one of our errors or in a result.

`python -m pytest -m slow tests/wrappers/test_malformed.py` drives `MAIL_FUZZ_EXAMPLES` inputs,
10 000 unless said otherwise, from the seed `MAIL_FUZZ_SEED`, 0 unless said otherwise.
"""

import os
import warnings

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import mail_wrappers
from mail_envs.errors import MailError
from mail_wrappers import checks
from tests.junk import JUNK
from tests.wrappers.doors import DOORS

NAMES = sorted(DOORS)
EVERY = int(os.environ.get("MAIL_FUZZ_EXAMPLES", "10000"))
SEED = int(os.environ.get("MAIL_FUZZ_SEED", "0"))


def attempt(door, first, second):
    """Put junk into a door; a foreign error comes out again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's and Gymnasium's, about junk
        try:
            door(first, second)
        except MailError:
            return


def drive(doors, examples, start):
    """Put so many pairs of junk into doors, and count them."""
    count = 0

    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(doors), JUNK, JUNK)
    def run(door, first, second):
        nonlocal count
        count += 1
        attempt(door, first, second)

    run()
    return count


def test_every_public_name_has_a_door():
    public = {*mail_wrappers.__all__, *(f"checks.{name}" for name in checks.__all__)}
    assert set(DOORS) == public
    assert all(DOORS.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_foreign_traceback(name):
    assert drive(DOORS[name], 7, start=1) >= 7


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_foreign_traceback_in_ten_thousand_inputs(name):
    share = -(-EVERY // len(NAMES))
    assert drive(DOORS[name], share, start=SEED) >= share


def test_a_door_that_lets_a_foreign_error_out_is_noticed():
    with pytest.raises(TypeError):
        drive([lambda a, b: sum(a)], 20, start=0)
