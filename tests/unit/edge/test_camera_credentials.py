from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from storesense_edge.camera_credentials import Login, find_login, load_camera_credentials, masked, with_login
from storesense_edge.credentials import CredentialsError
from storesense_edge.vision.errors import SourceError


def write(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "cameras.json"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_logins_are_read_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, '{"door": {"user": "viewer", "password": "hush"}}')
    login = find_login(load_camera_credentials(path), "door", camera="cam")
    assert login is not None
    assert login.user == "viewer"
    assert login.password.get_secret_value() == "hush"
    assert "hush" not in repr(login)


@pytest.mark.parametrize(
    ("text", "mode", "cause"),
    [
        ('{"door": {"user": "a", "password": "hush"}}', 0o644, "can be read by others"),
        ('{"door": "hush"}', 0o600, "is not a JSON object"),
        ('{"door": {"user": "a", "passwort": "hush"}}', 0o600, "is not a JSON object"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_without_the_password(
    tmp_path: Path, text: str, mode: int, cause: str
) -> None:
    with pytest.raises(CredentialsError, match=cause) as caught:
        load_camera_credentials(write(tmp_path, text, mode))
    assert "hush" not in str(caught.value)


def test_a_name_without_an_entry_is_refused() -> None:
    with pytest.raises(SourceError, match="there is no camera credentials file"):
        find_login(None, "door", camera="cam")
    with pytest.raises(SourceError, match="has no entry 'door'"):
        find_login({}, "door", camera="cam")
    assert find_login(None, None, camera="cam") is None


@given(user=st.text(min_size=1, max_size=20), password=st.text(min_size=1, max_size=20))
def test_any_password_fits_into_an_address_and_is_masked(user: str, password: str) -> None:
    url = with_login("rtsp://10.0.0.5:554/a?b=c", Login(user, SecretStr(password)))
    assert url.endswith("@10.0.0.5:554/a?b=c")
    assert url.count("@") == 1
    assert url.count("/") == 3
    assert masked(url) == "rtsp://***@10.0.0.5:554/a?***"
