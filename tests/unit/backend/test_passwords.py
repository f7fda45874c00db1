"""Passwords: hashed, checked at the same cost for everybody, and only so many at once."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from storesense_backend.errors import UnavailableError
from storesense_backend.passwords import Passwords, WeakPasswordError, check_strength
from storesense_contracts.errors import UsageError


def passwords(concurrency=2):
    return Passwords(concurrency=concurrency, hasher=PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


async def test_right_and_wrong():
    some = passwords()
    password_hash = await some.hash("correct horse")
    assert password_hash.startswith("$argon2id$")
    assert await some.verify(password_hash, "correct horse")
    assert not await some.verify(password_hash, "correct horsf")
    assert not await some.verify("no hash at all", "correct horse")


async def test_nobody_signs_in_with_the_decoys_password():
    some = passwords()
    await some.prepare()
    assert not await some.verify(None, "nobody has this password")


async def test_the_usual_cost_is_what_argon2_recommends():
    usual = Passwords(concurrency=1)
    assert not usual.is_outdated(PasswordHasher().hash("x"))
    assert usual.is_outdated(await passwords().hash("x"))


async def test_checks_wait_for_each_other_and_too_many_are_turned_away(monkeypatch):
    some = passwords(concurrency=1)
    gate, running, most = threading.Event(), [0], [0]

    def slow(_password_hash, _password):
        running[0] += 1
        most[0] = max(most[0], running[0])
        assert gate.wait(10)
        running[0] -= 1
        return True

    monkeypatch.setattr(some, "_verify", slow)
    waiting = [asyncio.create_task(some.verify("h", "p")) for _ in range(9)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as caught:
        await some.verify("h", "p")
    assert caught.value.code == "busy"
    assert caught.value.headers["Retry-After"]
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 9
    assert most == [1]
    assert await some.verify("h", "p")


@pytest.mark.parametrize(("length", "is_good"), [(9, False), (10, True), (200, True), (201, False)])
def test_new_passwords_have_a_length(length, is_good):
    if is_good:
        assert check_strength("x" * length)
    else:
        with pytest.raises(WeakPasswordError, match="--generate"):
            check_strength("x" * length)


async def test_half_a_surrogate_pair_is_nobodys_password_and_no_new_one():
    some = passwords()
    password_hash = await some.hash("correct horse")
    assert not await some.verify(password_hash, "correct horse\ud800")
    with pytest.raises(UsageError, match="no UTF-8"):
        check_strength("correct horse\ud800")
