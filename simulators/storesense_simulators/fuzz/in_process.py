"""Payloads through decoder, ledger arithmetic and packing in this process, with an account of every message.

The account is kept twice: by the code that the gateway runs, and by a plain set of numbers here. They have to agree.
"""

import base64
import traceback
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from storesense_contracts.clock import from_epoch_us, to_epoch_us
from storesense_contracts.device_commands import CommandKind, argument_problem, decode_command
from storesense_contracts.device_config import decode_config
from storesense_contracts.messages import PayloadError, decode_ack
from storesense_contracts.spans import Span, contains, unite
from storesense_edge.seq_ranges import SeqRanges
from storesense_gateway.batch import Boot, Plan, SeriesKey, boots_of, commit_acks, missing_series, plan_commit
from storesense_gateway.corrections import reading_idx
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import BootKey, DeadLetter, Entry, Incoming, Tag
from storesense_gateway.mqtt_client import MalformedError, packet_bounds, take_message
from storesense_simulators.fuzz.judge import has_good_head, told, wrong_rows
from storesense_simulators.fuzz.payloads import Kind, Made

_BOOTS = 4_000
_SERIES = 20_000
_SAMPLES = 20
_TAG = Tag(1, 1, 1)


@dataclass(slots=True)
class Findings:
    """What came of the payloads.

    Attributes:
        payloads: how many were taken.
        by_kind: of which kind.
        crashes: errors that escaped.
        wrong_rows: rows that should not be, and messages that are in no account.
        rows: readings that would be stored.
        dead_letters: dead letters, by stage.
        stored, repeated: messages by what the ledger said of them.
        samples: the first of what went wrong, each with its payload in base64.
    """

    payloads: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    crashes: int = 0
    wrong_rows: int = 0
    rows: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    stored: int = 0
    repeated: int = 0
    samples: list[dict[str, str]] = field(default_factory=list)

    def crash(self, made: Made, error: BaseException) -> None:
        """Note an error that escaped."""
        self.crashes += 1
        self._sample(made, "".join(traceback.format_exception(error))[-2_000:])

    def wrong(self, made: Made, what: str) -> None:
        """Note a row that should not be, or a message without an account."""
        self.wrong_rows += 1
        self._sample(made, what)

    def _sample(self, made: Made, what: str) -> None:
        if len(self.samples) < _SAMPLES:
            payload = base64.b64encode(made.payload[:4_096]).decode()
            self.samples.append({"kind": made.kind, "what": what, "topic": made.topic[:200], "payload": payload})


@dataclass(slots=True)
class _Account:
    """One boot as the database would hold it, and as a plain set does."""

    boot: Boot
    seqs: set[int] = field(default_factory=set)
    dropped: list[tuple[int, int]] = field(default_factory=list)

    def knows(self, seq: int) -> bool:
        return seq in self.seqs or any(first <= seq <= last for first, last in self.dropped)


class InProcess:
    """Takes payloads batch by batch, as a gateway would.

    Args:
        limits: what of a reading's time is believed.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._accounts: OrderedDict[BootKey, _Account] = OrderedDict()
        self._series: dict[SeriesKey, int] = {}
        self._boots = 0
        self.findings = Findings()

    def take(self, batch: Sequence[Made], now_at: datetime) -> None:
        """Take one batch, received now."""
        entries: list[Entry] = []
        letters: list[DeadLetter] = []
        made_of: dict[int, Made] = {}
        received_us = to_epoch_us(now_at)
        for made in batch:
            self.findings.payloads += 1
            self.findings.by_kind[made.kind] += 1
            try:
                self._beside(made)
                decoded = decode(Incoming(made.topic, made.payload, received_us, _TAG), self._limits)
                if isinstance(decoded, Entry):
                    made_of[id(decoded)] = made
                    entries.append(decoded)
                    for what in wrong_rows(decoded, made.topic, made.payload, from_epoch_us(received_us)):
                        self.findings.wrong(made, what)
                elif isinstance(decoded, DeadLetter):
                    letters.append(decoded)
                    if decoded.stage == "header" and has_good_head(made.payload):
                        self.findings.wrong(made, f"its header is good, but was not read: {decoded.reason}")
            except Exception as exc:  # noqa: BLE001 -- what this is here to find
                self.findings.crash(made, exc)
        try:
            self._commit(entries, letters, made_of)
        except Exception as exc:  # noqa: BLE001 -- as above; the batch tells where to look
            self.findings.crash(batch[0], exc)
            self._accounts.clear()

    # ---- inside

    def _beside(self, made: Made) -> None:
        """Show a payload to the other readers of foreign bytes: the edge's, and the gateway's for packets."""
        if made.kind is Kind.ACK:
            with suppress(PayloadError):
                contains_seq = SeqRanges(decode_ack(made.payload).ranges)
                assert isinstance(7 in contains_seq, bool)  # noqa: S101 -- it is asked, whatever it answers
        elif made.kind is Kind.COMMAND:
            with suppress(PayloadError):
                command = decode_command(made.payload)
                assert command.issued_at < command.expires_at  # noqa: S101 -- as above: it can be compared
                if command.kind in set(CommandKind):
                    argument_problem(CommandKind(command.kind), command.arguments)
        elif made.kind is Kind.CONFIG:
            with suppress(PayloadError):
                decode_config(made.payload)
        elif made.kind is Kind.GARBAGE and made.payload:
            with suppress(MalformedError):
                body, end = packet_bounds(made.payload, 0)
                if end <= len(made.payload):
                    take_message(made.payload, body, end, made.payload[0] >> 1 & 1)

    def _commit(self, entries: Sequence[Entry], letters: Sequence[DeadLetter], made_of: Mapping[int, Made]) -> None:
        for series in missing_series(entries, self._series):
            self._series[series] = len(self._series) + 1
        accounts = {key: self._account(key) for key in boots_of(entries)}
        before = {key: account.boot for key, account in accounts.items()}
        plan = plan_commit(entries, before, self._series, letters)
        first_times = self._expected(entries, accounts)
        self._check_rows(plan, {id(entry): entry for entry in entries if id(entry) in first_times}, made_of)
        for key, account in accounts.items():
            spans = plan.new_spans.get(account.boot.boot_no, ())
            account.boot = Boot(account.boot.boot_no, unite(account.boot.committed, spans))
            self._check_spans(key, account, entries, made_of)
        for key, ack in commit_acks(entries).items():
            committed = accounts[key].boot.committed
            if not all(contains(committed, first) and contains(committed, last) for first, last in ack.ranges):
                self.findings.wrong(_any_of(key, entries, made_of), "acknowledged and not in the ledger")
        self.findings.stored += plan.committed
        self.findings.repeated += plan.repeated
        self.findings.dead_letters.update(letter.stage for letter in plan.letters)
        self._forget()

    def _expected(self, entries: Sequence[Entry], accounts: Mapping[BootKey, _Account]) -> set[int]:
        """Return which entries are of numbers that nobody had used, by the plain sets; note them there."""
        first_times: set[int] = set()
        for entry in entries:
            account = accounts[entry.boot]
            if not account.knows(entry.seq):
                first_times.add(id(entry))
                account.seqs.add(entry.seq)
            for each in entry.dropped:
                key = entry.boot._replace(boot_id=each.boot_id)
                accounts[key].dropped.append((each.first, each.last))
        return first_times

    def _check_rows(self, plan: Plan, first_times: Mapping[int, Entry], made_of: Mapping[int, Made]) -> None:
        rows_of: dict[int, set[int]] = {}
        for rows in plan.rows.values():
            rows.pack()
            self.findings.rows += len(rows)
            place = 0
            for entry, end in zip(rows.entries, rows.ends, strict=True):
                known = rows_of.setdefault(id(entry), set())
                fresh = rows.idxs[place:end]
                if id(entry) not in first_times or known.intersection(fresh) or len(set(fresh)) < len(fresh):
                    self.findings.wrong(made_of[id(entry)], "stored a second time")
                known.update(fresh)
                place = end
        letters_of = {id(letter) for letter in plan.letters}
        if plan.committed != len(first_times):
            made = next(iter(made_of.values()))
            self.findings.wrong(made, f"{plan.committed} messages are stored, {len(first_times)} are new")
        for number, entry in first_times.items():
            self._check_account(entry, made_of[number], rows_of.get(number, set()), letters_of)

    def _check_account(self, entry: Entry, made: Made, rows: set[int], letters_of: set[int]) -> None:
        """A message that is acknowledged has every reading in a row or a dead letter, or is one as a whole."""
        if not all(id(letter) in letters_of for letter in entry.letters):
            self.findings.wrong(made, "a dead letter was not kept")
        places = {letter.idx for letter in entry.letters if letter.stage != "header"}
        if None in places:
            return
        tree = told(made.payload)
        readings = tree.get("readings") if tree is not None else None
        rows = set(map(reading_idx, rows))
        if not isinstance(readings, list) or rows | places != set(range(len(readings))) or rows & places:
            self.findings.wrong(made, f"acknowledged, and of its readings only {sorted(rows)[:5]} are accounted for")

    def _check_spans(
        self, key: BootKey, account: _Account, entries: Sequence[Entry], made_of: Mapping[int, Made]
    ) -> None:
        committed: Sequence[Span] = account.boot.committed
        for entry in entries:
            if entry.boot == key and not contains(committed, entry.seq):
                self.findings.wrong(made_of[id(entry)], "its number is not in the ledger")
        if any(one[1] >= other[0] for one, other in pairwise(committed)):
            self.findings.wrong(_any_of(key, entries, made_of), "a ledger whose spans touch")

    def _account(self, key: BootKey) -> _Account:
        account = self._accounts.get(key)
        if account is None:
            self._boots += 1
            account = self._accounts[key] = _Account(Boot(self._boots, ()))
        self._accounts.move_to_end(key)
        return account

    def _forget(self) -> None:
        """Stay small: what is not used any more is forgotten in both accounts at once."""
        while len(self._accounts) > _BOOTS:
            self._accounts.popitem(last=False)
        if len(self._series) > _SERIES:
            self._series.clear()


def _any_of(key: BootKey, entries: Sequence[Entry], made_of: Mapping[int, Made]) -> Made:
    return next((made_of[id(entry)] for entry in entries if entry.boot == key), next(iter(made_of.values())))
