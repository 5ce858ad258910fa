"""One writer at a time: locks that end with the process that holds them."""

import sys

from mail_envs.errors import BusyFileError

if sys.platform != "win32":
    import fcntl

__all__ = ["lock"]


def lock(handle: int, busy: str) -> None:
    """Lock an open file or folder until its handle is closed; where there are no locks, nothing.

    Args:
        handle: its file descriptor.
        busy: what the error says.

    Raises:
        BusyFileError: somebody else has locked it.
    """
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BusyFileError(busy) from error
