"""Which records stand, and which regions are out, by rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments import resolving
from deployments.models import Evacuation, Resource, Stack
from regions.models import Endpoint, Region
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def stack() -> Stack:
    builders.account()
    return builders.deployed(builders.service(builders.manifest()))


def test_well_regions_are_not_out(stack: Stack) -> None:
    assert resolving.out(stack, timezone.now()) == {}


def test_down_is_out_and_unknown_is_not(stack: Stack) -> None:
    """Silence makes a verdict unknown: nobody is led away by our not knowing."""
    Endpoint.objects.filter(region__code="eu-central-1").update(status="down")
    now = timezone.now()

    assert resolving.out(stack, now) == {"eu-central-1": "down"}
    assert resolving.out(stack, now + timedelta(hours=1)) == {}


def test_evacuated_region_is_out_once_a_switch_is_set(stack: Stack) -> None:
    region = Region.objects.get(code="us-west-2")
    row = Evacuation.objects.create(account=stack.account, region=region, reason="drill")
    before = resolving.out(stack, timezone.now())
    row.effective_at = timezone.now()
    row.save(update_fields=["effective_at"])

    assert (before, resolving.out(stack, timezone.now())) == ({}, {"us-west-2": "evacuated"})


def test_records_that_are_gone_or_not_there_yet_don_t_stand(stack: Stack) -> None:
    params = {
        "type": "A",
        "ttl": 60,
        "values": ["192.0.2.1"],
        "alias": None,
        "set_identifier": None,
        "policy": {},
        "health_check_id": None,
    }
    for state in ("live", "adopted", "pending", "draining"):
        Resource.objects.create(
            stack=stack,
            kind="route53_record",
            scope="global",
            name=f"{state} A",
            state=state,
            params={**params, "name": f"{state}.example.test"},
        )

    assert [one.name for one in resolving.standing(stack)] == ["live.example.test", "adopted.example.test"]
