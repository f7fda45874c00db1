"""The page on the real product: broker, database, gateway, alert engine, backend and a simulated store."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.watched_pages import WatchedPages

pytestmark = pytest.mark.e2e

START_MS, ALERT_MS, PROOF_MS, RETURN_MS = 240_000, 90_000, 90_000, 90_000


def sign_in(page: Page, user_name: str, password: str) -> None:
    page.get_by_label("User name").fill(user_name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def figure(page: Page, name: str, *, least: int = 0) -> int:
    """A key figure once it is a number and at least so many: it begins with no data, and only goes up."""
    shown = page.wait_for_function(
        """([name, least]) => {
          const text = document.querySelector(`[data-figure=${name}] .figure-value`)?.textContent.replaceAll(",", "");
          return /^[0-9]+$/.test(text ?? "") && Number(text) >= least && text;
        }""",
        arg=[name, least],
    )
    return int(shown.json_value())


@pytest.mark.timeout(600)
def test_a_day_at_the_page(demo, service_dir: Path, browser: Browser) -> None:
    run = demo("--port", "0", "--data-dir", str(service_dir / "demo"))
    told = run.wait_for(r"is open at (\S+)\nSign in as (\S+) with (\S+)", START_MS / 1000)
    pages = WatchedPages(browser)
    page = pages.new(told[1])
    page.goto(told[1])
    sign_in(page, told[2], told[3])

    # It lives: people come in, and every place says something within seconds.
    expect(page.locator(".connection")).to_have_text("Live")
    figure(page, "visitors", least=figure(page, "visitors") + 1)
    expect(page.locator(".plan-drawing .is-none")).to_have_count(0)

    # An alert opens, is taken, and closes by what the sensors see.
    opened = page.locator(".alert.state-open").first
    opened.wait_for(timeout=ALERT_MS)
    alert_id = opened.get_attribute("data-alert")
    alert = page.locator(f'.alert[data-alert="{alert_id}"]')
    alert.get_by_role("button", name=re.compile("^Acknowledge")).click()
    expect(alert.locator(".taken")).to_contain_text("You are on it since")
    other = browser.new_context()
    answer = other.request.post(
        told[1] + "api/v1/session",
        data={"user_name": told[2], "password": told[3]},
        headers={"Origin": told[1].rstrip("/")},
    )
    assert answer.ok
    stored = other.request.get(f"{told[1]}api/v1/stores/corner-shop/alerts?limit=50").json()["alerts"]
    assert [a["acknowledged_by"] for a in stored if str(a["alert_id"]) == alert_id] == [told[2]]
    done = page.locator(f'.done[data-alert="{alert_id}"]')
    done.wait_for(state="attached", timeout=PROOF_MS)  # of those that are over the newest three stand open
    expect(done).to_contain_text(re.compile(r"The shelf holds \d+ units again|The queue is (empty|down to \d+)"))
    expect(done).to_contain_text(f"Thank you, {told[2]}.")

    # A device is asked who it is: over the gateway to the simulated device, and its answer back, without a reload.
    page.goto(f"{told[1]}#store=corner-shop&page=devices")
    page.locator("#device-list .asked button").first.click(timeout=ALERT_MS)
    page.locator("dialog").get_by_role("radio", name="Identify").check()
    page.locator("dialog").get_by_role("button", name="Send").click()
    answer_to_it = page.locator("#commands tbody tr").first.locator(".command-state")
    expect(answer_to_it).to_have_attribute("data-state", "done", timeout=ALERT_MS)
    expect(answer_to_it).to_contain_text("It runs on")
    page.goto(f"{told[1]}#store=corner-shop")

    # The backend dies; the page says so, keeps its place, and goes on by itself.
    page.locator('[data-key="slot:dairy-3"]').click()
    expect(page.locator("#detail-title")).to_have_text("Plain yoghurt 500 g")
    page.evaluate("scrollTo(0, 240)")
    before = {"hash": page.evaluate("location.hash"), "scroll": page.evaluate("scrollY")}
    came_in = figure(page, "visitors")
    assert before["scroll"] > 0
    # How long it is away is the machine's affair, so the page itself writes down what it said meanwhile.
    page.evaluate(
        """() => {
          window.saidMeanwhile = "";
          const look = () => (window.saidMeanwhile ||= document.querySelector(".stale-banner")?.textContent ?? "");
          new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
        }"""
    )
    run.service("backend run").kill()
    page.wait_for_function("() => saidMeanwhile.includes('You see the store as it was at')", timeout=RETURN_MS)
    page.locator(".stale-banner").wait_for(state="detached", timeout=RETURN_MS)
    expect(page.locator(".connection")).to_have_text("Live")
    expect(page.locator("#detail-title")).to_have_text("Plain yoghurt 500 g")
    assert page.evaluate("location.hash") == before["hash"]
    page.wait_for_function("scroll => scrollY === scroll", arg=before["scroll"])
    figure(page, "visitors", least=came_in + 1)
    expect(done).to_be_attached()

    assert 0 < figure(page, "occupancy", least=1) <= figure(page, "visitors")
    pages.close()
    assert pages.faults == []
    run.process.send_signal(signal.SIGINT)
    code, output = run.end(60)
    assert (code, output) == (0, ""), run.text
    assert run.processes() == []
