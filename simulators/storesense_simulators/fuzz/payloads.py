"""Payloads and topics as wrong as they come: a pure function of a random generator, the corpus and the present."""

import base64
import random
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from storesense_contracts import topics
from storesense_contracts.messages import MAX_PAYLOAD_BYTES, DropReason
from storesense_contracts.topics import Stream
from storesense_simulators.fuzz.corpus import TO_DEVICES, Seed
from storesense_simulators.fuzz.mangling import Mangler, dump

_BOOTS = 8
_BOOT_LASTS = 2_000
_REMEMBERED = 4_000
_MAX_SEQ = 2**63 - 2


class Kind(StrEnum):
    """How a payload was made."""

    GOOD = "good"
    """A message of the corpus, measured now, under a number of its own."""
    REPLAY = "replay"
    """To the byte what was sent before, good or bad."""
    SAME_NUMBER = "same_number"
    """Another content under a boot and number that were used before."""
    BYTES = "bytes"
    """Bytes of a good message flipped, cut, doubled, or two messages spliced."""
    STRUCTURE = "structure"
    """A good message whose fields are replaced, left out, renamed, doubled or nested."""
    RANDOM_JSON = "random_json"
    """JSON without any regard to the contract, behind a good header or none."""
    GARBAGE = "garbage"
    """Bytes."""
    OVERSIZED = "oversized"
    """More than a message may have."""
    STRANGE_TOPIC = "strange_topic"
    """A topic of another store, of no stream, of no device, or 60 kB of one."""
    DROPS = "drops"
    """A good message that declares drops: of itself, of others, overlapping, endless, reversed."""
    BOMB = "bomb"
    """A packed grid that unpacks to something else than it says."""
    STATUS = "status"
    """A retained status, mutated."""
    ACK = "ack"
    """A commit ack as an edge would read it, mutated."""
    COMMAND = "command"
    """A command as an edge would read it, mutated."""
    CONFIG = "config"
    """A device's configuration as an edge would read it, mutated."""


_WEIGHTS = {
    Kind.GOOD: 120,
    Kind.REPLAY: 150,
    Kind.SAME_NUMBER: 30,
    Kind.BYTES: 170,
    Kind.STRUCTURE: 250,
    Kind.RANDOM_JSON: 80,
    Kind.GARBAGE: 60,
    Kind.OVERSIZED: 2,
    Kind.STRANGE_TOPIC: 50,
    Kind.DROPS: 40,
    Kind.BOMB: 18,
    Kind.STATUS: 15,
    Kind.ACK: 15,
    Kind.COMMAND: 15,
    Kind.CONFIG: 15,
}


class Made(NamedTuple):
    """One payload with the topic it goes to; ``seq`` where it was meant as a message of ours."""

    kind: Kind
    topic: str
    payload: bytes


class Payloads:
    """Makes payloads without end.

    Args:
        rng: the same generator state gives the same payloads, given the same present.
        seeds: good messages to begin with.
        store_ids: the stores whose topics are ours.
        device_ids: the devices of each.
        other_store_id: a store that is not ours.
        now_at: the present, for readings that are good.
    """

    def __init__(
        self,
        rng: random.Random,
        seeds: Sequence[Seed],
        *,
        store_ids: Sequence[str],
        device_ids: Sequence[str],
        other_store_id: str,
        now_at: datetime,
    ) -> None:
        self._rng = rng
        self._seeds = [seed for seed in seeds if "readings" in seed.body]
        self._others = {
            name: [seed for seed in seeds if seed.stream == name] for name in (Stream.STATUS.value, *sorted(TO_DEVICES))
        }
        self._devices = [(store, device) for store in store_ids for device in device_ids]
        self._other = other_store_id
        self._now_at = now_at
        self._mangler = Mangler(rng, now_at)
        # A folder need not have one of each.
        self._kinds = [kind for kind in _WEIGHTS if self._others.get(kind.value) != []]
        self._weights = [_WEIGHTS[kind] for kind in self._kinds]
        self._boots: list[str] = []
        self._seqs: dict[str, int] = {}
        self._before: list[Made] = []
        self._made = 0
        self._large = bytes(self._rng.getrandbits(8) for _ in range(4_096)) * (MAX_PAYLOAD_BYTES // 4_096 + 1)
        self._bombs = [zlib.compress(bytes(size), 9) for size in (0, 1, 23, 25, 2 * 65_536, 2 * 65_537, 8_000_000)]

    def make(self) -> Made:
        """Make the next one."""
        rng = self._rng
        self._made += 1
        if self._made % (_BOOT_LASTS // _BOOTS) == 1:
            self._boots.append(f"{rng.getrandbits(128):032x}")
            self._seqs[self._boots[-1]] = 0
            for old in self._boots[:-_BOOTS]:
                del self._seqs[old]
            del self._boots[:-_BOOTS]
        kind = rng.choices(self._kinds, self._weights)[0]
        if kind is Kind.REPLAY and self._before:
            earlier = rng.choice(self._before)
            return Made(kind, earlier.topic, earlier.payload)
        made = self._of_kind(Kind.GOOD if kind is Kind.REPLAY else kind)
        if len(made.payload) <= 16_384 and len(made.topic) < 500:
            if len(self._before) < _REMEMBERED:
                self._before.append(made)
            else:
                self._before[rng.randrange(_REMEMBERED)] = made
        return made

    def good_message(self) -> tuple[str, dict[str, Any]]:
        """Return the topic and the content of a good message under a new number."""
        seed = self._rng.choice(self._seeds)
        store, device = self._rng.choice(self._devices)
        return f"{topics.ROOT}/{store}/{device}/up/{seed.stream}", self._filled(seed, self._new_number())

    # ---- inside

    def _of_kind(self, kind: Kind) -> Made:  # noqa: PLR0911 -- one return a kind
        rng = self._rng
        if kind is Kind.STATUS:
            return Made(
                kind, self._topic(Stream.STATUS.value), self._mangler.mangled(rng.choice(self._others[kind.value]).body)
            )
        if kind.value in TO_DEVICES:
            body = rng.choice(self._others[kind.value]).body
            return Made(kind, self._topic(Stream.HEALTH.value), self._mangler.mangled(body))
        topic, body = self.good_message()
        if kind is Kind.SAME_NUMBER:
            number = self._old_number()
            body |= {"boot_id": number[0], "seq": number[1]}
            return Made(kind, topic, dump(body))
        if kind is Kind.BYTES:
            return Made(kind, topic, self._mangler.bytes_changed(dump(body), self._earlier if self._before else None))
        if kind is Kind.STRUCTURE:
            return Made(kind, topic, self._mangler.mangled(body))
        if kind is Kind.RANDOM_JSON:
            return Made(kind, topic, self._mangler.random_message(body))
        if kind is Kind.GARBAGE:
            return Made(kind, topic, rng.randbytes(rng.choice((0, 1, 2, 5, 30, 400, 3_000))))
        if kind is Kind.OVERSIZED:
            # Beyond the message's limit and below the packet's, so that it gets as far as our code.
            return Made(kind, topic, (dump(body) + self._large)[: MAX_PAYLOAD_BYTES + rng.choice((1, 100, 2_000))])
        if kind is Kind.STRANGE_TOPIC:
            return Made(kind, self._strange_topic(topic), dump(body))
        if kind is Kind.DROPS:
            body["dropped"] = [self._drop(body) for _ in range(rng.choice((1, 1, 1, 2, 5, 30)))]
            ordered = {name: body[name] for name in ("v", "boot_id", "seq", "dropped", "sent_at", "readings")}
            return Made(kind, topic, dump(ordered))
        if kind is Kind.BOMB:
            return self._bomb()
        return Made(kind, topic, dump(body))

    def _earlier(self) -> bytes:
        return self._rng.choice(self._before).payload

    def _topic(self, stream: str) -> str:
        store, device = self._rng.choice(self._devices)
        return f"{topics.ROOT}/{store}/{device}/up/{stream}"

    def _new_number(self) -> tuple[str, int]:
        boot_id = self._rng.choice(self._boots)
        seq = self._seqs[boot_id]
        self._seqs[boot_id] = seq + self._rng.choice((1, 1, 1, 1, 2, 9))
        return boot_id, seq

    def _old_number(self) -> tuple[str, int]:
        boot_id = self._rng.choice(self._boots)
        return boot_id, self._rng.randrange(self._seqs[boot_id] + 1)

    def _filled(self, seed: Seed, number: tuple[str, int]) -> dict[str, Any]:
        at = (self._now_at - timedelta(seconds=self._rng.randrange(3_600))).replace(second=0, microsecond=0)
        readings = [{**reading, "measured_at": at.isoformat()} for reading in seed.body["readings"]]
        for _ in range(self._rng.choice((0, 0, 1, 4))):
            readings.append({**self._rng.choice(readings)})
        sent_at = self._now_at.isoformat()
        if self._rng.random() < 0.02:  # a clock that was never set
            sent_at = "1970-01-01T00:10:00Z"
            readings = [{**reading, "measured_at": "1970-01-01T00:09:00Z"} for reading in readings]
        return {"v": 1, "boot_id": number[0], "seq": number[1], "sent_at": sent_at, "readings": readings}

    def _strange_topic(self, topic: str) -> str:
        rng = self._rng
        stream = topic.rpartition("/")[2]
        return rng.choice(
            (
                topic.replace(topic.split("/")[2], self._other),
                f"{topics.ROOT}/{self._other}/nobody/up/{stream}",
                f"{topic.rpartition('/')[0]}/weather{rng.randrange(1_000)}",
                f"{topic.rpartition('/')[0]}/{'n' * 60_000}",
                f"{topics.ROOT}/{'s' * rng.choice((65, 3_000))}/device-1/up/{stream}",
                topic.replace("/up/", "/down/"),
                topic.replace("storesense/v1", rng.choice(("storesense/v2", "elsewhere"))),
                f"{topic}/more",
                f"{topics.ROOT}//device-1/up/{stream}",
                f"{topics.ROOT}/store\u00e9-{rng.randrange(1_000)}/device-1/up/{stream}",
            )
        )

    def _drop(self, body: dict[str, Any]) -> dict[str, Any]:
        rng = self._rng
        boot_id, seq = (body["boot_id"], body["seq"]) if rng.random() < 0.4 else self._old_number()
        first = max(0, seq + rng.choice((-3, -1, 0, 1, 5)))
        last = first + rng.choice((0, 0, 1, 3, -1)) if rng.random() < 0.97 else _MAX_SEQ
        if last == _MAX_SEQ:  # of a boot that nobody uses, or nothing more of it would ever be stored
            boot_id = f"{rng.getrandbits(128):032x}"
        return {"boot_id": boot_id, "first": first, "last": max(0, last), "reason": rng.choice(list(DropReason)).value}

    def _bomb(self) -> Made:
        rng = self._rng
        seed = next((seed for seed in self._seeds if seed.stream == Stream.HEATMAP.value), self._seeds[0])
        body = self._filled(seed, self._new_number())
        for reading in body["readings"]:
            reading["presence_ds"] = base64.b64encode(
                rng.choice((*self._bombs, rng.randbytes(20), self._bombs[3] + b"more"))
            ).decode()
            reading["columns"], reading["rows"] = rng.choice(((4, 3), (1, 1), (256, 256), (1_024, 1_024), (1_025, 1)))
        return Made(Kind.BOMB, self._topic(seed.stream), dump(body))
