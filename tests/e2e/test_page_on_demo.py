"""The page on the real product: broker, database, gateway, alert engine, backend and a simulated store."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e

# What the browser itself says while the backend is away, and of the first look for a session.
EXPECTED_LOGS = ("Failed to load resource", "net::ERR_")
START_MS, ALERT_MS, PROOF_MS, RETURN_MS = 60_000, 45_000, 60_000, 45_000


def sign_in(page: Page, user_name: str, password: str) -> None:
    page.get_by_label("User name").fill(user_name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def visitors(page: Page) -> int:
    return int(page.locator("[data-figure=visitors] .figure-value").inner_text().replace(",", ""))


def wait_for_more_visitors(page: Page, than: int) -> None:
    page.wait_for_function(
        "least => Number(document.querySelector('[data-figure=visitors] .figure-value').textContent) > least", arg=than
    )


@pytest.mark.timeout(300)
def test_a_day_at_the_page(demo, service_dir: Path, browser: Browser) -> None:
    run = demo("--port", "0", "--data-dir", str(service_dir / "demo"))
    told = run.wait_for(r"is open at (\S+)\nSign in as (\S+) with (\S+)", START_MS / 1000)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if message.type in {"error", "warning"} and not any(text in message.text for text in EXPECTED_LOGS)
            else None
        ),
    )
    page.goto(told[1])
    sign_in(page, told[2], told[3])

    # It lives: people come in, and every place says something within seconds.
    expect(page.locator(".connection")).to_have_text("Live")
    wait_for_more_visitors(page, visitors(page))
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
    done.wait_for(timeout=PROOF_MS)
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
    before = {"hash": page.evaluate("location.hash"), "scroll": page.evaluate("scrollY"), "visitors": visitors(page)}
    assert before["scroll"] > 0
    run.service("backend run").kill()
    expect(page.locator(".stale-banner")).to_contain_text("You see the store as it was at")
    expect(page.locator("#detail-title")).to_have_text("Plain yoghurt 500 g")
    page.locator(".stale-banner").wait_for(state="detached", timeout=RETURN_MS)
    expect(page.locator(".connection")).to_have_text("Live")
    expect(page.locator("#detail-title")).to_have_text("Plain yoghurt 500 g")
    assert page.evaluate("location.hash") == before["hash"]
    page.wait_for_function("scroll => scrollY === scroll", arg=before["scroll"])
    wait_for_more_visitors(page, before["visitors"])
    expect(page.locator(f'.done[data-alert="{alert_id}"]')).to_be_visible()

    inside = int(page.locator("[data-figure=occupancy] .figure-value").inner_text())
    assert 0 < inside <= visitors(page)
    assert faults == []
    run.process.send_signal(signal.SIGINT)
    code, output = run.end(60)
    assert (code, output) == (0, ""), run.text
    assert run.processes() == []
