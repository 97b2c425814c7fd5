"""The worst status of a service's replicas, as a number that the database sorts and filters by."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Max, Q, QuerySet, Value, When

from deployments.models import Service
from regions.verdict import Status

RANK = {Status.DOWN.value: 3, Status.DEGRADED.value: 2, Status.UNKNOWN.value: 1, Status.UP.value: 0}


def annotated(rows: QuerySet[Service]) -> QuerySet[Service]:
    """With `rank`: 3 where a replica is down … 0 where all are up; None where nothing is watched."""
    status = "stack__replicas__endpoint__status"
    whens = [When(Q(**{status: name}), then=Value(number)) for name, number in RANK.items()]
    return rows.annotate(rank=Max(Case(*whens, default=None, output_field=IntegerField())))
