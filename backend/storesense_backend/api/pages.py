"""The pages' files, from memory: compressed once, and kept by browsers for as long as they are the same.

The page names its files under ``/static/v-<hash of all files>/``, so a browser asks for each once and never again until
one of them changes; modules import each other by relative names and so stay under the same hash. The same files without
the hash, and under an old one, are served too, but are asked for anew each time.

Style sheets that the page names one after the other, and likewise scripts that are no modules, are sent as one file:
the cost of a first view is mostly that of its many requests.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from storesense_backend.errors import NotFoundError

_PAGE = "index.html"
_STAFF = "staff.html"
_STAFF_WORKER = "staff/worker.js"
_MOUNT = "/static/"
_VERSION_PREFIX = "v-"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_ANEW = "no-cache"
_TEXTS = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

_JOINED_PREFIX = "joined/"
_RUNS = {
    ".css": re.compile(rb'(?:[ \t]*<link rel="stylesheet" href="/static/[^"]+" />\n){2,}'),
    ".js": re.compile(rb'(?:[ \t]*<script src="/static/[^"]+"></script>\n){2,}'),
}
_JOINED_TAGS = {
    ".css": '    <link rel="stylesheet" href="/static/{}" />\n',
    ".js": '    <script src="/static/{}"></script>\n',
}
_NAMED = re.compile(rb'"/static/([^"]+)"')

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent.

    Attributes:
        body: its bytes.
        gzipped: the same compressed, where that is smaller.
        media_type: what it is, with the encoding of text.
        etag: names the content.
    """

    body: bytes
    gzipped: bytes | None
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class _Edition:
    """The files as they were at one time, and the name of that state."""

    stamp: _Stamp
    version: str
    assets: dict[str, Asset]
    pages: dict[str, Asset]


class Pages:
    """An ASGI application for the files of a folder; ``page`` answers for the page itself.

    The files are read at the first request, and again when the page is asked for and one of them has changed, so that
    whoever works on them need only reload.

    Args:
        find_folder: tells where the files are, or raises FileNotFoundError where there are none; the rest of the API
            does without them.
    """

    def __init__(self, find_folder: Callable[[], Path]) -> None:
        self._find_folder = find_folder
        self._edition: _Edition | None = None

    def page(self, headers: Headers) -> Response:
        """Return the page, its files named by their version.

        Raises:
            NotFoundError: the pages are not part of this installation.
        """
        return self._page(_PAGE, headers)

    def staff(self, headers: Headers) -> Response:
        """Return the staff app's page. Raises NotFoundError as ``page`` does."""
        return self._page(_STAFF, headers)

    def staff_worker(self, headers: Headers) -> Response:
        """Return the staff app's service worker, in charge of the staff app alone. Raises NotFoundError."""
        asset = self._current().assets.get(_STAFF_WORKER)
        if asset is None:
            raise NotFoundError("the pages are not part of this installation", code="no_pages")
        response = _answer(asset, headers, _ASK_ANEW)
        response.headers["Service-Worker-Allowed"] = "/staff"
        return response

    def _page(self, name: str, headers: Headers) -> Response:
        page = self._current().pages.get(name)
        if page is None:
            raise NotFoundError("the pages are not part of this installation", code="no_pages")
        return _answer(page, headers, _ASK_ANEW)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one file."""
        await self._file(scope)(scope, receive, send)

    def _file(self, scope: Scope) -> Response:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        edition = self._edition or self._current()
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        first, _, rest = path.partition("/")
        is_versioned = first.startswith(_VERSION_PREFIX)
        asset = edition.assets.get(rest if is_versioned else path)
        if asset is None:
            raise HTTPException(404)
        is_same = is_versioned and first == edition.version
        return _answer(asset, Headers(scope=scope), _FOR_EVER if is_same else _ASK_ANEW)

    def _current(self) -> _Edition:
        try:
            folder = self._find_folder()
        except FileNotFoundError:
            return _Edition(stamp=(), version="", assets={}, pages={})
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        stats = ((path, path.stat()) for path in files)
        stamp = tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
        if self._edition is None or self._edition.stamp != stamp:
            self._edition = _read(folder, files, stamp)
        return self._edition


def _read(folder: Path, files: list[Path], stamp: _Stamp) -> _Edition:
    bodies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    digest = hashlib.sha256()
    for name, body in bodies.items():
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    version = _VERSION_PREFIX + digest.hexdigest()[:16]
    mounted, named = f'="{_MOUNT}'.encode(), f'="{_MOUNT}{version}/'.encode()
    pages = {}
    for name in (_PAGE, _STAFF):
        if name in bodies:
            page, joined = _join(name, bodies)
            bodies |= joined
            pages[name] = _asset(name, page.replace(mounted, named))
    return _Edition(stamp, version, {name: _asset(name, body) for name, body in bodies.items()}, pages)


def _join(page_name: str, bodies: dict[str, bytes]) -> tuple[bytes, dict[str, bytes]]:
    """Put files that a page names one after the other into one; the page that names it, and the new files by name."""
    page, joined = bodies[page_name], dict[str, bytes]()
    for suffix, run in _RUNS.items():

        def put_together(found: re.Match[bytes], suffix: str = suffix) -> bytes:
            names = [name.decode() for name in _NAMED.findall(found[0])]
            if not all(name in bodies for name in names):
                return found[0]
            new_name = f"{_JOINED_PREFIX}{Path(page_name).stem}-{len(joined) + 1}{suffix}"
            joined[new_name] = b"\n".join(bodies[name] for name in names)
            return _JOINED_TAGS[suffix].format(new_name).encode()

        page = run.sub(put_together, page)
    return page, joined


def _asset(name: str, body: bytes) -> Asset:
    media_type = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = media_type.startswith(_TEXTS)
    gzipped = gzip.compress(body, compresslevel=9, mtime=0) if is_text else None
    return Asset(
        body=body,
        gzipped=gzipped if gzipped is not None and len(gzipped) < len(body) else None,
        media_type=f"{media_type}; charset=utf-8" if is_text else media_type,
        etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"',
    )


def _answer(asset: Asset, headers: Headers, cache_control: str) -> Response:
    told = {"Cache-Control": cache_control, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    known = {tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")}
    if asset.etag in known:
        return Response(status_code=304, headers=told)
    if asset.gzipped is not None and _takes_gzip(headers.get("accept-encoding", "")):
        return Response(asset.gzipped, media_type=asset.media_type, headers=told | {"Content-Encoding": "gzip"})
    return Response(asset.body, media_type=asset.media_type, headers=told)


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.lower().split(","):
        name, _, quality = entry.partition(";")
        if name.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
