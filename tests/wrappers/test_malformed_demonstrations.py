"""Whatever comes in at the doors of demonstrations ends in one of our errors or in a result."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mail_envs.errors import MailError
from mail_wrappers import Decisions, Demonstrations, record
from tests.columns import decisions, demonstrations
from tests.recorded import walking

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
KINDS = ["?", "i1", "<i8", ">i8", "u8", "f4", ">f8", "c16", "O", "U3", "M8[s]"]
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: arrays.arrays(
        np.dtype(kind),
        st.sampled_from([(), (0,), (4,), (5,), (5, 3), (5, 2), (5, 0), (3, 5)]),
        elements=st.just(None) if kind == "O" else None,
    )
)


def nothing(*_):
    """A maker of nothing, and a policy without an answer."""


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.lists(st.integers(-9, 9), max_size=6),
    st.just(object()),
    st.just(nothing),
)
JUNK = st.one_of(
    PLAIN,
    ARRAYS,
    st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), ARRAYS, max_size=2),
    st.lists(ARRAYS, max_size=2).map(tuple),
)
COLUMNS = tuple(Decisions.__dataclass_fields__)


def used(table):
    """Everything that can be asked of decisions."""
    rng = np.random.default_rng(0)
    list(table.trajectories())
    table.first(1).checksum()
    both = Demonstrations({"a": table, "b": Decisions.merged([table, table])})
    both.split(0.5, rng=rng)[0].sample(1 if len(table) else 0, rng=rng) if len(table) > 3 else None
    both.order()
    return both.checksum()


@QUICK
@given(st.sampled_from(COLUMNS), JUNK)
def test_columns(name, junk):
    columns = decisions().columns() | {name: junk}
    with suppress(MailError):
        used(Decisions(**columns))


@QUICK
@given(st.lists(JUNK, min_size=4, max_size=9))
def test_columns_all_at_once(junk):
    with suppress(MailError):
        used(Decisions(*junk))


@QUICK
@given(JUNK)
def test_arguments(junk):
    table, rng = demonstrations(), np.random.default_rng(0)
    for call in (
        lambda: table.of(junk),
        lambda: table.first(junk),
        lambda: table.take({"a": junk}),
        lambda: table.take(junk),
        lambda: table.split(junk, rng=rng),
        lambda: table.sample(junk, rng=rng),
        lambda: table.where(lambda _: junk),
        lambda: table.labelled(junk),
        lambda: table.labelled(dict.fromkeys("ab", lambda *_: junk)),
        lambda: Demonstrations(junk),
        lambda: Demonstrations({"a": junk}),
        lambda: Demonstrations.merged(junk),
        lambda: Demonstrations.merged([table, junk]),
        lambda: Decisions.merged([table.of("a"), junk]),
        lambda: Demonstrations.load(junk),
        lambda: Demonstrations.recover(junk),
    ):
        with suppress(MailError):
            call()


@QUICK
@given(
    st.sampled_from(["env", "policies", "episodes", "seed", "batch", "to"]),
    JUNK.filter(lambda junk: not isinstance(junk, int | str | bytes) or junk in (0, 1, 2)),
)
def test_recording(name, junk):
    arguments = {"env": walking, "policies": "random", "episodes": 1, "seed": 0} | {name: junk}
    with suppress(MailError):
        record(arguments.pop("env"), arguments.pop("policies"), **arguments)


def test_a_door_that_lets_a_foreign_error_out_is_noticed():
    with pytest.raises(AttributeError), suppress(MailError):
        used(3)
