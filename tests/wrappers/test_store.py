"""Stores: what was written comes back, what was cut or altered is refused, kills lose nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mail_envs import tictactoe_v0
from mail_envs.errors import (
    BusyFileError,
    DamagedFileError,
    ForeignResultsError,
    MissingFileError,
    ShapeError,
)
from mail_wrappers import Demonstrations, RecordDemonstrations
from mail_wrappers.columns import leaves
from mail_wrappers.store import Schema, create_store, resume_store
from tests.columns import demonstrations, some_demonstrations

FEW = {"action_masks", "distributions", "truncations"}
OURS = (DamagedFileError, ForeignResultsError)


@pytest.fixture
def saved(tmp_path):
    """A sealed store of two parts, small enough to alter every byte of it."""
    table, path = demonstrations((3, 1), without=FEW), tmp_path / "saved"
    write(table, path, seal=True)
    return path, table


def write(table, path, *, seal):
    schema = Schema({name: each.layout() for name, each in table.decisions.items()})
    writer = create_store(path, schema)
    for episode in range(2):
        part = table.where(lambda each, n=episode: each.episodes == n)
        writer.append(part.decisions, episodes=episode + 1)
    if seal:
        writer.close()
    return writer


# ---- there and back


@settings(max_examples=30, deadline=None)
@given(some_demonstrations())
def test_what_is_saved_is_loaded(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("store") / "deep" / "er"
    table.save(path)
    for mmap in (True, False):
        for verify in (True, False):
            assert (
                Demonstrations.load(path, mmap=mmap, verify=verify).checksum() == table.checksum()
            )
    assert Demonstrations.recover(path).checksum() == table.checksum()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_loaded_columns_lie_on_the_disk_until_used(saved):
    path, _ = saved
    column = Demonstrations.load(path).of("b").observations["rest"][0]
    assert isinstance(column, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1
    assert type(Demonstrations.load(path, mmap=False).of("a").rewards) is np.ndarray


def test_no_agents_and_no_decisions_are_stored_too(tmp_path):
    for number, table in enumerate([Demonstrations({}), demonstrations((0, 0))]):
        table.save(tmp_path / str(number))
        assert Demonstrations.load(tmp_path / str(number)).checksum() == table.checksum()


def test_what_is_there_is_not_written_over(saved, tmp_path):
    path, table = saved
    (tmp_path / "file").write_text("mine")
    for taken in (path, tmp_path / "file"):
        with pytest.raises(ForeignResultsError, match="expected nothing there"):
            table.save(taken)
        with pytest.raises(ForeignResultsError, match="resume=True"):
            RecordDemonstrations(tictactoe_v0.raw_env(), to=taken)
    assert Demonstrations.load(path).checksum() == table.checksum()


# ---- foreign and damaged


def refusal(path):
    """The error with which a store is refused; None if it is read."""
    try:
        table = Demonstrations.load(path)
        return None, table.checksum()
    except OURS as error:
        return error, None


def test_every_flipped_bit_is_refused_with_the_files_name(saved):
    path, _ = saved
    for file in sorted(path.iterdir()):
        good = file.read_bytes()
        for place in range(len(good)):
            bad = bytearray(good)
            bad[place] ^= 1 << place % 8
            file.write_bytes(bad)
            error, _ = refusal(path)
            assert error is not None, (file.name, place)
            assert str(path) in str(error)
            assert ".bin" in str(error) or ".json" in str(error)
        file.write_bytes(good)
    assert refusal(path)[0] is None


def test_every_truncation_of_a_sealed_store_is_refused(saved):
    path, _ = saved
    for file in sorted(path.iterdir()):
        good = file.read_bytes()
        for length in range(len(good)):
            file.write_bytes(good[:length])
            error, _ = refusal(path)
            assert error is not None, (file.name, length)
            assert str(path) in str(error)
        file.write_bytes(good)
        if file.name != "seal.json":
            file.unlink()
            assert refusal(path)[0] is not None, file.name
            file.write_bytes(good)
        file.write_bytes(good + b"\0")
        assert refusal(path)[0] is not None, file.name
        file.write_bytes(good)


def test_an_open_store_cut_anywhere_is_refused_or_ends_an_episode_earlier(tmp_path):
    table, path = demonstrations((4, 4), without=FEW), tmp_path / "open"
    writer = write(table, path, seal=False)
    proven = {table.first(n).checksum() for n in (1, 2)}
    for file in sorted(path.iterdir()):
        good = file.read_bytes()
        for length in range(0, len(good), 7 if file.suffix == ".json" else 1):
            file.write_bytes(good[:length])
            error, found = refusal(path)
            assert error is not None or (file.name == "journal.bin" and found in proven)
        file.write_bytes(good)
    # Without its records the columns hold more than one episode that no record proves.
    (path / "journal.bin").write_bytes(b"")
    with pytest.raises(DamagedFileError, match=r"journal.bin was cut .*episodes \[0, 1\]"):
        Demonstrations.load(path)
    del writer


def test_what_is_proven_is_recovered(saved):
    path, table = saved
    first, whole = table.first(1).checksum(), table.checksum()
    nothing = table.first(0).checksum()
    for file in sorted(path.glob("*.bin")):
        good = file.read_bytes()
        for place in range(0, len(good), 5):
            bad = bytearray(good)
            bad[place] ^= 4
            file.write_bytes(bad)
            assert Demonstrations.recover(path).checksum() in {nothing, first}
            file.write_bytes(good[:place])
            assert Demonstrations.recover(path).checksum() in {nothing, first}
        file.write_bytes(good)
    assert Demonstrations.recover(path).checksum() == whole
    last = path / "0.rewards.0.bin"
    last.write_bytes(last.read_bytes()[:-1])
    assert Demonstrations.recover(path).checksum() == first
    (path / "journal.bin").unlink()
    assert Demonstrations.recover(path).checksum() == nothing


def test_foreign_things_are_refused(tmp_path, saved):
    path, _ = saved
    with pytest.raises(MissingFileError, match="nothing"):
        Demonstrations.load(tmp_path / "nowhere")
    empty, other = tmp_path / "empty", tmp_path / "other"
    empty.mkdir()
    (tmp_path / "text").write_text("hello")
    np.savez(tmp_path / "columns.npz", a=np.zeros(3))
    for foreign in (empty, tmp_path / "text", tmp_path / "columns.npz"):
        for read in (Demonstrations.load, Demonstrations.recover):
            with pytest.raises(ForeignResultsError, match=r"expected a folder .* schema.json"):
                read(foreign)
    other.mkdir()
    pickled = b"\x80\x04\x95\x0e\x00\x00\x00."
    for data in (b"", b"hello", b"{}", b"[]", b"\xff\xfe", pickled, b"PK\x03\x04"):
        (other / "schema.json").write_bytes(data)
        with pytest.raises(ForeignResultsError, match=r"schema.json: expected JSON of format"):
            Demonstrations.load(other)
    del path


def test_other_versions_and_wrong_schemas_are_refused(saved, monkeypatch):
    path, _ = saved
    for version, message in ((2, "expected version 1, came 2"), (1, "expected agents")):
        content = {"format": "mail-envs demonstrations", "version": version, "agents": [{}]}
        from mail_wrappers.store.schema import signed

        (path / "schema.json").write_bytes(signed(content))
        with pytest.raises(ForeignResultsError, match=rf"schema.json: {message}"):
            Demonstrations.load(path)


def test_a_journal_of_another_store_is_refused(saved, tmp_path):
    path, _ = saved
    demonstrations((3, 1), without={"rewards"}).save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "journal.bin", path / "journal.bin")
    with pytest.raises(DamagedFileError, match=r"journal.bin was cut short or altered"):
        Demonstrations.load(path)


# ---- recording, killed and resumed


def test_rows_beyond_the_journal_are_left_out_and_overwritten(tmp_path):
    table, path = demonstrations((4, 4)), tmp_path / "torn"
    os.close(write(table, path, seal=False)._journal)  # as a kill would, it gives up the lock
    whole = {file: file.read_bytes() for file in path.iterdir()}
    schema = Schema.read(path)
    for torn in (1, 9, 33):
        for file, data in whole.items():
            file.write_bytes(data + (b"\0" * torn if file.suffix == ".bin" else b""))
        assert Demonstrations.load(path).checksum() == table.checksum()
        with resume_store(path, schema) as writer:
            assert writer.episodes == 2
            writer.append(table.decisions, episodes=4)
        twice = Demonstrations.merged([table, table])
        assert Demonstrations.load(path).checksum() == twice.checksum()
        (path / "seal.json").unlink()


def test_a_failed_write_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    from mail_wrappers.store import writing

    table, path = demonstrations((4, 4)), tmp_path / "full"
    writer, calls, real = write(table, path, seal=False), [0], writing._write

    def full(file, data):
        calls[0] -= 1
        real(file, data[:3] if not calls[0] else data)
        if not calls[0]:
            raise OSError("No space left on device")

    monkeypatch.setattr(writing, "_write", full)
    for fails in range(1, len(writer._columns) + 2):
        calls[0] = fails
        with pytest.raises(OSError, match="No space"):
            writer.append(table.decisions, episodes=5)
        assert Demonstrations.load(path).checksum() == table.checksum()
    writer.append(table.decisions, episodes=5)
    writer.close()
    assert len(Demonstrations.load(path)) == 2 * len(table)


def test_parts_of_other_columns_are_refused(tmp_path):
    table = demonstrations()
    writer = write(table, tmp_path / "store", seal=False)
    other = demonstrations(without={"rewards"}), demonstrations(nested=False)
    for wrong in (*other, Demonstrations({"a": table.of("a")})):
        with pytest.raises(ShapeError, match=r"(part|observations)"):
            writer.append(wrong.decisions, episodes=9)
        with pytest.raises(ForeignResultsError, match="expected the columns"):
            resume_store(
                shutil.copytree(tmp_path / "store", tmp_path / f"copy{id(wrong)}"),
                Schema({name: each.layout() for name, each in wrong.decisions.items()}),
            )
    assert Demonstrations.load(tmp_path / "store").checksum() == table.first(2).checksum()


def test_one_recording_at_a_time(tmp_path):
    path = tmp_path / "store"
    recorder = RecordDemonstrations(tictactoe_v0.raw_env(), to=path)
    with pytest.raises(BusyFileError, match="one that still runs"):
        RecordDemonstrations(tictactoe_v0.raw_env(), to=path, resume=True)
    recorder.close()
    RecordDemonstrations(tictactoe_v0.raw_env(), to=path, resume=True, fsync=True).close()


RECORD = """
import os, sys
import numpy as np
from mail_wrappers import RecordDemonstrations
from tests.recorded import play, walking

path, episodes = sys.argv[1], int(sys.argv[2])
recorder = RecordDemonstrations(walking(), to=path, resume=True)
for episode in range(recorder.episodes, episodes):
    play(recorder, episode)
    os.write(1, b"%d\\n" % (episode + 1))  # finished
recorder.close()
"""


def record(path, episodes, **options):
    command = [sys.executable, "-c", RECORD, str(path), str(episodes)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root, **options)


def kill_often(path, episodes, *, kills, rng, longest):
    """Record, kill at random instants, resume; returns what was finished at each kill."""
    from tests.recorded import whole

    finished, found = 0, []
    everything = whole(episodes)
    while finished < episodes:
        process = record(path, episodes)
        if len(found) < kills:
            process.stdout.readline()  # it has begun
            time.sleep(rng.uniform(0, longest))
            process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        told = [int(line) for line in rest.split(b"\n")[:-1] if line]
        finished = max([finished, *told])
        kept = Demonstrations.load(path)
        episodes_kept = max(int(each.episodes[-1]) + 1 for each in kept.decisions.values())
        assert episodes_kept in {finished, finished + 1}  # the last may be kept but not yet told
        found.append(episodes_kept)
        assert kept.checksum() == everything.first(episodes_kept).checksum()
    assert Demonstrations.load(path).checksum() == everything.checksum()
    return found


def test_a_killed_recording_loses_at_most_the_unfinished_episode(tmp_path):
    rng = np.random.default_rng(time.time_ns())
    found = kill_often(tmp_path / "store", 3000, kills=3, rng=rng, longest=0.05)
    assert found[0] < 3000


@pytest.mark.slow
def test_a_million_steps_killed_at_twenty_instants(tmp_path):
    rng = np.random.default_rng(time.time_ns())
    found = kill_often(tmp_path / "store", 50_000, kills=20, rng=rng, longest=1.0)
    assert len(found) >= 21
    assert len(Demonstrations.load(tmp_path / "store")) == 1_000_000


def test_leaves_of_a_store_are_the_files(saved):
    path, table = saved
    arrays = [a for d in table.decisions.values() for c in d.columns().values() for a in leaves(c)]
    assert len(list(path.glob("*.bin"))) == len(arrays) + 1
