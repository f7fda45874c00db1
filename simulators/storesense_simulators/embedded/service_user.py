"""Running a server as somebody other than root, and where such a user can have its files.

PostgreSQL refuses to run as root and Mosquitto gives root up by itself, so when we are root they get a user
of less power and folders of their own. No mode of a folder that is not ours is ever changed: where the
wanted place lies below a folder that the user may not pass (root's home, a private temporary folder),
another is chosen and said.
"""

import hashlib
import logging
import os
import pwd
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storesense_simulators.embedded.errors import DataFolderError, MissingProgramError

_logger = logging.getLogger(__name__)

SYSTEM_DIRS = (Path("/var/lib/storesense"), Path("/var/tmp/storesense"))  # noqa: S108 (its owner is checked)
_EVERYONES = "nobody"
_MARKER = ".storesense"


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """A user of the system that a server runs as."""

    name: str
    uid: int
    gid: int


def service_user(preferred: Sequence[str] = ()) -> ServiceUser | None:
    """Choose whom to run a server as.

    Args:
        preferred: names to try before ``nobody``, best first.

    Returns:
        None when we are not root, and so run it as ourselves.

    Raises:
        MissingProgramError: we are root and none of the users exists.
    """
    if os.geteuid() != 0:
        return None
    for name in ("storesense", *preferred, _EVERYONES):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServiceUser(name, entry.pw_uid, entry.pw_gid)
    raise MissingProgramError(
        program="a user without root's power",
        reason="is needed to run this server, and this machine has none",
        remedy="make one with: useradd --system storesense",
    )


def owner_of(path: Path) -> ServiceUser | None:
    """Return the user that owns ``path``, None when that is root or unknown to the system."""
    uid = path.stat().st_uid
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return None if uid == 0 else ServiceUser(entry.pw_name, uid, entry.pw_gid)


def can_pass(path: Path, user: ServiceUser) -> bool:
    """Tell whether ``user`` may pass through every existing folder from the root down to ``path`` inclusive.

    Reads the permission bits; access control lists, which could allow more, are not looked at.
    """
    absolute = path.resolve()
    for folder in (*reversed(absolute.parents), absolute):
        if not folder.exists():
            return True
        info = folder.stat()
        if info.st_uid == user.uid:
            allowed = info.st_mode & stat.S_IXUSR
        elif info.st_gid == user.gid:
            allowed = info.st_mode & stat.S_IXGRP
        else:
            allowed = info.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def data_place(wanted: Path, user: ServiceUser | None, system_dirs: Sequence[Path] = SYSTEM_DIRS) -> Path:
    """Make and return the folder for a server's data: ``wanted``, or another where ``user`` cannot reach it.

    Args:
        wanted: the folder that was asked for.
        user: whom the server runs as; None for ourselves.
        system_dirs: folders in which to choose another place, best first.

    Returns:
        A folder of ours (mode 0700, or 0711 when the server runs as somebody else), always the same for the
        same ``wanted``.

    Raises:
        DataFolderError: neither can be made, or the folder already holds something else.
    """
    wanted = wanted.absolute()
    if user is None:
        return _mark(_make_own(wanted, 0o700, only_marked=True))
    if can_pass(wanted.parent, user):
        return _mark(_make_own(wanted, 0o711, only_marked=True))
    name = f"{wanted.name}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]}"
    place = _mark(_make_own(_system_dir(system_dirs) / name, 0o711, only_marked=True))
    _logger.warning(
        "%s lies where the user %s, whom the server runs as, may not look; its data is kept in %s instead",
        wanted,
        user.name,
        place,
    )
    return place


def program_place(system_dirs: Sequence[Path] = SYSTEM_DIRS) -> Path:
    """Make and return the folder for copies of programs that a service user cannot reach where they are."""
    return _make_own(_system_dir(system_dirs) / "programs", 0o755)


def give_folder(path: Path, user: ServiceUser | None) -> Path:
    """Make ``path`` a folder that ``user`` (or we) alone may enter, and return it."""
    path.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str, user: ServiceUser | None = None) -> None:
    """Write ``text`` to ``path`` at once or not at all, readable by ``user`` (or us) alone."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as out:
        if user is not None:
            os.fchown(fd, user.uid, user.gid)
        out.write(text)
        out.flush()
        os.fsync(fd)
    temporary.replace(path)


def _system_dir(system_dirs: Sequence[Path]) -> Path:
    for folder in system_dirs:
        try:
            return _make_own(folder, 0o755)
        except DataFolderError:
            continue
    raise DataFolderError(
        path=system_dirs[0],
        reason="it cannot be made, or others may write to it",
        remedy="choose a data folder that the server's user can reach",
    )


def _mark(path: Path) -> Path:
    (path / _MARKER).touch(mode=0o600)
    return path


def _make_own(path: Path, mode: int, *, only_marked: bool = False) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
            raise DataFolderError(
                path=path,
                reason="it is not a folder of ours",
                remedy="choose another or take it over with chown",
            )
        if only_marked and not (path / _MARKER).exists() and any(path.iterdir()):
            raise DataFolderError(
                path=path,
                reason="it holds files that are not Storesense's",
                remedy="name a new or an empty folder",
            )
        if stat.S_IMODE(info.st_mode) != mode:
            path.chmod(mode)
    except OSError as exc:
        raise DataFolderError(
            path=path, reason=exc.strerror or str(exc), remedy="choose a folder that can be written to"
        ) from exc
    return path
