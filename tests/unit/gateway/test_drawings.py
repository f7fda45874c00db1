"""What cameras are told of a drawing: each its own, and the keys of whoever may let an installer in."""

from storesense_contracts.drawing import Drawing
from storesense_gateway.drawings import camera_configs

DRAWING = Drawing.model_validate(
    {
        "lines": [{"id": "door", "name": "Door"}, {"id": "back", "name": "Back door"}],
        "cameras": [
            {"camera": "front", "lines": [{"line": "door", "image": [[0, 0.5], [1, 0.5]], "in_side": "right"}]},
            {"camera": "rear", "lines": [{"line": "back", "image": [[0, 0.5], [1, 0.5]], "in_side": "left"}]},
        ],
    }
)


def test_each_camera_is_told_its_own_lines_and_one_that_is_not_drawn_the_keys_alone() -> None:
    configs = camera_configs(5, DRAWING, ["front", "rear", "new"], ["k" * 43])
    told = {name: config.drawing for name, config in configs.items()}
    assert told["front"] is not None
    assert [line.line_id for line in told["front"].lines] == ["door"]
    assert told["rear"] is not None
    assert [line.line_id for line in told["rear"].lines] == ["back"]
    assert told["new"] is None
    assert {config.setup_keys for config in configs.values()} == {("k" * 43,)}
    assert {config.planogram_version for config in configs.values()} == {None}
