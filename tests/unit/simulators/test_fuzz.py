"""The fuzzer finds nothing in what stands, and finds what is broken on purpose."""

import argparse
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from storesense_contracts.errors import UsageError
from storesense_gateway import decoding
from storesense_gateway.batch import plan_commit
from storesense_gateway.entries import Decoded, Entry, Incoming, Part
from storesense_simulators.fuzz import guided, in_process
from storesense_simulators.fuzz.command import run_fuzz
from storesense_simulators.fuzz.corpus import built_in_seeds, seeds_in
from storesense_simulators.fuzz.in_process import Findings, InProcess
from storesense_simulators.fuzz.payloads import Kind, Made, Payloads

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def payloads(seed: int, folder: Path | None = None) -> Payloads:
    return Payloads(
        random.Random(seed),  # noqa: S311
        seeds_in(folder) if folder else built_in_seeds(),
        store_ids=["store-1", "store-2"],
        device_ids=["device-1"],
        other_store_id="store-3",
        now_at=NOW,
    )


def findings_of(count: int, *, seed: int = 1, folder: Path | None = None) -> Findings:
    makes, takes = payloads(seed, folder), InProcess()
    for _ in range(count // 100):
        takes.take([makes.make() for _ in range(100)], NOW)
    return takes.findings


def test_nothing_crashes_and_every_message_is_accounted_for() -> None:
    findings = findings_of(8_000)
    assert findings.samples == []
    assert (findings.crashes, findings.wrong_rows, findings.payloads) == (0, 0, 8_000)
    assert set(findings.by_kind) == set(Kind)
    assert set(findings.dead_letters) >= {"size", "header", "topic", "version", "body", "reading"}
    assert findings.stored > 1_000
    assert findings.repeated > 100
    assert findings.rows > 1_000


def test_the_golden_files_are_a_corpus_too(repo_dir: Path) -> None:
    folder = repo_dir / "tests/unit/contracts/golden"
    assert {seed.stream for seed in seeds_in(folder)} == {seed.stream for seed in built_in_seeds()}
    findings = findings_of(3_000, folder=folder)
    assert findings.samples == []
    assert findings.rows > 300


def test_a_corpus_of_one_stream_is_enough(repo_dir: Path, tmp_path: Path) -> None:
    shutil.copy(repo_dir / "tests/unit/contracts/golden/v1/footfall.json", tmp_path)
    findings = findings_of(200, folder=tmp_path)
    assert (findings.crashes, findings.wrong_rows, findings.payloads) == (0, 0, 200)


def test_a_folder_without_a_corpus_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="as footfall"):
        seeds_in(tmp_path)
    (tmp_path / "footfall.json").write_bytes(b"[1]")
    with pytest.raises(UsageError, match="no message to begin with"):
        seeds_in(tmp_path)


def test_a_seed_gives_the_same_payloads_again() -> None:
    one, same, other = payloads(7), payloads(7), payloads(8)
    first = [one.make() for _ in range(300)]
    assert [same.make() for _ in range(300)] == first
    assert [other.make() for _ in range(300)] != first


def broken(change: Callable[[Entry], Entry]) -> Callable[..., Decoded]:
    def decode(incoming: Incoming, limits: decoding.Limits) -> Decoded:
        decoded = decoding.decode(incoming, limits)
        return change(decoded) if isinstance(decoded, Entry) and decoded.parts else decoded

    return decode


def with_parts(entry: Entry, change: Callable[[Part], Part]) -> Entry:
    return msgspec.structs.replace(entry, parts=[change(part) for part in entry.parts])


def one_further(part: Part) -> Part:
    return msgspec.structs.replace(part, idxs=[idx + 1 for idx in part.idxs])


def without_the_last(part: Part) -> Part:
    return Part(part.family, part.idxs[:-1], part.readings[:-1], part.subjects[:-1])


def raise_for_a_number(entry: Entry) -> Entry:
    raise ZeroDivisionError(entry.seq)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(lambda entry: with_parts(entry, one_further), "reading", id="rows at another place"),
        pytest.param(lambda entry: with_parts(entry, without_the_last), "accounted for", id="a reading forgotten"),
        pytest.param(
            lambda entry: msgspec.structs.replace(entry, seq=entry.seq + 1), "another number", id="another number"
        ),
        pytest.param(raise_for_a_number, "ZeroDivisionError", id="an error that escapes"),
    ],
)
def test_a_decoder_broken_on_purpose_is_found(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Entry], Entry], word: str
) -> None:
    monkeypatch.setattr(in_process, "decode", broken(change))
    findings = findings_of(400)
    assert findings.crashes + findings.wrong_rows > 0
    assert any(word in sample["what"] for sample in findings.samples)


def forgetful(entries: Any, boots: Any, series: Any, letters: Any = ()) -> Any:
    return plan_commit(entries, {key: boot._replace(committed=()) for key, boot in boots.items()}, series, letters)


def loses_letters(entries: Any, boots: Any, series: Any, letters: Any = ()) -> Any:
    plan = plan_commit(entries, boots, series, letters)
    plan.letters.clear()
    return plan


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        pytest.param(forgetful, "are new", id="a ledger that forgets"),
        pytest.param(loses_letters, "dead letter was not kept", id="dead letters lost"),
    ],
)
def test_a_ledger_broken_on_purpose_is_found(monkeypatch: pytest.MonkeyPatch, plan: Any, word: str) -> None:
    monkeypatch.setattr(in_process, "plan_commit", plan)
    findings = findings_of(1_000)
    assert any(word in sample["what"] for sample in findings.samples)


def test_a_row_out_of_bounds_is_found() -> None:
    topic = "storesense/v1/store-1/device-1/up/footfall"
    reading = {"measured_at": NOW.isoformat(), "period_ms": 1, "line_id": "door", "in_count": 1, "out_count": 0}
    body = {"v": 1, "boot_id": "0" * 32, "seq": 0, "sent_at": NOW.isoformat(), "readings": [reading]}
    takes = InProcess(decoding.Limits(future_tolerance_s=1e6))
    late = reading | {"measured_at": NOW.replace(year=2027).isoformat()}
    takes.take([Made(Kind.GOOD, topic, msgspec.json.encode(body))], NOW)
    assert takes.findings.wrong_rows == 0
    takes = InProcess(decoding.Limits(future_tolerance_s=1e9))
    takes.take([Made(Kind.GOOD, topic, msgspec.json.encode(body | {"readings": [late]}))], NOW)
    assert takes.findings.wrong_rows == 1


def test_without_atheris_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guided, "is_installed", lambda: False)
    with pytest.raises(UsageError, match="pip install atheris"):
        run_fuzz(argparse.Namespace(guided_s=5))


def test_the_guided_corpus_names_the_stream_in_the_first_byte(tmp_path: Path) -> None:
    streams = guided.stream_names()
    guided.write_corpus(tmp_path / "corpus", [("queue", b"{}"), ("ack", b"[]")], streams)
    queue, other = sorted((tmp_path / "corpus").iterdir())
    assert queue.read_bytes() == bytes([streams.index("queue")]) + b"{}"
    assert other.read_bytes() == b"\x00[]"
