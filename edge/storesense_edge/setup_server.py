"""The setup page: cameras' pictures and anonymous tracks, from this box straight to an installer's browser.

Nothing of it passes through the backend, and no picture is kept. The page's own policy lets it speak with this box
alone, so that it cannot send a picture anywhere; what was drawn goes back in the address of the page one came from.
"""

from __future__ import annotations

import logging
import mimetypes
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import msgspec
from pydantic import ValidationError

from storesense_contracts.drawing import Drawing, drawing_problems, drawn_on
from storesense_contracts.errors import UsageError
from storesense_contracts.setup_pass import BadPassError
from storesense_dashboards import static_dir
from storesense_edge.calibrate_command import suspect_pair
from storesense_edge.local_http import LocalHandler, LocalHttpServer
from storesense_edge.setup_try import try_plan
from storesense_edge.site_mapping import ANY_FRAME_WH, camera_plan
from storesense_edge.trajectories import TrajectoryError
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.homography import fit_floor_map, left_out_cm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from storesense_edge.drawing import DeviceDrawing
    from storesense_edge.picture_desk import PictureDesk
    from storesense_edge.setup_door import SetupDoor
    from storesense_edge.trajectories import TrajectoryFile

_logger = logging.getLogger(__name__)

COOKIE = "storesense_setup"
_HOUR_MS = 3_600_000
_MAX_SHOWN = 6_000
_MAX_TRIED = 200_000
_MAX_PAIRS = 50
_MOST_M = 1_000.0
"""No floor is larger; see `Floor` of the layout."""
_FOLDERS = ("app/", "css/", "vendor/")
_PAGE = "setup.html"


@dataclass(frozen=True, slots=True)
class SetupCamera:
    """What an installer may see of a camera.

    Attributes:
        drawing: what it measures.
        trajectories: its anonymous tracks, None where none are kept.
    """

    drawing: DeviceDrawing
    trajectories: TrajectoryFile | None


class _PassBody(msgspec.Struct, forbid_unknown_fields=True):
    setup_pass: str


class _TryBody(msgspec.Struct, forbid_unknown_fields=True):
    camera: str
    drawing: dict[str, Any]


class _MatchBody(msgspec.Struct, forbid_unknown_fields=True):
    image: list[tuple[float, float]]
    floor_m: list[tuple[float, float]]


_Body = TypeVar("_Body", _PassBody, _TryBody, _MatchBody)


class SetupServer(LocalHttpServer):
    """The server of the setup page, bound but not yet running.

    Args:
        cameras: by their ids.
        desk: their pictures.
        door: who may.
        listen: address and port.
        certificate: certificate and key, None for plain HTTP, on loopback alone.

    Raises:
        UsageError: it would speak plain HTTP to a network, or cannot bind.
    """

    def __init__(
        self,
        cameras: Mapping[str, SetupCamera],
        desk: PictureDesk,
        door: SetupDoor,
        listen: tuple[str, int],
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.cameras = cameras
        self.desk = desk
        self.door = door
        self.trying = threading.Lock()
        super().__init__(listen, _Handler, what="The setup page", certificate=certificate)

    @contextmanager
    def running(self) -> Iterator[SetupServer]:
        """Serve within the ``with`` block."""
        thread = threading.Thread(target=self.serve_forever, args=(0.2,), name="setup page", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class _Handler(LocalHandler):
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
        "trusted-types storesense"
    )

    @property
    def _setup(self) -> SetupServer:
        return cast("SetupServer", self.server)

    def get(self) -> None:
        """Serve the page to anybody, and pictures and tracks to whoever was let in."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/":
            self._file(_PAGE)
        elif parts.path.startswith("/static/"):
            self._file(parts.path.removeprefix("/static/"))
        elif self._setup.door.session(self.cookie(COOKIE)) is None:
            self._nobody()
        elif parts.path == "/api/picture":
            self._picture(query.get("camera", [""])[0])
        elif parts.path == "/api/tracks":
            self.guarded(lambda: self._tracks(query.get("camera", [""])[0]))
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    def post(self, body: bytes) -> None:
        """Let somebody in by a pass, match points, try a drawing."""
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            self.refuse(HTTPStatus.FORBIDDEN, "cross_site", "This may have come from another site's page.")
        elif self.path == "/api/session":
            self._enter(body)
        elif self._setup.door.session(self.cookie(COOKIE)) is None:
            self._nobody()
        elif self.path == "/api/leave":
            self._setup.door.leave(self.cookie(COOKIE))
            self.json(HTTPStatus.OK, {})
        elif self.path == "/api/match":
            self.guarded(lambda: match_points(_read(body, _MatchBody)))
        elif self.path == "/api/try":
            self.guarded(lambda: self._try(_read(body, _TryBody)))
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")

    def _nobody(self) -> None:
        self.refuse(HTTPStatus.UNAUTHORIZED, "no_session", "Nobody was let in here; go back and open the camera again.")

    def _enter(self, body: bytes) -> None:
        try:
            token, session = self._setup.door.enter(_read(body, _PassBody).setup_pass)
        except (BadPassError, UsageError) as exc:
            self.refuse(HTTPStatus.FORBIDDEN, exc.code, str(exc))
            return
        given = session.opened_by
        _logger.info("%s opened the setup page of %s", given.user_name, given.camera)
        answer = {
            "store_id": given.store_id,
            "camera": given.camera,
            "cameras": sorted(self._setup.cameras),
            "user_name": given.user_name,
            "return_url": given.return_url,
        }
        secure = "; Secure" if self._setup.is_secure else ""
        self.json(HTTPStatus.OK, answer, f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/{secure}")

    def _camera(self, name: str) -> SetupCamera:
        camera = self._setup.cameras.get(name)
        if camera is None:
            raise UsageError("There is no such camera on this box.")
        return camera

    def _picture(self, name: str) -> None:
        picture = self._setup.desk.jpeg(name) if name in self._setup.cameras else None
        if picture is None:
            self.refuse(HTTPStatus.NOT_FOUND, "no_picture", "No picture comes from this camera now.")
        else:
            self.answer(HTTPStatus.OK, picture, "image/jpeg")

    def _tracks(self, name: str) -> dict[str, Any]:
        places = _last_hour(self._camera(name), _MAX_SHOWN)
        return {"places": places}

    def _try(self, asked: _TryBody) -> dict[str, Any]:
        camera = self._camera(asked.camera)
        site = camera.drawing.now
        try:
            drawing = Drawing.model_validate(asked.drawing)
        except ValidationError as exc:
            raise UsageError(f"The drawing cannot be read ({exc.errors()[0]['msg']}).") from exc
        view = next((view for view in drawing.cameras if view.camera == asked.camera), None)
        if view is None:
            raise UsageError("The drawing says nothing of this camera.")
        here = drawing.model_copy(update={"cameras": [view], "slots": []})
        store = site.store.model_copy(update={"slots": []})
        unknown = {"section"}
        for problem in drawing_problems(store, here, [asked.camera]):
            if problem.at[-1] not in unknown:
                raise UsageError(f"{'.'.join(map(str, problem.at))}: {problem.message}")
        names = ("homography", "lines", "zones", "queues")
        device = site.device.model_copy(update={name: getattr(view, name) for name in names} | {"heatmap": None})
        plan = camera_plan(device, drawn_on(store, here), ANY_FRAME_WH)
        places = _last_hour(camera, _MAX_TRIED)
        # One at a time: counting comes first on this box.
        with self._setup.trying:
            tried = try_plan(plan, places)
        counted: dict[str, list[int]] = {view.line: [0, 0] for view in site.device.lines}
        if camera.trajectories is not None and places:
            for _, line_id, entered in camera.trajectories.crossings(places[0][0], places[-1][0] + 1):
                if line_id in counted:
                    counted[line_id][0 if entered else 1] += 1
        return {
            "from_ms": places[0][0] if places else None,
            "to_ms": places[-1][0] if places else None,
            "tracks": tried.tracks,
            "lines": tried.lines,
            "zones": tried.zones,
            "counted": counted,
        }

    def _file(self, name: str) -> None:
        folder = static_dir().resolve()
        path = (folder / name).resolve()
        is_ours = name in {_PAGE, "favicon.svg"} or name.startswith(_FOLDERS)
        if not is_ours or not path.is_relative_to(folder) or not path.is_file():
            self.refuse(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")
            return
        kinds = {".mjs": "text/javascript", ".js": "text/javascript"}
        kind = kinds.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.answer(HTTPStatus.OK, path.read_bytes(), f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)


def match_points(asked: _MatchBody) -> dict[str, Any]:
    """Match picture and floor by pairs, as ``storesense edge calibrate points`` does, and say how far off it is.

    Raises:
        UsageError: too many pairs.
        GeometryError: the points make no fit.
    """
    if len(asked.image) > _MAX_PAIRS:
        raise UsageError(f"Give {_MAX_PAIRS} pairs at most.")
    if any(not (0 <= u <= 1 and 0 <= v <= 1) for u, v in asked.image):
        raise GeometryError(shape="floor calibration", cause="a point is outside the picture", remedy="move it inside")
    if any(not (abs(x) <= _MOST_M and abs(y) <= _MOST_M) for x, y in asked.floor_m):
        raise GeometryError(shape="floor calibration", cause="a point is on no floor", remedy="give metres of the plan")
    fitted = fit_floor_map(asked.image, asked.floor_m)
    left_out = left_out_cm(asked.image, asked.floor_m) if len(asked.image) > 4 else []
    known = [value for value in left_out if value is not None]
    suspect = suspect_pair(asked.image, asked.floor_m)
    return {
        "matrix": fitted.matrix.tolist(),
        "residual_cm": round(fitted.residual_cm, 1),
        "worst_cm": round(fitted.worst_cm, 1),
        "left_out_cm": [None if value is None else round(value, 1) for value in left_out],
        "error_cm": round((sum(value**2 for value in known) / len(known)) ** 0.5, 1) if known else None,
        "suspect_pair": suspect,
    }


def _last_hour(camera: SetupCamera, limit: int) -> list[tuple[int, int, float, float]]:
    if camera.trajectories is None:
        return []
    now_ms = int(time.time() * 1000)
    try:
        return camera.trajectories.newest(now_ms - _HOUR_MS, limit=limit)
    except TrajectoryError:
        return []


def _read(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as exc:
        raise UsageError(f"The request cannot be read ({exc}).") from exc
