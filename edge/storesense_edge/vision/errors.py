"""What can go wrong with pictures and geometry, each with its cause and its remedy."""

from __future__ import annotations

from storesense_contracts.errors import StoresenseError


class VisionError(StoresenseError):
    """The root of what the camera's measuring core raises."""

    code = "vision"


class GeometryError(VisionError):
    """A line, zone or calibration that cannot work, found when it is configured.

    Attributes:
        shape: which line, zone or calibration.
        cause: what is wrong with it.
        remedy: what to change.
    """

    exit_code = 2
    code = "geometry"

    def __init__(self, *, shape: str, cause: str, remedy: str) -> None:
        self.shape = shape
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"The {shape} cannot be used: {cause}; {remedy}.")


class SourceError(VisionError):
    """A file or camera that gives no usable picture or detection.

    Attributes:
        source: the file or camera, as the site file names it.
        cause: what is wrong.
        remedy: what to do.
        line: the line of a text file that is wrong, from 1, if there is one.
    """

    code = "source"

    def __init__(self, *, source: str, cause: str, remedy: str, line: int | None = None) -> None:
        self.source = source
        self.cause = cause
        self.remedy = remedy
        self.line = line
        where = source if line is None else f"{source}, line {line}"
        super().__init__(f"{where}: {cause}; {remedy}.")


class ModelError(VisionError):
    """A detector model that cannot be loaded or does not speak the expected format.

    Attributes:
        model: the model file.
        cause: what is wrong.
        remedy: what to do.
    """

    code = "model"

    def __init__(self, *, model: str, cause: str, remedy: str) -> None:
        self.model = model
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"{model}: {cause}; {remedy}.")
