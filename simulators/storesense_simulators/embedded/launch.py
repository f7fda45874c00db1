"""The first instructions of every child process, before it becomes the program it is meant to be.

Run as a file by ``process.py``, as ``python -I -S launch.py JSON``, never imported by it: code between fork
and exec is unsafe in a process with threads, so the child runs this instead. It gives up root where it is
told to, asks the kernel to be ended together with its parent, and executes the program.
"""

import ctypes  # at once: below another user's home there are no imports after giving up root
import json
import os
import sys

_PR_SET_PDEATHSIG = 1
_CANNOT_LAUNCH = 126


def _end_with_parent(death_signal: int) -> None:
    """Ask Linux to send ``death_signal`` when the parent dies; elsewhere there is no such request."""
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def main() -> None:
    """Drop privileges, tie this process to its parent, and become the program."""
    order = json.loads(sys.argv[1])
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
    os.umask(0o077)
    _end_with_parent(order["death_signal"])  # after setuid, which clears it
    if os.getppid() != order["parent_pid"]:
        sys.exit(_CANNOT_LAUNCH)  # the parent died before the request was in force
    if order["cwd"] is not None:
        os.chdir(order["cwd"])  # as the user that will run here
    try:
        os.execv(order["argv"][0], order["argv"])  # noqa: S606 (no shell is the point)
    except OSError as exc:
        print(f"cannot run {order['argv'][0]}: {exc.strerror}", file=sys.stderr)  # noqa: T201 (goes to the child's log)
        sys.exit(_CANNOT_LAUNCH)


if __name__ == "__main__":
    main()
