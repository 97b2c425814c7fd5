"""The stop button: `pause/`, `resume/` for everything, `services/{name}/pause/` and `resume/` for one service."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import queries, serializers
from deployments.actions.pause import Pause, Resume
from deployments.api.common import NAME, actor, find_service, seen
from deployments.serializers.pause import PausedServiceSerializer, PauseRequest, PausesSerializer

_WHY = OpenApiExample("why", {"reason": "Route 53 misbehaves"}, request_only=True)
_PAUSE = {"of": "all", "service": None, "by": "alice", "since": "2026-11-24T22:10:09Z", "reason": "Route 53 misbehaves"}
_ALL = OpenApiExample("everything", {"paused": True, "pause": _PAUSE, "services": []}, response_only=True)
_ONE = OpenApiExample(
    "one service",
    {"service": "keyvalue", "paused": True, "pause": {**_PAUSE, "of": "service", "service": "keyvalue"}},
    response_only=True,
)


class PauseAll(APIView):
    """Press it for everything."""

    @extend_schema(
        operation_id="pause_get",
        tags=["operations"],
        summary="Read what is paused",
        responses=PausesSerializer,
        examples=[_ALL],
    )
    def get(self, request: Request) -> Response:
        """Everything, or which services."""
        return Response(queries.tell_pauses(seen(request)))

    @extend_schema(
        operation_id="pause",
        tags=["operations"],
        summary="Pause everything",
        request=PauseRequest,
        responses=PausesSerializer,
        examples=[_WHY, _ALL],
    )
    def post(self, request: Request) -> Response:
        """No change is begun in AWS until it is resumed; what runs comes to its end. Deploys are accepted and wait."""
        asked = PauseRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        Pause(None, actor(request), asked.validated_data["reason"]).execute()
        return Response(queries.tell_pauses(seen(request)))


class ResumeAll(APIView):
    """Let go of it."""

    @extend_schema(
        operation_id="resume",
        tags=["operations"],
        summary="Resume everything",
        request=serializers.NoFields,
        responses=PausesSerializer,
        examples=[OpenApiExample("nothing", {"paused": False, "pause": None, "services": []}, response_only=True)],
    )
    def post(self, request: Request) -> Response:
        """What waited goes on at once. Services that are paused by themselves stay so."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        Resume(None, actor(request)).execute()
        return Response(queries.tell_pauses(seen(request)))


class PauseOne(APIView):
    """Press it for one service."""

    @extend_schema(
        operation_id="services_pause",
        tags=["services"],
        summary="Pause a service",
        request=PauseRequest,
        responses=PausedServiceSerializer,
        examples=[_WHY, _ONE],
    )
    def post(self, request: Request, name: str) -> Response:
        """No change of it is begun in AWS until it is resumed; what runs comes to its end."""
        asked = PauseRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        Pause(find_service(request, name), actor(request), asked.validated_data["reason"]).execute()
        return Response(queries.tell_paused(find_service(request, name)))


class ResumeOne(APIView):
    """Let go of it."""

    @extend_schema(
        operation_id="services_resume",
        tags=["services"],
        summary="Resume a service",
        request=serializers.NoFields,
        responses=PausedServiceSerializer,
        examples=[
            OpenApiExample("goes on", {"service": "keyvalue", "paused": False, "pause": None}, response_only=True)
        ],
    )
    def post(self, request: Request, name: str) -> Response:
        """It stays paused while everything is."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        Resume(find_service(request, name), actor(request)).execute()
        return Response(queries.tell_paused(find_service(request, name)))


urlpatterns = [
    path("pause/", PauseAll.as_view(), name="pause"),
    path("resume/", ResumeAll.as_view(), name="resume"),
    re_path(NAME + "pause/$", PauseOne.as_view(), name="service-pause"),
    re_path(NAME + "resume/$", ResumeOne.as_view(), name="service-resume"),
]
