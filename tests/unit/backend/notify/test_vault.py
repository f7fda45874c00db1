"""Secrets are sealed with a key that its owner alone can read, and opened after it was changed."""

import threading

import pytest

from storesense_backend.notify.vault import Vault, VaultError

SECRETS = {"url": "https://hooks.example.org/token", "signing": [{"secret": "s", "until": None}]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "channels.key"


def test_what_is_sealed_shows_nothing_and_opens_again_in_another_process(path):
    sealed = Vault(path).seal(SECRETS)
    assert "example" not in sealed
    assert "url" not in sealed
    assert Vault(path).open(sealed) == SECRETS
    assert Vault(path).seal(SECRETS) != sealed, "the same twice looks different"


def test_the_key_is_its_owners_alone_and_is_made_by_sealing_only(path):
    with pytest.raises(VaultError, match="STORESENSE_SECRETS_KEY_FILE"):
        Vault(path).open("anything")
    assert not path.exists()
    Vault(path).seal({})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name], "nothing is left aside"


def test_a_key_that_others_can_read_is_refused(path):
    sealed = Vault(path).seal(SECRETS)
    path.chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault(path).open(sealed)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds 0 keys"),
        (b"no key\n", "something else"),
        (b"\xff\xfe", "cannot be read"),
        (b"A\n" * 200, "200 keys"),
    ],
    ids=["empty", "text", "bytes", "far too much"],
)
def test_a_file_that_holds_something_else_is_named(path, content, said):
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(VaultError, match=said):
        Vault(path).seal(SECRETS)
    assert path.read_bytes() == content, "and stays as it is"


def test_another_key_or_a_changed_text_opens_nothing(path, tmp_path):
    sealed = Vault(path).seal(SECRETS)
    other = Vault(tmp_path / "other.key")
    other.seal({})
    with pytest.raises(VaultError, match="none of its keys"):
        other.open(sealed)
    with pytest.raises(VaultError, match="none of its keys"):
        Vault(path).open(sealed[:-6] + "AAAA==")


def test_a_running_service_takes_up_a_new_key_and_reads_what_the_former_one_sealed(path):
    running, command = Vault(path), Vault(path)
    before = running.seal(SECRETS)
    command.add_key()
    after = running.seal({"url": "new"})
    assert running.open(before) == SECRETS
    assert running.open(after) == {"url": "new"}
    command.keep_newest(1)
    assert running.open(after) == {"url": "new"}, "sealed with the new key, though it was running"
    with pytest.raises(VaultError, match="none of its keys"):
        running.open(before)


def test_two_that_make_the_key_at_once_agree(path):
    sealed = []
    barrier = threading.Barrier(4)

    def work():
        vault = Vault(path)
        barrier.wait()
        sealed.append(vault.seal(SECRETS))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Vault(path).open(each) for each in sealed] == [SECRETS] * 4


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError, match="cannot be written"):
        Vault(tmp_path / "file" / "channels.key").seal(SECRETS)
