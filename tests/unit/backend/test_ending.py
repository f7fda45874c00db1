import asyncio
from contextlib import suppress

import pytest

from storesense_backend.ending import ended


async def test_a_task_that_lost_what_it_was_told_is_told_again():
    begun = asyncio.Event()

    async def deaf_once() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf_once())
    await begun.wait()
    async with asyncio.timeout(5):
        await ended(task, again_s=0.01)
    assert task.cancelled()


async def test_leaving_in_order_is_not_interrupted():
    left: list[str] = []

    async def orderly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            left.append("in order")

    task = asyncio.create_task(orderly())
    await asyncio.sleep(0)
    await ended(task)
    assert left == ["in order"]


async def test_what_a_task_failed_with_is_raised_when_all_are_over():
    async def failing() -> None:
        raise ValueError("broken")

    failed, waiting = asyncio.create_task(failing()), asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="broken"):
        await ended(waiting, failed)
    assert waiting.cancelled()


async def test_nothing_to_end_is_no_mistake():
    async def over() -> None:
        return

    task = asyncio.create_task(over())
    await task
    await ended()
    await ended(task)
