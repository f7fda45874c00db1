"""What agents were told to do and did, as they noted it."""

import errno
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from storesense_contracts.device_commands import CommandArguments
from storesense_edge.command_runner import CommandRefusedError

_FULL = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)


class DoneFile:
    """Where an agent notes what it was told to do, one write a deed, so that a kill tears none.

    Args:
        path: the file of this start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def do(self, arguments: CommandArguments) -> str:
        """Do a command: the deed is the note. Raises CommandRefusedError where the disk is full."""
        line = f"\n{arguments.slot_id}\n".encode()
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.write(fd, line) != len(line):
                raise CommandRefusedError("The disk took a part of the note.")
        except OSError as exc:
            if exc.errno not in _FULL:
                raise
            raise CommandRefusedError("The disk is full.") from exc
        finally:
            os.close(fd)
        return "Noted."


def load_done(paths: Iterable[Path]) -> Counter[str]:
    """Return how often each command was done, by its slot."""
    return Counter(line for path in paths for line in path.read_text().split("\n") if line)
