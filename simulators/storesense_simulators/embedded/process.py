"""A supervised child process: started, watched until ready, stopped in time, and never left behind.

- It runs in a session of its own, so Ctrl-C in a terminal reaches only the parent, which stops its
  children in order.
- It is ended by the kernel when the parent dies, even of ``kill -9`` (Linux).
- What it says goes to a log file, whose last lines are part of every error about it.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from storesense_simulators.embedded.errors import ChildEndedError, ChildNotReadyError, StartAbandonedError
from storesense_simulators.embedded.lifetime import Lifetime
from storesense_simulators.embedded.service_user import ServiceUser
from storesense_simulators.embedded.spawner import SPAWNER

_logger = logging.getLogger(__name__)

_LAUNCH = Path(__file__).with_name("launch.py")
_TAIL_BYTES = 16_384
_TAIL_LINES = 20
_LOG_LIMIT_BYTES = 8_000_000
_FIRST_POLL_S = 0.01
_LAST_POLL_S = 0.1
_KILL_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How a child process is run.

    Attributes:
        name: what errors and logs call it.
        argv: the program's absolute path and its arguments. Never a secret: anyone on the machine can read
            them.
        log_path: file that receives its output, appended to; one that grew beyond 8 MB is set aside at a
        start.
        env: variables added to ours; the place for secrets, which only the same user can read there.
        drop_env_prefixes: variables of ours that it must not see.
        cwd: its working folder, ours if None.
        user: whom to run as, ourselves if None; needs root.
        stdin_pipe: whether it reads lines that ``Child.write_line`` sends.
        ready_deadline_s: how long it may take to become ready.
        stop_signal: what asks it to stop.
        stop_deadline_s: how long it may take to stop before it is killed.
        death_signal: what the kernel sends it when the parent dies; None: nothing.
    """

    name: str
    argv: tuple[str, ...]
    log_path: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    drop_env_prefixes: tuple[str, ...] = ()
    cwd: Path | None = None
    user: ServiceUser | None = None
    stdin_pipe: bool = False
    ready_deadline_s: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_deadline_s: float = 10.0
    death_signal: signal.Signals | None = signal.SIGKILL


class Child(Lifetime):
    """One child process and its lifetime; may be started again after it ended.

    Args:
        spec: how to run it.
        ready: asked again and again, in the starting thread, until it says True; None means ready at once.
    """

    def __init__(self, spec: ChildSpec, *, ready: Callable[[], bool] | None = None) -> None:
        self.spec = spec
        self._ready = ready
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._end_wanted = False
        self._abandoned = threading.Event()

    @property
    def name(self) -> str:
        """What errors and logs call it."""
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start."""
        return None if self._popen is None else self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it lives or before the first start."""
        return None if self._popen is None else self._popen.poll()

    def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            ChildEndedError: it ended before it was ready.
            ChildNotReadyError: it was not ready in time; it has been stopped.
            StartAbandonedError: ``abandon`` was called; it has been stopped.
        """
        if self.is_running:
            return
        self._abandoned.clear()
        self._end_wanted = False
        self._popen = self._spawn()
        try:
            if self._ready is not None:
                self.wait_until(self._ready, deadline_s=self.spec.ready_deadline_s)
        except BaseException:  # also Ctrl-C: nothing may stay behind
            self.stop()
            raise
        _logger.debug("%s is ready as process %s", self.name, self.pid)

    def stop(self) -> None:
        """Ask the process to stop, kill it if it does not in time; its descendants end with it."""
        self._end(self.spec.stop_signal, self.spec.stop_deadline_s)

    def kill(self) -> None:
        """End the process at once, as a power cut would, and wait until it and its descendants are gone."""
        self._end(signal.SIGKILL, _KILL_WAIT_S)

    def abandon(self) -> None:
        """Make a start that is under way in another thread give up."""
        self._abandoned.set()

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait until the process ends and return its exit code.

        Raises:
            TimeoutError: it still lives after ``timeout_s``.
        """
        if self._popen is None:
            raise ValueError(f"{self.name} was never started")
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired as exc:
            raise TimeoutError(f"{self.name} still runs after {timeout_s} s") from exc

    def wait_until(self, condition: Callable[[], bool], *, deadline_s: float) -> None:
        """Wait until ``condition`` holds while the process lives.

        Raises:
            ChildEndedError: the process ended.
            ChildNotReadyError: the condition did not hold within ``deadline_s``.
            StartAbandonedError: ``abandon`` was called.
        """
        deadline = time.monotonic() + deadline_s
        poll_s = _FIRST_POLL_S
        while True:
            if self.returncode is not None:
                raise self.ended_error()
            if condition():
                if self.returncode is not None:  # what answered was not ours
                    raise self.ended_error()
                return
            if time.monotonic() >= deadline:
                raise ChildNotReadyError(
                    name=self.name,
                    deadline_s=deadline_s,
                    log_path=self.spec.log_path,
                    log_tail=self.log_tail(),
                )
            if self._abandoned.wait(poll_s):
                raise StartAbandonedError(name=self.name)
            poll_s = min(poll_s * 1.5, _LAST_POLL_S)

    def write_line(self, text: str) -> None:
        """Send one line to the process; it must have been given a ``stdin_pipe``."""
        if self._popen is None or self._popen.stdin is None:
            raise ValueError(f"{self.name} has no standard input to write to")
        self._popen.stdin.write(text.encode() + b"\n")
        self._popen.stdin.flush()

    def log_text(self) -> str:
        """Return what the process has written since its last start."""
        try:
            with self.spec.log_path.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def log_tail(self, lines: int = _TAIL_LINES) -> str:
        """Return the last ``lines`` lines that the process has written since its last start."""
        try:
            with self.spec.log_path.open("rb") as log:
                log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
                text = log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def ended_error(self) -> ChildEndedError:
        """Build the error that tells how the process ended."""
        return ChildEndedError(
            name=self.name,
            returncode=self.returncode or 0,
            log_path=self.spec.log_path,
            log_tail=self.log_tail(),
        )

    def failure(self) -> ChildEndedError | None:
        """Return how the process ended if it did so by itself, None otherwise."""
        return self.ended_error() if self.returncode is not None and not self._end_wanted else None

    def _spawn(self) -> subprocess.Popen[bytes]:
        spec = self.spec
        order = {
            "argv": spec.argv,
            "uid": None if spec.user is None else spec.user.uid,
            "gid": None if spec.user is None else spec.user.gid,
            "cwd": None if spec.cwd is None else str(spec.cwd),
            "death_signal": int(spec.death_signal or 0),
            "parent_pid": os.getpid(),
        }
        env = {key: value for key, value in os.environ.items() if not key.startswith(spec.drop_env_prefixes or "\0")}
        env |= spec.env
        with _open_log(spec.log_path) as log_fd:
            self._log_start = os.fstat(log_fd).st_size
            return SPAWNER.spawn(
                lambda: subprocess.Popen(  # noqa: S603 (argv comes from our own code)
                    [sys.executable, "-I", "-S", str(_LAUNCH), json.dumps(order)],
                    env=env,
                    stdin=subprocess.PIPE if spec.stdin_pipe else subprocess.DEVNULL,
                    stdout=log_fd,
                    stderr=log_fd,
                    start_new_session=True,
                )
            )

    def _end(self, first_signal: signal.Signals, deadline_s: float) -> None:
        popen = self._popen
        if popen is None:
            return
        if popen.poll() is None:
            self._end_wanted = True
            descendants = _descendants(popen.pid)
            popen.send_signal(first_signal)
            try:
                popen.wait(deadline_s)
            except subprocess.TimeoutExpired:
                _logger.warning("%s did not stop within %s s and is killed", self.name, deadline_s)
                descendants |= _descendants(popen.pid)
                popen.kill()
                popen.wait(_KILL_WAIT_S)
            _end_all(descendants)
        if popen.stdin is not None:
            popen.stdin.close()


class _open_log:  # noqa: N801 (used as a function)
    """Open a child's log for appending, readable by its owner alone, setting an overlong one aside."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > _LOG_LIMIT_BYTES:
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._fd

    def __exit__(self, *_exc: object) -> None:
        os.close(self._fd)


def _descendants(pid: int) -> set[psutil.Process]:
    try:
        return set(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return set()


def _end_all(processes: set[psutil.Process]) -> None:
    """Give descendants a moment to follow their leader, then kill those that stay."""
    _, alive = psutil.wait_procs(list(processes), timeout=2.0)
    for process in alive:
        try:
            process.kill()  # psutil checks the creation time: never a stranger with a reused id
        except psutil.Error:
            continue
    psutil.wait_procs(alive, timeout=_KILL_WAIT_S)
