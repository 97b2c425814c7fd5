"""Regions out of rotation and back, for one service or for all there, and the sheet for when nothing of ours runs.

services/{name}/regions/{code}/evacuate/ restore/     regions/{code}/evacuate/ restore/ break-glass/
"""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import re_path, reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import queries, serializers
from deployments.access import OPERATE, VIEW, scope_of
from deployments.actions import break_glass
from deployments.actions.evacuate import Evacuate
from deployments.actions.overriding import Override
from deployments.actions.restore import Restore
from deployments.api.common import LOCATION, NAME, actor, find_service
from deployments.models import Operation
from deployments.serializers.evacuation import (
    BreakGlassSerializer,
    RegionSwitchRequest,
    SwitchPreviewSerializer,
    SwitchRequest,
)
from regions.models import Account, Region

CODE = r"regions/(?P<code>[a-z]{2}(?:-[a-z]+)+-[0-9])/"

_WHY = OpenApiExample("why", {"reason": "Lambda errors at 4 % since 14:31"}, request_only=True)
_PREVIEW = OpenApiExample(
    "what it would mean",
    {
        "region": "eu-central-1",
        "account": "demo",
        "evacuated": False,
        "takes_effect_s": 76,
        "switches": ["us-west-2 antipode-000000000000-0a1b2c3d-switch-a/switch/eu-central-1.keyvalue"],
        "services": [{"service": "keyvalue", "guards": []}],
    },
    response_only=True,
)
_ACCOUNT = OpenApiParameter("account", str, description="Where several accounts are registered: which.")


class EvacuateOne(APIView):
    """A service out of one region."""

    permissions = {"GET": VIEW}

    @extend_schema(
        operation_id="services_evacuate_preview",
        tags=["routing"],
        summary="What evacuating a service from a region would mean",
        responses=SwitchPreviewSerializer,
        examples=[_PREVIEW],
    )
    def get(self, request: Request, name: str, code: str) -> Response:
        """Guards, and the objects that would be written. Changes nothing."""
        service = find_service(request, name)
        return Response(_preview(Evacuate(service.account, _region(code), service, actor(request))))

    @extend_schema(
        operation_id="services_evacuate",
        tags=["routing"],
        summary="Evacuate a service from a region",
        request=SwitchRequest,
        responses={202: serializers.OperationSerializer},
        parameters=[LOCATION],
        examples=[_WHY, examples.OPERATION],
    )
    def post(self, request: Request, name: str, code: str) -> Response:
        """By its own switch; `no_own_switch` where it shares the region's. In effect within 76 s."""
        service = find_service(request, name)
        asked = _asked(SwitchRequest, request)
        return _done(
            Evacuate(service.account, _region(code), service, actor(request), asked["reason"], _override(asked))
        )


class RestoreOne(APIView):
    """A service back into one region."""

    @extend_schema(
        operation_id="services_restore",
        tags=["routing"],
        summary="Restore a service in a region",
        request=SwitchRequest,
        responses={202: serializers.OperationSerializer},
        parameters=[LOCATION],
        examples=[_WHY, examples.OPERATION],
    )
    def post(self, request: Request, name: str, code: str) -> Response:
        """Refused by the guard `healthy` where the region is not known to be well."""
        service = find_service(request, name)
        asked = _asked(SwitchRequest, request)
        return _done(
            Restore(service.account, _region(code), service, actor(request), asked["reason"], _override(asked))
        )


class EvacuateAll(APIView):
    """Everything out of one region."""

    permissions = {"GET": VIEW}

    @extend_schema(
        operation_id="regions_evacuate_preview",
        tags=["routing"],
        summary="What evacuating a region would mean",
        parameters=[_ACCOUNT],
        responses=SwitchPreviewSerializer,
        examples=[_PREVIEW],
    )
    def get(self, request: Request, code: str) -> Response:
        """For each service there, what guards say. Changes nothing."""
        account = _account(request, VIEW, request.query_params.get("account"))
        return Response(_preview(Evacuate(account, _region(code), None, actor(request))))

    @extend_schema(
        operation_id="regions_evacuate",
        tags=["routing"],
        summary="Evacuate a region",
        request=RegionSwitchRequest,
        responses={202: serializers.OperationSerializer},
        parameters=[LOCATION],
        examples=[_WHY, examples.OPERATION],
    )
    def post(self, request: Request, code: str) -> Response:
        """Every service of the account there, those with switches of their own included. In effect within 76 s."""
        asked = _asked(RegionSwitchRequest, request)
        account = _account(request, OPERATE, asked.get("account"))
        return _done(Evacuate(account, _region(code), None, actor(request), asked["reason"], _override(asked)))


class RestoreAll(APIView):
    """Everything back into one region."""

    @extend_schema(
        operation_id="regions_restore",
        tags=["routing"],
        summary="Restore a region",
        request=RegionSwitchRequest,
        responses={202: serializers.OperationSerializer},
        parameters=[LOCATION],
        examples=[_WHY, examples.OPERATION],
    )
    def post(self, request: Request, code: str) -> Response:
        """What was evacuated for one service alone stays out for that one."""
        asked = _asked(RegionSwitchRequest, request)
        account = _account(request, OPERATE, asked.get("account"))
        return _done(Restore(account, _region(code), None, actor(request), asked["reason"], _override(asked)))


class BreakGlass(APIView):
    """How to do it by hand."""

    @extend_schema(
        operation_id="regions_break_glass",
        tags=["routing"],
        summary="Break-glass sheet",
        responses=BreakGlassSerializer,
        examples=[
            OpenApiExample(
                "one service",
                {
                    "region": "eu-central-1",
                    "sheets": [
                        {
                            "account": "demo",
                            "of": "keyvalue",
                            "evacuate": ["aws s3api put-object --region us-west-2 --bucket … --key …"],
                            "restore": ["aws s3api delete-object --region us-west-2 --bucket … --key …"],
                            "look": ["dig +short kv.example.test A"],
                        }
                    ],
                    "text": "# Break-glass sheet: eu-central-1\n",
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, code: str) -> Response:
        """The exact AWS CLI lines, to be printed and kept before they are needed."""
        found = break_glass.sheets(_accounts(request, VIEW), _region(code))
        return Response(
            {
                "region": code,
                "sheets": [
                    {
                        "account": sheet.account,
                        "of": sheet.of,
                        "evacuate": list(sheet.evacuate),
                        "restore": list(sheet.restore),
                        "look": list(sheet.look),
                    }
                    for sheet in found
                ],
                "text": break_glass.text(code, found),
            }
        )


def _preview(act: Evacuate) -> dict[str, Any]:
    return queries.tell_switch_preview(act.account, act.region, act.service, act.concerned())


def _done(act: Evacuate | Restore) -> Response:
    operation: Operation = act.execute()
    row = queries.operations().get(pk=operation.pk)
    headers = {"Location": reverse("api:operation", kwargs={"pk": operation.pk})}
    return Response(queries.tell_operation(row), status=202, headers=headers)


def _asked(kind: type[SwitchRequest], request: Request) -> dict[str, Any]:
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def _override(asked: dict[str, Any]) -> Override | None:
    wanted = asked.get("override_guards")
    return Override(tuple(wanted["guards"]), wanted["reason"]) if wanted else None


def _region(code: str) -> str:
    return get_object_or_404(Region, code=code).code


def _accounts(request: Request, permission: str) -> list[Account]:
    """Those in which the one who asks may; a grant for a service alone is none of an account."""
    scope = scope_of(request.user, permission)
    rows = Account.objects.all() if scope.everywhere else Account.objects.filter(pk__in=scope.accounts)
    return list(rows)


def _account(request: Request, permission: str, name: str | None) -> Account:
    accounts = _accounts(request, permission)
    if name is not None:
        accounts = [account for account in accounts if account.name == name]
    if len(accounts) == 1:
        return accounts[0]
    if not accounts:
        get_object_or_404(Account.objects.none())
    names = ", ".join(account.name for account in accounts)
    raise ValidationError({"account": f"there are several: {names}; say which"}, "required")


urlpatterns = [
    re_path(NAME + CODE + "evacuate/$", EvacuateOne.as_view(), name="service-evacuate"),
    re_path(NAME + CODE + "restore/$", RestoreOne.as_view(), name="service-restore"),
    re_path("^" + CODE + "evacuate/$", EvacuateAll.as_view(), name="region-evacuate"),
    re_path("^" + CODE + "restore/$", RestoreAll.as_view(), name="region-restore"),
    re_path("^" + CODE + "break-glass/$", BreakGlass.as_view(), name="region-break-glass"),
]
