"""The REST API's addresses under `regions/` and the availability calculator. A door."""

from __future__ import annotations

from django.db.models import ProtectedError, QuerySet
from django.urls import path, re_path, reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from regions import catalogue, queries
from regions.availability import calculate, exact_percent, exact_seconds
from regions.models import Account, Region
from regions.preconditions import holds
from regions.serializers import (
    CalculationSerializer,
    LatenciesSerializer,
    NewRegionSerializer,
    RegionChangeSerializer,
    RegionSerializer,
    SyncReportSerializer,
    SyncSerializer,
)
from regions.syncing import synced
from regions.visible import accounts

DEFAULT_REGIONS = 5
REGION = OpenApiExample(
    "Frankfurt",
    {
        "code": "eu-central-1",
        "enabled": True,
        "name": "Europe (Frankfurt)",
        "place": "Frankfurt",
        "country": "DE",
        "group": "Europe",
        "latitude": 50.11,
        "longitude": 8.68,
        "zones": ["euc1-az1", "euc1-az2", "euc1-az3"],
        "accounts": [{"account": "demo", "opt_in": "opt-in-not-required", "usable": True}],
    },
    response_only=True,
)
CALCULATION = OpenApiExample(
    "three components, two regions",
    {
        "region": "99.89902599975",
        "by_regions": [
            {
                "regions": 1,
                "availability": "99.89902599975",
                "downtime_s_per_year": "31843.16071884",
            },
            {
                "regions": 2,
                "availability": "99.999898042512735129999375",
                "downtime_s_per_year": "32.1533131838494033971",
            },
        ],
    },
    response_only=True,
)


class RegionInUse(APIException):
    """A region that services are placed in can't be removed."""

    status_code = 409
    default_code = "region_in_use"
    default_detail = "Services are placed in this region, or something is watched there."
    mend = "Take it out of those services and deploy them; or disable it, so that none is placed here any more."


class StaleWrite(APIException):
    """Somebody else changed it since it was read."""

    status_code = 412
    default_code = "stale_write"
    default_detail = "This region was changed meanwhile."
    mend = "Read it again, and send its ETag along."


class Regions(generics.ListCreateAPIView[Region]):
    """The regions that services can be placed in."""

    serializer_class = RegionSerializer
    filterset_fields = ["enabled", "code"]
    ordering = "code"
    orderings = ("code",)
    permissions = {"POST": "regions.add_region"}

    def get_queryset(self) -> QuerySet[Region]:
        return queries.regions(accounts(self.request.user, "regions.view_account"))

    @extend_schema(operation_id="regions_list", tags=["regions"], summary="List regions", examples=[REGION])
    def get(self, request: Request) -> Response:
        """In the order of their codes."""
        return self.list(request)

    @extend_schema(
        operation_id="regions_create",
        tags=["regions"],
        summary="Add a region",
        request=NewRegionSerializer,
        responses={201: RegionSerializer},
        examples=[REGION, OpenApiExample("add", {"code": "eu-central-1"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Of those that the catalogue knows. What accounts may do there is read by the next sync."""
        new = NewRegionSerializer(data=request.data)
        new.is_valid(raise_exception=True)
        region = queries.regions(accounts(request.user, "regions.view_account")).get(pk=new.save().pk)
        location = reverse("api:region", kwargs={"code": region.code})
        return Response(RegionSerializer(region).data, status=201, headers={"Location": location})


class OneRegion(generics.GenericAPIView[Region]):
    """One region."""

    serializer_class = RegionSerializer
    lookup_field = "code"
    permissions = {"PATCH": "regions.change_region", "DELETE": "regions.delete_region"}

    def get_queryset(self) -> QuerySet[Region]:
        return queries.regions(accounts(self.request.user, "regions.view_account"))

    @extend_schema(operation_id="regions_get", tags=["regions"], summary="Read a region", examples=[REGION])
    def get(self, request: Request, code: str) -> Response:
        """With what each account may do there, as the last sync read it."""
        return _told(self.get_object())

    @extend_schema(
        operation_id="regions_change",
        tags=["regions"],
        summary="Enable or disable a region",
        request=RegionChangeSerializer,
        responses={200: RegionSerializer, 412: OpenApiResponse(description="`stale_write`.")},
        parameters=[
            OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read."),
            OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200], description="The region's state."),
        ],
        examples=[REGION, OpenApiExample("disable", {"enabled": False}, request_only=True)],
    )
    def patch(self, request: Request, code: str) -> Response:
        """Disabled: no service can be deployed to it. What runs there stays."""
        region = self.get_object()
        change = RegionChangeSerializer(region, data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        _check_unchanged(region, request.headers.get("If-Match"))
        change.save()
        return _told(region)

    @extend_schema(
        operation_id="regions_delete",
        tags=["regions"],
        summary="Remove a region",
        responses={
            204: None,
            409: OpenApiResponse(description="`region_in_use`: services are placed there."),
        },
    )
    def delete(self, request: Request, code: str) -> Response:
        """Only where no service is placed."""
        try:
            self.get_object().delete()
        except ProtectedError:
            raise RegionInUse from None
        return Response(status=204)


def _told(region: Region) -> Response:
    return Response(RegionSerializer(region).data, headers={"ETag": _etag(region)})


def _etag(region: Region) -> str:
    """The state of what an operator sets."""
    return f'"{region.pk}-{region.enabled:d}"'


def _check_unchanged(region: Region, expected: str | None) -> None:
    """Raise 412 where `expected`, the value of an If-Match header, doesn't name the state that stands."""
    if not holds(expected, _etag(region)):
        raise StaleWrite


class Latencies(APIView):
    """How far regions are from each other."""

    @extend_schema(
        operation_id="regions_latencies",
        tags=["regions"],
        summary="Latencies between regions",
        responses=LatenciesSerializer,
        examples=[
            OpenApiExample(
                "two regions",
                {
                    "source": "https://www.cloudping.co",
                    "as_of": "2025-07",
                    "statistic": "p50 over one year",
                    "regions": [
                        {"region": "eu-central-1", "to_ms": {"eu-central-1": 4.0, "us-west-2": 142.4}},
                        {"region": "us-west-2", "to_ms": {"eu-central-1": 142.8, "us-west-2": 3.2}},
                    ],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Measured round trips between the enabled regions, each direction by itself, with source and date."""
        return Response(
            {
                "source": catalogue.LATENCY_SOURCE,
                "as_of": catalogue.LATENCY_AS_OF,
                "statistic": "p50 over one year",
                "regions": [{"region": code, "to_ms": to_ms} for code, to_ms in queries.latencies().items()],
            }
        )


class Sync(APIView):
    """Read from AWS what accounts may use."""

    permissions = {"POST": "regions.change_account"}

    @extend_schema(
        operation_id="regions_sync",
        tags=["regions"],
        summary="Sync from AWS",
        request=SyncSerializer,
        responses={200: SyncReportSerializer},
        examples=[
            OpenApiExample("every account", {}, request_only=True),
            OpenApiExample(
                "report",
                {
                    "accounts": [
                        {
                            "account": "demo",
                            "new_regions": ["ap-northeast-3"],
                            "gone_regions": [],
                            "not_opted_in": ["af-south-1"],
                            "new_zones": ["apne3-az1"],
                            "gone_zones": [],
                            "new_hosted_zones": [],
                            "gone_hosted_zones": [],
                            "unanswered": [],
                            "uncatalogued": [],
                            "error": None,
                            "mend": None,
                        }
                    ]
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Regions, availability zones and hosted zones of every account, or of one. Answers when it is done."""
        asked = SyncSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = Account.objects.all()
        if "account" in asked.validated_data:
            found = found.filter(name=asked.validated_data["account"])
            if not found.exists():
                name = asked.validated_data["account"]
                raise ValidationError({"account": f'there is no account "{name}"'}, "unknown")
        return Response({"accounts": [synced(account).as_json() for account in found]})


class Calculator(APIView):
    """Availability of components in series, in 1 … n regions in parallel."""

    @extend_schema(
        operation_id="availability",
        tags=["availability"],
        summary="Calculate an availability",
        parameters=[
            OpenApiParameter(
                "component",
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20},
                required=True,
                description="Per cent, once for each component that a region needs.",
                examples=[OpenApiExample("three components", ["99.95", "99.95", "99.999"])],
            ),
            OpenApiParameter("regions", int, description="The most regions: 1 to 40; 5 if not said."),
        ],
        responses=CalculationSerializer,
        examples=[CALCULATION],
    )
    def get(self, request: Request) -> Response:
        """Exact, in per cent and in seconds of a year of 365 days, as text, so that no digit is lost."""
        for name in request.query_params:
            if name not in {"component", "regions", "fields", "format"}:
                raise ValidationError({name: "is no parameter here; give component and regions"}, "unknown")
        given = request.query_params.get("regions", str(DEFAULT_REGIONS))
        if not (given.isascii() and given.isdigit() and len(given) <= 4):
            raise ValidationError({"regions": f'"{given[:40]}" is not a whole number; write 1 to 40'}, "invalid")
        parts = request.query_params.getlist("component")
        for part in parts:
            if not part.isascii():
                raise ValidationError({"component": f'"{part[:40]}" is not a number; write per cent: 99.95'}, "invalid")
        try:
            found = calculate(parts, int(given))
        except ValueError as error:
            field = "regions" if "regions" in str(error) else "component"
            raise ValidationError({field: str(error)}, "invalid") from None
        return Response(
            {
                "region": exact_percent(found.region),
                "by_regions": [
                    {
                        "regions": each.regions,
                        "availability": exact_percent(each.availability),
                        "downtime_s_per_year": exact_seconds(each.downtime_s_per_year),
                    }
                    for each in found.by_regions
                ],
            }
        )


urlpatterns = [
    path("regions/", Regions.as_view(), name="regions"),
    path("regions/latencies/", Latencies.as_view(), name="regions-latencies"),
    path("regions/sync/", Sync.as_view(), name="regions-sync"),
    re_path(r"^regions/(?P<code>[a-z0-9-]{1,25})/$", OneRegion.as_view(), name="region"),
    path("availability/", Calculator.as_view(), name="availability"),
]
