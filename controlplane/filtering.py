"""Filters of the API's lists: a parameter that a list does not know is refused, instead of being ignored.

A filter that is misspelt and ignored gives everything, and a program believes it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend  # type: ignore[import-untyped]
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from deployments.schema import nearest

COMMON = ("cursor", "page_size", "ordering", "fields", "format")


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filters = self.get_filterset_class(view, queryset)
        known = [*(filters.base_filters if filters else ()), *COMMON]
        for name in request.query_params:
            if name not in known:
                near = nearest(name, known)
                hint = f'did you mean "{near}"?' if near else f"there are: {', '.join(known)}"
                raise ValidationError({name[:80]: f"is no parameter here; {hint}"}, "unknown")
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered
