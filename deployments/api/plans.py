"""`services/{name}/plan/` and `services/{name}/deploy/`."""

from __future__ import annotations

from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import serializers
from deployments.actions.deploy import Deploy
from deployments.actions.plan_service import PlanService
from deployments.api.common import (
    LOCATION,
    NAME,
    NOT_NOW,
    RETRY_AFTER,
    accepted,
    actor,
    find_service,
    read_manifest,
)
from deployments.plan import render


class PlanOne(APIView):
    """What a deploy would change."""

    @extend_schema(
        operation_id="services_plan",
        tags=["services"],
        summary="Plan",
        request=serializers.PlanRequest,
        responses={200: serializers.PlanSerializer, 409: NOT_NOW},
        examples=[examples.PLAN, examples.PLAN_DRAFT],
    )
    def post(self, request: Request, name: str) -> Response:
        """Reads AWS, changes nothing. `{}` plans the draft; another manifest is planned without being saved."""
        asked = serializers.PlanRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        service = find_service(name)
        manifest = None
        if "manifest" in asked.validated_data:
            manifest = read_manifest(asked.validated_data["manifest"])
            if manifest.name != name:
                raise ValidationError({"manifest": f'its name is "{manifest.name}", not "{name}"'}, "name_fixed")
        view = PlanService(service, actor(request), manifest, asked.validated_data.get("destroy_data", ())).execute()
        return Response(
            {
                "id": None,
                "digest": view.digest,
                **render.as_json(view.plan),
                "guards": [],
                "lines": render.lines(view.plan),
                "wait_s": view.wait_s,
            }
        )


class DeployOne(APIView):
    """Approve the draft and make it true."""

    @extend_schema(
        operation_id="services_deploy",
        tags=["services"],
        summary="Deploy",
        request=serializers.DeployRequest,
        responses={202: serializers.OperationSerializer, 409: NOT_NOW},
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION, examples.DEPLOY],
    )
    def post(self, request: Request, name: str) -> Response:
        """Freezes the draft as a release and opens the operation that makes it true."""
        asked = serializers.DeployRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        service = find_service(name)
        return accepted(Deploy(service, actor(request), asked.validated_data.get("destroy_data", ())).execute())


urlpatterns = [
    re_path(NAME + "plan/$", PlanOne.as_view(), name="service-plan"),
    re_path(NAME + "deploy/$", DeployOne.as_view(), name="service-deploy"),
]
