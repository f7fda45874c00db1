"""Where a server that is not root can have its files, and what is never touched."""

import os
import stat
from pathlib import Path

import pytest

from storesense_simulators.embedded.errors import DataFolderError, MissingProgramError
from storesense_simulators.embedded.service_user import (
    ServiceUser,
    can_pass,
    data_place,
    give_folder,
    owner_of,
    program_place,
    service_user,
    write_private,
)

US = ServiceUser("us", os.geteuid(), os.getegid())
STRANGER = ServiceUser("stranger", 54_321, 54_321)


def folder(path: Path, mode: int) -> Path:
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("user", "mode", "expected", "why"),
    [
        (US, 0o700, True, "the owner may"),
        (US, 0o077, False, "only the owner's own bit counts for the owner"),
        (STRANGER, 0o701, True, "anybody may pass, which is not to look around"),
        (STRANGER, 0o770, False, "neither owner nor group"),
        (ServiceUser("colleague", 54_321, os.getegid()), 0o710, True, "the group may"),
        (ServiceUser("colleague", 54_321, os.getegid()), 0o701, False, "only the group's own bit counts for it"),
    ],
)
def test_who_may_pass_a_folder(service_dir: Path, user: ServiceUser, mode: int, expected: bool, why: str) -> None:
    tried = folder(service_dir / "f", mode)
    try:
        assert can_pass(tried, user) is expected, why
    finally:
        tried.chmod(0o700)


def test_a_closed_folder_closes_all_below_it_and_missing_ones_do_not_matter(service_dir: Path) -> None:
    closed = folder(service_dir / "closed", 0o700)
    folder(closed / "open", 0o777)
    assert not can_pass(closed / "open", STRANGER)
    assert can_pass(service_dir / "to-be" / "made", STRANGER)


def test_as_ourselves_the_wanted_place_is_the_place(tmp_path: Path) -> None:
    place = data_place(tmp_path / "a" / "data", None)
    assert place == tmp_path / "a" / "data"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_reachable_place_is_taken_and_lets_the_user_pass(service_dir: Path) -> None:
    place = data_place(service_dir / "data", STRANGER, [])
    assert place == service_dir / "data"
    assert stat.S_IMODE(place.stat().st_mode) == 0o711


def test_an_unreachable_place_has_one_lasting_stand_in(
    service_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private = folder(tmp_path / "private", 0o700)
    system = service_dir / "system"
    places = {data_place(private / name, STRANGER, [system]) for name in ("one", "one", "two")}
    assert len(places) == 2
    assert {place.parent for place in places} == {system}
    assert all(can_pass(place, STRANGER) for place in places)
    assert list(private.iterdir()) == []
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert f"{private / 'two'} lies where the user stranger" in caplog.text


def test_a_system_folder_that_is_no_folder_of_ours_is_passed_over(service_dir: Path, tmp_path: Path) -> None:
    trap = service_dir / "trap"
    trap.symlink_to(tmp_path)
    assert program_place([trap, service_dir / "good"]).parent == service_dir / "good"
    with pytest.raises(DataFolderError, match="choose a data folder that the server's user can reach"):
        program_place([trap])


def test_a_folder_with_other_files_is_refused_as_it_is(service_dir: Path) -> None:
    full = folder(service_dir / "full", 0o755)
    (full / "thesis.txt").touch()
    for user in (None, STRANGER):
        with pytest.raises(DataFolderError, match="files that are not Storesense's"):
            data_place(full, user, [])
    assert stat.S_IMODE(full.stat().st_mode) == 0o755


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DataFolderError, match=r"data cannot be used: .*; choose"):
        data_place(tmp_path / "data", None)


def test_a_private_file_is_private_from_the_start_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_link_laid_where_a_private_file_is_written_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "secret.new").symlink_to(victim)
    (tmp_path / "secret").symlink_to(victim)
    write_private(tmp_path / "secret", "new")
    assert victim.read_text() == "untouched"
    assert (tmp_path / "secret").read_text() == "new"


def test_a_given_folder_lets_nobody_else_in(tmp_path: Path) -> None:
    assert stat.S_IMODE(give_folder(folder(tmp_path / "f", 0o777), None).stat().st_mode) == 0o700


def test_without_root_a_server_runs_as_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert service_user(("postgres",)) is None


def test_as_root_somebody_without_power_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    user = service_user(("no-such-user",))
    assert user is not None
    assert user.uid != 0
    monkeypatch.setattr("pwd.getpwnam", lambda name: {}[name])
    with pytest.raises(MissingProgramError, match="useradd --system storesense"):
        service_user()


def test_roots_files_belong_to_nobody_a_server_could_run_as() -> None:
    assert owner_of(Path("/")) is None
