"""`services/` and `services/{name}/`: the draft of a service, and its artifacts."""

from __future__ import annotations

import django_filters  # type: ignore[import-untyped]
from django.db.models import QuerySet
from django.http import Http404
from django.urls import path, re_path
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import manifests, queries, serializers
from deployments.actions.destroy import Destroy
from deployments.actions.draft import check_unchanged, etag
from deployments.actions.refused import ActionRefused
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.api.common import (
    ETAG,
    IF_MATCH,
    LOCATION,
    MANIFEST,
    NAME,
    PATCH,
    RETRY_AFTER,
    STALE,
    accepted,
    actor,
    find_service,
    read_manifest,
    seen,
    told,
)
from deployments.artifacts import MAX_ZIP_BYTES
from deployments.merge_patch import merge
from deployments.models import Service

MULTIPART_OVERHEAD_BYTES = 64 * 1024


class ArtifactTooLarge(APIException):
    """More than Lambda takes directly."""

    status_code = 413
    default_code = "too_large"
    default_detail = f"An artifact has at most {MAX_ZIP_BYTES:,} bytes."
    mend = "Leave out of the zip what the function doesn't need."


class ServiceFilter(django_filters.FilterSet):  # type: ignore[misc]
    search = django_filters.CharFilter("name", lookup_expr="icontains", help_text="A part of the name.")
    account = django_filters.CharFilter("account__name", help_text="The account's name.")
    region = django_filters.CharFilter("placements__region__code", help_text="Placed there.")


class Services(generics.GenericAPIView[Service]):
    """All services, by name."""

    serializer_class = serializers.ServiceSerializer
    filterset_class = ServiceFilter
    ordering = "name"
    orderings = ("name", "created_at", "updated_at")

    def get_queryset(self) -> QuerySet[Service]:
        return queries.services(seen(self.request))

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
        return told(request, saved.name, 201)


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
        return told(request, name, 200)

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
        if service is not None and not seen(request).holds(service):
            raise Http404
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
        return told(request, name, 200 if service else 201)

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
        service = find_service(request, name)
        expected = request.headers.get("If-Match")
        check_unchanged(service, expected)
        manifest = read_manifest(merge(manifests.document_of(service), patch))
        # What was patched is what is replaced: an edit in between is a stale write, even where nobody sent If-Match.
        SaveManifest(manifest, actor(request), service, etag(service)).execute()
        return told(request, name, 200)

    @extend_schema(
        operation_id="services_delete",
        tags=["services"],
        summary="Destroy a service",
        request=serializers.DestroyRequest,
        responses={
            202: serializers.OperationSerializer,
            204: OpenApiResponse(description="It was never deployed, and is gone."),
            409: OpenApiResponse(description="`operation_open` with its id; of a plan `plan_stale` and the like."),
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
            find_service(request, name),
            actor(request),
            asked.validated_data.get("destroy_data", ()),
            request.headers.get("If-Match"),
            asked.validated_data.get("plan"),
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
        service = find_service(request, name)
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


urlpatterns = [
    path("services/", Services.as_view(), name="services"),
    re_path(NAME + "$", OneService.as_view(), name="service"),
    re_path(NAME + "artifacts/$", Artifacts.as_view(), name="service-artifacts"),
]
