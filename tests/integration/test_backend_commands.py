"""The commands: users, keys, registration, and services that start, refuse to start, and stop."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import httpx
import psycopg
import pytest

from storesense_contracts.cli import main

SITE = """\
version: 1
store:
  id: corner-shop
  name: Corner shop
  time_zone: Europe/Berlin
  floor: {size_m: [10, 6]}
  sections: [{id: front, name: Checkout}]
  lanes: [{id: lane-1, name: Lane 1}]
  queues: [{id: tills, name: the tills, section: front, lanes: [lane-1]}]
devices:
  - {kind: lane, id: lanes, lanes: [lane-1]}
rules:
  - {kind: queue_too_long, id: long, open_at_length: 5, resolve_at_length: 2}
"""


@pytest.fixture
def run(database_url, monkeypatch, capsys):
    """Run a command; gives its exit code, standard output and standard error."""
    monkeypatch.setenv("STORESENSE_DATABASE_URL", database_url)

    def run(*argv, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main([*argv])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def rows(url, statement):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def test_users_are_added_changed_and_listed(run, database_url):
    assert run("backend", "user", "add", "ann", "--role", "staff", stdin="a good password\n")[0] == 0
    code, out, _ = run("backend", "user", "add", "bob", "--role", "admin", "--generate", "--json")
    told = json.loads(out)
    assert (code, told["user_name"], told["role"], len(told["password"])) == (0, "bob", "admin", 20)
    first = rows(database_url, "SELECT password_hash FROM users WHERE user_name = 'ann'")
    assert first[0][0].startswith("$argon2id$")
    assert run("backend", "user", "passwd", "ann", stdin="another password\n")[0] == 0
    assert rows(database_url, "SELECT password_hash FROM users WHERE user_name = 'ann'") != first
    code, out, _ = run("backend", "user", "list", "--json")
    assert [(user["user_name"], user["role"]) for user in json.loads(out)["users"]] == [
        ("ann", "staff"),
        ("bob", "admin"),
    ]
    assert "password" not in out


@pytest.mark.parametrize(
    ("argv", "stdin", "says"),
    [
        (("user", "add", "ann", "--role", "staff"), "short\n", "10 to 200 characters"),
        (("user", "add", "ann", "--role", "staff"), "", "10 to 200 characters"),
        (("user", "add", " ann", "--role", "staff", "--generate"), "", "is no name"),
        (("user", "add", "a\nb", "--role", "staff", "--generate"), "", "is no name"),
        (("user", "passwd", "nobody", "--generate"), "", "there is no user 'nobody'"),
        (("key", "revoke", "nothing"), "", "there is no key 'nothing'"),
    ],
)
def test_wrong_use_is_told_with_its_remedy(run, argv, stdin, says):
    code, out, err = run("backend", *argv, stdin=stdin)
    assert (code, out) == (2, "")
    assert says in err


def test_a_name_is_given_once(run):
    assert run("backend", "user", "add", "ann", "--role", "staff", "--generate")[0] == 0
    code, _, err = run("backend", "user", "add", "ann", "--role", "admin", "--generate")
    assert code == 2
    assert "storesense backend user passwd" in err


def test_a_password_never_stands_on_the_command_line(run):
    with pytest.raises(SystemExit) as caught:
        run("backend", "user", "add", "ann", "--role", "staff", "--password", "a good password")
    assert caught.value.code == 2


def test_keys_are_shown_once_listed_and_revoked(run, database_url):
    code, out, _ = run("backend", "key", "add", "till", "--role", "viewer", "--days", "30")
    assert code == 0
    assert out.startswith("ssk_")
    listed = run("backend", "key", "list", "--json")[1]
    assert out.strip() not in listed
    assert out.strip().encode() not in bytes(rows(database_url, "SELECT key_sha256 FROM api_keys")[0][0])
    assert json.loads(listed)["keys"][0]["expires_at"] is not None
    assert run("backend", "key", "revoke", "till")[0] == 0
    assert "revoked" in run("backend", "key", "list")[1]
    assert run("backend", "key", "add", "till", "--role", "viewer")[0] == 2


def test_a_site_file_is_registered_and_may_be_again(run, database_url, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    for _ in range(2):
        code, out, _ = run("backend", "register", "--site", str(site), "--json")
        assert code == 0
        assert json.loads(out) == {"store_id": "corner-shop", "layout_version": 1, "devices": 1, "rules": 1}
    site.write_text(SITE.replace("Corner shop", "Corner store"))
    assert json.loads(run("backend", "register", "--site", str(site), "--json")[1])["layout_version"] == 2
    assert rows(database_url, "SELECT device_id, kind FROM devices") == [("lanes", "lane")]
    assert rows(database_url, "SELECT rule_id, kind FROM rules") == [("long", "queue_too_long")]


def test_a_mistake_in_a_site_file_is_told_with_its_line(run, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text(SITE.replace("Europe/Berlin", "Mars/Olympus"))
    code, _, err = run("backend", "register", "--site", str(site))
    assert code == 2
    assert "site.yaml:5: store.time_zone" in err


@pytest.mark.parametrize("service", [("backend", "run"), ("alerts", "run"), ("backend", "user", "list")])
def test_without_a_schema_the_remedy_is_told(empty_database_url, monkeypatch, capsys, service):
    monkeypatch.setenv("STORESENSE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("STORESENSE_BACKEND_PORT", "0")
    monkeypatch.setenv("STORESENSE_ALERTS_HTTP_PORT", "0")
    assert main([*service]) == 5
    assert "storesense db migrate" in capsys.readouterr().err


@pytest.mark.parametrize("service", [("backend", "run"), ("alerts", "run"), ("backend", "key", "list")])
def test_without_a_database_the_remedy_is_told(monkeypatch, capsys, service):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://a:secret@127.0.0.1:{nobody.getsockname()[1]}/b"
        monkeypatch.setenv("STORESENSE_DATABASE_URL", url)
        monkeypatch.setenv("STORESENSE_BACKEND_PORT", "0")
        monkeypatch.setenv("STORESENSE_ALERTS_HTTP_PORT", "0")
        assert main([*service]) == 5
    err = capsys.readouterr().err
    assert "start it, or correct host and port" in err
    assert "secret" not in err


@pytest.mark.parametrize(
    ("service", "setting"),
    [(("backend", "run"), "STORESENSE_BACKEND_PORT"), (("alerts", "run"), "STORESENSE_ALERTS_HTTP_PORT")],
)
def test_a_taken_port_is_told(run, monkeypatch, service, setting):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        monkeypatch.setenv(setting, str(holder.getsockname()[1]))
        code, _, err = run(*service)
    assert code == 6
    assert "another program has that port" in err
    assert setting in err


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("STORESENSE_BACKEND_PROT", "80", "STORESENSE_BACKEND_PROT: no such setting"),
        ("STORESENSE_BACKEND_PORT", "eighty", "STORESENSE_BACKEND_PORT"),
        ("STORESENSE_BACKEND_PUBLIC_ORIGIN", "stores.example.org", "expected https://host"),
        ("STORESENSE_DATABASE_URL", "nonsense", "write postgresql://"),
    ],
)
def test_a_wrong_setting_is_named(run, monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    code, _, err = run("backend", "run")
    assert code == 2
    assert says in err


@pytest.mark.parametrize(
    ("service", "setting", "said"),
    [
        ("backend", "STORESENSE_BACKEND_PORT", "the backend listens at "),
        ("alerts", "STORESENSE_ALERTS_HTTP_PORT", "the alert engine tells its health at "),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_starts_tells_its_health_and_stops_when_told(database_url, service, setting, said, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "storesense_contracts.cli", service, "run"],
        env=os.environ | {"STORESENSE_DATABASE_URL": database_url, setting: "0"},
        stderr=subprocess.PIPE,
        text=True,
    )
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        address = next(line.partition(said)[2].strip() for line in process.stderr if said in line)
        address = address.removesuffix("/healthz")
        answer = httpx.get(f"{address}/healthz", timeout=30)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        assert f"storesense_{service}_" in httpx.get(f"{address}/metrics", timeout=30).text
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 0, rest
        assert "Traceback" not in rest
    finally:
        killer.cancel()
        process.kill()
        process.wait()
        process.stderr.close()


def test_rules_from_a_file_are_tried_on_the_past(run, tmp_path, database_url):
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "rules.yaml").write_text(
        "rules:\n  - {kind: wait_too_long, id: wait, open_at_wait_s: 60, resolve_at_wait_s: 20}\n"
        "  - {kind: device_offline, id: silent}\n"
    )
    assert run("backend", "register", "--site", str(tmp_path / "site.yaml"))[0] == 0
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO series (store_id, device_id, stream, subject_id) "
            "VALUES ('corner-shop', 'lanes', 'queue', 'tills')"
        )
        connection.execute(
            "INSERT INTO queue_samples (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, length, "
            "longest_wait_ms) SELECT at, at, series_id, 1, 1, 0, 1, 2, CASE WHEN minute BETWEEN 10 AND 14 THEN 90000 "
            "ELSE 0 END FROM series, generate_series(0, 30) AS minute, "
            "LATERAL (SELECT TIMESTAMPTZ '2026-11-01 10:00Z' + minute * interval '1 minute' AS at) AS instant"
        )
    span = ("--from", "2026-11-01T10:00Z", "--to", "2026-11-01T11:00Z", "--json")
    code, out, err = run("alerts", "replay", "--rules", str(tmp_path / "rules.yaml"), *span)
    assert code == 0, err
    told = json.loads(out.splitlines()[-1])
    wait, silent = told["rules"]
    assert (wait["firings"], wait["by_proof"]["right"], wait["duration_s"]["mean"]) == (1, 1, 300.0)
    assert "not kept" in silent["not_replayed"]
    (tmp_path / "rules.yaml").write_text("rules:\n  - {kind: low_stock, id: low}\n")
    code, _, err = run("alerts", "replay", "--rules", str(tmp_path / "rules.yaml"), *span)
    assert code != 0
    assert "none of the store's slots" in err
