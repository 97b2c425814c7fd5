"""Whether a worker consumes: a Celery worker may stay up and be deaf after its broker was away.

Celery's own ping does not tell (its issues 8030, 10205, 10302): control messages travel apart from the queue. What
tells is the queue itself: its oldest message must change. Reads only.
"""

import time
from collections.abc import Callable

import redis


class Consumes:
    """Callable: False once the oldest message of `queue` has waited for `patience_s` of our looks."""

    def __init__(
        self, redis_url: str, queue: str, *, patience_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=2)
        self._queue = queue
        self._patience_s = patience_s
        self._now = now
        self._oldest: object = None
        self._since_s = now()

    def __call__(self) -> bool:
        try:
            oldest = self._redis.lindex(self._queue, -1)  # kombu pushes at the head and pops at the tail
        except redis.RedisError:
            oldest = None  # no broker, no verdict
        if oldest is None or oldest != self._oldest:
            self._oldest, self._since_s = oldest, self._now()
            return True
        if self._now() - self._since_s < self._patience_s:
            return True
        self._since_s = self._now()  # the next worker gets its own time
        return False
