"""Arrow, Parquet and pandas: there and back, byte by byte."""

import numpy as np
import pytest
from hypothesis import given, settings

from mail_envs.errors import ForeignResultsError
from mail_wrappers import Demonstrations, record
from tests.columns import decisions, demonstrations, some_demonstrations
from tests.recorded import Meeting, leaning, steady

arrow = pytest.importorskip("pyarrow")
from mail_wrappers.interop.arrow import (  # noqa: E402 - where there is Arrow
    from_arrow,
    read_parquet,
    to_arrow,
    to_frame,
    write_parquet,
)


@settings(max_examples=40, deadline=None)
@given(some_demonstrations())
def test_a_table_comes_back(table):
    for agent in table.agent_names:
        own = table.of(agent)
        assert from_arrow(to_arrow(own)).checksum() == own.checksum()


def test_recorded_decisions_come_back_through_a_file(tmp_path):
    policies = {"walker": steady, "talker": "random", "late": leaning}
    table = record(Meeting, policies, episodes=3, seed=0)
    for agent in table.agent_names:
        write_parquet(table.of(agent), tmp_path / "table.parquet")
        assert read_parquet(tmp_path / "table.parquet").checksum() == table.of(agent).checksum()


def test_a_filtered_table_still_comes_back():
    own = decisions(nested=True)
    table = to_arrow(own)
    assert "observations['board']" in table.column_names
    chosen = table.filter(arrow.compute.field("episodes") == 1)
    assert from_arrow(chosen).checksum() == own.take(own.episodes == 1).checksum()


def test_other_tables_and_files_are_refused(tmp_path):
    table = to_arrow(decisions())
    with pytest.raises(ForeignResultsError, match=r"made by to_arrow, came .*\['x'\]"):
        from_arrow(arrow.table({"x": [1]}))
    missing = table.slice(0, 1).set_column(0, "observations", arrow.nulls(1, table.column(0).type))
    for wrong in (
        table.drop_columns(["rewards"]),
        table.set_column(5, "distributions", table.column("actions")),
        missing,
    ):
        with pytest.raises(ForeignResultsError, match="the columns that to_arrow made"):
            from_arrow(wrong)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ForeignResultsError, match="expected a Parquet file"):
        read_parquet(tmp_path / "text")


def test_a_frame_has_everybodys_decisions_in_order():
    pytest.importorskip("pandas")
    table = demonstrations((5, 3), without={"rewards"})
    frame = to_frame(table)
    agents, rows = table.order()
    assert frame["agent"].tolist() == [table.agent_names[agent] for agent in agents]
    episodes = [
        table.of(table.agent_names[a]).episodes[r] for a, r in zip(agents, rows, strict=True)
    ]
    assert frame["episodes"].tolist() == episodes
    own = frame[frame["agent"] == "b"]
    np.testing.assert_array_equal(
        np.stack(own["observations['board']"]), table.of("b").observations["board"]
    )
    assert own["observations"].isna().all()
    assert len(to_frame(Demonstrations({}))) == 0
