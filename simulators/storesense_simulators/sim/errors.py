"""What can be wrong with a store that is to be simulated."""

from storesense_contracts.errors import StoresenseError


class SimulationError(StoresenseError):
    """The site file describes nothing that can be simulated as asked."""

    exit_code = 2
    code = "simulation"


class MissingPlaceError(SimulationError):
    """Something that a simulated device measures has no place on the floor."""

    def __init__(self, *, device_id: str, what: str, key: str) -> None:
        self.device_id = device_id
        self.what = what
        self.key = key
        super().__init__(
            f"device {device_id!r} is simulated and measures {what}, which has no place; give it {key} in the store"
        )


class UnreachableError(SimulationError):
    """No way leads from one spot of the floor to another."""

    def __init__(self, *, from_xy_m: tuple[float, float], to_xy_m: tuple[float, float]) -> None:
        self.from_xy_m = from_xy_m
        self.to_xy_m = to_xy_m
        super().__init__(
            f"nobody can walk from {_show(from_xy_m)} to {_show(to_xy_m)}: walls are in the way; leave a gap of 0.8 m"
        )


def _show(spot_xy_m: tuple[float, float]) -> str:
    return f"[{spot_xy_m[0]:.1f}, {spot_xy_m[1]:.1f}]"
