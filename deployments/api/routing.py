"""`services/{name}/resolve/` and `users/`: what Route 53 would answer one user and why, or the users of the world."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import re_path
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import queries
from deployments.api.common import NAME, find_service
from deployments.manifests import region_codes
from deployments.models import Service
from deployments.resolving import moved, resolve
from deployments.routing.policy import TYPES
from deployments.serializers.routing import EffectSerializer, ResolvedSerializer
from deployments.whereabouts import FIELDS, NowhereError, user_from

OTHERS = ("fields", "format")
"""Of every address."""

_DOWN = OpenApiParameter(
    "down", str, many=True, description="Regions to count as down besides; repeated, or with commas."
)

_WHERE = [
    OpenApiParameter("from", str, description="A city: Kyiv, or Portland, US."),
    OpenApiParameter("lat", float, description="Degrees; with lon."),
    OpenApiParameter("lon", float, description="Degrees; with lat."),
    OpenApiParameter("ip", str, description="An address: by its country, and for IP-based records."),
    OpenApiParameter("country", str, description="Two letters of ISO 3166-1: its largest city."),
    OpenApiParameter("subdivision", str, description="With country: CA of US."),
    _DOWN,
    OpenApiParameter("type", str, enum=list(TYPES), description="A if not said."),
    OpenApiParameter("draw", float, description="From 0 to below 1: which of several possible answers; 0 if not said."),
]
_RESOLVED = OpenApiExample(
    "from Kyiv",
    {
        "outcome": "answer",
        "region": "eu-central-1",
        "answers": ["d-0a1b2c3d4e.execute-api.eu-central-1.amazonaws.com"],
        "ttl_s": 60,
        "latency_ms": 24.1,
        "latency_error": {"median": 0.05, "p90": 0.27},
        "why": ["kv.example.test: latency, eu-central-1 is about 24 ms, the lowest of 2"],
        "user": {
            "latitude": 50.45,
            "longitude": 30.52,
            "country": "UA",
            "continent": "EU",
            "subdivision": None,
            "address": None,
        },
        "out": {},
        "chances": [
            {
                "share": 1.0,
                "region": "eu-central-1",
                "answers": ["d-0a1b2c3d4e.execute-api.eu-central-1.amazonaws.com"],
            }
        ],
    },
    response_only=True,
)


_MOVED = OpenApiExample(
    "without Frankfurt",
    {
        "users": "the world's cities of over a million people",
        "before": {"eu-central-1": 0.58, "us-west-2": 0.42},
        "after": {"us-west-2": 1.0},
        "moved": 0.58,
        "unserved": 0.0,
        "median_ms": {"before": 108.2, "after": 171.9},
        "p95_ms": {"before": 190.3, "after": 262.4},
        "latency_error": {"median": 0.05, "p90": 0.27},
        "moves": [
            {
                "from": "eu-central-1",
                "to": "us-west-2",
                "share": 0.58,
                "cities": ["Delhi", "Istanbul", "Lagos"],
                "median_ms": {"before": 88.1, "after": 214.5},
                "worst": "Mumbai",
                "worst_ms": 262.4,
            }
        ],
    },
    response_only=True,
)


class NotRouted(APIException):
    """No user is led anywhere yet."""

    status_code = 409
    default_code = "not_routed"
    default_detail = "Nothing of this service is released under a host name, so nobody is led anywhere."
    mend = "Give a component routes and the service a hostname, and deploy it."


class Resolve(APIView):
    """One user's answer."""

    @extend_schema(
        operation_id="services_resolve",
        tags=["routing"],
        summary="Resolve a service for a user",
        parameters=_WHERE,
        responses={
            200: ResolvedSerializer,
            409: OpenApiResponse(description="`not_routed`: nothing of it is released under a host name."),
        },
        examples=[_RESOLVED],
    )
    def get(self, request: Request, name: str) -> Response:
        """What Route 53 would answer by the records that stand, with the chain of reasons. Asks no AWS."""
        service = find_service(request, name)
        asked = _known(request, (*FIELDS, "down", "type", "draw"))
        hostname = _hostname(service)
        try:
            user = user_from({field: str(asked[field]) for field in FIELDS if field in asked})
        except NowhereError as error:
            raise ValidationError({error.field: str(error)}, "invalid") from None
        found = resolve(
            service.stack,
            hostname,
            _kind(asked.get("type", TYPES[0])),
            user,
            timezone.now(),
            down=_down(service, asked.getlist("down")),
            draw=_draw(asked.get("draw", "0")),
        )
        return Response(queries.tell_resolved(found, user))


class Users(APIView):
    """The users of the world."""

    @extend_schema(
        operation_id="services_users",
        tags=["routing"],
        summary="Who goes where",
        parameters=[_DOWN],
        responses={
            200: EffectSerializer,
            409: OpenApiResponse(description="`not_routed`: nothing of it is released under a host name."),
        },
        examples=[_MOVED],
    )
    def get(self, request: Request, name: str) -> Response:
        """Shares by region now, and once the regions of `down` died; by the world's cities of over a million people."""
        service = find_service(request, name)
        asked = _known(request, ("down",))
        hostname = _hostname(service)
        down = _down(service, asked.getlist("down"))
        return Response(queries.tell_effect(moved(service.stack, hostname, timezone.now(), down=down)))


def _known(request: Request, fields: tuple[str, ...]) -> QueryDict:
    """The query, in which nothing is misspelt."""
    for field in request.query_params:
        if field not in (*fields, *OTHERS):
            raise ValidationError({field: f"is no parameter here; there are {', '.join(fields)}"}, "unknown")
    return request.query_params


def _hostname(service: Service) -> str:
    release = service.stack.release if hasattr(service, "stack") else None
    if release is None or not release.manifest.get("hostname"):
        raise NotRouted
    return str(release.manifest["hostname"])


def _kind(text: str) -> str:
    if text.upper() not in TYPES:
        raise ValidationError({"type": f'"{text[:20]}" is not answered here; write A or AAAA'}, "invalid")
    return text.upper()


def _draw(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1:
        raise ValidationError({"draw": f'"{text[:40]}" is no draw; write a number from 0 to below 1'}, "invalid")
    return found


def _down(service: Service, said: list[str]) -> list[str]:
    wanted = [code.strip() for text in said for code in text.split(",") if code.strip()]
    release: Any = service.stack.release
    placed = region_codes(release.manifest)
    for code in wanted:
        if code not in placed:
            raise ValidationError(
                {"down": f'"{code[:40]}" is no region of this service; it is in {", ".join(placed)}'}, "unknown"
            )
    return wanted


urlpatterns = [
    re_path(NAME + "resolve/$", Resolve.as_view(), name="service-resolve"),
    re_path(NAME + "users/$", Users.as_view(), name="service-users"),
]
