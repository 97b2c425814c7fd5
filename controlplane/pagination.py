"""Lists as `{"results", "next"}` by cursor: a page costs the same wherever it stands, no row is skipped or told twice.

A view says its order with `ordering = "name"` (a unique field) or `"-id"`; default: oldest first. By what else a list
may be asked for, it names in `orderings`: fields that are never null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:  # DRF's views import their default pagination, that is: this file
    from rest_framework.views import APIView


def orderings(view: APIView) -> list[str]:
    """Every order that may be asked for."""
    return [sign + field for field in getattr(view, "orderings", ()) for sign in ("", "-")]


class Cursor(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = "How many results a page holds; 200 at most."
    cursor_query_description = "Where the page begins; take it from `next`."
    max_page_size = 200
    ordering = "pk"

    def get_ordering(self, request: Request, queryset: QuerySet[Model], view: APIView) -> tuple[str, ...]:
        default: str = getattr(view, "ordering", self.ordering)
        asked = request.query_params.get("ordering", default)
        allowed = orderings(view)
        if asked != default and asked not in allowed:
            raise ValidationError(
                {"ordering": f'"{asked[:80]}" is no order here; there are: {", ".join(allowed)}'}, "invalid"
            )
        return (asked,) if asked == default else (asked, "pk")

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (
            ValueError,
            TypeError,
            DataError,
            DjangoValidationError,
        ):  # a position that is no value of the field: a cursor made by hand
            raise NotFound("This cursor is none of ours; take it from `next`.") from None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        if allowed := orderings(view):
            default = getattr(view, "ordering", self.ordering)
            found.append(
                {
                    "name": "ordering",
                    "in": "query",
                    "required": False,
                    "description": f"In which order; {default} if not said. A minus turns it round.",
                    "schema": {"type": "string", "enum": allowed},
                }
            )
        return found

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The next page, or null.",
                    "example": None,
                },
            },
        }
