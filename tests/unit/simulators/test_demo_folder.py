"""The demo's folder keeps what it made up, for its owner alone."""

import json
import os
from pathlib import Path

import pytest

import storesense_simulators
from storesense_contracts.site import load_site
from storesense_simulators.demo_folder import DemoFolder
from storesense_simulators.embedded.accounts import by_user_name
from storesense_simulators.embedded.errors import DataFolderError

SITE = load_site(Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml")


def test_a_second_run_finds_the_same_passwords(tmp_path):
    first = DemoFolder(tmp_path / "demo").prepare(SITE)
    second = DemoFolder(tmp_path / "demo").prepare(SITE)
    assert first == second
    assert len(first.admin_password.get_secret_value()) == 16


def test_two_folders_share_no_password(tmp_path):
    one, other = (DemoFolder(tmp_path / name).prepare(SITE) for name in ("one", "other"))
    words = [
        word.get_secret_value()
        for secrets in (one, other)
        for word in (secrets.admin_password, *secrets.broker_passwords.values())
    ]
    assert len(set(words)) == len(words)


def test_every_device_and_the_services_get_an_account(tmp_path):
    secrets = DemoFolder(tmp_path).prepare(SITE)
    assert set(by_user_name(secrets.accounts(SITE))) == {
        "gateway",
        "alerts",
        *(f"corner-shop/{d.id}" for d in SITE.devices),
    }


def test_secrets_are_for_their_owner_alone_and_the_devices_file_has_only_devices(tmp_path):
    folder = DemoFolder(tmp_path / "demo")
    folder.prepare(SITE)
    for path in (folder.credentials, folder.path / "secrets.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(folder.credentials.read_text())) == {f"corner-shop/{d.id}" for d in SITE.devices}


@pytest.mark.parametrize("text", ["{", "[1]", "3"])
def test_damaged_secrets_are_named_with_the_remedy_and_kept(tmp_path, text):
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(DataFolderError, match="remove the whole data folder"):
        DemoFolder(tmp_path).prepare(SITE)
    assert (tmp_path / "secrets.json").read_text() == text


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="--data-dir"):
        DemoFolder(tmp_path / "file" / "demo").prepare(SITE)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "credentials.json").write_text("mine")
    with pytest.raises(DataFolderError, match="--data-dir") as caught:
        DemoFolder(tmp_path).prepare(SITE)
    assert "not Storesense's" in str(caught.value)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("credentials.json", "mine")]


def test_another_programs_secrets_are_not_written_over(tmp_path):
    (tmp_path / "secrets.json").write_text('{"token": "mine"}')
    with pytest.raises(DataFolderError, match="another program's"):
        DemoFolder(tmp_path).prepare(SITE)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("secrets.json", '{"token": "mine"}')]


def test_a_folder_of_somebody_else_gets_no_secrets(tmp_path, monkeypatch):
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(DataFolderError, match="somebody else"):
        DemoFolder(tmp_path).prepare(SITE)
    assert not [*tmp_path.iterdir()]
