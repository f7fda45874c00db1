"""Pages link to what is there: files of this project, headings of its pages, and each decision from their index."""

import re
import unicodedata
from pathlib import Path

import pytest

LINK = re.compile(r"(?<!\\)\[[^\]\[]*(?:\[[^\]]*\][^\]\[]*)?\]\(([^)\s]+)\)")
IMAGE = re.compile(r'<img src="([^"]+)"')
FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")


def pages(repo_dir: Path) -> list[Path]:
    return [repo_dir / "README.md", repo_dir / "CONTRIBUTING.md", *sorted((repo_dir / "docs").rglob("*.md"))]


def without_code(text: str) -> str:
    return INLINE_CODE.sub("`code`", FENCE.sub("", text))


def slugs(text: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings.

    Letters, digits, spaces, hyphens and underscores stay, in lower case, spaces become hyphens, and a heading that
    stands twice gets a number.
    """
    found: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", FENCE.sub("", text), re.MULTILINE):
        words = LINK.sub(lambda match: match[0][1 : match[0].index("](")], heading).replace("`", "").lower()
        kept = "".join(sign for sign in words if sign in " -_" or unicodedata.category(sign)[0] in "LN")
        slug = kept.replace(" ", "-")
        again = found.get(slug, -1) + 1
        found[slug] = again
        if again:
            found[f"{slug}-{again}"] = 0
    return set(found)


def broken_links(page: Path) -> list[str]:
    broken = []
    text = without_code(page.read_text())
    for target in (*LINK.findall(text), *IMAGE.findall(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path_text, _, anchor = target.partition("#")
        path = (page.parent / path_text).resolve() if path_text else page
        if not path.exists():
            broken.append(f"{target}: no such file")
        elif anchor and (path.suffix != ".md" or anchor not in slugs(path.read_text())):
            broken.append(f"{target}: no such heading")
    return broken


def test_every_link_of_every_page_leads_somewhere(repo_dir: Path) -> None:
    broken = {str(page.relative_to(repo_dir)): found for page in pages(repo_dir) if (found := broken_links(page))}
    assert broken == {}


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Tills, and `lanes`\n\n## Tills, and lanes\n\n```sh\n# no heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#tills-and-lanes) [c](other.md#tills-and-lanes-1) [d](https://example.org/x)\n"
        "`[e](f.md)`\n"
        '[g](gone.md) [h](other.md#gone) [i](other.md#no-heading) <img src="gone.png">\n'
    )
    assert broken_links(page) == [
        "gone.md: no such file",
        "other.md#gone: no such heading",
        "other.md#no-heading: no such heading",
        "gone.png: no such file",
    ]


@pytest.mark.parametrize("folder", ["guide", "reference", "decisions"])
def test_every_page_can_be_reached(folder: str, repo_dir: Path) -> None:
    """A page that no other page links is a page that nobody finds."""
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in pages(repo_dir)
        for target in LINK.findall(without_code(page.read_text()))
        if not re.match(r"[a-z]+:", target)
    }
    lost = [page.name for page in sorted((repo_dir / "docs" / folder).glob("*.md")) if page.resolve() not in linked]
    assert [name for name in lost if name != "README.md"] == []


def test_the_index_lists_each_decision_by_its_title(repo_dir: Path) -> None:
    index = (repo_dir / "docs" / "decisions" / "README.md").read_text()
    for page in sorted((repo_dir / "docs" / "decisions").glob("0*.md")):
        match = re.fullmatch(r"# (\d{4}):? (.+)", page.read_text().partition("\n")[0])
        assert match is not None, page.name
        assert f"| {match[1]} | [{match[2]}]({page.name}) |" in index
