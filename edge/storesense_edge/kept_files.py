"""Small files that an edge box keeps: each is there as it was before or as it is now, never half of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def keep(path: Path, content: bytes, *, mode: int = 0o644, is_synced: bool = True) -> None:
    """Put ``content`` in the place of a file, whose folder is made where it is missing.

    Args:
        path: the file; what is being written lies beside it, with ``.new`` for its last suffix.
        content: all of it.
        mode: who may read a file that is made anew.
        is_synced: wait until the disk has it, so that it outlives a power cut. What is written often, and can be done
            without, need not: a power cut may leave such a file empty.

    Raises:
        OSError: it cannot be written; the file is as it was before.
    """
    fresh = path.with_suffix(".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as file:
        file.write(content)
        if is_synced:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
    if is_synced:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the disk keep a folder's new names as well."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
