"""What each command for operators is: its own words alone on the terminal, without the events of our log.

Commands of both apps derive from it. Warnings stay; `-v 2` shows every event.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand

from audit.context import commanded

OURS = ("controlplane", "deployments", "regions")
LOUD = 2


class OperatorCommand(BaseCommand):
    """A command whose output is read by a person."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with commanded():
            if options["verbosity"] >= LOUD:
                return super().execute(*args, **options)
            with _warnings_only():
                return super().execute(*args, **options)


@contextmanager
def _warnings_only() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in OURS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logging.WARNING, logger.getEffectiveLevel()))
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
