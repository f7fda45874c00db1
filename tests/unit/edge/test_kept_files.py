"""What is kept is whole, whatever was there before and whatever goes wrong."""

import os
from pathlib import Path

import pytest

from storesense_edge.kept_files import keep


def test_a_file_is_made_with_its_folder_and_then_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state" / "cam.drawing.json"
    keep(path, b"a long first text")
    keep(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path], "nothing half-written lies about"


def test_what_a_broken_write_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.new").write_bytes(b"a long half of something")
    keep(tmp_path / "a.json", b"whole")
    assert (tmp_path / "a.json").read_bytes() == b"whole"


def test_a_file_for_its_owner_alone_is_never_open_to_others(tmp_path: Path) -> None:
    keep(tmp_path / "secret", b"x", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    keep(path, b"before")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep(path, b"after")
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(("is_synced", "syncs"), [(True, 2), (False, 0)])
def test_the_disk_is_waited_for_where_it_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_synced: bool, syncs: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    keep(tmp_path / "a.json", b"x", is_synced=is_synced)
    assert len(synced) == syncs, "the file, and the folder that names it"
