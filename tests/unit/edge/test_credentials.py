from pathlib import Path

import pytest

from storesense_edge.credentials import CredentialsError, load_credentials


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_passwords_are_read_and_do_not_show(tmp_path: Path) -> None:
    passwords = load_credentials(written(tmp_path / "c.json", '{"store-1/door": "hunter2"}'))
    assert passwords["store-1/door"].get_secret_value() == "hunter2"
    assert "hunter2" not in repr(passwords)


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        pytest.param('{"a/b": "hunter2"}', 0o644, "chmod 600", id="readable by all"),
        pytest.param('{"a/b": "hunter2"}', 0o640, "chmod 600", id="readable by the group"),
        pytest.param('{"a/b": "hunter2"', 0o600, "not a JSON object", id="cut off"),
        pytest.param('["hunter2"]', 0o600, "not a JSON object", id="a list"),
        pytest.param('{"a/b": {"hunter2": 1}}', 0o600, "not a JSON object", id="nested"),
        pytest.param("", 0o600, "not a JSON object", id="empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_without_telling_a_password(
    tmp_path: Path, text: str, mode: int, sentence: str
) -> None:
    with pytest.raises(CredentialsError, match=sentence) as caught:
        load_credentials(written(tmp_path / "c.json", text, mode))
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="broker setup"):
        load_credentials(tmp_path / "none.json")
