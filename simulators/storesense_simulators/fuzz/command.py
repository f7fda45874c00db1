"""``storesense fuzz``: in process, through the real parts, and guided by coverage; one account of all."""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from storesense_contracts.errors import UsageError
from storesense_simulators.bench_world import say
from storesense_simulators.fuzz import guided
from storesense_simulators.fuzz.corpus import Seed, built_in_seeds, seeds_in
from storesense_simulators.fuzz.in_process import Findings, InProcess
from storesense_simulators.fuzz.mangling import dump
from storesense_simulators.fuzz.payloads import Payloads
from storesense_simulators.fuzz.through import run_through
from storesense_simulators.progress_line import ProgressLine, count_line

_STORES = ("fuzz-store-1", "fuzz-store-2")
_DEVICES = ("device-1", "device-2")
_OTHER = "another-store"
_BATCH = 200
_WARM_SHARE = 0.1
_GROWTH_LIMIT_MB = 64.0
_GUIDED_GRACE_S = 120


def run_fuzz(args: argparse.Namespace) -> int:
    """Run ``storesense fuzz``; 0 if nothing crashed, no row was wrong and memory stayed bounded, otherwise 1.

    Raises:
        UsageError: there is no corpus in the folder named, or atheris is not installed.
        BenchError: a part of the real path does not start.
    """
    if args.guided_s and not guided.is_installed():
        raise UsageError(
            "--coverage-guided needs atheris, which has wheels for CPython on Linux and macOS; "
            "install it with: pip install atheris"
        )
    seeds = seeds_in(args.corpus) if args.corpus else built_in_seeds()
    now_at = datetime.now(UTC)
    share = args.through if args.through is not None else min(20_000, args.payloads // 50)

    def maker(name: str) -> Payloads:
        rng = random.Random(f"storesense fuzz {name} {args.seed}")  # noqa: S311 -- to be replayed, no secret
        return Payloads(rng, seeds, store_ids=_STORES, device_ids=_DEVICES, other_store_id=_OTHER, now_at=now_at)

    with ProgressLine(is_quiet=args.quiet) as line:
        findings, peak_mb, growth_mb = _in_process(
            maker("in process"), args.payloads, now_at, _counted(line, "fuzz in process", args.payloads)
        )
    result = as_json(findings, seed=args.seed, corpus=len(seeds), peak_mb=peak_mb, growth_mb=growth_mb)
    is_good = findings.crashes == findings.wrong_rows == 0 and growth_mb <= _GROWTH_LIMIT_MB
    if share:
        makes = maker("through")
        with ProgressLine(is_quiet=args.quiet) as line:
            through = run_through(
                [makes.make() for _ in range(share)],
                store_ids=_STORES,
                other_store_id=_OTHER,
                now_at=now_at,
                replays=args.replays,
                database_url=args.database,
                tell=_counted(line, "fuzz through broker, gateway, database", share),
            )
        result["through"] = through.as_json()
        is_good = is_good and through.is_good
    if args.guided_s:
        say(f"fuzz: {args.guided_s} s guided by coverage")
        result["coverage_guided"] = _guided(args.guided_s, seeds, args.seed)
        is_good = is_good and result["coverage_guided"]["crashes"] == 0
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stderr.write("".join(f"{name}: {value}\n" for name, value in result.items()))
    return 0 if is_good else 1


def _counted(line: ProgressLine, what: str, total: int) -> Callable[[int], None]:
    return lambda done: line.tell(lambda spent_s: count_line(what, done=done, total=total, spent_s=spent_s))


def _in_process(
    makes: Payloads, payloads: int, now_at: datetime, tell: Callable[[int], None]
) -> tuple[Findings, float, float]:
    """Run so many; return what came of them, the most memory used, and that less what a tenth of them took, in MB."""
    process = psutil.Process()
    takes = InProcess()
    warm_mb = peak_mb = 0.0
    for done in range(0, payloads, _BATCH):
        takes.take([makes.make() for _ in range(min(_BATCH, payloads - done))], now_at)
        if done // _BATCH % 10 == 0:
            tell(done)
            rss_mb = process.memory_info().rss / 1e6
            peak_mb = max(peak_mb, rss_mb)
            if done <= payloads * _WARM_SHARE:
                warm_mb = max(warm_mb, rss_mb)
    tell(payloads)
    return takes.findings, peak_mb, peak_mb - warm_mb


def as_json(findings: Findings, *, seed: int, corpus: int, peak_mb: float, growth_mb: float) -> dict[str, Any]:
    """Return the object that ``--json`` prints; docs/reference/fuzz.md says what each figure means."""
    return {
        "payloads": findings.payloads,
        "by_kind": {kind.value if hasattr(kind, "value") else kind: n for kind, n in sorted(findings.by_kind.items())},
        "crashes": findings.crashes,
        "wrong_rows": findings.wrong_rows,
        "dead_letters": findings.dead_letters.total(),
        "peak_rss_mb": round(peak_mb, 1),
        "rss_growth_mb": round(growth_mb, 1),
        "seed": seed,
        "corpus": corpus,
        "stored_messages": findings.stored,
        "repeated_messages": findings.repeated,
        "rows": findings.rows,
        "dead_letters_by_stage": dict(sorted(findings.dead_letters.items())),
        "samples": findings.samples,
    }


def _guided(seconds: int, seeds: Sequence[Seed], seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="storesense-fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        inputs = [(each.stream, dump(each.body)) for each in seeds]
        guided.write_corpus(corpus, inputs, guided.stream_names())
        done = subprocess.run(  # noqa: S603 -- our own module
            [sys.executable, "-m", guided.__name__, str(seconds), str(corpus), f"-seed={seed}"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds + _GUIDED_GRACE_S,
        )
        kept = sum(1 for _ in corpus.iterdir())
    executions = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    reached = [int(each) for each in re.findall(r"\bcov: (\d+)", done.stderr)]
    result: dict[str, Any] = {
        "seconds": seconds,
        "executions": int(executions.group(1)) if executions else 0,
        "coverage_at_start": reached[0] if reached else 0,
        "coverage": max(reached, default=0),
        "inputs_kept": kept,
        "crashes": int(done.returncode != 0),
    }
    if done.returncode != 0:
        result["crash"] = done.stderr[-3_000:]
    return result
