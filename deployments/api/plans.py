"""`services/{name}/plan/`, `services/{name}/plans/`, `plans/{id}/` and `services/{name}/deploy/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, re_path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import plans
from deployments.actions.deploy import Deploy
from deployments.actions.overriding import Override
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
    seen,
)
from deployments.models import SavedPlan
from deployments.serializers import OperationSerializer
from deployments.serializers import plans as serializers

NOT_DEPLOYED = OpenApiResponse(
    description=(
        "`operation_open` with its id; `artifact_missing`, `not_deployable` with `errors`; `guard_refused` with "
        "`guards`; of a plan `plan_stale` with what moved in `errors` and the new plan's id in `plan`, `plan_expired`, "
        "`plan_unknown`, `plan_other_verb`."
    )
)


class Lines(BaseRenderer):
    """A plan as lines for people; a problem as the JSON that it is."""

    media_type = "text/plain"
    format = "lines"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> str:
        if isinstance(data, dict) and "lines" in data:
            return "\n".join([*data["lines"], ""])
        return json.dumps(data, default=str)


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
        """Reads AWS, changes nothing, and keeps the plan: deploying its id signs it. `{}` plans the draft; another
        manifest is planned without being saved."""
        asked = serializers.PlanRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        service = find_service(request, name)
        manifest = None
        if "manifest" in asked.validated_data:
            manifest = read_manifest(asked.validated_data["manifest"])
            if manifest.name != name:
                raise ValidationError({"manifest": f'its name is "{manifest.name}", not "{name}"'}, "name_fixed")
            if asked.validated_data["destroying"]:
                raise ValidationError({"manifest": "a destroy has none; leave it out"}, "invalid")
        view = PlanService(
            service,
            actor(request),
            manifest,
            asked.validated_data.get("destroy_data", ()),
            asked.validated_data["destroying"],
        ).execute()
        return Response(plans.tell(plans.of(view)))


class PlansOfOne(generics.GenericAPIView[SavedPlan]):
    """The saved plans of a service, newest first."""

    serializer_class = serializers.PlanSummarySerializer
    ordering = "-id"

    def get_queryset(self) -> QuerySet[SavedPlan]:
        return plans.summaries(plans.readable(seen(self.request)).filter(service_name=self.kwargs.get("name")))

    @extend_schema(
        operation_id="services_plans_list",
        tags=["services"],
        summary="List a service's plans",
        responses=serializers.PlanSummarySerializer(many=True),
        examples=[examples.PLAN_SUMMARY],
    )
    def get(self, request: Request, name: str) -> Response:
        """In short; each can be read whole for 30 days, and signed for one."""
        find_service(request, name)
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([plans.tell_summary(row) for row in page or []])


class OnePlan(APIView):
    """One saved plan."""

    renderer_classes = [JSONRenderer, Lines]

    @extend_schema(
        operation_id="plans_get",
        tags=["services"],
        summary="Read a plan",
        responses={
            (200, "application/json"): serializers.PlanSerializer,
            (200, "text/plain"): OpenApiResponse({"type": "string"}, description="Its lines, for people."),
        },
        examples=[examples.PLAN],
    )
    def get(self, request: Request, pk: int) -> Response:
        """As it was when somebody planned. `Accept: text/plain`, or `?format=lines`, answers with its lines."""
        return Response(plans.tell(get_object_or_404(plans.readable(seen(request)), pk=pk)))


class DeployOne(APIView):
    """Approve the draft and make it true."""

    @extend_schema(
        operation_id="services_deploy",
        tags=["services"],
        summary="Deploy",
        request=serializers.DeployRequest,
        responses={202: OperationSerializer, 409: NOT_DEPLOYED},
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION, examples.DEPLOY, examples.DEPLOY_SIGNED, examples.DEPLOY_OVERRIDING],
    )
    def post(self, request: Request, name: str) -> Response:
        """Freezes the draft as a release and opens the operation that makes it true. With `plan`, only if that plan is
        still what would be done."""
        asked = serializers.DeployRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        override = asked.validated_data.get("override_guards")
        return accepted(
            Deploy(
                find_service(request, name),
                actor(request),
                asked.validated_data.get("destroy_data", ()),
                asked.validated_data.get("plan"),
                Override(tuple(override["guards"]), override["reason"]) if override else None,
            ).execute()
        )


urlpatterns = [
    re_path(NAME + "plan/$", PlanOne.as_view(), name="service-plan"),
    re_path(NAME + "plans/$", PlansOfOne.as_view(), name="service-plans"),
    re_path(NAME + "deploy/$", DeployOne.as_view(), name="service-deploy"),
    path("plans/<int:pk>/", OnePlan.as_view(), name="plan"),
]
