"""Wiring and show: may import every app; no app imports it."""

from controlplane.celery import app as celery_app

__all__ = ["celery_app"]
