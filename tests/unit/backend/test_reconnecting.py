"""Work that is begun anew: what is waited for in between, what it tells of itself, and that it ends when it is told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import psycopg
import pytest

from storesense_backend.reconnecting import Reconnecting
from storesense_contracts.clock import ManualClock
from storesense_contracts.database import unreachable

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAME = "the work"


class Tries:
    """Runs scripted tries one after the other, and stops the work after the last."""

    def __init__(self, *tries: Callable[[], None], chance: float = 0.0) -> None:
        self.clock = ManualClock(NOW)
        self.waits_s: list[float] = []
        self.lost: list[str | None] = []
        self.failed: list[str | None] = []
        self.forgotten = 0
        self._left = list(tries)
        self.lasting = Reconnecting(
            NAME,
            self.clock,
            on_lost=lambda: self.lost.append(self.problem),
            on_failed=lambda: self.failed.append(self.problem),
            wait=self._wait,
            chance=lambda: chance,
        )

    @property
    def problem(self) -> str | None:
        problem = self.lasting.health["problem"]
        assert problem is None or isinstance(problem, str)
        return problem

    async def run(self) -> None:
        with pytest.raises(asyncio.CancelledError):
            await self.lasting.run(self._try, forget=self._forget)

    async def _try(self) -> None:
        if not self._left:
            raise asyncio.CancelledError
        self._left.pop(0)()

    def _forget(self) -> None:
        self.forgotten += 1

    def _wait(self, wait_s: float) -> Awaitable[object]:
        self.waits_s.append(wait_s)
        return asyncio.sleep(0)


def failing(exc: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise exc

    return fail


@pytest.mark.parametrize(
    "exc",
    [
        pytest.param(psycopg.OperationalError("gone"), id="a connection that breaks"),
        pytest.param(unreachable(OSError("gone")), id="a database that cannot be reached"),
        pytest.param(ConnectionResetError("gone"), id="a network that breaks"),
        pytest.param(TimeoutError("gone"), id="a step that takes too long"),
    ],
)
async def test_a_lost_database_is_a_warning_and_not_a_fault(exc, caplog):
    tries = Tries(failing(exc))
    await tries.run()
    assert tries.lost == [f"{type(exc).__name__}: {exc}"]
    assert tries.failed == []
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"the work lost its database and tries again: {exc}"
    assert record.exc_info is None


async def test_a_fault_of_the_work_itself_is_logged_whole_and_it_begins_anew(caplog):
    tries = Tries(failing(KeyError("zone")), failing(KeyError("zone")))
    await tries.run()
    assert tries.failed == ["KeyError: 'zone'"] * 2
    assert tries.lost == []
    assert [record.getMessage() for record in caplog.records] == ["the work failed and begins anew"] * 2
    assert all(record.exc_info for record in caplog.records)


async def test_waits_grow_with_each_failure_up_to_a_limit():
    tries = Tries(*[failing(OSError("gone"))] * 8, chance=1.0)
    await tries.run()
    assert tries.waits_s == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0])


async def test_who_worked_for_a_minute_begins_again_with_a_short_wait():
    def after_a_minute() -> None:
        tries.clock.advance(60.1)
        raise OSError("gone")

    tries = Tries(*[failing(OSError("gone"))] * 3, after_a_minute, failing(KeyError("zone")), chance=1.0)
    await tries.run()
    assert tries.waits_s == pytest.approx([0.2, 0.4, 0.8, 0.2, 0.4])


async def test_work_that_simply_ends_is_begun_again_after_a_wait():
    tries = Tries(lambda: None, lambda: None)
    await tries.run()
    assert len(tries.waits_s) == 2


async def test_what_was_read_is_forgotten_each_time_also_when_it_is_told_to_end():
    tries = Tries(failing(OSError("gone")), failing(KeyError("zone")))
    await tries.run()
    assert tries.forgotten == 3


async def test_health_tells_the_last_problem_until_some_work_is_done():
    tries = Tries(failing(OSError("gone")))
    assert tries.lasting.health == {"status": "ok", "problem": None}
    await tries.run()
    assert tries.lasting.health == {"status": "failing", "problem": "OSError: gone"}
    tries.lasting.alive()
    assert tries.lasting.health == {"status": "ok", "problem": None}


async def test_health_tells_of_silence():
    tries = Tries()
    tries.clock.advance(14.9)
    assert tries.lasting.health["status"] == "ok"
    tries.clock.advance(2.1)
    assert tries.lasting.health == {"status": "failing", "problem": "nothing was done for 17 s"}
    tries.lasting.alive()
    assert tries.lasting.health["status"] == "ok"
