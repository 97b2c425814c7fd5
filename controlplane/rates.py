"""How often one token or user may ask the API: so many requests in a fixed window, counted in Redis.

Off unless `API_RATE` is set. Counted once it is known who asks, so a bad token is 401 whatever the rate. Fails open:
without Redis nobody is counted, and after a failure it is left alone for a while, or each request would wait for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from controlplane.models import Token

REDIS_TIMEOUT_S = 0.2
LEFT_ALONE_S = 5.0


@dataclass(frozen=True)
class Rate:
    """At most `most` requests in each window of `window_s`."""

    most: int
    window_s: int


@dataclass(frozen=True)
class Counted:
    """Where one stands in the window: how many were asked, and when the next begins."""

    most: int
    used: int
    reset_s: int

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)

    @property
    def over(self) -> bool:
        return self.used > self.most


class RateLimited(APIException):
    """Too many requests; `wait` becomes Retry-After."""

    status_code = 429
    default_code = "rate_limited"

    def __init__(self, counted: Counted) -> None:
        super().__init__(f"More than {counted.most} requests in this window.")
        self.wait = counted.reset_s
        self.mend = f"Wait {counted.reset_s} s; the headers RateLimit-* say how many are left."


class Counter:
    """Counts in Redis; None where it can't be asked."""

    def __init__(self, redis_url: str, clock_s: Callable[[], float] = time.time) -> None:
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._clock_s = clock_s
        self._left_alone_until_s = 0.0

    def count(self, who: str, rate: Rate) -> Counted | None:
        now_s = self._clock_s()
        if now_s < self._left_alone_until_s:
            return None
        window, gone_s = divmod(now_s, rate.window_s)
        key = f"rate:{rate.window_s}:{int(window)}:{who}"
        try:
            with self._redis.pipeline(transaction=True) as together:
                together.incr(key)
                together.expire(key, rate.window_s + 1)
                used = int(together.execute()[0])
        except redis.RedisError:
            self._left_alone_until_s = now_s + LEFT_ALONE_S
            return None
        return Counted(rate.most, used, max(1, math.ceil(rate.window_s - gone_s)))


@lru_cache(maxsize=1)
def _counter(redis_url: str) -> Counter:
    return Counter(redis_url)


def take(request: Request) -> None:
    """Count this request. RateLimited where it is one too many."""
    if settings.API_RATE is None:
        return
    who = f"token:{request.auth.pk}" if isinstance(request.auth, Token) else f"user:{request.user.pk}"
    counted = _counter(settings.REDIS_URL).count(who, Rate(*settings.API_RATE))
    if counted is None:
        return
    request._request.rate = counted  # type: ignore[attr-defined]
    if counted.over:
        raise RateLimited(counted)


class RateHeadersMiddleware:
    """Tells where one stands with each answer that was counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        counted: Counted | None = getattr(request, "rate", None)
        if counted is not None:
            response["RateLimit-Limit"] = str(counted.most)
            response["RateLimit-Remaining"] = str(counted.left)
            response["RateLimit-Reset"] = str(counted.reset_s)
        return response
