"""What the alert engine judges beside single readings: whatever has to be asked for now and then."""

from storesense_backend.alerts.assessors.people import Attendance, Contradictions, Occupancy
from storesense_backend.alerts.assessors.protocol import Assessor
from storesense_backend.alerts.assessors.silence import Gaps, Silence
from storesense_backend.alerts.assessors.stock import Overdue, SoonEmpty
from storesense_backend.forecasts.assessor import KpiAnomalies
from storesense_backend.staffing.assessor import StaffingAssessor


def build_assessors() -> tuple[Assessor, ...]:
    """Build all assessors, each once an engine."""
    return (
        Silence(),
        Gaps(),
        Overdue(),
        SoonEmpty(),
        Occupancy(),
        Attendance(),
        Contradictions(),
        StaffingAssessor(),
        KpiAnomalies(),
    )
