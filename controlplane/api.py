"""The REST API as one list: all addresses, and what describes them. What they do is in each app's `api.py`."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from controlplane.audit_api import urlpatterns as of_audit
from deployments.api import urlpatterns as of_deployments
from regions.api import urlpatterns as of_regions

LISTS = ("regions", "services", "operations", "inventory", "availability", "audit", "schema")


class Root(APIView):
    """Where everything begins: the lists, by name."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response({name: reverse(f"api:{name}", request=request) for name in LISTS})


urlpatterns = [
    path("", Root.as_view(), name="root"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", include(of_regions)),
    path("", include(of_deployments)),
    path("", include(of_audit)),
]
