"""`/healthz` and `/readyz`: asked by supervisors and load balancers, so open to all, and telling nothing but the state.

healthz  this process answers. Never asks anything else: a database that is down must not get every process killed.
readyz   requests can be served: PostgreSQL answers and has every migration of this code. Redis is not asked: pages and
         the API go on without it.
"""

from __future__ import annotations

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = structlog.get_logger()


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    why = _not_ready()
    if why:
        return JsonResponse({"status": "not ready", "why": why}, status=503)
    return JsonResponse({"status": "ok"})


def _not_ready() -> str:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        log.error("readyz.database", error=str(error))
        return "PostgreSQL does not answer"
    return f"{len(missing)} migrations are not applied; run manage.py migrate" if missing else ""
