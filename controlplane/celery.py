"""The Celery app, its queues, and the beat schedule as one table.

`probe`, `apply` and `default` have workers of their own, so that a slow deploy never delays a health check.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")

app = Celery("antipode")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["regions", "deployments"])

app.conf.task_routes = {
    "regions.tasks.probe_round": {"queue": "probe"},
    "deployments.tasks.look": {"queue": "apply"},
    "*": {"queue": "default"},
}

#        name                       task                          every s   expires s
BEAT = (
    ("probe the endpoints", "regions.tasks.probe_round", 1.0, 2.0),
    ("look at stalled stacks", "deployments.tasks.sweep", 5.0, 5.0),
    ("go on with switches", "deployments.tasks.switches", 10.0, 10.0),
    ("look for drift", "deployments.tasks.sweep_drift", 2.0, 2.0),
    ("forget what is old", "regions.tasks.prune", 3600.0, 600.0),
    ("forget old plans", "deployments.tasks.forget", 3600.0, 600.0),
)
app.conf.beat_schedule = {
    name: {"task": task, "schedule": every_s, "options": {"expires": expires_s}}
    for name, task, every_s, expires_s in BEAT
}


app.conf.beat_scheduler = "controlplane.liveness:Scheduler"
app.conf.imports = ("controlplane.liveness",)


@setup_logging.connect
def configure_logging(**_: Any) -> None:
    """Celery would replace Django's logging; keep ours."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_init.connect
def tell_the_audit_log(**_: Any) -> None:
    """Nobody acts through a worker: what it writes is Antipode's own doing."""
    from audit.context import this_process_is

    this_process_is("worker")
