"""API rates of Route 53 and API Gateway: token buckets per account and action, off unless the delay `api_rates` is on.

The buckets of an account start full when its rates are switched on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from localcloud.call import Call
from localcloud.strict import delays
from localcloud.strict.rules import ANY, Refusal, rule

_ALL = "all actions together"
_ROUTE53 = {  # action → (burst, refill a second)
    "CreateHealthCheck": (50.0, 0.5),
    "DeleteHealthCheck": (15.0, 3.0),
    "GetHealthCheckStatus": (4.0, 1.0),
    "CreateHostedZone": (40.0, 2.0),
}
_ROUTE53_EACH = (50.0, 10.0)
_DOMAINS = {"CreateDomainName", "UpdateDomainName", "DeleteDomainName"}
_DOMAIN_RATE = (1.0, 1 / 30)
_API_GATEWAY_RATE = (40.0, 10.0)


@dataclass
class Bucket:
    """Tokens of one limit; `at` is the monotonic time of the last look."""

    burst: float
    refill_per_s: float
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        """Whether one more call fits; it is counted if so."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.refill_per_s)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


_buckets: dict[tuple[str, str, str], Bucket] = {}


def _fits(call: Call, name: str, rate: tuple[float, float]) -> bool:
    now = time.monotonic()
    key = (call.account, call.service, name)
    if key not in _buckets:
        _buckets[key] = Bucket(rate[0], rate[1], rate[0], now)
    return _buckets[key].take(now)


def _off(call: Call) -> bool:
    """Whether the account has no rates; its buckets are forgotten then."""
    if delays.of(call.account).api_rates == "aws":
        return False
    for key in [key for key in _buckets if key[0] == call.account]:
        del _buckets[key]
    return True


@rule("route53", ANY, page="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html")
def route53_has_a_bucket_an_action_and_one_for_all(call: Call) -> Refusal | None:
    """Calls beyond the action's or the account's bucket are throttled with HTTP 400."""
    if _off(call):
        return None
    fits_all = _fits(call, _ALL, _ROUTE53_EACH)
    if fits_all and _fits(call, call.action, _ROUTE53.get(call.action, _ROUTE53_EACH)):
        return None
    return Refusal("Throttling", "Rate exceeded")


@rule("apigatewayv2", ANY, page="https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html")
def api_gateway_changes_one_domain_in_30_seconds(call: Call) -> Refusal | None:
    """CreateDomainName, UpdateDomainName and DeleteDomainName once in 30 s each, all calls 10 a second, burst 40."""
    if _off(call):
        return None
    fits = _fits(call, _ALL, _API_GATEWAY_RATE)
    if fits and (call.action not in _DOMAINS or _fits(call, call.action, _DOMAIN_RATE)):
        return None
    return Refusal("TooManyRequestsException", "Too Many Requests", 429)
