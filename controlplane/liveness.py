"""Whether a worker consumes, and beat ticks: who went deaf ends itself, and whoever keeps it running starts another.

A Celery worker may stay up and be deaf after its broker was away, and Celery's own ping does not tell (its issues 8030,
10205, 10302): control messages travel apart from the queue. What tells is the queue itself: its oldest message must
change while the worker has a free slot. `ALIVE_FILE`, where it is set, is touched as long as all is well: a container's
health check looks at its age.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import redis
import structlog
from celery.beat import PersistentScheduler
from celery.signals import worker_ready
from celery.worker import state
from django.conf import settings

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
PATIENCE_S = 60.0
GRACE_S = 30.0


class Consumes:
    """Callable: False once the oldest message of a queue has waited for `patience_s` while a slot was free."""

    def __init__(
        self,
        broker: redis.Redis,
        queues: Sequence[str],
        *,
        free: Callable[[], bool] = lambda: True,
        patience_s: float = PATIENCE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._free = free
        self._patience_s = patience_s
        self._now = now
        self._seen: dict[str, tuple[object, float]] = {queue: (None, now()) for queue in queues}

    def __call__(self) -> bool:
        now = self._now()
        for queue, (before, since) in self._seen.items():
            oldest = self._oldest(queue) if self._free() else None
            if oldest is None or oldest != before:
                self._seen[queue] = (oldest, now)
            elif now - since >= self._patience_s:
                return False
        return True

    def _oldest(self, queue: str) -> object:
        try:
            return self._broker.lindex(queue, -1)  # kombu pushes at the head and pops at the tail
        except redis.RedisError:
            return None  # no broker, no verdict


def touch() -> None:
    """Say that we are well, where somebody looks."""
    if settings.ALIVE_FILE:
        Path(settings.ALIVE_FILE).touch()


@worker_ready.connect
def watch(sender: Any, **_: Any) -> None:
    """Look after this worker in a thread of its own; `sender` is Celery's consumer."""
    slots = sender.pool.num_processes
    queues = [queue.name for queue in sender.task_consumer.queues]
    broker = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    consumes = Consumes(broker, queues, free=lambda: len(state.active_requests) < slots)
    threading.Thread(target=_watch, args=(consumes, queues), name="liveness", daemon=True).start()


def _watch(consumes: Callable[[], bool], queues: Sequence[str]) -> None:
    while consumes():
        touch()
        time.sleep(LOOK_EVERY_S)
    log.error("worker.deaf", queues=queues, mend="It ends, to be started again; nothing is lost.")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


class Scheduler(PersistentScheduler):
    """Beat's own, which says at each tick that it lives."""

    def tick(self, *args: Any, **options: Any) -> float:
        touch()
        return float(super().tick(*args, **options))
