"""Demonstrations on disk: a folder that grows while it is recorded, and survives being killed.

A store is a folder with

- `schema.json`: format, version, agents and the layouts of their columns, and a checksum of all
  that; written once, before anything else;
- one file per agent and array, `<agent>.<column>.<place>.bin`: its rows, little-endian, one after
  the other;
- `journal.bin`: one record per part of the recording, an episode usually. A part's rows are written
  first, then its record: the number of the next episode, how many rows each agent has by then, the
  CRC-32 of every column file up to there, and a CRC-32 of this and all former records, which begins
  with that of `schema.json`;
- `seal.json`: how many records there are, with a checksum; written when the recording is closed.

What the journal proves is the recording; rows beyond it belong to an episode that was not finished
and are left out. So a recording that is killed at any instant loses at most that episode. Against
a loss of power the last parts are safe when they were flushed to the disk: at the end of the
recording, or after every part with `fsync`.

Nothing is ever pickled, and no name of a file is taken from a file.
"""

from mail_wrappers.store.reading import read_store, recover_store
from mail_wrappers.store.schema import Schema
from mail_wrappers.store.writing import StoreWriter, create_store, resume_store, save_store

__all__ = [
    "Schema",
    "StoreWriter",
    "create_store",
    "read_store",
    "recover_store",
    "resume_store",
    "save_store",
]
