import numpy as np
import pytest

from storesense_edge.vision.errors import ModelError
from storesense_edge.vision.yolox import YoloxDetector, decode, grid_cells, letterbox, tiles_of, whole_boxes

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


@pytest.mark.parametrize(
    ("frame_wh", "count", "tiles"),
    [
        pytest.param((1920, 1080), 1, [(0, 0, 1920, 1080)], id="one is the picture"),
        pytest.param((1920, 1080), 2, [(0, 0, 1080, 1080), (840, 0, 1920, 1080)], id="squares, if two cover it"),
        pytest.param((768, 576), 2, [(0, 0, 576, 576), (192, 0, 768, 576)], id="which have much in common"),
        pytest.param((1080, 1920), 2, [(0, 0, 1080, 1080), (0, 840, 1080, 1920)], id="one above the other"),
        pytest.param((3840, 1080), 2, [(0, 0, 2028, 1080), (1812, 0, 3840, 1080)], id="longer ones, if not"),
        pytest.param((2560, 1000), 3, [(0, 0, 1000, 1000), (780, 0, 1780, 1000), (1560, 0, 2560, 1000)], id="three"),
        pytest.param((640, 600), 2, [(0, 0, 640, 600)], id="a square gains nothing"),
    ],
)
def test_tiles_cover_the_picture_and_share_a_fifth_of_its_height(
    frame_wh: tuple[int, int], count: int, tiles: list[tuple[int, int, int, int]]
) -> None:
    assert tiles_of(frame_wh, count) == tiles


def test_who_is_cut_off_by_a_seam_is_taken_from_the_tile_that_has_them_whole() -> None:
    left, right = tiles = tiles_of((1920, 1080), 2)
    boxes = np.array([
        [900.0, 100, 1079, 500],  # cut off on the right, and whole in the other tile
        [500.0, 100, 1079, 900],  # cut off as well, and too wide to be whole in what both tiles share
        [0.0, 100, 60, 300],  # cut off by the picture itself
        [700.0, 100, 800, 400],
    ])  # fmt: skip
    assert whole_boxes(boxes, left, tiles).tolist() == [False, True, True, True]
    assert whole_boxes(boxes + np.array([840, 0, 840, 0]), right, tiles).tolist() == [True, True, False, True]


class NetworkOfMarks:
    """Finds a person in each white spot of the picture that it is given, a cell wide."""

    input_wh = INPUT_WH

    def __init__(self) -> None:
        self.looks = 0

    def run(self, blob: np.ndarray) -> np.ndarray:
        self.looks += 1
        output = np.zeros((1, CELLS, 85))
        cells = blob[0, 0].reshape(8, 8, 12, 8).max(axis=(1, 3)).ravel()  # the brightest of each cell of eight pixels
        output[0, :96, 4] = output[0, :96, 5] = cells > 250
        output[0, :96, :2] = 0.5
        return output


@pytest.mark.parametrize("tiles", [1, 2])
def test_people_found_in_tiles_are_where_they_are_in_the_picture(tiles: int) -> None:
    picture, network = np.zeros((64, 160, 3), np.uint8), NetworkOfMarks()
    for x in (20, 76, 140):  # the one in the middle is in both tiles
        picture[28:36, x : x + 8] = 255
    found = YoloxDetector(network, nms_iou=0.2, tiles=tiles).detect(picture, 0.0)
    assert network.looks == tiles
    off_px = np.abs((found.boxes_xyxy_px[:, [0]] + found.boxes_xyxy_px[:, [2]]) / 2 - [24, 80, 144])
    assert set(off_px.argmin(axis=1).tolist()) == {0, 1, 2}
    assert off_px.min(axis=1).max() < 14, "a cell of the network is that wide in the picture"
