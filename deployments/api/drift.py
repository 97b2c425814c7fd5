"""`services/{name}/drift/`, `check/` and `repair/`: what differs from the approved release, and mending it."""

from __future__ import annotations

from typing import Any

from django.urls import re_path
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import queries, serializers
from deployments.actions.check_drift import CheckDrift
from deployments.actions.repair import Repair
from deployments.api.common import LOCATION, NAME, RETRY_AFTER, accepted, actor, find_service
from deployments.serializers.drift import DriftSerializer

_GONE: dict[str, Any] = {
    "kind": "route53_health_check",
    "region": "global",
    "name": "eu-central-1",
    "action": "create",
    "reason": "it is gone from AWS",
    "diff": [],
    "waits_for": None,
    "state": "found",
    "found_at": "2026-11-24T22:10:09Z",
    "seen_at": "2026-11-24T22:10:09Z",
    "ended_at": None,
    "operation": None,
}
_DRIFT = OpenApiExample(
    "a health check is gone",
    {
        "service": "keyvalue",
        "count": 1,
        "since": "2026-11-24T22:10:09Z",
        "checked_at": "2026-11-24T22:10:09Z",
        "error": None,
        "repair": 12,
        "resources": [_GONE],
        "ended": [],
    },
    response_only=True,
)
NOT_NOW = OpenApiResponse(description="`not_deployed`; `operation_open` with its id.")


class DriftOfOne(APIView):
    """What differs."""

    @extend_schema(
        operation_id="services_drift",
        tags=["services"],
        summary="Read the drift of a service",
        responses=DriftSerializer,
        examples=[_DRIFT],
    )
    def get(self, request: Request, name: str) -> Response:
        """What differs from the approved release, since when, why it is not repaired, as it was last read."""
        return Response(queries.tell_drift(find_service(request, name).name))


class CheckOne(APIView):
    """Look now."""

    @extend_schema(
        operation_id="services_check",
        tags=["services"],
        summary="Check a service for drift",
        request=serializers.NoFields,
        responses={200: DriftSerializer, 409: NOT_NOW},
        examples=[_DRIFT],
    )
    def post(self, request: Request, name: str) -> Response:
        """Reads AWS now. Opens the repair where `safety.repair` is auto and nothing speaks against it."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        CheckDrift(find_service(request, name), actor(request)).execute()
        return Response(queries.tell_drift(name))


class RepairOne(APIView):
    """Deploy the approved release again."""

    @extend_schema(
        operation_id="services_repair",
        tags=["services"],
        summary="Repair a service",
        request=serializers.NoFields,
        responses={202: serializers.OperationSerializer, 409: NOT_NOW},
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION],
    )
    def post(self, request: Request, name: str) -> Response:
        """Also what a repair by itself leaves to people, such as an empty table in place of a lost one. Pending edits
        stay pending."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        return accepted(Repair(find_service(request, name), actor(request)).execute())


urlpatterns = [
    re_path(NAME + "drift/$", DriftOfOne.as_view(), name="service-drift"),
    re_path(NAME + "check/$", CheckOne.as_view(), name="service-check"),
    re_path(NAME + "repair/$", RepairOne.as_view(), name="service-repair"),
]
