"""Bounds on Lambda's worker processes: ministack keeps one warm for every function for ever, some 36 MB each.

Beyond `KEPT`, the idle worker that was used longest ago ends when another is wanted. Busy ones are never ended and
never waited for: a handler may invoke itself.
"""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

KEPT = 32

# A handler that printed nothing costs this much; ministack's own is 50 ms. What arrives later is in the next log.
FIRST_LINE_WAIT_S = 0.004

_acquire = lambda_runtime.acquire_worker
_drain = lambda_runtime.Worker._drain_stderr_bounded


def install() -> None:
    lambda_runtime.acquire_worker = acquire
    lambda_svc.acquire_worker = acquire
    lambda_runtime.Worker._drain_stderr_bounded = lambda worker: _drain(
        worker, first_line_wait=FIRST_LINE_WAIT_S, idle_confirm=0.002
    )


def acquire(*arguments: Any, **options: Any) -> tuple[Any, str]:
    """As ministack's; makes room first, where a new process is needed."""
    worker, reason = _acquire(*arguments, **options)
    if reason == "spawn":
        lambda_runtime.kill_workers(_surplus())
    return worker, reason


def _surplus() -> list[Any]:
    """Take the idle workers beyond the bound out of ministack's pools, the longest idle first."""
    with lambda_runtime._lock:
        pools = lambda_runtime._workers
        everyone = [(key, worker) for key, pool in pools.items() for worker in pool]
        idle = sorted(
            ((key, worker) for key, worker in everyone if not worker.in_use), key=lambda entry: entry[1].last_used
        )
        doomed = idle[: max(0, len(everyone) - KEPT)]
        for key, worker in doomed:
            pools[key].remove(worker)
        return [worker for _, worker in doomed]
