"""How the pages' files are sent: compressed, named by their content, and anew when they change."""

import gzip
import re

import pytest
from starlette.datastructures import Headers

from storesense_backend.api.pages import Pages
from storesense_backend.errors import NotFoundError

MODULE = b"export const answer = 42;\n" * 40


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.js").write_bytes(MODULE)
    (tmp_path / "index.html").write_text('<!doctype html><script type="module" src="/static/app/main.js"></script>')
    (tmp_path / "dot.png").write_bytes(b"\x89PNG")
    return tmp_path


async def ask(pages, path, method="GET", **headers):
    """Ask for a file under ``/static``; return status, headers and body."""
    sent = []
    scope = {
        "type": "http",
        "method": method,
        "path": "/static" + path,
        "root_path": "/static",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message):
        sent.append(message)

    await pages(scope, None, send)
    return sent[0]["status"], Headers(raw=sent[0]["headers"]), sent[1]["body"]


def version_of(pages):
    return re.search(r"/static/(v-[0-9a-f]+)/app/main\.js", pages.page(Headers()).body.decode())[1]


async def test_a_file_under_its_version_is_kept_for_ever_and_without_it_asked_for_anew(folder):
    pages = Pages(lambda: folder)
    version = version_of(pages)
    status, headers, body = await ask(pages, f"/{version}/app/main.js")
    assert (status, body) == (200, MODULE)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    for path in ("/app/main.js", "/v-0123456789abcdef/app/main.js"):
        status, headers, body = await ask(pages, path)
        assert (status, body, headers["cache-control"]) == (200, MODULE, "no-cache")


async def test_the_page_itself_is_never_kept(folder):
    answer = Pages(lambda: folder).page(Headers())
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("accepted", "is_gzipped"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("br", False),
        ("gzip;q=0, br", False),  # said to be unwelcome
        ("gzip; q=0.0", False),
    ],
)
async def test_texts_are_compressed_for_who_takes_it(folder, accepted, is_gzipped):
    status, headers, body = await ask(Pages(lambda: folder), "/app/main.js", accept_encoding=accepted)
    assert status == 200
    assert headers["vary"] == "Accept-Encoding"
    assert headers.get("content-encoding") == ("gzip" if is_gzipped else None)
    assert (gzip.decompress(body) if is_gzipped else body) == MODULE
    assert int(headers["content-length"]) == len(body)


async def test_a_picture_is_not_compressed(folder):
    _, headers, body = await ask(Pages(lambda: folder), "/dot.png", accept_encoding="gzip")
    assert (headers.get("content-encoding"), headers["content-type"], body) == (None, "image/png", b"\x89PNG")


async def test_what_the_browser_has_is_not_sent_again(folder):
    pages = Pages(lambda: folder)
    _, headers, _ = await ask(pages, "/app/main.js")
    for known in (headers["etag"], f'"other", W/{headers["etag"]}'):
        status, again, body = await ask(pages, "/app/main.js", if_none_match=known)
        assert (status, body, again["etag"]) == (304, b"", headers["etag"])
    status, _, _ = await ask(pages, "/app/main.js", if_none_match='"other"')
    assert status == 200
    assert pages.page(Headers({"if-none-match": pages.page(Headers()).headers["etag"]})).status_code == 304


async def test_a_changed_file_gives_a_new_version_with_the_next_page(folder):
    pages = Pages(lambda: folder)
    before = version_of(pages)
    (folder / "app" / "main.js").write_bytes(b"export const answer = 43;")
    after = version_of(pages)
    assert after != before
    assert version_of(Pages(lambda: folder)) == after  # another process names it alike
    _, headers, body = await ask(pages, f"/{before}/app/main.js")
    assert (headers["cache-control"], body) == ("no-cache", b"export const answer = 43;")


@pytest.mark.parametrize(
    "path", ["/nothing.js", "/../index.html", "/app", "/", "", "/v-0/../index.html", "/app//main.js"]
)
async def test_nothing_else_is_served(folder, path):
    with pytest.raises(Exception, match="404"):
        await ask(Pages(lambda: folder), path)


async def test_files_can_only_be_read(folder):
    with pytest.raises(Exception, match="405"):
        await ask(Pages(lambda: folder), "/app/main.js", method="POST")


async def test_an_installation_without_pages_says_so(tmp_path):
    def find():
        raise FileNotFoundError

    for pages in (Pages(lambda: tmp_path), Pages(find)):
        with pytest.raises(NotFoundError, match="not part of this installation"):
            pages.page(Headers())
        with pytest.raises(Exception, match="404"):
            await ask(pages, "/app/main.js")


async def test_styles_and_scripts_named_in_a_row_are_sent_as_one(folder):
    for name in ("a.css", "b.css", "c.css", "one.js", "two.js"):
        (folder / name).write_text(f"/* {name} */")
    lines = [
        '<script src="/static/one.js"></script>',
        '<script src="/static/two.js"></script>',
        '<link rel="stylesheet" href="/static/a.css" />',
        '<link rel="stylesheet" href="/static/b.css" />',
        '<script type="module" src="/static/app/main.js"></script>',
        '<link rel="stylesheet" href="/static/c.css" />',
    ]
    (folder / "index.html").write_text("".join(f"    {line}\n" for line in lines))
    pages = Pages(lambda: folder)
    text = pages.page(Headers()).body.decode()
    version = version_of(pages)
    assert re.findall(r'(?:src|href)="/static/v-[0-9a-f]+/([^"]+)"', text) == [
        "joined/index-2.js",
        "joined/index-1.css",
        "app/main.js",
        "c.css",
    ]
    for name, body in (("index-1.css", b"/* a.css */\n/* b.css */"), ("index-2.js", b"/* one.js */\n/* two.js */")):
        status, headers, sent = await ask(pages, f"/{version}/joined/{name}")
        assert (status, sent) == (200, body)
        assert headers["cache-control"].endswith("immutable")


async def test_files_in_a_row_of_which_one_is_missing_are_left_as_they_are(folder):
    rows = '<link rel="stylesheet" href="/static/a.css" />\n<link rel="stylesheet" href="/static/b.css" />\n'
    (folder / "a.css").write_text("")
    (folder / "index.html").write_text(rows)
    assert Pages(lambda: folder).page(Headers()).body.decode().count("<link") == 2
