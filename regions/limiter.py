"""Keeps all workers together within AWS's API rates: token buckets in Redis, by (account, service, action).

`aws.py` asks before every call, so that nothing that calls AWS can forget it. The rates are data
(`catalogue/api_rates.csv`). One Lua script takes the tokens of all buckets of a call or none; its clock is Redis's own.
A bucket may go into debt by at most `MAX_WAIT_S`: that is a place in the queue, waited for here; whoever would wait
longer is sent away with the time. Never blocks AWS when Redis is gone: then AWS's own throttling remains.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from regions import catalogue
from regions.aws_errors import LIMITED, AwsError, Verdict

MAX_WAIT_S = 1.0
REDIS_TIMEOUT_S = 0.5
LEFT_ALONE_S = 5.0  # after a failure Redis is not asked for so long, or each AWS call would wait for it
_KEPT_S = 24 * 3600  # a bucket not used for so long is forgotten, and starts half full again

# KEYS: the buckets. ARGV: the longest wait to take in debt (ms), seconds to keep, then burst and refill a second of
# each. Returns the wait in ms: up to the longest, the tokens are taken; beyond it, nothing was.
_TAKE = """
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + now[2] / 1000
local wait_ms = 0
local levels = {}
for i, key in ipairs(KEYS) do
  local burst, refill = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  local state = redis.call('HMGET', key, 'level', 'at_ms')
  local level = burst / 2
  if state[1] then
    level = math.min(burst, tonumber(state[1]) + math.max(0, now_ms - tonumber(state[2])) * refill / 1000)
  end
  levels[i] = level
  if level < 1 then wait_ms = math.max(wait_ms, (1 - level) * 1000 / refill) end
end
wait_ms = math.ceil(wait_ms)
local taken = 0
if wait_ms <= tonumber(ARGV[1]) then taken = 1 end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'level', tostring(levels[i] - taken), 'at_ms', string.format('%.3f', now_ms))
  redis.call('EXPIRE', key, ARGV[2])
end
return wait_ms
"""

# AWS says that a bucket is empty, whatever we thought: so it is. A debt stays.
_EMPTY = """
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + now[2] / 1000
for i, key in ipairs(KEYS) do
  local level = tonumber(redis.call('HGET', key, 'level') or '0')
  redis.call('HSET', key, 'level', tostring(math.min(level, 0)), 'at_ms', string.format('%.3f', now_ms))
  redis.call('EXPIRE', key, ARGV[1])
end
"""

Buckets = Callable[[str, str], tuple[catalogue.ApiRate, ...]]

log = logging.getLogger(__name__)


class Limiter:
    """The token buckets of all accounts. `service` is AWS's signing name ("apigateway"), `action` the API's."""

    def __init__(
        self,
        connection: redis.Redis,
        buckets: Buckets = catalogue.buckets,
        sleep: Callable[[float], None] = time.sleep,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._take = connection.register_script(_TAKE)
        self._empty = connection.register_script(_EMPTY)
        self._buckets = buckets
        self._sleep = sleep
        self._clock_s = clock_s
        self._left_alone_until_s = 0.0

    @classmethod
    def at(cls, redis_url: str) -> Limiter:
        """With a connection that gives up soon and does not try again."""
        connection = redis.Redis.from_url(
            redis_url,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(connection)

    def acquire(self, account: str, service: str, action: str) -> float:
        """Take a token, waiting up to 1 s for it; returns the seconds waited. Longer: `AwsError` "limited" with the
        seconds after which to try again, so that the pass goes on with other work."""
        rates = self._buckets(service, action)
        if not rates:
            return 0.0
        figures = [figure for rate in rates for figure in (rate.burst, float(rate.refill_per_s))]
        wait_ms = self._ask(self._take, _keys(account, rates), [MAX_WAIT_S * 1000, _KEPT_S, *figures])
        wait_s = (wait_ms or 0) / 1000
        if wait_s > MAX_WAIT_S:
            raise AwsError(
                f"AWS allows no more {action} calls for account {account} in the next {math.ceil(wait_s)} s",
                code=LIMITED,
                verdict=Verdict.TRANSIENT,
                mend="Nothing to do: it goes on by itself when AWS's API rate allows.",
                action=f"{service}:{action}",
                retry_after_s=wait_s,
            )
        if wait_s > 0:
            self._sleep(wait_s)
        return wait_s

    def drained(self, account: str, service: str, action: str) -> None:
        """AWS has throttled this action: its buckets are empty."""
        rates = self._buckets(service, action)
        if rates:
            self._ask(self._empty, _keys(account, rates), [_KEPT_S])

    def _ask(self, script: Script, keys: list[str], args: list[float]) -> int | None:
        """The script's answer; None where Redis gives none."""
        if self._clock_s() < self._left_alone_until_s:
            return None
        try:
            return cast("int | None", script(keys=keys, args=args))
        except redis.RedisError as error:
            self._left_alone_until_s = self._clock_s() + LEFT_ALONE_S
            log.warning("limiter.unavailable", extra={"error": str(error)})
            return None


def estimate(actions: Mapping[tuple[str, str], int], buckets: Buckets = catalogue.buckets) -> float:
    """Seconds that so many calls, by (service, action), must take at least of an account with full buckets. Pure."""
    calls: dict[catalogue.ApiRate, int] = {}
    for (service, action), count in actions.items():
        for rate in buckets(service, action):
            calls[rate] = calls.get(rate, 0) + count
    return max(
        (max(0.0, (count - rate.burst) / float(rate.refill_per_s)) for rate, count in calls.items()), default=0.0
    )


def _keys(account: str, rates: tuple[catalogue.ApiRate, ...]) -> list[str]:
    return [f"antipode:api-rate:{account}:{rate.service}:{rate.action}" for rate in rates]
