"""`/metrics`: what operators alert on, as Prometheus reads it. Needs a login or a token, and tells what its owner sees.

Reads rows when it is asked, in a number of queries that does not grow with them: any web process tells the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from deployments import overview
from deployments.access import VIEW, Scope, scope_of
from deployments.models import Drift, Operation, Stack
from deployments.models.record import OPEN
from deployments.models.safety import DriftState
from deployments.overview.pauses import pauses
from regions.verdict import Status


class Rows(Collector):
    """One reading of the rows that `scope` shows, at `now`."""

    def __init__(self, scope: Scope, now: datetime) -> None:
        self.scope, self.now = scope, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._drift()
        yield from self._operations()
        yield from self._replicas()
        yield from self._pauses()

    def _drift(self) -> Iterator[GaugeMetricFamily]:
        found = GaugeMetricFamily(
            "antipode_drift_resources", "Resources that differ from the approved release.", labels=["service"]
        )
        person = GaugeMetricFamily(
            "antipode_drift_waiting_resources", "Those of them that are not mended by themselves.", labels=["service"]
        )
        age = GaugeMetricFamily(
            "antipode_drift_check_age_seconds",
            "Since the last check that told something.",
            labels=["service"],
        )
        theirs = self.scope.rows(account="stack__account", service="stack__service")
        rows = Drift.objects.filter(theirs, state=DriftState.FOUND).order_by().values("stack__name")
        counted = {
            row["stack__name"]: (row["all"], row["person"])
            for row in rows.annotate(all=Count("pk"), person=Count("pk", filter=~Q(waits_for="")))
        }
        deployed = self._stacks().filter(release__isnull=False).values_list("name", "drift_checked_at")
        for name, checked_at in deployed:
            every, waiting = counted.get(name, (0, 0))
            found.add_metric([name], every)
            person.add_metric([name], waiting)
            if checked_at is not None:
                age.add_metric([name], (self.now - checked_at).total_seconds())
        yield from (found, person, age)

    def _operations(self) -> Iterator[GaugeMetricFamily]:
        """`failed` is 1 where the newest operation of a service has failed."""
        running = GaugeMetricFamily("antipode_operations_open", "Operations queued or running.", labels=["service"])
        failed = GaugeMetricFamily(
            "antipode_operation_failed", "The newest operation has failed, and nobody acted since.", labels=["service"]
        )
        theirs = self.scope.rows(account="stack__account", service="stack__service")
        newest = Operation.objects.filter(theirs).order_by("stack_id", "-id").distinct("stack_id")
        for name, status in newest.values_list("stack__name", "status"):
            running.add_metric([name], int(status in OPEN))
            failed.add_metric([name], int(status == "failed"))
        yield from (running, failed)

    def _replicas(self) -> Iterator[GaugeMetricFamily]:
        replicas = GaugeMetricFamily("antipode_replicas", "Replicas by verdict.", labels=["service", "status"])
        for row in overview.services(self.now, self.scope):
            for status in Status:
                count = sum(replica.status is status for replica in row.replicas)
                replicas.add_metric([row.name, status.value], count)
        yield replicas

    def _pauses(self) -> Iterator[GaugeMetricFamily]:
        """With an empty label for everything."""
        paused = GaugeMetricFamily("antipode_paused", "The stop button is pressed.", labels=["service"])
        standing = pauses(self.scope)
        paused.add_metric([""], int(any(pause.of_all for pause in standing)))
        for pause in standing:
            if not pause.of_all:
                paused.add_metric([pause.service], 1)
        yield paused

    def _stacks(self) -> QuerySet[Stack]:
        return Stack.objects.filter(self.scope.rows(account="account", service="service")).order_by("name")


class AsPrometheusAsks(BaseContentNegotiation):
    """Prometheus names formats of its own; refusals are told as everywhere."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


class Metrics(APIView):
    content_negotiation_class = AsPrometheusAsks

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        registry = CollectorRegistry()
        registry.register(Rows(scope_of(request.user, VIEW), timezone.now()))
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
