"""``storesense demo`` as a person runs it: from nothing to a living page, with alerts, and away again."""

import json
import re
import signal
import socket
import sys
from pathlib import Path

import httpx
import psutil
import pytest

import storesense_simulators
from storesense_simulators.demo import Demo, DemoOptions
from storesense_simulators.demo_screen import Screen
from storesense_simulators.demo_services import DemoServices
from storesense_simulators.embedded.errors import ChildEndedError
from storesense_simulators.embedded.process import Child, ChildSpec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CORNER_SHOP = Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml"


@pytest.mark.timeout(600)
def test_a_first_run_with_alerts_then_a_second_one_that_survives_a_crash_and_ends_by_ctrl_c(demo, service_dir):
    data_dir = str(service_dir / "demo")
    first = demo("--for", "35", "--port", "0", "--json", "--data-dir", data_dir)
    code, output = first.end(240)
    assert code == 0, first.text
    result = json.loads(output.splitlines()[-1])
    assert list(result) == [
        "url",
        "readings",
        "messages",
        "dead_letters",
        "alerts_opened",
        "alerts_resolved",
        "uptime_s",
    ]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", result["url"])
    assert result["readings"] > 100
    assert 0 < result["messages"] <= result["readings"]
    assert result["dead_letters"] == 0
    assert result["alerts_opened"] >= 2
    assert result["alerts_resolved"] >= 1
    assert 35 <= result["uptime_s"] < 150
    assert first.processes() == []
    sign_in = re.search(r"Sign in as admin with (\S+)", first.text)
    assert sign_in is not None

    second = demo("--port", "0", "--data-dir", data_dir)
    living = second.wait_for(r"living after ([\d.]+) s", 120)
    assert float(living[1]) < 120
    again = second.wait_for(r"is open at (\S+)\nSign in as admin with (\S+)", 30)
    assert again[2] == sign_in[1]  # the address is new, the sign-in is the one that was written down
    page = httpx.get(again[1], timeout=30)
    assert page.status_code == 200
    assert "text/html" in page.headers["Content-Type"]

    second.service("gateway run").kill()
    second.wait_for(r"gateway was ended by signal 9", 120)
    second.wait_for(r"gateway is back", 120)
    assert len(second.processes()) >= 5

    second.process.send_signal(signal.SIGINT)
    code, output = second.end(120)
    assert code == 0, second.text
    assert output == ""
    assert second.processes() == []
    assert again[2] not in " ".join(p.name for p in Path(data_dir, "logs").iterdir())
    for log in Path(data_dir, "logs").iterdir():
        assert sign_in[1] not in log.read_text(), f"{log.name} holds the password"


def test_a_taken_port_is_named_with_the_remedy_before_anything_starts(demo, service_dir):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = demo("--port", str(port), "--data-dir", str(service_dir / "demo"))
        code, output = run.end(120)
    assert code == 1
    assert f"port {port} on 127.0.0.1, wanted for the page, is taken" in run.text
    assert "choose another port (0 takes any free one)" in run.text
    assert output == ""
    assert not (service_dir / "demo").exists()


def test_a_site_file_with_a_typo_is_named_with_its_line(demo, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("version: 1\nstoer:\n  id: x\ndevices: []\n")
    run = demo("--site", str(site), "--port", "0", "--data-dir", str(tmp_path / "demo"))
    code, _ = run.end(120)
    assert code == 2
    assert f"{site}:2: stoer: no such key is known here" in run.text
    assert not (tmp_path / "demo").exists()


def test_it_stops_cleanly_while_it_is_starting(demo, service_dir):
    run = demo("--port", "0", "--data-dir", str(service_dir / "demo"))
    run.wait_for("✓ PostgreSQL", 100)
    run.process.send_signal(signal.SIGTERM)
    code, _ = run.end(120)
    assert code == 130
    assert "nothing is left running" in run.text
    assert run.processes() == []


def test_two_demos_in_one_folder_are_kept_apart(demo, service_dir):
    data_dir = str(service_dir / "demo")
    first = demo("--port", "0", "--data-dir", data_dir)
    first.wait_for("✓ PostgreSQL", 100)
    second = demo("--port", "0", "--data-dir", data_dir)
    code, _ = second.end(120)
    assert code == 1
    assert "another Storesense is using it" in second.text
    assert second.processes() == []
    first.process.send_signal(signal.SIGTERM)
    first.end(120)
    assert first.processes() == []


async def test_a_start_that_fails_half_way_shows_the_log_and_leaves_nothing(service_dir, monkeypatch, capsys):
    def broken(self: DemoServices) -> Child:
        program = "print('the flux capacitor is empty'); raise SystemExit(3)"
        log_path = service_dir / "demo" / "logs" / "gateway.log"
        return Child(ChildSpec("gateway", (sys.executable, "-c", program), log_path), ready=lambda: False)

    monkeypatch.setattr(DemoServices, "gateway", broken)
    options = DemoOptions(site_path=CORNER_SHOP, data_dir=service_dir / "demo", port=0, opens_browser=False)
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(ChildEndedError, match=r"gateway ended with exit code 3.*\n.*flux capacitor"):
        await Demo(options, Screen()).run()
    assert f"every service's log is in {service_dir / 'demo' / 'logs'}" in capsys.readouterr().err.replace("\n", "")
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_demo_that_is_killed_takes_everything_with_it(demo, service_dir):
    run = demo("--port", "0", "--data-dir", str(service_dir / "demo"))
    run.wait_for("living after", 120)
    left = run.processes()
    assert len(left) >= 6
    run.process.kill()
    run.process.wait()
    _, alive = psutil.wait_procs(left, timeout=100)
    assert alive == []
