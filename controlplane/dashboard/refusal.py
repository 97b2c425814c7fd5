"""A refused action as a page: what was refused, then the mend."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from controlplane.dashboard.page import page
from deployments.actions.refused import ActionRefused
from deployments.models import Service


def refused(
    request: HttpRequest, error: ActionRefused, *, section: str, service: Service | None = None
) -> HttpResponse:
    """The page, with the refusal's own status."""
    context = {
        "error": error,
        "errors": error.more.get("errors", ()),
        "operation": error.more.get("operation"),
        "service": service,
    }
    return page(request, "dashboard/refused.html", context, section=section, status=error.status)
