from storesense_contracts.layout import StoreLayout
from storesense_contracts.site import CameraDevice
from storesense_edge.camera_condition import affected_by

CORNERS = [[0, 0], [4, 0], [4, 4], [0, 4]]
STORE = StoreLayout.model_validate(
    {
        "id": "store-1",
        "name": "Shop",
        "time_zone": "UTC",
        "floor": {"id": "upper", "size_m": [10, 8]},
        "sections": [{"id": "front", "name": "Front"}],
        "lines": [{"id": "door", "name": "Door"}],
        "zones": [{"id": "hall", "name": "Hall", "floor_m": CORNERS}],
        "lanes": [{"id": "lane-1", "name": "Lane 1", "till_m": [1, 1]}],
        "queues": [{"id": "tills", "name": "Tills", "section": "front", "lanes": ["lane-1"], "floor_m": CORNERS}],
    }
)


def test_a_cameras_fault_marks_every_kind_of_figure_that_rests_on_it() -> None:
    camera = CameraDevice.model_validate(
        {
            "kind": "camera",
            "id": "cam",
            "source": {"kind": "usb", "device": 0},
            "homography": {"image": [[0, 0], [1, 0], [1, 1], [0, 1]], "floor_m": CORNERS},
            "lines": [{"line": "door", "image": [[0.5, 0], [0.5, 1]], "in_side": "left"}],
            "zones": [{"zone": "hall"}],
            "queues": [{"queue": "tills"}],
            "heatmap": {"cell_size_m": 0.5, "area_m": [[0, 0], [4, 4]]},
        }
    )
    assert affected_by(camera, STORE) == ("footfall/door", "zone/hall", "queue/tills", "heatmap/upper")
    assert affected_by(camera.model_copy(update={"heatmap": None, "lines": []}), STORE) == ("zone/hall", "queue/tills")
