"""What the addresses share: who asks, finding a service, reading a manifest, and the headers that they answer with."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from deployments import manifests, queries
from deployments.access import VIEW, Scope, scope_of
from deployments.actions.actor import Actor
from deployments.actions.approval import invalid
from deployments.actions.draft import etag
from deployments.manifest import Manifest, ManifestError
from deployments.models import Operation, Service

NAME = r"^services/(?P<name>[a-z][a-z0-9-]{0,39})/"

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


def actor(request: Request) -> Actor:
    return Actor.of(request.user, "api")


def seen(request: Request) -> Scope:
    """Where the one who asks may look."""
    return scope_of(request.user, VIEW)


def find_service(request: Request, name: str) -> Service:
    """404 where there is none, or none that may be seen."""
    return get_object_or_404(queries.services(seen(request)), name=name)


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


def told(request: Request, name: str, status: int) -> Response:
    """A service as it is now, with the state of its draft."""
    row = find_service(request, name)
    headers = {"ETag": etag(row)}
    if status == 201:
        headers["Location"] = reverse("api:service", kwargs={"name": name})
    return Response(queries.tell_service(row, timezone.now()), status=status, headers=headers)
