"""A file that one program at a time writes to."""

from __future__ import annotations

import errno
import sys

if sys.platform != "win32":
    import fcntl


def claim(descriptor: int) -> bool:
    """Claim the open file for as long as *descriptor* is open; False where another program has it.

    A file system that knows no locks is taken at its word: then nobody else has it. It is the file itself that is
    locked, by whatever name it was opened. A lock file beside it, as filelock has one, would know nothing of links.
    Windows locks bytes against readers, too, and so gets no lock.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in {errno.EWOULDBLOCK, errno.EACCES}
    return True
