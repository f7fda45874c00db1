from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.detections import iou_matrix
from storesense_edge.vision.errors import ModelError
from storesense_edge.vision.onnx_runtime import load_network, load_yolox
from storesense_edge.vision.onnx_shape import picture_input_shape
from storesense_edge.vision.source import PictureFrame, frames_of
from storesense_edge.vision.video import VideoFileSource

RUNTIMES = ["onnxruntime", "opencv"]


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    if request.param == "onnxruntime":
        pytest.importorskip("onnxruntime")
    return str(request.param)


@pytest.mark.parametrize(("model", "side", "cells"), [("yolox_nano_416", 416, 3549), ("person_yolox_192", 192, 756)])
def test_the_input_size_is_read_from_the_model(
    shared_dir: Path, runtime: str, model: str, side: int, cells: int
) -> None:
    network = load_network(shared_dir / f"models/{model}.onnx", runtime=runtime)
    assert network.input_wh == (side, side)
    output = network.run(np.zeros((1, 3, side, side), dtype=np.float32))
    assert output.shape[:2] == (1, cells)


@pytest.mark.parametrize("model", ["yolox_nano_416", "person_yolox_192"])
def test_people_of_the_real_clip_are_found(shared_dir: Path, runtime: str, model: str) -> None:
    truth = np.loadtxt(shared_dir / "data/mot/PETS09-S2L1.gt.txt", delimiter=",")
    detector = load_yolox(shared_dir / f"models/{model}.onnx", runtime=runtime)
    with VideoFileSource(shared_dir / "data/video/vtest.avi") as source:
        frame = next(frames_of(source))
    assert isinstance(frame, PictureFrame)
    found = detector.detect(frame.image_bgr, 0.0)
    people = truth[(truth[:, 0] == 1) & (truth[:, 6] == 1), 2:6]
    people[:, 2:] += people[:, :2]
    assert (iou_matrix(people, found.boxes_xyxy_px).max(axis=1) > 0.5).all()
    assert found.scores.min() >= 0.1


@pytest.mark.parametrize(
    ("content", "cause"), [(b"", "cannot be loaded"), (b"no model at all" * 50, "cannot be loaded")]
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, runtime: str, content: bytes, cause: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=cause) as caught:
        load_network(path, runtime=runtime)
    assert str(caught.value).startswith("m.onnx: ")


def test_a_model_cut_in_half_is_refused(shared_dir: Path, tmp_path: Path, runtime: str) -> None:
    path = tmp_path / "half.onnx"
    path.write_bytes((shared_dir / "models/person_yolox_192.onnx").read_bytes()[:1_000_000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_network(path, runtime=runtime)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        load_network(tmp_path / "none.onnx")


@given(st.binary(max_size=200))
def test_the_shape_reader_never_stumbles(data: bytes) -> None:
    shape = picture_input_shape(data)
    assert shape is None or len(shape) == 4


def test_the_shape_is_the_models(shared_dir: Path) -> None:
    assert picture_input_shape((shared_dir / "models/person_yolox_192.onnx").read_bytes()) == (1, 3, 192, 192)
