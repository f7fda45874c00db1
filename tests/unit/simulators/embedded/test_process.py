"""Children are started, watched, stopped and never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from storesense_simulators.embedded.errors import ChildEndedError, ChildNotReadyError, StartAbandonedError
from storesense_simulators.embedded.group import ServiceGroup
from storesense_simulators.embedded.process import Child, ChildSpec

FOREVER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"
FAILING = "import sys; print('first'); print('the cause', file=sys.stderr); sys.exit(3)"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Make children that run Python code; all are gone after the test, whatever it did."""
    made: list[Child] = []

    def make(
        code: str,
        *,
        name: str = "it",
        log: str | None = None,
        ready: Callable[[], bool] | None = None,
        **options: object,
    ) -> Child:
        log_path = tmp_path / f"{log or name}.log"
        spec = ChildSpec(name=name, argv=(sys.executable, "-c", code), log_path=log_path, **options)  # type: ignore[arg-type]
        one: list[Child] = []
        one.append(Child(spec, ready=ready or (lambda: "up" in one[0].log_text())))
        made.extend(one)
        return one[0]

    yield make
    for it in made:
        it.kill()


def gone(pid: int | None) -> bool:
    assert pid is not None
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_is_ready_when_its_probe_says_so_and_gone_after_a_stop(child: Callable[..., Child]) -> None:
    with child(FOREVER) as it:
        assert it.is_running
        assert it.log_tail() == "up"
        assert it.failure() is None
    assert it.returncode == -signal.SIGTERM
    assert it.failure() is None  # it was asked to
    assert gone(it.pid)


def test_one_that_ends_while_starting_is_reported_with_its_last_words(child: Callable[..., Child]) -> None:
    it = child(FAILING, name="the gateway", ready=lambda: False)
    with pytest.raises(ChildEndedError, match=r"(?s)the gateway ended with exit code 3\. .*the cause") as caught:
        it.start()
    assert caught.value.returncode == 3
    assert set(caught.value.log_tail.splitlines()) == {"first", "the cause"}


def test_a_probe_answered_by_a_stranger_does_not_count(child: Callable[..., Child]) -> None:
    """Another program holds the port: it answers, while our child has ended."""
    made: list[Child] = []
    it = child(FAILING, ready=lambda: made[0].wait(10) is not None)
    made.append(it)
    with pytest.raises(ChildEndedError):
        it.start()


def test_one_that_never_gets_ready_is_stopped_and_reported(child: Callable[..., Child]) -> None:
    it = child(FOREVER, ready=lambda: False, ready_deadline_s=0.3)
    with pytest.raises(ChildNotReadyError, match=r"was not ready within 0\.3 s"):
        it.start()
    assert gone(it.pid)


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    spec = ChildSpec(name="it", argv=("/does/not/exist",), log_path=tmp_path / "it.log")
    with pytest.raises(ChildEndedError, match="cannot run /does/not/exist: No such file or directory"):
        Child(spec, ready=lambda: False).start()


def test_the_tail_leaves_out_what_an_earlier_run_wrote(child: Callable[..., Child]) -> None:
    with child("import time; print('up old', flush=True); time.sleep(600)", log="same"):
        pass
    with child("import time; print('up new', flush=True); time.sleep(600)", log="same") as it:
        assert it.log_tail() == "up new"
        assert it.spec.log_path.read_text().splitlines() == ["up old", "up new"]
        assert it.spec.log_path.stat().st_mode & 0o777 == 0o600


def test_the_tail_of_a_huge_log_is_short_and_the_log_is_set_aside(child: Callable[..., Child]) -> None:
    it = child("print('x' * 99 + '\\n', end='') or [print(n) for n in range(200_000)]; " + FOREVER)
    with it:
        assert it.log_tail().splitlines()[-2:] == ["199999", "up"]
        assert len(it.log_tail().splitlines()) == 20
    it.spec.log_path.write_bytes(b"x" * 8_000_001)
    with it:
        assert it.spec.log_path.read_text() != ""
        assert it.spec.log_path.stat().st_size < 8_000_000
    assert it.spec.log_path.with_name("it.log.1").stat().st_size == 8_000_001


def test_a_stubborn_one_is_killed_at_its_deadline(
    child: Callable[..., Child], caplog: pytest.LogCaptureFixture
) -> None:
    it = child(STUBBORN, stop_deadline_s=0.2)
    with it:
        pass
    assert it.returncode == -signal.SIGKILL
    assert "it did not stop within 0.2 s and is killed" in caplog.text


def test_descendants_end_with_it_also_those_in_sessions_of_their_own(child: Callable[..., Child]) -> None:
    code = (
        "import subprocess, sys, time\n"
        "lost = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print('up', lost.pid, flush=True); time.sleep(600)"
    )
    it = child(code)
    with it:
        lost = int(it.log_tail().split()[1])
        assert not gone(lost)
    assert gone(lost)


def test_it_has_a_session_of_its_own_so_that_ctrl_c_passes_it_by(child: Callable[..., Child]) -> None:
    with child(FOREVER) as it:
        assert it.pid is not None
        assert os.getsid(it.pid) == it.pid != os.getsid(0)


def test_it_gets_our_environment_with_additions_and_without_what_must_not_reach_it(
    child: Callable[..., Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("STORESENSE_TEST_KEPT", "kept")
    code = "import os; print(os.environ.get('PGHOST'), os.environ['STORESENSE_TEST_KEPT'], os.environ['ADDED']); "
    with child(code + FOREVER, env={"ADDED": "added"}, drop_env_prefixes=("PG",)) as it:
        assert it.log_text().splitlines()[0] == "None kept added"
        assert "added" not in repr(it.spec)


def test_lines_can_be_sent_to_it(child: Callable[..., Child]) -> None:
    with child("import sys; print('up', flush=True); print(sys.stdin.readline())", stdin_pipe=True) as it:
        it.write_line("hello")
        assert it.wait(10) == 0
        assert "hello" in it.log_text()


def test_it_can_be_killed_and_started_again(child: Callable[..., Child]) -> None:
    with child(FOREVER) as it:
        first = it.pid
        it.kill()
        assert it.returncode == -signal.SIGKILL
        assert it.failure() is None  # we wanted that
        it.start()
        assert it.is_running
        assert it.pid != first


def test_an_end_that_nobody_asked_for_is_a_failure(child: Callable[..., Child]) -> None:
    with child(FOREVER, name="the broker") as it:
        assert it.pid is not None
        os.kill(it.pid, signal.SIGKILL)
        it.wait(10)
        failure = it.failure()
    assert failure is not None
    assert str(failure).startswith("the broker was ended by signal 9. The last lines of its log")


def test_a_start_in_another_thread_can_be_called_off(child: Callable[..., Child]) -> None:
    it = child(FOREVER, ready=lambda: False)
    caught: list[BaseException] = []

    def start() -> None:
        try:
            it.start()
        except StartAbandonedError as exc:
            caught.append(exc)

    thread = threading.Thread(target=start)
    thread.start()
    while it.pid is None:
        pass
    it.abandon()
    thread.join(10)
    assert len(caught) == 1
    assert gone(it.pid)


def test_it_outlives_the_thread_that_started_it(child: Callable[..., Child]) -> None:
    """Linux sends a child its death signal when the thread ends that forked it."""
    it = child(FOREVER)
    thread = threading.Thread(target=it.start)
    thread.start()
    thread.join(10)
    with pytest.raises(TimeoutError):
        it.wait(0.3)
    it.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_parent_dies_so_does_it(tmp_path: Path, how: signal.Signals) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from storesense_simulators.embedded.process import Child, ChildSpec\n"
        f"code = {STUBBORN!r}\n"
        "it = Child(ChildSpec(name='it', argv=(sys.executable, '-c', code), log_path=Path(sys.argv[1])),\n"
        "           ready=lambda: 'up' in it.log_text())\n"
        "it.start(); print(it.pid, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "log"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(how)
    assert psutil.wait_procs([orphan], timeout=10)[1] == []


async def test_a_group_stops_in_reverse_order(child: Callable[..., Child], tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open({diary!r}, 'a').write({name!r} + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )
    async with ServiceGroup() as group:
        for name in ("database", "broker", "gateway"):
            await group.start(child(code.format(diary=str(diary), name=name), name=name))
    assert diary.read_text().split() == ["gateway", "broker", "database"]


async def test_a_group_whose_start_fails_half_way_leaves_nothing(child: Callable[..., Child]) -> None:
    first = child(FOREVER, name="first")
    second = child(FAILING, name="second", ready=lambda: False)

    async def run() -> None:
        async with ServiceGroup() as group:
            await group.start(first)
            await group.start(second)

    with pytest.raises(ChildEndedError, match="second ended with exit code 3"):
        await run()
    assert gone(first.pid)


async def test_a_group_that_is_cancelled_while_starting_leaves_nothing(child: Callable[..., Child]) -> None:
    """Ctrl-C in the middle of a start: asyncio cancels the main task."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = child(FOREVER, name="first")
    second = child(FOREVER, name="second", ready=lambda: bool(loop.call_soon_threadsafe(asked.set)) and False)

    async def run() -> None:
        async with ServiceGroup() as group:
            await group.start(first)
            await group.start(second)

    task = asyncio.create_task(run())
    await asked.wait()
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 5  # far from the 30 s that it may take to get ready
    assert gone(first.pid)
    assert gone(second.pid)


async def test_a_group_tells_who_ended_by_itself_and_not_who_was_killed_on_purpose(
    child: Callable[..., Child],
) -> None:
    chaos, victim = child(FOREVER, name="chaos"), child(FOREVER, name="victim")
    async with ServiceGroup() as group:
        await group.start(chaos)
        await group.start(victim)
        chaos.kill()
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGSEGV)
        async with asyncio.timeout(10):
            failure = await group.first_failure()
    assert str(failure).startswith("victim was ended by signal 11")


async def test_one_service_that_cannot_stop_does_not_keep_the_others(child: Callable[..., Child]) -> None:
    first, stubborn = child(FOREVER, name="first"), child(STUBBORN, name="stubborn", stop_deadline_s=0.1)
    async with ServiceGroup() as group:
        await group.start(first)
        await group.start(stubborn)
    assert (first.returncode, stubborn.returncode) == (-signal.SIGTERM, -signal.SIGKILL)
