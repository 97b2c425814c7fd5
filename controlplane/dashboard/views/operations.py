"""Operations: the list, and one with its journal; cancel and retry, through the same actions as everywhere."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from controlplane.dashboard import sentence, steps
from controlplane.dashboard.asking import Question, answered, ask, reason
from controlplane.dashboard.page import page, seen
from controlplane.dashboard.refusal import refused
from deployments import overview, queries
from deployments.actions.actor import Actor
from deployments.actions.cancel import Cancel
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.actions.skip import Skip
from deployments.models import Operation


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    rows, following = overview.operation_page(
        int(before) if before.isascii() and before.isdigit() else None, seen(request)
    )
    return page(
        request, "dashboard/operations.html", {"operations": rows, "following": following}, section="operations"
    )


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    operation = overview.operation(pk, seen(request))
    if operation is None:
        raise Http404(f"There is no operation {pk}.")
    newest = next(iter(overview.operations_of(operation.stack, limit=1)), operation)
    only_open = request.GET.get("show") == "open"
    not_done = [step for step in operation.steps if step.status != "succeeded"]
    context = {
        "may_operate": Actor.of(request.user, "page").may(_found(request, pk)),
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
    operation = _found(request, pk)
    try:
        Cancel(operation, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="operations")
    return redirect("operation", pk=pk)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    operation = _found(request, pk)
    try:
        again = Retry(operation, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="operations")
    return redirect("operation", pk=again.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def skip(request: HttpRequest, pk: int, step: int) -> HttpResponse:
    """Leave a failed or stuck step out, with a reason."""
    operation = _found(request, pk)
    row = get_object_or_404(operation.steps, pk=step)
    question = Question(
        title=f"Skip {row.action} {row.kind} {row.name}?",
        says=(
            "The operation goes on without this step and what needs it, and can succeed. What is skipped stays as it "
            "is in AWS: the service is not as released, and a plan goes on showing it.",
        ),
        button="Skip the step",
        back=reverse("operation", kwargs={"pk": pk}),
        facts=[("Region", row.scope), ("Error", row.error or row.waiting_for)],
    )
    act = Skip(operation, row, Actor.of(request.user, "page"), reason(request))
    try:
        act.check()
        if answered(request, question):
            return redirect("operation", pk=act.execute().pk)
    except ActionRefused as error:
        return refused(request, error, section="operations")
    return ask(request, question, section="operations")


def _found(request: HttpRequest, pk: int) -> Operation:
    return get_object_or_404(queries.operations(seen(request)), pk=pk)
