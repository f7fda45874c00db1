"""What can be wrong with how the twin is asked to run."""

from datetime import datetime
from pathlib import Path

from storesense_contracts.errors import StoresenseError


class TwinError(StoresenseError):
    """The twin cannot run as asked."""

    exit_code = 2
    code = "twin"


class NaiveTimeError(TwinError):
    """The beginning of a run is given without a time zone."""

    code = "naive_time"

    def __init__(self, *, began_at: datetime) -> None:
        self.began_at = began_at
        super().__init__(f"a run cannot begin at {began_at.isoformat()}, which names no time zone; give it in UTC")


class TrajectoryFileError(TwinError):
    """A file of recorded trajectories cannot be used."""

    code = "trajectory_file"

    def __init__(self, *, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(
            f"{path} is no file of trajectories: {problem}; expected rows of frame, id, x, z, y, vx, vz, vy in metres"
        )
