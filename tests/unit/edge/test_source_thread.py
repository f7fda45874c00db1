import asyncio
import threading
from collections.abc import Iterator

import pytest

from storesense_edge.health import Health
from storesense_edge.source_thread import Finding, Stop, run_source


async def test_findings_arrive_on_the_event_loop_in_order() -> None:
    taken: list[Finding] = []
    threads: set[int] = set()

    def produce(stop: Stop) -> Iterator[list[Finding]]:
        for n in range(100):
            yield [Health(f"c{n}"), Health(f"d{n}")]

    def take(finding: Finding) -> None:
        taken.append(finding)
        threads.add(threading.get_ident())

    await run_source(produce, take, name="t")
    assert [f.component_id for f in taken if isinstance(f, Health)] == [
        name for n in range(100) for name in (f"c{n}", f"d{n}")
    ]
    assert threads == {threading.get_ident()}


async def test_what_a_source_raises_comes_to_its_task_after_its_findings() -> None:
    taken: list[Finding] = []

    def produce(stop: Stop) -> Iterator[list[Finding]]:
        yield [Health("a")]
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        await run_source(produce, taken.append, name="t")
    assert taken == [Health("a")]


async def test_cancelling_stops_a_waiting_source_and_takes_its_last_findings() -> None:
    taken: list[Finding] = []
    waiting = asyncio.Event()
    loop = asyncio.get_running_loop()

    def produce(stop: Stop) -> Iterator[list[Finding]]:
        yield [Health("first")]
        loop.call_soon_threadsafe(waiting.set)
        assert stop.wait(60)
        yield [Health("last")]

    task = asyncio.create_task(run_source(produce, taken.append, name="t"))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [f.component_id for f in taken if isinstance(f, Health)] == ["first", "last"]
    assert not any(thread.name == "t" for thread in threading.enumerate())


async def test_a_source_waits_for_an_event_loop_that_falls_behind() -> None:
    produced = 0
    full = threading.Event()

    def produce(stop: Stop) -> Iterator[list[Finding]]:
        nonlocal produced
        for n in range(1_000):
            produced += 1
            if produced > 16:
                full.set()
            yield [Health(f"c{n}")]

    taken: list[Finding] = []
    task = asyncio.create_task(run_source(produce, taken.append, name="t"))
    await asyncio.sleep(0)
    full.wait(5)  # the loop is busy here
    assert produced <= 18
    await task
    assert len(taken) == 1_000
