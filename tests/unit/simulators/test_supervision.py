"""Services that end by themselves come back, later each time, and are given up in the end."""

import asyncio

import pytest

from storesense_simulators.embedded.errors import ServiceError
from storesense_simulators.embedded.lifetime import Lifetime
from storesense_simulators.supervision import keep_up, pause_s


class Flaky(Lifetime):
    """A service that ends ``ends`` times after living for ``lives_s``, and fails to start where ``failing`` says so."""

    def __init__(self, time, *, ends, lives_s=1.0, failing=()):
        self._time, self._ends, self._lives_s, self._failing = time, ends, lives_s, set(failing)
        self.starts = 1
        self._dies_s = lives_s

    def start(self):
        self.starts += 1
        if self.starts in self._failing:
            self._dies_s = self._time.now_s
            raise ServiceError("no room")
        self._dies_s = self._time.now_s + self._lives_s

    def stop(self):
        raise AssertionError("only who started a service first stops it")

    def abandon(self):
        raise AssertionError("nothing is cancelled while starting here")

    def failure(self):
        is_dead = self.starts <= self._ends and self._time.now_s >= self._dies_s
        return ServiceError("it ended with exit code 1") if is_dead else None


class Time:
    """Seconds that pass when somebody sleeps; after ``until_s`` the sleeper is called off."""

    def __init__(self, until_s):
        self.now_s, self._until_s, self.pauses_s = 0.0, until_s, []

    async def sleep(self, duration_s):
        self.now_s += duration_s
        if duration_s != 0.2:
            self.pauses_s.append(duration_s)
        if self.now_s > self._until_s:
            raise asyncio.CancelledError

    def monotonic_s(self):
        return self.now_s


async def watch(service, time):
    said = []
    with pytest.raises((asyncio.CancelledError, ServiceError)) as caught:
        await keep_up("the broker", service, tell=said.append, sleep=time.sleep, monotonic_s=time.monotonic_s)
    return said, caught.type


async def test_a_service_that_ended_is_started_again_and_said_so():
    time = Time(until_s=30)
    service = Flaky(time, ends=1)
    said, end = await watch(service, time)
    assert service.starts == 2
    assert said == [
        "it ended with exit code 1",
        "the broker is started again in 0.5 s",
        "the broker is back after 0.0 s",
    ]
    assert end is asyncio.CancelledError


async def test_one_that_ends_again_and_again_is_given_up_after_eight_restarts():
    time = Time(until_s=10_000)
    service = Flaky(time, ends=1_000)
    _, end = await watch(service, time)
    assert end is ServiceError
    assert service.starts == 9
    assert time.pauses_s == [0.5, 1, 2, 4, 8, 10, 10, 10]


async def test_a_minute_of_steady_work_forgives():
    time = Time(until_s=2_000)
    service = Flaky(time, ends=1_000, lives_s=70)
    _, end = await watch(service, time)
    assert end is asyncio.CancelledError
    assert set(time.pauses_s) == {0.5}


async def test_a_start_that_fails_is_tried_again():
    time = Time(until_s=60)
    service = Flaky(time, ends=3, failing=[2, 3])
    said, end = await watch(service, time)
    assert "the broker did not start: no room" in said
    assert said[-1].startswith("the broker is back")
    assert end is asyncio.CancelledError


def test_pauses_double_up_to_ten_seconds():
    assert [pause_s(n) for n in (1, 2, 3, 6, 20)] == [0.5, 1.0, 2.0, 10.0, 10.0]
