"""``storesense bench live``: what telling a thousand watchers of one store costs, and what a frozen one costs the rest.

A real backend process on the embedded PostgreSQL, watched over loopback by a process of plain sockets, while this one
commits readings of one queue the way a gateway does. A delivery is one event that reached one watcher. The figure for a
core is deliveries over the processor seconds of the whole backend process, so that it does not depend on what else the
machine does; the delays do, for watchers and writer share it. So what a frozen watcher costs is measured in many short
spans, alone and beside one in turns, and judged pair by pair.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import psutil

from storesense_contracts.migrate import migrate
from storesense_simulators.bench_store import STORE_ID, QueueWriter, backend_process, bench_layout, prepare_store
from storesense_simulators.bench_world import BenchError, say
from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.embedded.postgres import EmbeddedPostgres

_WARM_UP_S = 1.0
_MOST_FILLS, _FILL_PAUSE_S = 100, 0.3
_LOOKS = 3
"""Looks in a row that find somebody blocked: on a busy machine others may be too, for a moment."""


@dataclass(frozen=True, slots=True)
class LivePlan:
    """What is measured.

    Attributes:
        clients: watchers.
        seconds: of counting, each time.
        pairs: how often it is counted alone and beside a frozen watcher.
        commits_per_s: batches that are committed; watchers are told four times a second at most.
    """

    clients: int = 1000
    seconds: float = 5.0
    pairs: int = 6
    commits_per_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Round:
    """One span of counting.

    Attributes:
        deliveries: events that reached a watcher.
        cpu_s: processor seconds of the backend.
        p50_ms: from the commit to the watcher.
        p99_ms: the same.
        blocked: streams that were blocked, both when counting began and when it ended.
    """

    deliveries: int
    cpu_s: float
    p50_ms: float
    p99_ms: float
    blocked: int


def _blocked(port: int) -> int:
    """Return how many streams the backend says to be blocked."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("storesense_backend_streams_blocked "):
                return int(float(line.split()[1]))
    raise BenchError(reason="the backend does not say how many streams are blocked")


def _is_blocked_later(port: int) -> bool:
    time.sleep(_FILL_PAUSE_S)
    return _blocked(port) > 0


def _block(writer: QueueWriter, port: int) -> int:
    """Tell so much that whoever takes nothing is blocked; returns how many updates it took."""
    for count in range(1, _MOST_FILLS + 1):
        writer.fill()
        if all(_is_blocked_later(port) for _ in range(_LOOKS)):
            return count
    raise BenchError(reason="the frozen watcher was not blocked, however much it was told")


class _Watchers:
    """The process of all watchers; ``storesense_simulators.live_clients`` says what it understands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._told, self._heard = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

    def tell(self, word: str) -> None:
        """Say something that is not answered."""
        self._told.write(word + "\n")
        self._told.flush()

    def ask(self, word: str, wanted: str | None = None) -> str:
        """Say something and return the answer. Raises BenchError if another was wanted."""
        self.tell(word)
        answer = self._heard.readline().strip()
        if wanted is not None and answer != wanted:
            raise BenchError(reason="the watchers did not all get a snapshot; the backend's log says why")
        return answer

    def leave(self) -> None:
        """End them."""
        self._told.close()
        self._process.wait(30)
        self._heard.close()


@contextmanager
def _watching(order: dict[str, Any]) -> Iterator[_Watchers]:
    argv = [sys.executable, "-m", "storesense_simulators.live_clients"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ours
    watchers = _Watchers(process)
    try:
        watchers.ask(json.dumps(order), "ready")
        yield watchers
    finally:
        watchers.leave()


@dataclass(frozen=True, slots=True)
class _Bench:
    plan: LivePlan
    backend: psutil.Process
    port: int
    writer: QueueWriter
    watchers: _Watchers

    def pair(self, *, is_frozen_first: bool) -> tuple[Round, Round]:
        """Count alone and beside a frozen watcher, in either order; returns both in this one."""
        if is_frozen_first:
            beside, fills = self._beside()
            return self._alone(fills), beside
        alone = self._alone(0)
        return alone, self._beside()[0]

    def _beside(self) -> tuple[Round, int]:
        self.watchers.ask("freeze", "frozen")
        fills = _block(self.writer, self.port)
        try:
            return self._round(), fills
        finally:
            self.watchers.ask("release", "released")

    def _alone(self, fills: int) -> Round:
        # As much to do before as beside a frozen one.
        for _ in range(fills):
            self.writer.fill()
            time.sleep(_FILL_PAUSE_S)
        return self._round()

    def _round(self) -> Round:
        _write(self.plan, self.writer, _WARM_UP_S)
        blocked_before = _blocked(self.port)
        self.watchers.tell("begin")
        before, began_s = self.backend.cpu_times(), time.monotonic()
        _write(self.plan, self.writer, self.plan.seconds)
        after, took_s = self.backend.cpu_times(), time.monotonic() - began_s
        blocked = min(blocked_before, _blocked(self.port))
        counted = json.loads(self.watchers.ask("end"))
        cpu_s = after.user + after.system - before.user - before.system
        if not counted["deliveries"] or counted["p99_ms"] is None or cpu_s <= 0:
            raise BenchError(reason="nothing was delivered")
        say(
            f"bench: {'beside one that takes nothing' if blocked else 'alone'}: {counted['deliveries']} deliveries in"
            f" {took_s:.1f} s for {cpu_s:.2f} s of processor time, p99 {counted['p99_ms']:.0f} ms"
        )
        return Round(counted["deliveries"], cpu_s, counted["p50_ms"], counted["p99_ms"], blocked)


def _write(plan: LivePlan, writer: QueueWriter, seconds: float) -> None:
    began_s = time.monotonic()
    number = 0
    while time.monotonic() - began_s < seconds:
        number += 1
        writer.commit(number % 9)
        time.sleep(max(0.0, began_s + number / plan.commits_per_s - time.monotonic()))


def figures_of(pairs: list[tuple[Round, Round]]) -> dict[str, float]:
    """Sum up pairs of rounds, alone and beside a frozen watcher: medians, and the ratio pair by pair."""
    alone, beside = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratios = sorted(frozen.p99_ms / free.p99_ms for free, frozen in pairs)
    return {
        "deliveries_per_s_per_core": round(sum(each.deliveries for each in alone) / sum(each.cpu_s for each in alone)),
        "p50_ms": round(statistics.median(each.p50_ms for each in alone), 1),
        "p99_ms": round(statistics.median(each.p99_ms for each in alone), 1),
        "p99_ms_with_frozen_client": round(statistics.median(each.p99_ms for each in beside), 1),
        "p99_ratio_with_frozen_client": round(statistics.median(ratios), 3),
        "p99_ratio_least": round(ratios[0], 3),
        "p99_ratio_most": round(ratios[-1], 3),
        "cpu_ratio_with_frozen_client": round(
            (sum(each.cpu_s for each in beside) / sum(each.deliveries for each in beside))
            / (sum(each.cpu_s for each in alone) / sum(each.deliveries for each in alone)),
            3,
        ),
        "frozen_clients_blocked": min(each.blocked for each in beside),
    }


def run_bench_live(plan: LivePlan, *, as_json: bool) -> int:
    """Measure, and print; with ``as_json`` one JSON object as the last line of standard output."""
    with tempfile.TemporaryDirectory(prefix="storesense-bench-") as folder:
        work_dir = Path(folder)
        work_dir.chmod(0o711)
        with EmbeddedPostgres(work_dir / "postgres") as postgres:
            url = postgres.url().get_secret_value()
            migrate(url)
            key = asyncio.run(prepare_store(url, bench_layout()))
            base_s = float(int(time.time()))
            writer = QueueWriter(url, base_s)
            limit = {
                "STORESENSE_BACKEND_MAX_STREAMS": str(plan.clients + 10),
                # Not cut off while it is counted beside: that would end what is measured.
                "STORESENSE_BACKEND_STREAM_SEND_TIMEOUT_S": "600",
            }
            with backend_process(work_dir, url, **limit) as (child, port):
                backend = psutil.Process(child.pid)
                order = {"port": port, "key": key, "store_id": STORE_ID, "clients": plan.clients, "base_s": base_s}
                say(f"bench: {plan.clients} watchers")
                with _watching(order) as watchers:
                    bench = _Bench(plan, backend, port, writer, watchers)
                    # Each order as often: what the machine does else meets both alike.
                    pairs = [bench.pair(is_frozen_first=number % 2 == 1) for number in range(plan.pairs)]
            writer.close()
    figures = {"clients": plan.clients, **figures_of(pairs)}
    text = json.dumps(figures) if as_json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    sys.stdout.write(text + "\n")
    return 0
