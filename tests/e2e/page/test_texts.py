"""The texts of the pages: all languages have the same, and none that nothing shows."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser

from fixtures.fake_backend import FakeBackend
from storesense_dashboards import static_dir

I18N = static_dir() / "app" / "i18n"
LANGUAGES = sorted(path.name for path in I18N.iterdir() if path.is_dir())
PAGES = sorted(path.stem for path in (I18N / "en").glob("*.js"))

# A text is said as: its path, whether it is a function, and how many arguments that takes.
SHAPE = """async (path) => {
  const walk = (value, at) => typeof value === "object"
    ? Object.entries(value).flatMap(([key, inner]) => walk(inner, [...at, key]))
    : [[at.join("."), typeof value, typeof value === "function" ? value.length : value.length > 0]];
  return walk((await import(path)).default, []);
}"""


@pytest.fixture(scope="module")
def shapes(browser: Browser) -> dict[tuple[str, str], list[list[Any]]]:
    backend = FakeBackend().start()
    page = browser.new_page()
    page.goto(backend.url)
    found = {
        (tag, path.stem): page.evaluate(SHAPE, f"/static/app/i18n/{tag}/{path.name}")
        for tag in LANGUAGES
        for path in (I18N / tag).glob("*.js")
    }
    page.close()
    backend.stop()
    return found


def test_there_are_english_and_simplified_chinese() -> None:
    assert {"en", "zh-CN"} <= set(LANGUAGES)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
def test_languages_have_the_same_texts(shapes, tag: str, name: str) -> None:
    assert sorted(shapes[tag, name]) == sorted(shapes["en", name])


def test_no_language_has_a_page_more() -> None:
    assert {tag: sorted(path.stem for path in (I18N / tag).glob("*.js")) for tag in LANGUAGES} == dict.fromkeys(
        LANGUAGES, PAGES
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_text_is_used(shapes, name: str) -> None:
    """A text that nothing shows is one that translators work on in vain."""
    modules = [path for path in (static_dir() / "app").rglob("*.js") if "i18n" not in path.parts]
    source = "\n".join(path.read_text() for path in modules)
    groups_looked_up = set(re.findall(r"\.(\w+)\??\.?\[", source)) - {"params"}  # t.lane[state] and the like
    unused = []
    for path, _, _ in shapes["en", name]:
        *groups, key = path.split(".")
        is_named = re.search(rf"\.{key}\b", source) or f'"{key}"' in source
        if not is_named and not groups_looked_up.intersection(groups):
            unused.append(path)
    assert unused == []


def test_chinese_is_chinese(shapes) -> None:
    """No text was left in English: every one of the Chinese frame with letters has a Chinese character beside names."""
    text = (I18N / "zh-CN" / "shell.js").read_text()
    left = [
        line
        for line in re.findall(r': "([^"]*[A-Za-z]{3,}[^"]*)"', text)
        if not re.search(r"[\u4e00-\u9fff]", line) and line not in {"zh-CN", "Storesense", "CSV", "PNG"}
    ]
    assert left == []
