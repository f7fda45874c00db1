"""Take the documents' pictures of the pages anew, from a demo that is running on this machine.

Start ``make demo``, then ``.venv/bin/python tests/picture.py``. It signs in with the password that the demo keeps in
its data folder, waits until there is advice on lanes and alerts are open and done, and writes ``floor.png``,
``queues.png`` and ``staff.png`` in ``docs/images``. Needs Chromium.
"""

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "images"
WIDTH_PX, HEIGHT_PX = 1440, 1000
PHONE_WIDTH_PX, PHONE_HEIGHT_PX = 390, 700
LEAST_DONE = 3
PATIENCE_MS = 240_000


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Take the documents' pictures from a running demo.")
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
        sign_in(page, args.url, password)
        # Advice comes when the loaded days have been learnt; heat and alerts that are done gather meanwhile.
        page.get_by_role("link", name="Queues").click()
        page.get_by_text(re.compile(r"^Learnt from \d")).wait_for(timeout=PATIENCE_MS)
        page.screenshot(path=PICTURES / "queues.png")
        phone = browser.new_context(
            viewport={"width": PHONE_WIDTH_PX, "height": PHONE_HEIGHT_PX}, timezone_id="Europe/Berlin"
        )
        app = phone.new_page()
        sign_in(app, f"{args.url}staff", password)
        app.get_by_role("button", name="All").click()
        app.get_by_role("button", name="Take").first.wait_for(timeout=PATIENCE_MS)
        app.screenshot(path=PICTURES / "staff.png")
        page.get_by_role("link", name="Floor").click()
        page.wait_for_function(
            """least => document.querySelectorAll(".alert").length > 0
                && document.querySelectorAll(".done").length >= least && document.querySelector(".chart canvas")""",
            arg=LEAST_DONE,
            timeout=PATIENCE_MS,
        )
        page.screenshot(path=PICTURES / "floor.png")
        browser.close()
    for name in ("floor", "queues", "staff"):
        path = PICTURES / f"{name}.png"
        sys.stdout.write(f"{path}: {path.stat().st_size // 1024} KB\n")
    return 0


def sign_in(page: Page, url: str, password: str) -> None:
    """Open a page as the demo's admin."""
    page.goto(url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


if __name__ == "__main__":
    sys.exit(main())
