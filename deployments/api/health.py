"""`services/{name}/health/` and `services/{name}/availability/`."""

from __future__ import annotations

from django.urls import re_path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import queries, serializers
from deployments.api.common import NAME, find_service


class HealthOfOne(APIView):
    """How the replicas are."""

    @extend_schema(
        operation_id="services_health",
        tags=["services"],
        summary="Read the health of a service",
        responses=serializers.HealthSerializer,
        examples=[examples.HEALTH],
    )
    def get(self, request: Request, name: str) -> Response:
        """The verdict on each replica, and what it rests on. Unknown is neither up nor down."""
        return Response(queries.tell_health(find_service(request, name), timezone.now()))


class AvailabilityOfOne(APIView):
    """What is promised and what was measured."""

    @extend_schema(
        operation_id="services_availability",
        tags=["services"],
        summary="Read the availability of a service",
        responses=serializers.AvailabilitySerializer,
        examples=[examples.AVAILABILITY],
    )
    def get(self, request: Request, name: str) -> Response:
        """Computed from the published SLAs for its regions and for 1 … 5; measured over 30 days, unknown time apart."""
        return Response(queries.tell_availability(find_service(request, name).name, timezone.now()))


urlpatterns = [
    re_path(NAME + "health/$", HealthOfOne.as_view(), name="service-health"),
    re_path(NAME + "availability/$", AvailabilityOfOne.as_view(), name="service-availability"),
]
