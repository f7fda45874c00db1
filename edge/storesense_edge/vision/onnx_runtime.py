"""Loads and runs ONNX models: with ONNX Runtime where it is installed, otherwise with OpenCV."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from storesense_edge.vision.errors import ModelError
from storesense_edge.vision.onnx_shape import picture_input_shape
from storesense_edge.vision.yolox import YoloxDetector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from storesense_edge.vision.detector import Network

MAX_MODEL_BYTES = 512 * 1024 * 1024


class OnnxRuntimeNetwork:
    """A model run by ONNX Runtime.

    Args:
        session: the `InferenceSession`.
        name: the model's name in messages.
    """

    def __init__(self, session: Any, *, name: str) -> None:
        self._session = session
        self._name = name
        shape = session.get_inputs()[0].shape
        self._input = session.get_inputs()[0].name
        self._input_wh = _input_wh(shape, name)

    @property
    def input_wh(self) -> tuple[int, int]:
        """Width and height of the input, pixels."""
        return self._input_wh

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the first output for one input."""
        output: NDArray[np.float32] = self._session.run(None, {self._input: blob})[0]
        return output


class OpenCvNetwork:
    """A model run by OpenCV's `dnn`, slower than ONNX Runtime and always there.

    Args:
        net: the loaded `cv2.dnn.Net`.
        input_wh: width and height of the model's input.
    """

    def __init__(self, net: cv2.dnn.Net, *, input_wh: tuple[int, int]) -> None:
        self._net = net
        self._input_wh = input_wh

    @property
    def input_wh(self) -> tuple[int, int]:
        """Width and height of the input, pixels."""
        return self._input_wh

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the first output for one input."""
        self._net.setInput(blob)
        return np.asarray(self._net.forward(), dtype=np.float32)


def load_network(path: Path, *, threads: int = 1, runtime: str | None = None) -> Network:
    """Load an ONNX model.

    Args:
        path: the model file.
        threads: how many threads one picture may use; more cameras gain more from one each.
        runtime: "onnxruntime" or "opencv"; None takes the first that is installed.

    Returns:
        The loaded network.

    Raises:
        ModelError: the file is missing, is no ONNX model, or has no fixed input size.
    """
    name = path.name
    if not path.is_file():
        raise ModelError(model=name, cause="there is no such file", remedy="check the path")
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise ModelError(
            model=name, cause="the file is larger than 512 MB", remedy="use a model made for small machines"
        )
    if runtime is None:
        runtime = "onnxruntime" if importlib.util.find_spec("onnxruntime") else "opencv"
    if runtime == "onnxruntime":
        return _load_onnxruntime(path, threads)
    return _load_opencv(path, threads)


def load_yolox(path: Path, *, threads: int = 1, runtime: str | None = None, tiles: int = 1) -> YoloxDetector:
    """Load a YOLOX person detector; see `load_network` and `YoloxDetector`."""
    return YoloxDetector(load_network(path, threads=threads, runtime=runtime), name=path.name, tiles=tiles)


def _load_onnxruntime(path: Path, threads: int) -> OnnxRuntimeNetwork:
    ort = importlib.import_module("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads that spin would eat the core that the next camera needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    state = ort.capi.onnxruntime_pybind11_state
    failures = (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
        state.RuntimeException,
    )
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except failures as exc:
        raise _not_a_model(path, exc) from exc
    return OnnxRuntimeNetwork(session, name=path.name)


def _load_opencv(path: Path, threads: int) -> OpenCvNetwork:
    cv2.setNumThreads(threads)
    try:
        net = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as exc:
        raise _not_a_model(path, exc) from exc
    shape = picture_input_shape(path.read_bytes())
    if shape is None:
        raise ModelError(
            model=path.name, cause="it has no input for a picture", remedy="use a YOLOX model for one picture at a time"
        )
    return OpenCvNetwork(net, input_wh=_input_wh(shape, path.name))


def _not_a_model(path: Path, exc: Exception) -> ModelError:
    reason = (str(exc).strip().splitlines() or ["unknown"])[-1][:200]
    return ModelError(
        model=path.name,
        cause=f"it cannot be loaded as an ONNX model ({reason})",
        remedy="download it again, or export it again with a common opset",
    )


def _input_wh(shape: Sequence[object], name: str) -> tuple[int, int]:
    """Width and height from an input shape (1, 3, height, width)."""
    if len(shape) != 4 or shape[1] != 3:
        raise ModelError(
            model=name,
            cause=f"its input has shape {list(shape)}, not one colour picture",
            remedy="use a YOLOX model with input (1, 3, height, width)",
        )
    height, width = shape[2], shape[3]
    if not isinstance(height, int) or not isinstance(width, int) or height < 32 or width < 32:
        raise ModelError(
            model=name, cause="its input has no fixed size", remedy="export it again with a fixed height and width"
        )
    if height % 32 or width % 32:
        raise ModelError(
            model=name,
            cause=f"its input of {width} by {height} is no multiple of 32",
            remedy="export it again with a size that YOLOX can divide by 32",
        )
    return width, height
