"""Keeps what a camera's picture looked like when it was calibrated: directions of edges and contrasts, no picture.

It is kept beside the outbox and never leaves the box. It belongs to one geometry: when the camera is calibrated anew or
its lines are drawn anew, the site file changes, and the view is learned again.
"""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.kept_files import keep
from storesense_edge.vision.picture_watch import PictureReference

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_contracts.site import CameraDevice

_logger = logging.getLogger(__name__)

_SHAPES = {"edges": (2, 120, 160), "texture": (15, 20), "sharpness": (8, 12)}
_MAX_BYTES = 5_000_000


def geometry_key(device: CameraDevice) -> str:
    """Return a short digest of a camera's address and geometry, which changes when it is calibrated or drawn anew."""
    text = device.model_dump_json(include={"source", "homography", "lines", "zones", "queues"})
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class ViewFile:
    """One camera's view on disk.

    Args:
        path: the file.
        key: ``geometry_key`` of the camera; a view with another one is not used.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key

    def of(self, key: str) -> ViewFile:
        """Return the same file for another geometry."""
        return ViewFile(self._path, key)

    def load(self) -> PictureReference | None:
        """Return the view, None if there is none that fits; a damaged file is as good as none."""
        try:
            if self._path.stat().st_size > _MAX_BYTES:
                return None
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                if str(arrays["key"]) != self._key:
                    return None
                found = {name: np.asarray(arrays[name], dtype=np.float32) for name in _SHAPES}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if any(found[name].shape != shape for name, shape in _SHAPES.items()):
            return None
        edges = np.nan_to_num(found["edges"])
        return PictureReference(
            edges=(edges[0] + 1j * edges[1]).astype(np.complex64),
            texture=np.nan_to_num(found["texture"]),
            sharpness=found["sharpness"],
        )

    def save(self, reference: PictureReference) -> None:
        """Keep a view, readable by its owner alone; a full disk costs only the view."""
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            key=np.array(self._key),
            edges=np.stack([reference.edges.real, reference.edges.imag]).astype(np.float16),
            texture=reference.texture,
            sharpness=reference.sharpness,
        )
        try:
            keep(self._path, packed.getvalue(), mode=0o600)
        except OSError as exc:
            _logger.warning("The view of a calibrated camera could not be kept in %s: %s", self._path, exc)
