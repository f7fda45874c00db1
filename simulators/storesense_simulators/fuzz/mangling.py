"""Messages made wrong: bytes, fields and whole trees changed, as a random generator has it."""

import json
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

_TEXTS = (
    "",
    " ",
    "a" * 65,
    "-door",
    "door\n",
    "d\u00f6\u00f6r",
    "a\x00b",
    "\ud800",
    "\U0001f6aa",
    "../../etc/passwd",
    "'; DROP TABLE series; --",
    "NaN",
    "0",
    "+",
    "#",
    "a/b",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+23:59",
    "2026-01-05T12:00:00",
    "2026-02-30T12:00:00Z",
    "2026-01-05T12:00:60Z",
    "f" * 32,
    "F" * 32,
)
_NUMBERS: tuple[int | float, ...] = (
    0,
    -1,
    1,
    255,
    32_768,
    60_001,
    1_000_001,
    2**31,
    2**31 - 1,
    -(2**31) - 1,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**30,
    0.1,
    -0.0,
    1.0,
    1.5,
    1e-320,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
)


class Mangler:
    """Makes messages wrong.

    Args:
        rng: the same generator state makes the same of the same.
        now_at: the present, for instants near it.
    """

    def __init__(self, rng: random.Random, now_at: datetime) -> None:
        self._rng = rng
        self._now_at = now_at

    def bytes_changed(self, payload: bytes, another: Callable[[], bytes] | None) -> bytes:
        """Return a payload with bytes flipped, cut or doubled, or spliced with what ``another`` gives."""
        rng = self._rng
        data = bytearray(payload)
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            place = rng.randrange(len(data) + 1)
            end = min(len(data), place + rng.choice((1, 1, 2, 8, 40)))
            action = rng.randrange(6)
            if action == 0 and place < len(data):
                data[place] ^= 1 << rng.randrange(8)
            elif action == 1:
                del data[place:end]
            elif action == 2:
                data[place:place] = data[place:end] * rng.choice((1, 3, 50))
            elif action == 3:
                data[place:place] = rng.choice((b"{", b"[", b'"', b",", b"}", b"\\", b"\x00", b"\xff", b"1e999", b"-"))
            elif action == 4:
                del data[place:]
            elif another is not None:
                other = another()
                data[place:] = other[rng.randrange(len(other) + 1) :]
        return bytes(data[:200_000])

    def mangled(self, body: dict[str, Any]) -> bytes:
        """Return a message whose fields are replaced, left out, renamed, doubled or nested."""
        rng = self._rng
        tree = deepcopy(body)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            self._mangle(tree)
        data = dump(tree)
        if rng.random() < 0.05:  # a name twice: JSON does not forbid it
            name = rng.choice((b'"seq"', b'"boot_id"', b'"in_count"', b'"measured_at"', b'"readings"'))
            data = data.replace(name, name + b": " + json.dumps(self._leaf()).encode() + b", " + name, 1)
        return data

    def random_message(self, body: dict[str, Any]) -> bytes:
        """Return JSON without any regard to the contract, behind the header of ``body`` or none."""
        rng = self._rng
        action = rng.random()
        if action < 0.4:
            return dump(self._tree(5))
        if action < 0.8:
            body["readings"] = [self._tree(3) for _ in range(rng.randrange(6))]
            return dump(body)
        if action < 0.9:
            depth = rng.choice((10, 500, 2_000, 20_000))
            return dump(body)[:-3] + rng.choice((b"[", b'{"a":')) * depth
        del body["readings"]
        return dump(body | {"readings": self._leaf()})

    def _mangle(self, tree: dict[str, Any]) -> None:
        """Change one place of a tree, found by walking down at random."""
        rng = self._rng
        node: Any = tree
        while True:
            keys: Sequence[Any] = list(node) if isinstance(node, dict) else range(len(node))
            if not keys:
                return
            key = rng.choice(keys)
            child = node[key]
            if isinstance(child, dict | list) and child and rng.random() < 0.85:
                node = child
                continue
            break
        action = rng.random()
        if action < 0.6:
            node[key] = self._leaf()
        elif action < 0.75:
            del node[key]
        elif action < 0.85 and isinstance(node, dict):
            node[rng.choice(("kind", "extra", "seq", "idx", "Seq", "")) or str(key) + "_"] = node.pop(key)
        elif action < 0.95:
            node[key] = [child] if rng.random() < 0.5 else {"value": child}
        elif isinstance(node, list):
            node += [deepcopy(child)] * rng.choice((1, 3, 1_000))
        else:
            node[key] = self._tree(3)

    def _leaf(self) -> Any:
        rng = self._rng
        action = rng.random()
        if action < 0.35:
            return rng.choice(_NUMBERS)
        if action < 0.7:
            return rng.choice(_TEXTS)
        if action < 0.8:
            return rng.choice((None, True, False, [], {}))
        if action < 0.9:
            return rng.randrange(-(2**66), 2**66) >> rng.randrange(66)
        if action < 0.95:
            at = self._now_at + timedelta(seconds=rng.choice((-(10**9), -(10**5), 30, 10**5, 10**9)))
            return at.isoformat()
        return self._tree(4)

    def _tree(self, depth: int) -> Any:
        rng = self._rng
        if depth == 0 or rng.random() < 0.3:
            return rng.choice((*_NUMBERS, *_TEXTS, None, True))
        if rng.random() < 0.5:
            return [self._tree(depth - 1) for _ in range(rng.randrange(4))]
        names = ("v", "seq", "readings", "measured_at", "kind", "\x00", "a" * 300)
        return {rng.choice(names): self._tree(depth - 1) for _ in range(rng.randrange(4))}


def dump(tree: Any) -> bytes:
    """Write a tree as JSON, NaN and lone surrogates too."""
    return json.dumps(tree).encode()
