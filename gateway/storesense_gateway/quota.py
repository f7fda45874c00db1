"""How much one device may add to what nobody asked for: dead letters, and series of subjects never heard of before.

A device that went mad sends garbage for weeks, or invents a new line for every reading. Both would grow tables that no
retention of readings keeps small. Here each device has so much of both and no more; what goes beyond is counted.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from storesense_gateway.entries import BootKey, DeadLetter, Decoded, DeviceKey, Entry, Part

_HOUR_US = 3_600_000_000
_MAX_DEVICES = 50_000
_MAX_COUNTED = 20_000


@dataclass(slots=True)
class _Used:
    hour: int = -1
    letters: int = 0
    bytes: int = 0
    is_told: bool = False
    subjects: dict[str, set[str]] = field(default_factory=dict)
    series: int = 0


class DeviceQuota:
    """Keeps count of what each device has used; for one thread. Dead letters of no device share one quota.

    Args:
        letters_per_hour: dead letters that are kept of one device in one hour of the gateway's clock.
        bytes_per_hour: bytes of their payloads.
        series_per_device: different subjects of one device, over all streams, since the gateway was started.
        left_out: is told the stage of each dead letter that is not kept.
    """

    def __init__(
        self,
        *,
        letters_per_hour: int,
        bytes_per_hour: int,
        series_per_device: int,
        left_out: Callable[[str], None],
    ) -> None:
        self._letters_per_hour = letters_per_hour
        self._bytes_per_hour = bytes_per_hour
        self._series_per_device = series_per_device
        self._left_out = left_out
        self._devices: OrderedDict[DeviceKey | None, _Used] = OrderedDict()
        self._counted: OrderedDict[tuple[BootKey, int], None] = OrderedDict()

    def pass_on(self, decoded: Decoded) -> Decoded:
        """Return what is left of a message: the same object, nearly always."""
        if isinstance(decoded, Entry):
            return self._entry(decoded)
        if isinstance(decoded, DeadLetter):
            known = decoded.store_id is not None and decoded.device_id is not None
            key = DeviceKey(str(decoded.store_id), str(decoded.device_id)) if known else None
            kept = self._keep([decoded], self._used(key))
            return kept[0] if kept else None
        return decoded

    def _entry(self, entry: Entry) -> Entry:
        if not entry.parts and not entry.letters:
            return entry
        used = self._used(DeviceKey(entry.boot.store_id, entry.boot.device_id))
        stream = "" if entry.stream is None else entry.stream.value
        known = used.subjects.get(stream)
        if known is None:
            known = used.subjects[stream] = set()
        if not all(known.issuperset(part.subjects) for part in entry.parts):
            entry = self._within_series(entry, used, known)
        if not entry.letters or self._is_counted(entry):
            return entry
        return msgspec.structs.replace(entry, letters=self._keep(entry.letters, used))

    def _is_counted(self, entry: Entry) -> bool:
        """Tell whether a message came before, whose letters were counted then; the ledger leaves its repeats out."""
        key = (entry.boot, entry.seq)
        is_counted = key in self._counted
        self._counted[key] = None
        self._counted.move_to_end(key)
        if len(self._counted) > _MAX_COUNTED:
            self._counted.popitem(last=False)
        return is_counted

    def _within_series(self, entry: Entry, used: _Used, known: set[str]) -> Entry:
        parts: list[Part] = []
        letters = list(entry.letters)
        for part in entry.parts:
            for subject in part.subjects:
                if subject not in known and used.series < self._series_per_device:
                    known.add(subject)
                    used.series += 1
            if known.issuperset(part.subjects):
                parts.append(part)
                continue
            places = [place for place, subject in enumerate(part.subjects) if subject in known]
            if places:
                parts.append(
                    Part(
                        part.family,
                        [part.idxs[place] for place in places],
                        [part.readings[place] for place in places],
                        [part.subjects[place] for place in places],
                    )
                )
            letters += [
                self._series_letter(entry, part, place)
                for place, subject in enumerate(part.subjects)
                if subject not in known
            ]
        if len(letters) == len(entry.letters):
            return entry
        return msgspec.structs.replace(entry, parts=parts, letters=letters)

    def _series_letter(self, entry: Entry, part: Part, place: int) -> DeadLetter:
        payload = msgspec.json.encode(part.readings[place])
        return DeadLetter(
            received_us=entry.received_us,
            topic=entry.topic,
            stage="series",
            reason=f"the device speaks of more than {self._series_per_device} different subjects; this one is "
            f"{part.subjects[place]}. Mend the device, or raise STORESENSE_GATEWAY_SERIES_PER_DEVICE, and replay it",
            payload=payload,
            payload_bytes=len(payload),
            store_id=entry.boot.store_id,
            device_id=entry.boot.device_id,
            boot_id=entry.boot.boot_id,
            seq=entry.seq,
            idx=part.idxs[place],
        )

    def _keep(self, letters: list[DeadLetter], used: _Used) -> list[DeadLetter]:
        hour = letters[0].received_us // _HOUR_US
        if hour != used.hour:
            used.hour, used.letters, used.bytes, used.is_told = hour, 0, 0, False
        kept: list[DeadLetter] = []
        for letter in letters:
            if used.letters < self._letters_per_hour and used.bytes < self._bytes_per_hour:
                kept.append(letter)
                used.letters += 1
                used.bytes += len(letter.payload)
                continue
            self._left_out(letter.stage)
            if not used.is_told:
                kept.append(self._note(letter))
                used.is_told = True
        return kept

    def _note(self, letter: DeadLetter) -> DeadLetter:
        """Make the letter that stands for all that are not kept in this hour; it cannot be replayed."""
        return msgspec.structs.replace(
            letter,
            stage="quota",
            reason=f"this device has had {self._letters_per_hour} dead letters or {self._bytes_per_hour} bytes of them "
            "in this hour; further ones are counted in storesense_gateway_dead_letters_left_out_total and not kept. "
            f"The first: {letter.stage}: {letter.reason}"[:1_000],
            payload=b"",
            payload_bytes=max(1, letter.payload_bytes),
            boot_id=None,
            seq=None,
            idx=None,
        )

    def _used(self, key: DeviceKey | None) -> _Used:
        used = self._devices.get(key)
        if used is None:
            used = self._devices[key] = _Used()
            if len(self._devices) > _MAX_DEVICES:
                self._devices.popitem(last=False)
        else:
            self._devices.move_to_end(key)
        return used
