"""What the KPIs are."""

from fastapi import APIRouter
from starlette.responses import Response

from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.measurement_models import KpiCatalogue
from storesense_contracts.kpis import CATALOGUE, QUALITY_TEXT

router = APIRouter(prefix="/api/v1", tags=["measurements"])


@router.get("/kpis", summary="The catalogue of KPIs", response_model=KpiCatalogue, responses=errors(401))
def get_catalogue(_principal: Viewer) -> Response:
    """Return what each KPI is, what it rests on, what its completeness means, and whether it can be told now."""
    return JsonResponse(
        {
            "kpis": [
                {
                    "name": kpi.name,
                    "title": kpi.title,
                    "unit": kpi.unit,
                    "definition": kpi.definition,
                    "streams": list(kpi.streams),
                    "quality": kpi.quality,
                    "quality_text": QUALITY_TEXT[kpi.quality],
                    "aggregation": kpi.aggregation,
                    "better": kpi.better,
                    "is_available": kpi.is_available,
                    "needs": kpi.needs,
                }
                for kpi in CATALOGUE
            ]
        }
    )
