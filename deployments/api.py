"""The REST API's addresses under `services/` and `operations/`. A door: reads, calls an action or a query, answers."""

from __future__ import annotations

from typing import Any

import django_filters  # type: ignore[import-untyped]
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, re_path, reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import manifests, queries, serializers
from deployments.actions.actor import Actor
from deployments.actions.approval import invalid
from deployments.actions.cancel import Cancel
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.draft import check_unchanged, etag
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.artifacts import MAX_ZIP_BYTES
from deployments.manifest import Manifest, ManifestError
from deployments.merge_patch import merge
from deployments.models import Operation, Service
from deployments.models.record import OperationStatus
from deployments.plan import render

MULTIPART_OVERHEAD_BYTES = 64 * 1024

ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="The draft's state.")
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read; 412 where the draft has moved on."
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="The operation: /api/v1/operations/{id}/."
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[202], description="Seconds until it is worth asking."
)
STALE = OpenApiResponse(description="`stale_write`: the draft was edited since it was read.")
NOT_NOW = OpenApiResponse(
    description="`operation_open` with its id; `artifact_missing`, `not_deployable` with `errors`."
)


MANIFEST = {
    "type": "object",
    "description": "A service's manifest: the whole service in one document.",
    "required": ["name", "regions", "components"],
    "properties": {
        "name": {"type": "string"},
        "regions": {"oneOf": [{"type": "array", "items": {}}, {"type": "object"}]},
        "components": {"type": "array", "items": {"type": "object", "required": ["kind", "name"]}},
    },
    "additionalProperties": True,
}
PATCH = {"type": "object", "description": "A part of a manifest.", "additionalProperties": True}


class ArtifactTooLarge(APIException):
    """More than Lambda takes directly."""

    status_code = 413
    default_code = "too_large"
    default_detail = f"An artifact has at most {MAX_ZIP_BYTES:,} bytes."
    mend = "Leave out of the zip what the function doesn't need."


def actor(request: Request) -> Actor:
    return Actor.of(request.user, "api")


def find_service(name: str) -> Service:
    return get_object_or_404(queries.services(), name=name)


def read_manifest(document: Any) -> Manifest:
    """A manifest from a request. Refused with every problem that it has."""
    if not isinstance(document, dict):
        document = {} if document is None else document
    if isinstance(document, dict) and set(document) == {"manifest"}:
        document = document["manifest"]
    if not isinstance(document, dict):
        raise ValidationError("a manifest is an object: it begin with name, regions and components", "invalid_manifest")
    try:
        return manifests.read(document)
    except ManifestError as error:
        raise invalid(error.problems) from None


def accepted(operation: Operation) -> Response:
    """202: it is written down, and a worker does it."""
    row = queries.operations().get(pk=operation.pk)
    headers = {"Location": reverse("api:operation", kwargs={"pk": operation.pk}), "Retry-After": "1"}
    return Response(queries.tell_operation(row), status=202, headers=headers)


class ServiceFilter(django_filters.FilterSet):  # type: ignore[misc]
    search = django_filters.CharFilter("name", lookup_expr="icontains", help_text="A part of the name.")
    account = django_filters.CharFilter("account__name", help_text="The account's name.")
    region = django_filters.CharFilter("placements__region__code", help_text="Placed there.")


class Services(generics.GenericAPIView[Service]):
    """All services, by name."""

    serializer_class = serializers.ServiceSerializer
    filterset_class = ServiceFilter
    ordering = "name"

    def get_queryset(self) -> QuerySet[Service]:
        return queries.services()

    @extend_schema(
        operation_id="services_list",
        tags=["services"],
        summary="List services",
        responses=serializers.ServiceSerializer(many=True),
        examples=[examples.SERVICE],
    )
    def get(self, request: Request) -> Response:
        """Each with its draft, its release, and its replicas as they are."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(queries.tell_services(page or [], timezone.now()))

    @extend_schema(
        operation_id="services_create",
        tags=["services"],
        summary="Create a service",
        request={"application/json": MANIFEST, "application/yaml": MANIFEST},
        responses={
            201: serializers.ServiceSerializer,
            409: OpenApiResponse(description="`name_taken`, `hostname_taken`."),
        },
        parameters=[ETAG],
        examples=[examples.SERVICE, examples.MANIFEST],
    )
    def post(self, request: Request) -> Response:
        """From a manifest, as JSON or YAML. Nothing is made in AWS before it is deployed."""
        saved = SaveManifest(read_manifest(request.data), actor(request)).execute()
        return told(saved.name, 201)


def told(name: str, status: int) -> Response:
    """A service as it is now, with the state of its draft."""
    row = find_service(name)
    headers = {"ETag": etag(row)}
    if status == 201:
        headers["Location"] = reverse("api:service", kwargs={"name": name})
    return Response(queries.tell_service(row, timezone.now()), status=status, headers=headers)


class OneService(APIView):
    """One service."""

    @extend_schema(
        operation_id="services_get",
        tags=["services"],
        summary="Read a service",
        responses=serializers.ServiceSerializer,
        parameters=[ETAG],
        examples=[examples.SERVICE],
    )
    def get(self, request: Request, name: str) -> Response:
        """The draft, the release, and the replicas as they are."""
        return told(name, 200)

    @extend_schema(
        operation_id="services_put",
        tags=["services"],
        summary="Create or replace a service",
        request={"application/json": MANIFEST, "application/yaml": MANIFEST},
        responses={
            200: serializers.ServiceSerializer,
            201: serializers.ServiceSerializer,
            409: OpenApiResponse(description="`name_fixed`, `hostname_taken`."),
            412: STALE,
        },
        parameters=[ETAG, IF_MATCH],
        examples=[examples.SERVICE, examples.MANIFEST],
    )
    def put(self, request: Request, name: str) -> Response:
        """The draft becomes what the manifest says. Nothing changes in AWS before it is deployed."""
        manifest = read_manifest(request.data)
        expected = request.headers.get("If-Match")
        service = Service.objects.select_related("account").filter(name=name).first()
        if manifest.name != name:
            raise ActionRefused(
                409,
                "name_fixed",
                f'name: the manifest says "{manifest.name}", the address "{name}".',
                "Send it to the address of its name; a service can't be renamed.",
            )
        if service is None and expected is not None:
            raise ActionRefused(412, "stale_write", f'There is no service "{name}".', "Send no If-Match to create it.")
        SaveManifest(manifest, actor(request), service, expected).execute()
        return told(name, 200 if service else 201)

    @extend_schema(
        operation_id="services_patch",
        tags=["services"],
        summary="Change a part of a manifest",
        request={"application/merge-patch+json": PATCH, "application/json": PATCH, "application/yaml": PATCH},
        responses={
            200: serializers.ServiceSerializer,
            409: OpenApiResponse(description="`name_fixed`, `hostname_taken`."),
            412: STALE,
        },
        parameters=[ETAG, IF_MATCH],
        examples=[examples.SERVICE, examples.PATCH],
    )
    def patch(self, request: Request, name: str) -> Response:
        """A merge patch (RFC 7396) on the manifest: maps are merged, null removes, lists are replaced whole."""
        patch = request.data
        if isinstance(patch, dict) and set(patch) == {"manifest"}:
            patch = patch["manifest"]
        if not isinstance(patch, dict):
            raise ValidationError("a merge patch of a manifest is an object", "invalid_manifest")
        service = find_service(name)
        expected = request.headers.get("If-Match")
        check_unchanged(service, expected)
        manifest = read_manifest(merge(manifests.document_of(service), patch))
        # What was patched is what is replaced: an edit in between is a stale write, even where nobody sent If-Match.
        SaveManifest(manifest, actor(request), service, etag(service)).execute()
        return told(name, 200)

    @extend_schema(
        operation_id="services_delete",
        tags=["services"],
        summary="Destroy a service",
        request=serializers.DestroyRequest,
        responses={
            202: serializers.OperationSerializer,
            204: OpenApiResponse(description="It was never deployed, and is gone."),
            409: OpenApiResponse(description="`operation_open` with its id."),
            412: STALE,
        },
        parameters=[IF_MATCH, LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION, examples.DESTROY],
    )
    def delete(self, request: Request, name: str) -> Response:
        """Everything of it in AWS is removed; data is retained where `destroy_data` doesn't name it."""
        asked = serializers.DestroyRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        operation = Destroy(
            find_service(name),
            actor(request),
            asked.validated_data.get("destroy_data", ()),
            request.headers.get("If-Match"),
        ).execute()
        return accepted(operation) if operation else Response(status=204)


class Artifacts(APIView):
    """A service's uploads."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="artifacts_upload",
        tags=["services"],
        summary="Upload an artifact",
        request={"multipart/form-data": serializers.ArtifactUpload},
        responses={201: serializers.ArtifactSerializer},
        examples=[examples.ARTIFACT],
    )
    def post(self, request: Request, name: str) -> Response:
        """A zip with code. Uploading the same bytes again answers alike."""
        service = get_object_or_404(Service, name=name)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > MAX_ZIP_BYTES + MULTIPART_OVERHEAD_BYTES:
            raise ArtifactTooLarge
        asked = serializers.ArtifactUpload(data=request.data)
        asked.is_valid(raise_exception=True)
        artifact = UploadArtifact(service, asked.validated_data["file"], actor(request)).execute()
        body = {
            "sha256": artifact.sha256,
            "size_bytes": artifact.size_bytes,
            "uploaded_at": artifact.uploaded_at,
        }
        return Response(body, status=201)


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
        return Response(queries.tell_health(find_service(name), timezone.now()))


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
        get_object_or_404(Service, name=name)
        return Response(queries.tell_availability(name, timezone.now()))


class OperationFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=OperationStatus.choices, help_text="Repeat it for several.")
    service = django_filters.CharFilter("stack__name", help_text="The service's name.")
    verb = django_filters.CharFilter(help_text="deploy or destroy.")


class Operations(generics.GenericAPIView[Operation]):
    """All that was asked for, newest first."""

    serializer_class = serializers.OperationSerializer
    filterset_class = OperationFilter
    ordering = "-id"

    def get_queryset(self) -> QuerySet[Operation]:
        return queries.operations()

    @extend_schema(
        operation_id="operations_list",
        tags=["operations"],
        summary="List operations",
        responses=serializers.OperationSerializer(many=True),
        examples=[examples.OPERATION],
    )
    def get(self, request: Request) -> Response:
        """Newest first, with their steps."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([queries.tell_operation(row) for row in page or []])


class OneOperation(APIView):
    """One operation."""

    @extend_schema(
        operation_id="operations_get",
        tags=["operations"],
        summary="Read an operation",
        responses=serializers.OperationSerializer,
        examples=[examples.OPERATION],
    )
    def get(self, request: Request, pk: int) -> Response:
        """With its steps: which AWS error stopped one, and what to do."""
        return Response(queries.tell_operation(get_object_or_404(queries.operations(), pk=pk)))


class CancelOne(APIView):
    """Stop it."""

    @extend_schema(
        operation_id="operations_cancel",
        tags=["operations"],
        summary="Cancel an operation",
        request=serializers.NoFields,
        responses={
            202: serializers.OperationSerializer,
            409: OpenApiResponse(description="`operation_finished`."),
        },
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION],
    )
    def post(self, request: Request, pk: int) -> Response:
        """What is done stays done; nothing more is begun."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        return accepted(Cancel(get_object_or_404(Operation, pk=pk), actor(request)).execute())


class RetryOne(APIView):
    """Try it again."""

    @extend_schema(
        operation_id="operations_retry",
        tags=["operations"],
        summary="Retry an operation",
        request=serializers.NoFields,
        responses={
            202: serializers.OperationSerializer,
            409: OpenApiResponse(
                description="`operation_open`, `operation_finished`, `operation_superseded` with the newer one's id."
            ),
        },
        parameters=[LOCATION, RETRY_AFTER],
        examples=[examples.OPERATION],
    )
    def post(self, request: Request, pk: int) -> Response:
        """A failed or cancelled one, as a new operation: same release, same consent."""
        serializers.NoFields(data=request.data).is_valid(raise_exception=True)
        operation = get_object_or_404(Operation.objects.select_related("stack", "release"), pk=pk)
        return accepted(Retry(operation, actor(request)).execute())


NAME = r"^services/(?P<name>[a-z][a-z0-9-]{0,39})/"
urlpatterns = [
    path("services/", Services.as_view(), name="services"),
    re_path(NAME + "$", OneService.as_view(), name="service"),
    re_path(NAME + "artifacts/$", Artifacts.as_view(), name="service-artifacts"),
    re_path(NAME + "plan/$", PlanOne.as_view(), name="service-plan"),
    re_path(NAME + "deploy/$", DeployOne.as_view(), name="service-deploy"),
    re_path(NAME + "health/$", HealthOfOne.as_view(), name="service-health"),
    re_path(NAME + "availability/$", AvailabilityOfOne.as_view(), name="service-availability"),
    path("operations/", Operations.as_view(), name="operations"),
    path("operations/<int:pk>/", OneOperation.as_view(), name="operation"),
    path("operations/<int:pk>/cancel/", CancelOne.as_view(), name="operation-cancel"),
    path("operations/<int:pk>/retry/", RetryOne.as_view(), name="operation-retry"),
]
