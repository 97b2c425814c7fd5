"""A lease has one holder at a time, and each new one has a greater fence."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from deployments import leases
from deployments.leases import LeaseLost, acquire, holder_name
from deployments.models import Lease

pytestmark = pytest.mark.django_db


def row() -> Lease:
    return Lease.objects.get(name="stack:1")


def expire() -> None:
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def held() -> leases.Lease:
    lease = acquire("stack:1")
    assert lease is not None
    return lease


def test_a_free_lease_is_taken() -> None:
    assert held().fence == 1
    assert row().holder == holder_name()
    assert timedelta(seconds=10) < row().expires_at - timezone.now() <= timedelta(seconds=leases.TTL_S)


def test_a_held_lease_is_not_taken() -> None:
    held()
    assert acquire("stack:1") is None
    assert acquire("stack:2") is not None


@pytest.mark.parametrize("end", [lambda lease: expire(), leases.Lease.release], ids=["expired", "released"])
def test_a_lease_that_ended_goes_to_the_next_with_a_greater_fence(end: Callable[[leases.Lease], None]) -> None:
    end(held())
    assert held().fence == 2


def test_a_lease_is_renewed_only_when_that_is_due() -> None:
    lease = held()
    soon = timezone.now() + timedelta(seconds=2)
    Lease.objects.update(expires_at=soon)
    lease.keep()
    assert row().expires_at == soon
    lease.renewed_at -= leases.RENEW_AFTER_S
    lease.keep()
    assert row().expires_at > soon + timedelta(seconds=5)
    assert row().fence == 1


def test_a_lease_that_another_took_is_lost() -> None:
    """It can neither be renewed nor given back."""
    lost = held()
    expire()
    held()
    lost.renewed_at -= leases.RENEW_AFTER_S
    with pytest.raises(LeaseLost, match="stack:1"):
        lost.keep()
    lost.release()
    assert row().expires_at > timezone.now()
    assert row().holder == holder_name()


def test_a_lease_that_ran_out_is_lost_though_nobody_took_it() -> None:
    lease = held()
    expire()
    lease.renewed_at -= leases.RENEW_AFTER_S
    with pytest.raises(LeaseLost):
        lease.keep()


def test_a_released_lease_names_no_holder() -> None:
    held().release()
    assert row().holder == ""
    assert str(row()) == "stack:1 by nobody"
    assert row().expires_at <= timezone.now()
