"""API rates: off by default, AWS's on demand."""

from __future__ import annotations

import pytest

from localcloud.process import Running
from localcloud.strict.rates import Bucket
from tests.localcloud.strict.world import ADMITTED, Connect, domain, make_domain, make_zone, refusal, set_delays


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(burst=2, refill_per_s=0.5, tokens=2, at=0.0)

    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(at) for at in (1.0, 2.0, 3.0)] == [False, True, False]
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]


def test_route_53_throttles_beyond_its_burst(localcloud: Running, connect: Connect, account: str) -> None:
    set_delays(localcloud["url"], account, api_rates="aws")
    route53 = connect("route53")

    codes = [refusal(route53.list_hosted_zones) for _ in range(120)]
    assert codes[:50] == [ADMITTED] * 50
    assert "Throttling" in codes
    assert set(codes) == {ADMITTED, "Throttling"}


@pytest.mark.parametrize(("rates", "second"), [("aws", "TooManyRequestsException"), ("off", "NotFoundException")])
def test_api_gateway_changes_one_domain_in_30_seconds(
    localcloud: Running, connect: Connect, account: str, rates: str, second: str
) -> None:
    name = domain()
    make_domain(connect, "eu-central-1", name, make_zone(connect, name))
    set_delays(localcloud["url"], account, api_rates=rates)
    delete = connect("apigatewayv2", "eu-central-1").delete_domain_name

    assert refusal(delete, DomainName=name) == ADMITTED
    assert refusal(delete, DomainName=name) == second
