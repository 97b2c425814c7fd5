"""Operations: the list, and one with its journal; cancel and retry, through the same actions as everywhere."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from controlplane.dashboard import sentence, steps
from controlplane.dashboard.page import page
from controlplane.dashboard.refusal import refused
from deployments import overview
from deployments.actions.actor import Actor
from deployments.actions.cancel import Cancel
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.models import Operation


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    rows, following = overview.operation_page(int(before) if before.isascii() and before.isdigit() else None)
    return page(
        request, "dashboard/operations.html", {"operations": rows, "following": following}, section="operations"
    )


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    operation = overview.operation(pk)
    if operation is None:
        raise Http404(f"There is no operation {pk}.")
    newest = overview.operations_of(operation.stack, limit=1)[0]
    only_open = request.GET.get("show") == "open"
    not_done = [step for step in operation.steps if step.status != "succeeded"]
    context = {
        "only_open": only_open,
        "not_done": not_done,
        "operation": operation,
        "sentence": sentence.of_operation(operation),
        "scopes": steps.by_region(not_done if only_open else operation.steps),
        "subtitle": f"operation {operation.id}",
        "tally": steps.tally([step.action for step in operation.steps]),
        "may_retry": operation.status in ("failed", "cancelled") and newest.id == operation.id,
        "newer": newest if newest.id != operation.id else None,
    }
    return page(request, "dashboard/operation.html", context, section="operations")


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    operation = get_object_or_404(Operation.objects.select_related("stack", "release"), pk=pk)
    try:
        Cancel(operation, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="operations")
    return redirect("operation", pk=pk)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    operation = get_object_or_404(Operation.objects.select_related("stack", "release"), pk=pk)
    try:
        again = Retry(operation, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="operations")
    return redirect("operation", pk=again.pk)
