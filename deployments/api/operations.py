"""`operations/`: what was asked for, followed until it is done; cancel and retry."""

from __future__ import annotations

import django_filters  # type: ignore[import-untyped]
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deployments import api_examples as examples
from deployments import queries, serializers
from deployments.actions.cancel import Cancel
from deployments.actions.retry import Retry
from deployments.api.common import LOCATION, RETRY_AFTER, accepted, actor, seen
from deployments.models import Operation
from deployments.models.record import OperationStatus


class OperationFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=OperationStatus.choices, help_text="Repeat it for several.")
    service = django_filters.CharFilter("stack__name", help_text="The service's name.")
    verb = django_filters.CharFilter(help_text="deploy or destroy.")


class Operations(generics.GenericAPIView[Operation]):
    """All that was asked for, newest first."""

    serializer_class = serializers.OperationSerializer
    filterset_class = OperationFilter
    ordering = "-id"
    orderings = ("id", "created_at")

    def get_queryset(self) -> QuerySet[Operation]:
        return queries.operations(seen(self.request))

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
        return Response(queries.tell_operation(get_object_or_404(queries.operations(seen(request)), pk=pk)))


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
        return accepted(Cancel(get_object_or_404(queries.operations(seen(request)), pk=pk), actor(request)).execute())


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
        operation = get_object_or_404(queries.operations(seen(request)), pk=pk)
        return accepted(Retry(operation, actor(request)).execute())


urlpatterns = [
    path("operations/", Operations.as_view(), name="operations"),
    path("operations/<int:pk>/", OneOperation.as_view(), name="operation"),
    path("operations/<int:pk>/cancel/", CancelOne.as_view(), name="operation-cancel"),
    path("operations/<int:pk>/retry/", RetryOne.as_view(), name="operation-retry"),
]
