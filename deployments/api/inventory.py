"""`inventory/`: what stands in AWS by us, what is retained and what that costs; adopt, abandon, destroy, take over,
skip."""

from __future__ import annotations

import django_filters  # type: ignore[import-untyped]
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, re_path
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import queries, serializers
from deployments.actions.abandon import Abandon
from deployments.actions.adopt import Adopt
from deployments.actions.destroy_retained import DestroyRetained
from deployments.actions.measure import Measure
from deployments.actions.skip import Skip
from deployments.actions.standing import Standing
from deployments.actions.take_over import Ownership, TakeOver
from deployments.api.common import LOCATION, NAME, RETRY_AFTER, accepted, actor, find_service, seen
from deployments.models import Resource
from deployments.overview import inventory
from deployments.overview.inventory import Held
from deployments.plan.model import Observed, State
from deployments.providers.protocol import Claim
from deployments.serializers import inventory as bodies

_ROW = {
    "id": 12,
    "service": "keyvalue",
    "service_gone": False,
    "account": "demo",
    "kind": "dynamodb_table",
    "region": "us-west-2",
    "name": "keyvalues",
    "state": "retained",
    "physical_id": "keyvalue-keyvalues",
    "keeping": {
        "monthly_usd": "2.50",
        "basis": "10000000000 bytes stored",
        "source": "https://aws.amazon.com/dynamodb/pricing/on-demand/",
        "as_of": "2026-09",
    },
    "holds": {"size_bytes": 10_000_000_000, "items": 4_000_000},
    "measured_at": "2026-11-24T10:00:00Z",
    "operation": None,
    "created_at": "2026-11-20T10:00:00Z",
    "updated_at": "2026-11-24T10:00:00Z",
}
RESOURCE = OpenApiExample("a retained table", _ROW, response_only=True)
REASON = OpenApiExample("a reason", {"reason": "the quota is raised next week, OPS-12"}, request_only=True)
OPEN_OPERATION = OpenApiResponse(description="`operation_open` with its id.")


class ResourceFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.MultipleChoiceFilter(
        choices=[(state.value, state.value) for state in State], help_text="Repeat it for several."
    )
    service = django_filters.CharFilter("stack__name", help_text="The service's name.")
    kind = django_filters.CharFilter(help_text="The AWS kind, as plans name it.")
    region = django_filters.CharFilter("scope", help_text="A region's code, or global.")


class Inventory(generics.GenericAPIView[Resource]):
    """All that we made or adopted, and did not see go."""

    serializer_class = bodies.HeldResourceSerializer
    filterset_class = ResourceFilter
    ordering = "id"

    def get_queryset(self) -> QuerySet[Resource]:
        return inventory.resources(seen(self.request))

    @extend_schema(
        operation_id="inventory_list",
        tags=["inventory"],
        summary="List the inventory",
        responses=bodies.HeldResourceSerializer(many=True),
        examples=[RESOURCE],
    )
    def get(self, request: Request) -> Response:
        """`?state=retained` is what no release wants any more and still costs money."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([tell(row) for row in inventory.held(page or [])])


class MeasureRetained(APIView):
    """How much retained data there is."""

    @extend_schema(
        operation_id="inventory_measure",
        tags=["inventory"],
        summary="Measure retained data",
        request=serializers.NoFields,
        responses=bodies.MeasuredRowsSerializer,
        examples=[OpenApiExample("three tables", {"measured": 3}, response_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Asks AWS how much each retained resource holds, and keeps that with its time."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        return Response({"measured": Measure(actor(request)).execute()})


class AbandonOne(APIView):
    """Forget it; it stays in AWS."""

    @extend_schema(
        operation_id="inventory_abandon",
        tags=["inventory"],
        summary="Abandon a resource",
        request=bodies.ReasonRequest,
        responses={204: None, 409: OPEN_OPERATION},
        examples=[REASON],
    )
    def post(self, request: Request, pk: int) -> Response:
        """It stays in AWS as it is, and costs what it costs; nothing of ours looks at it again."""
        asked = bodies.ReasonRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        Abandon(_resource(request, pk), actor(request), asked.validated_data["reason"]).execute()
        return Response(status=204)


class DestroyOneRetained(APIView):
    """Its data is lost for ever."""

    @extend_schema(
        operation_id="inventory_destroy",
        tags=["inventory"],
        summary="Destroy a retained resource",
        request=bodies.DestroyRetainedRequest,
        responses={
            202: serializers.OperationSerializer,
            409: OpenApiResponse(description="`not_retained`, `operation_open` with its id."),
        },
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION, OpenApiExample("its name", {"name": "keyvalues"}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        """`name` is the consent: it must be the resource's own. Also where its service is gone."""
        asked = bodies.DestroyRetainedRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return accepted(DestroyRetained(_resource(request, pk), actor(request), asked.validated_data["name"]).execute())


class AdoptOne(APIView):
    """Take over what stands in the way."""

    @extend_schema(
        operation_id="services_adopt",
        tags=["services"],
        summary="Adopt an existing resource",
        request=bodies.AdoptRequest,
        responses={
            200: bodies.AdoptedSerializer,
            409: OpenApiResponse(
                description="`foreign_installation` and `foreign_owner` with `owner`, `held_by_another`, `fixed`, "
                "`nothing_there`, `already_ours`, `operation_open`."
            ),
        },
        examples=[
            OpenApiExample(
                "a table made by hand",
                {
                    "kind": "dynamodb_table",
                    "region": "us-west-2",
                    "name": "keyvalues",
                    "reason": "the table from before the move, OPS-12",
                },
                request_only=True,
            ),
            OpenApiExample(
                "adopted",
                {
                    "kind": "dynamodb_table",
                    "region": "us-west-2",
                    "name": "keyvalues",
                    "physical_id": "keyvalue-keyvalues",
                    "marked_by": None,
                    "diff": [
                        {
                            "path": "tags.antipode:ref",
                            "before": None,
                            "after": "keyvalue/dynamodb_table/us-west-2/keyvalues",
                        }
                    ],
                    "resource": 12,
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, name: str) -> Response:
        """Changes nothing in AWS: the next plan shows how it differs, and a deploy brings that about."""
        asked = bodies.AdoptRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        fields = {"reason": "", **asked.validated_data}
        preview = fields.pop("preview", False)
        adopt = Adopt(find_service(request, name), actor=actor(request), **fields)
        standing = adopt.check()
        row = None if preview else adopt.execute()
        return Response(tell_standing(standing, row.pk if row else None))


class TakeOverName(APIView):
    """Make another installation's host name ours."""

    @extend_schema(
        operation_id="services_take_over",
        tags=["services"],
        summary="Take a host name over",
        request=bodies.TakeOverRequest,
        responses={
            200: bodies.OwnershipSerializer,
            409: OpenApiResponse(
                description="`owner_moved`, `no_owner`, `already_ours`, `no_hostname`, `busy`, `operation_open`."
            ),
        },
        examples=[
            OpenApiExample(
                "from one installation",
                {"owner": "0b8f7c1e-6f0e-4a43-9b1e-3f5a4f6c2d10", "reason": "the old control plane is switched off"},
                request_only=True,
            ),
            OpenApiExample(
                "ours",
                {
                    "hostname": "kv.example.test",
                    "zone_id": "Z0EXAMPLE",
                    "owner": "8a6e0804-2bd0-4672-b79d-d97027f9071a",
                    "generation": 42,
                    "ours": True,
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, name: str) -> Response:
        """Replaces the owner record and nothing else; a plan then shows how the records differ."""
        asked = bodies.TakeOverRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        fields = asked.validated_data
        act = TakeOver(find_service(request, name), actor(request), fields.get("reason", ""))
        found = act.check()
        if not fields.get("preview", False):
            found = TakeOver(act.service, act.actor, act.reason, seen=_seen(fields, found)).execute()
        return Response(tell_ownership(found))


class SkipStep(APIView):
    """Leave a step out."""

    @extend_schema(
        operation_id="operations_skip",
        tags=["operations"],
        summary="Skip a step",
        request=bodies.ReasonRequest,
        responses={
            202: serializers.OperationSerializer,
            409: OpenApiResponse(description="`step_not_stuck`, `operation_superseded`, `operation_finished`."),
        },
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION, REASON],
    )
    def post(self, request: Request, pk: int, step: int) -> Response:
        """The operation goes on without it; of a failed one, a new operation. What is skipped stays as it is."""
        asked = bodies.ReasonRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        operation = get_object_or_404(queries.operations(seen(request)), pk=pk)
        row = get_object_or_404(operation.steps, pk=step)
        return accepted(Skip(operation, row, actor(request), asked.validated_data["reason"]).execute())


def tell(row: Held) -> queries.Json:
    """One row of the inventory."""
    cost = row.cost
    keeping = cost and {
        "monthly_usd": None if cost.monthly_usd is None else f"{cost.monthly_usd:f}",
        "basis": cost.basis,
        "source": cost.source,
        "as_of": cost.as_of,
    }
    return {
        "id": row.id,
        "service": row.service,
        "service_gone": row.gone,
        "account": row.account,
        "kind": row.kind,
        "region": row.region,
        "name": row.name,
        "state": row.state,
        "physical_id": row.physical_id or None,
        "keeping": keeping,
        "holds": row.facts,
        "measured_at": row.measured_at,
        "operation": row.operation,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def tell_standing(standing: Standing, row: int | None) -> queries.Json:
    look, ref = standing.look, standing.spec.ref
    assert isinstance(look, Observed)
    return {
        "kind": ref.kind,
        "region": ref.scope,
        "name": ref.name,
        "physical_id": look.physical_id,
        "marked_by": look.mark.owner if look.mark else None,
        "diff": [{"path": d.path, "before": d.before, "after": d.after} for d in standing.differences],
        "resource": row,
    }


def tell_ownership(found: Ownership) -> queries.Json:
    assert found.claim is not None
    return {
        "hostname": found.hostname,
        "zone_id": found.zone_id,
        "owner": found.claim.owner,
        "generation": found.claim.generation,
        "ours": found.ours,
    }


def _seen(fields: queries.Json, found: Ownership) -> Claim:
    assert found.claim is not None
    return Claim(fields.get("owner", found.claim.owner), fields.get("generation", found.claim.generation))


def _resource(request: Request, pk: int) -> Resource:
    return get_object_or_404(inventory.resources(seen(request)), pk=pk)


urlpatterns = [
    path("inventory/", Inventory.as_view(), name="inventory"),
    path("inventory/measure/", MeasureRetained.as_view(), name="inventory-measure"),
    path("inventory/<int:pk>/abandon/", AbandonOne.as_view(), name="inventory-abandon"),
    path("inventory/<int:pk>/destroy/", DestroyOneRetained.as_view(), name="inventory-destroy"),
    re_path(NAME + "adopt/$", AdoptOne.as_view(), name="service-adopt"),
    re_path(NAME + "take-over/$", TakeOverName.as_view(), name="service-take-over"),
    path("operations/<int:pk>/steps/<int:step>/skip/", SkipStep.as_view(), name="operation-skip"),
]
