"""Libraries of others stand unchanged beside their licences, and the table of them tells the truth."""

import hashlib
import re

from storesense_dashboards import static_dir

VENDOR_DIR = static_dir() / "vendor"
ROWS = {
    path: (version, package, licence, sha256)
    for path, version, package, licence, sha256 in re.findall(
        r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| `([0-9a-f]{64})` \|$",
        (VENDOR_DIR / "README.md").read_text(),
        re.MULTILINE,
    )
}
FILES = {
    path.relative_to(VENDOR_DIR).as_posix()
    for path in VENDOR_DIR.rglob("*")
    if path.is_file() and path.name != "README.md"
}
FREE_LICENCES = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC"}


def test_the_table_names_every_file_and_no_other() -> None:
    assert set(ROWS) == FILES
    assert FILES


def test_files_are_unchanged() -> None:
    sums = {path: hashlib.sha256((VENDOR_DIR / path).read_bytes()).hexdigest() for path in FILES}
    assert sums == {path: row[3] for path, row in ROWS.items()}


def test_folders_say_the_version_of_the_table() -> None:
    for path, (version, _, _, _) in ROWS.items():
        assert path.split("/")[0].endswith(f"-{version}"), path


def test_each_library_has_its_licence_beside_it_and_may_be_used() -> None:
    for folder in {path.split("/")[0] for path in FILES}:
        licence_text = (VENDOR_DIR / folder / "LICENSE").read_text()
        assert "copyright" in licence_text.lower(), folder
    assert {row[2] for row in ROWS.values()} <= FREE_LICENCES
