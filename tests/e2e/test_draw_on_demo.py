"""A line is drawn in the running demo, and people who come in pass it: page, gateway, simulated camera and back."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fixtures.watched_pages import WatchedPages

pytestmark = pytest.mark.e2e

START_S, STOP_S, STEP_MS = 240.0, 120.0, 90_000

# Across the way in, two steps behind the door; everybody who comes in or goes passes it.
ENDS = {
    "First end, Across": "0.6",
    "First end, Down": "7.9",
    "Second end, Across": "4.6",
    "Second end, Down": "7.9",
}


@pytest.mark.timeout(600)
def test_a_line_that_is_drawn_in_the_demo_counts(demo, service_dir: Path, browser: Browser) -> None:
    run = demo("--port", "0", "--history", "0", "--data-dir", str(service_dir / "demo"))
    told = run.wait_for(r"is open at (\S+)\nSign in as (\S+) with (\S+)", START_S)
    url = told[1]
    pages = WatchedPages(browser)
    page = pages.new(url)
    page.set_default_timeout(STEP_MS)
    page.goto(f"{url}#store=corner-shop&page=setup")
    page.get_by_label("User name").fill(told[2])
    page.get_by_label("Password", exact=True).fill(told[3])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="+ Line").click()
    panel = page.locator(".panel")
    panel.get_by_label("Name", exact=True).fill("Behind the door")
    for label, value in ENDS.items():
        panel.get_by_label(label, exact=True).fill(value)
    panel.get_by_role("combobox", name="Measured by").select_option("camera-door")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Cameras take it up within seconds.")).to_be_visible(timeout=STEP_MS)
    lines = page.request.get(f"{url}api/v1/stores/corner-shop").json()["layout"]["lines"]
    (drawn,) = (line["id"] for line in lines if line["name"] == "Behind the door")
    page.goto(f"{url}#store=corner-shop&item=line:{drawn}")
    expect(page.locator("#detail-title")).to_have_text("Behind the door", timeout=STEP_MS)
    expect(page.locator(".detail dd").first).to_have_text(re.compile("^[1-9]"), timeout=STEP_MS)
    pages.close()
    assert pages.faults == []
    run.process.send_signal(signal.SIGINT)
    code, output = run.end(STOP_S)
    assert (code, output) == (0, ""), run.text
