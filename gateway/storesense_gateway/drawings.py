"""What cameras are told of their store's drawing: their own shapes, and what of the store they need to judge them."""

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from pydantic import ValidationError

from storesense_contracts.device_config import DeviceConfig
from storesense_contracts.drawing import Drawing
from storesense_contracts.drawing_config import drawing_for
from storesense_contracts.sql import load_queries
from storesense_gateway.telling import ConfigTeller

_LOG = logging.getLogger(__name__)
_SQL = load_queries("storesense_gateway", "drawings.sql")


@dataclass(frozen=True, slots=True)
class Head:
    """What decides whether a store's cameras have to be told anew.

    Attributes:
        version: of the drawing.
        cameras: those that are registered.
        keys: public keys of the backends that run, in the order of their text.
    """

    version: int
    cameras: tuple[str, ...]
    keys: tuple[str, ...]


def camera_configs(
    version: int, drawing: Drawing, cameras: Sequence[str], keys: Sequence[str]
) -> dict[str, DeviceConfig]:
    """Make each camera's configuration; a camera that the drawing does not know is told the keys alone.

    Args:
        version: of the drawing.
        drawing: what was drawn.
        cameras: those to be told.
        keys: public keys of backends.
    """
    views = {view.camera: view for view in drawing.cameras}
    return {
        camera: DeviceConfig(
            drawing=drawing_for(version, drawing, views[camera]) if camera in views else None, setup_keys=tuple(keys)
        )
        for camera in cameras
    }


class DrawingTeller(ConfigTeller):
    """Tells each camera what it shall measure, and which backends may let an installer see its picture."""

    what = "drawings"

    def heads(self, connection: psycopg.Connection, store_ids: list[str]) -> Mapping[str, Hashable]:
        """Return each store's version of the drawing, its cameras and the backends' keys."""
        rows = connection.execute(_SQL["heads"], {"store_ids": store_ids}).fetchall()
        return {
            store_id: Head(version, tuple(cameras), tuple(sorted(keys))) for store_id, version, cameras, keys in rows
        }

    def configs(self, connection: psycopg.Connection, store_id: str, head: Hashable) -> Mapping[str, DeviceConfig]:
        """Return what each camera of a store is to be told."""
        assert isinstance(head, Head)  # noqa: S101 -- made by `heads`
        row = connection.execute(_SQL["drawing"], {"store_id": store_id, "version": head.version}).fetchone()
        try:
            drawing = Drawing.model_validate({} if row is None else row[0])
        except ValidationError as exc:
            _LOG.warning("%s: version %s of the drawing cannot be read: %s", store_id, head.version, exc)
            return {}
        return camera_configs(head.version, drawing, head.cameras, head.keys)
