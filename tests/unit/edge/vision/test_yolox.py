import numpy as np
import pytest

from storesense_edge.vision.errors import ModelError
from storesense_edge.vision.yolox import YoloxDetector, decode, grid_cells, letterbox

INPUT_WH = (96, 64)
CELLS = 12 * 8 + 6 * 4 + 3 * 2


class FakeNetwork:
    """Answers with one output and keeps what it was asked."""

    def __init__(self, output: np.ndarray, input_wh: tuple[int, int] = INPUT_WH) -> None:
        self.output = output.astype(np.float32)
        self.input_wh = input_wh
        self.blob = np.empty(0, dtype=np.float32)

    def run(self, blob: np.ndarray) -> np.ndarray:
        self.blob = blob
        return self.output


def answer(*rows: tuple[int, list[float]], classes: int = 80) -> np.ndarray:
    output = np.zeros((1, CELLS, 5 + classes))
    for cell, values in rows:
        output[0, cell, : len(values)] = values
    return output


def test_the_grid_is_the_finest_first_row_by_row() -> None:
    cells = grid_cells(INPUT_WH)
    assert len(cells) == CELLS
    assert cells[0].tolist() == [0, 0, 8]
    assert cells[13].tolist() == [1, 1, 8]
    assert cells[96 + 7].tolist() == [1, 1, 16]
    assert cells[-1].tolist() == [2, 1, 32]
    assert len(grid_cells((416, 416))) == 3549
    assert len(grid_cells((192, 192))) == 756


def test_a_cell_decodes_to_its_box() -> None:
    output = answer((96 + 7, [0.5, 0.25, np.log(2), np.log(3), 0.8, 0.5]))[0]
    boxes, scores = decode(output.astype(np.float32), grid_cells(INPUT_WH), min_score=0.1)
    # centre (1.5, 1.25) * 16 = (24, 20), size (2, 3) * 16 = (32, 48)
    assert boxes == pytest.approx(np.array([[8, -4, 40, 44]]), abs=1e-4)
    assert scores == pytest.approx([0.4])


def test_an_exponent_gone_wild_is_no_overflow() -> None:
    output = answer((0, [0.5, 0.5, 3e38, 3e38, 1.0, 1.0]))
    found = YoloxDetector(FakeNetwork(output)).detect(np.zeros((64, 96, 3), np.uint8), 0.0)
    assert np.isfinite(found.boxes_xyxy_px).all()


def test_the_picture_is_fitted_top_left_and_the_rest_is_grey() -> None:
    blob, scale = letterbox(np.full((128, 96, 3), 200, np.uint8), INPUT_WH)
    assert scale == 0.5
    assert blob.shape == (1, 3, 64, 96)
    assert blob.dtype == np.float32
    assert (blob[0, :, :, :48] == 200).all()
    assert (blob[0, :, :, 48:] == 114).all()


def test_boxes_come_back_in_pixels_of_the_picture() -> None:
    network = FakeNetwork(answer((96 + 7, [0.5, 0.25, np.log(1), np.log(2), 0.9, 1.0])))
    found = YoloxDetector(network).detect(np.zeros((128, 192, 3), np.uint8), 0.0)
    assert found.boxes_xyxy_px == pytest.approx(np.array([[32, 8, 64, 72]]), abs=1e-4)


def test_only_people_count_weak_ones_too_and_doubles_once() -> None:
    person, weak, dog = [0.5, 0.5, 1, 1.5, 0.9, 1.0], [0.5, 0.5, 1, 1.5, 0.3, 0.5], [0.5, 0.5, 1, 1.5, 0.9, 0.0, 1.0]
    network = FakeNetwork(answer((0, person), (1, [*person[:4], 0.8, 1.0]), (40, dog), (90, weak)))
    found = YoloxDetector(network, nms_iou=0.4).detect(np.zeros((64, 96, 3), np.uint8), 0.0)
    assert found.scores.tolist() == pytest.approx([0.9, 0.15])


@pytest.mark.parametrize("shape", [(1, CELLS, 4), (1, CELLS + 1, 85), (CELLS, 85), (1, 85, CELLS)])
def test_an_output_that_is_not_yolox_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="YOLOX"):
        YoloxDetector(FakeNetwork(np.zeros(shape)), name="m.onnx").detect(np.zeros((64, 96, 3), np.uint8), 0.0)
