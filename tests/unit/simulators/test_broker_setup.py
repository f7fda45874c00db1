"""The broker's files: private, complete, and the same again when made again."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import storesense_simulators
from storesense_contracts.clock import ManualClock
from storesense_contracts.errors import UsageError
from storesense_contracts.site import SiteFile, load_site
from storesense_simulators.broker_setup import BrokerSetupError, SetupOptions, set_up_broker
from storesense_simulators.certificates import hosts_of

SITE = load_site(Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml")
SECRETS = ("gateway/password", "database/password", "devices/credentials.json", "broker/server.key", "authority/ca.key")


def contents(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in SECRETS}


def without(site: SiteFile, device_id: str) -> SiteFile:
    raw = site.model_dump(mode="json")
    raw["devices"] = [d for d in raw["devices"] if d["id"] != device_id]
    return SiteFile.model_validate(raw)


def test_each_reader_gets_its_own_private_folder(tmp_path):
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path))
    files = {str(p.relative_to(tmp_path)): p.stat().st_mode & 0o777 for p in tmp_path.rglob("*") if p.is_file()}
    assert set(files) == {
        "alerts/ca.crt",
        "alerts/password",
        "authority/ca.crt",
        "authority/ca.key",
        "broker/acl",
        "broker/ca.crt",
        "broker/health.password",
        "broker/mosquitto.conf",
        "broker/mosquitto_pub",
        "broker/passwords",
        "broker/server.crt",
        "broker/server.key",
        "database/password",
        "devices/ca.crt",
        "devices/credentials.json",
        "gateway/ca.crt",
        "gateway/password",
    }
    assert set(files.values()) == {0o600}
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o700}


def test_every_device_has_a_password_of_its_own_and_the_broker_knows_only_hashes(tmp_path):
    report = set_up_broker([SITE], SetupOptions(out_dir=tmp_path))
    credentials = json.loads((tmp_path / "devices/credentials.json").read_text())
    assert set(credentials) == {f"corner-shop/{device.id}" for device in SITE.devices}
    assert len(set(credentials.values())) == len(credentials)
    hashed = (tmp_path / "broker/passwords").read_text()
    assert {line.split(":")[0] for line in hashed.splitlines()} == {*credentials, "gateway", "alerts", "health"}
    for password in credentials.values():
        assert password not in hashed
        assert password not in report


def test_the_broker_listens_with_tls_and_lets_nobody_in_unknown(tmp_path):
    options = SetupOptions(out_dir=tmp_path, hosts=("broker", "192.0.2.1"), port=8884)
    set_up_broker([SITE], options)
    conf = (tmp_path / "broker/mosquitto.conf").read_text().splitlines()
    assert "allow_anonymous false" in conf
    assert "listener 8884" in conf
    assert sum(line.startswith("listener") for line in conf) == 1
    assert "certfile /mosquitto/config/server.crt" in conf
    assert hosts_of((tmp_path / "broker/server.crt").read_bytes()) == {"broker", "192.0.2.1", "localhost", "127.0.0.1"}


def test_a_second_run_changes_no_secret(tmp_path):
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path))
    first = contents(tmp_path)
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path))
    assert contents(tmp_path) == first


def test_a_new_device_gets_an_account_and_one_that_left_loses_its_own(tmp_path):
    set_up_broker([without(SITE, "climate")], SetupOptions(out_dir=tmp_path))
    before = json.loads((tmp_path / "devices/credentials.json").read_text())
    set_up_broker([without(SITE, "till-lamps")], SetupOptions(out_dir=tmp_path))
    after = json.loads((tmp_path / "devices/credentials.json").read_text())
    assert set(after) - set(before) == {"corner-shop/climate"}
    assert set(before) - set(after) == {"corner-shop/till-lamps"}
    assert all(after[name] == before[name] for name in set(after) & set(before))
    assert "till-lamps" not in (tmp_path / "broker/passwords").read_text()


@pytest.mark.parametrize(
    ("days", "hosts", "is_renewed"),
    [
        (1, (), False),
        (800, (), True),  # it expires within 30 days
        (1, ("shop.example",), True),  # a host that it does not have
    ],
)
def test_the_certificate_is_renewed_when_it_must_be_and_the_authority_stays(tmp_path, days, hosts, is_renewed):
    clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path), clock=clock)
    server, authority = (tmp_path / "broker/server.crt").read_text(), (tmp_path / "authority/ca.crt").read_text()
    clock.advance(timedelta(days=days).total_seconds())
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path, hosts=hosts), clock=clock)
    assert ((tmp_path / "broker/server.crt").read_text() != server) is is_renewed
    assert (tmp_path / "authority/ca.crt").read_text() == authority


def test_one_store_twice_is_refused(tmp_path):
    with pytest.raises(UsageError, match="same store"):
        set_up_broker([SITE, SITE], SetupOptions(out_dir=tmp_path))


def test_a_damaged_credentials_file_is_named_and_kept(tmp_path):
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path))
    (tmp_path / "devices/credentials.json").write_text("{")
    with pytest.raises(BrokerSetupError, match="remove the file to have it made again"):
        set_up_broker([SITE], SetupOptions(out_dir=tmp_path))
    assert (tmp_path / "devices/credentials.json").read_text() == "{"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_root_gives_each_reader_its_files(tmp_path):
    set_up_broker([SITE], SetupOptions(out_dir=tmp_path, broker_owner=1883, service_owner=10001))
    assert (tmp_path / "broker/server.key").stat().st_uid == 1883
    assert (tmp_path / "gateway/password").stat().st_uid == 10001
    assert (tmp_path / "authority/ca.key").stat().st_uid == 0


def test_others_cannot_give_files_away(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="only root"):
        set_up_broker([SITE], SetupOptions(out_dir=tmp_path, broker_owner=1883))
