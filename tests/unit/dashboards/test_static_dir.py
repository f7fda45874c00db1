"""The package's data: where the pages are, and what they may contain."""

import re
from pathlib import Path

import pytest

from storesense_dashboards import static_dir

OWN_FILES = [
    path
    for path in sorted(static_dir().rglob("*"))
    if path.is_file() and "vendor" not in path.relative_to(static_dir()).parts
]
TEXTS = [path for path in OWN_FILES if path.suffix in {".js", ".css", ".html"}]


def _name(path: Path) -> str:
    return str(path.relative_to(static_dir()))


def test_static_dir_holds_the_page() -> None:
    assert (static_dir() / "index.html").is_file()
    assert (static_dir() / "app" / "main.js").is_file()


def test_static_dir_without_pages_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storesense_dashboards.files", lambda _: tmp_path)
    with pytest.raises(FileNotFoundError, match="reinstall"):
        static_dir()


@pytest.mark.parametrize("path", TEXTS, ids=_name)
def test_pages_never_write_markup_from_text(path: Path) -> None:
    text = path.read_text()
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert sink not in text


@pytest.mark.parametrize("path", TEXTS, ids=_name)
def test_pages_load_nothing_from_elsewhere(path: Path) -> None:
    assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"')]+", path.read_text()) == []


def test_the_page_has_no_inline_code() -> None:
    text = (static_dir() / "index.html").read_text()
    assert "style=" not in text
    assert "<style" not in text
    assert re.findall(r"\son\w+=", text) == []
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("path", [p for p in TEXTS if p.suffix == ".css"], ids=_name)
def test_only_the_tokens_name_colours(path: Path) -> None:
    colours = re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", path.read_text())
    names_colours = [colour for colour in colours if not re.fullmatch(r"#devices|#shelves", colour)]
    assert path.name == "tokens.css" or names_colours == []


@pytest.mark.parametrize("path", [p for p in TEXTS if p.suffix == ".js"], ids=_name)
def test_modules_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 340


def test_every_referenced_file_is_there() -> None:
    text = (static_dir() / "index.html").read_text()
    references = re.findall(r"(?:src|href)=\"/static/([^\"]+)\"", text)
    assert len(references) > len(FIRST_VIEW)
    assert [each for each in references if not (static_dir() / each).is_file()] == []


FIRST_VIEW = (
    "app/main.js",
    "app/pages/floor.js",
    "app/i18n/en/shell.js",
    "app/i18n/en/floor.js",
    "app/i18n/en/problems.js",
)
IMPORT = re.compile(r"^(?:import|export)[^\";]*?from \"(\.[^\"]+)\"|^import \"(\.[^\"]+)\"", re.MULTILINE)


def _with_imports(names: tuple[str, ...]) -> set[str]:
    """The modules and all that they import at once."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        path = static_dir() / name
        for groups in IMPORT.findall(path.read_text()):
            target = (path.parent / "".join(groups)).resolve()
            waiting.append(target.relative_to(static_dir().resolve()).as_posix())
    return found


def test_every_module_of_the_first_view_is_loaded_at_once_and_no_other() -> None:
    preloaded = re.findall(r'modulepreload" href="/static/([^"]+)"', (static_dir() / "index.html").read_text())
    assert sorted(preloaded) == sorted(_with_imports(FIRST_VIEW))


@pytest.mark.parametrize("path", [p for p in TEXTS if p.suffix == ".css"], ids=_name)
def test_styles_name_no_other_file(path: Path) -> None:
    # They are sent as one, at another address: a relative name would lead elsewhere.
    assert not re.search(r"@import|@charset|url\(", path.read_text())


def test_imports_lead_to_files() -> None:
    modules = {path.relative_to(static_dir()).as_posix() for path in (static_dir() / "app").rglob("*.js")}
    assert all((static_dir() / name).is_file() for name in _with_imports(tuple(modules)))


def test_the_dark_look_is_the_same_by_device_and_by_choice() -> None:
    text = (static_dir() / "css" / "tokens.css").read_text()
    blocks = [
        sorted(re.findall(r"--[\w-]+: [^;]+;", block))
        for block in re.findall(r":root(?::not\(\[data-theme=\"light\"\]\)|\[data-theme=\"dark\"\]) \{([^}]+)\}", text)
    ]
    assert len(blocks[0]) > 30
    assert blocks[0] == blocks[1]
