"""Somebody with a phone signs in, tallies three people and reads the error; nothing of the page breaks."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from storesense_edge.local_password import write_password
from storesense_edge.local_server import Doorman, LocalAudit, LocalServer
from storesense_edge.trajectories import TrajectoryFile

PASSWORD = "correct horse battery"


@pytest.fixture
def trajectories(tmp_path: Path) -> TrajectoryFile:
    return TrajectoryFile(tmp_path / "cam.trajectories.db")


@pytest.fixture
def address(tmp_path: Path, trajectories: TrajectoryFile) -> Iterator[str]:
    write_password(tmp_path / "audit.password", PASSWORD)
    cameras = {"cam": LocalAudit(trajectories, ("door",))}
    with LocalServer(cameras, Doorman(tmp_path / "audit.password"), ("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_tally_on_a_phone(browser: Browser, address: str, trajectories: TrajectoryFile) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 780})
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(address)
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status")).to_contain_text("That is not the password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Start").click()
    for name in ("#in", "#in", "#out"):
        page.locator(name).click()
    page.get_by_role("button", name="Take back the last").click()
    expect(page.locator("#in")).to_have_text("In2")
    expect(page.locator("#out")).to_have_text("Out0")
    trajectories.append([], [(int(time.time() * 1000), "door", True)])
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("status")).to_contain_text("door in: 1 counted of 2, 1 missed, 0 extra; error -50.0 %")
    (audit,) = trajectories.take_audits()
    assert audit.accuracy[0].tallied_count == 2
    assert broken == []
    page.close()
