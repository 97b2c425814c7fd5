"""The inventory: what we made or adopted in AWS, what is retained and what keeping it costs, what a namesake holds up.

Reads rows, never AWS: what a retained thing holds is what was measured last, and says when. Two queries a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from deployments.access import EVERYWHERE, Scope
from deployments.models import Operation, Resource, Step
from deployments.models.record import OPEN, OperationStatus, StepStatus
from deployments.plan.cost import Cost, monthly_cost
from deployments.plan.model import State

PAGE = 50
FOREIGN_OWNER = "foreign_owner"


@dataclass(frozen=True)
class Held:
    """One row of the inventory.

    service      the stack's name; `gone`: the service itself is no more; `of_service`: it has one, and a page
    adopted      not made by us, or not yet seen to carry our mark
    cost         of keeping it a month, where it is retained and something is known of its kind
    facts        what it held when it was last measured: size_bytes, items
    operation    the open operation of its stack: until it ends nobody but that touches the inventory
    """

    id: int
    service: str
    gone: bool
    of_service: bool
    account: str
    kind: str
    region: str
    name: str
    state: str
    physical_id: str
    adopted: bool
    cost: Cost | None
    facts: Mapping[str, Any]
    measured_at: datetime | None
    created_at: datetime
    updated_at: datetime
    operation: int | None

    @property
    def unmade(self) -> bool:
        """It was to be created and never came to be: a namesake may stand in its way."""
        return self.state == State.PENDING and not self.physical_id and self.operation is None


@dataclass(frozen=True)
class Totals:
    """How many rows are in which state, and what keeping the retained ones costs a month, as far as it is known."""

    states: Mapping[str, int]
    monthly_usd: Decimal
    unknown: int  # retained ones of which nobody knows what they cost

    @property
    def all(self) -> int:
        return sum(self.states.values())

    @property
    def retained(self) -> int:
        return self.states.get(State.RETAINED, 0)

    @property
    def adopted(self) -> int:
        return self.states.get(State.ADOPTED, 0)


def resources(scope: Scope = EVERYWHERE) -> QuerySet[Resource]:
    """Rows of the inventory with all that `held` needs of them: two queries."""
    unfinished = Prefetch("stack__operations", Operation.objects.filter(status__in=OPEN), to_attr="unfinished")
    return (
        Resource.objects.filter(scope.rows(account="stack__account", service="stack__service"))
        .select_related("stack__account", "stack__service")
        .prefetch_related(unfinished)
    )


def held(rows: Iterable[Resource]) -> list[Held]:
    return [_held(row) for row in rows]


def inventory_page(scope: Scope, filters: Mapping[str, str], after: int | None = None) -> tuple[list[Held], int | None]:
    """A page of the rows that these filters leave (state, service, kind, region), and where the next one begins."""
    lookups = {"state": "state", "service": "stack__name", "kind": "kind", "region": "scope"}
    found = resources(scope).filter(**{lookups[name]: value for name, value in filters.items() if value})
    if after is not None:
        found = found.filter(pk__gt=after)
    rows = held(found.order_by("pk")[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def retained(scope: Scope) -> list[Held]:
    """All retained rows: the dearest first, of which nothing is known last."""
    rows = held(resources(scope).filter(state=State.RETAINED))
    return sorted(rows, key=lambda row: (-(_known(row.cost) or Decimal(-1)), row.service, row.region, row.name))


def totals(scope: Scope, kept: Iterable[Held]) -> Totals:
    """One query; `kept` are the retained rows, read before."""
    counted = resources(scope).prefetch_related(None).order_by().values_list("state").annotate(Count("pk"))
    costs = [_known(row.cost) for row in kept]
    return Totals(
        states=dict(counted),
        monthly_usd=sum((cost for cost in costs if cost is not None), Decimal(0)),
        unknown=sum(cost is None for cost in costs),
    )


def unmade(scope: Scope) -> list[Held]:
    """What was to be created and never came to be, on stacks where nothing goes on."""
    rows = resources(scope).filter(state=State.PENDING, physical_id="").order_by("stack__name", "scope", "kind", "name")
    return [row for row in held(rows[:PAGE]) if row.unmade]


def foreign_owner(stack: str) -> bool:
    """Whether the last operation of a stack ended at an owner record of another installation. One query."""
    newer = Operation.objects.filter(stack=OuterRef("operation__stack"), pk__gt=OuterRef("operation"))
    refused = Q(error_code=FOREIGN_OWNER, status=StepStatus.FAILED, operation__status=OperationStatus.FAILED)
    return Step.objects.filter(refused & ~Exists(newer), operation__stack__name=stack).exists()


def _held(row: Resource) -> Held:
    facts = dict(row.outputs.get("facts") or {}) if row.state == State.RETAINED else {}
    measured_at = facts.pop("measured_at", None)
    unfinished = row.stack.unfinished  # type: ignore[attr-defined]  # by the prefetch of `resources`
    kept = row.state == State.RETAINED
    return Held(
        id=row.pk,
        service=row.stack.name,
        gone=row.stack.service_id is None and not row.stack.foundation,
        of_service=row.stack.service_id is not None,
        account=row.stack.account.name,
        kind=row.kind,
        region=row.scope,
        name=row.name,
        state=row.state,
        physical_id=row.physical_id,
        adopted=row.state == State.ADOPTED,
        cost=monthly_cost(row.kind, {**facts, "params": row.params}) if kept else None,
        facts=facts,
        measured_at=datetime.fromisoformat(measured_at) if measured_at else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        operation=unfinished[0].pk if unfinished else None,
    )


def _known(cost: Cost | None) -> Decimal | None:
    return cost.monthly_usd if cost else None
