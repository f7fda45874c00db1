"""Take the README's picture of the page anew, from a demo that is running on this machine.

Start ``make demo``, then ``.venv/bin/python tests/picture.py``. It signs in with the password that the demo keeps in
its data folder, waits until people have walked about for a while and an alert is open, and writes
``docs/images/floor.png``. Needs Chromium.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "floor.png"
WIDTH_PX, HEIGHT_PX = 1440, 1000
LEAST_VISITORS = 25
PATIENCE_MS = 240_000


def main() -> int:
    """Take the picture."""
    parser = argparse.ArgumentParser(description="Take the README's picture of the page from a running demo.")
    parser.add_argument("--url", default="http://127.0.0.1:8080/", help="the page (default %(default)s)")
    parser.add_argument("--data-dir", type=Path, default=Path(".data/demo"), help="the demo's (default %(default)s)")
    args = parser.parse_args()
    password = json.loads((args.data_dir / "secrets.json").read_text())["admin_password"]
    chromium = os.environ.get("STORESENSE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, timezone_id="Europe/Berlin", reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(args.url)
        page.get_by_label("User name").fill("admin")
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_function(
            """least => Number(document.querySelector("[data-figure=visitors] .figure-value")?.textContent) >= least
                && document.querySelectorAll(".alert").length > 0 && document.querySelectorAll(".done").length > 0
                && document.querySelector(".chart canvas")""",
            arg=LEAST_VISITORS,
            timeout=PATIENCE_MS,
        )
        page.screenshot(path=PICTURE)
        browser.close()
    sys.stdout.write(f"{PICTURE}: {PICTURE.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
