"""One event a line, through the formatter that every process has: an error tells its traceback as text."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from typing import Any

import pytest
import structlog
from django.conf import settings


def written(record: logging.LogRecord) -> dict[str, Any]:
    """What the handler of every process writes for a record."""
    configured: dict[str, Any] = settings.LOGGING
    formatter = logging.config.DictConfigurator({}).configure_formatter({**configured["formatters"]["events"]})
    told: dict[str, Any] = json.loads(formatter.format(record))
    return told


def test_error_of_another_library_tells_its_traceback() -> None:
    """Django's 500s and Celery's failed tasks are such records."""
    try:
        raise LookupError("no such row")
    except LookupError:
        record = logging.LogRecord("django.request", logging.ERROR, "", 0, "%s: %s", ("500", "/"), sys.exc_info())

    told = written(record)

    assert (told["event"], told["level"]) == ("500: /", "error")
    assert told["exception"].startswith("Traceback (most recent call last):\n")
    assert told["exception"].endswith("LookupError: no such row")
    assert "exc_info" not in told


def test_error_of_ours_tells_its_traceback_beside_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise LookupError("no such row")
    except LookupError:
        structlog.get_logger("deployments.tasks").exception("look.failed", stack=7)
        told = written(caplog.records[-1])

    assert (told["event"], told["level"], told["stack"]) == ("look.failed", "error", 7)
    assert told["exception"].endswith("LookupError: no such row")
    assert "exc_info" not in told


def test_event_without_an_error_has_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    structlog.get_logger("deployments.tasks").warning("look.late", stack=7)

    told = written(caplog.records[-1])

    assert {name: told[name] for name in told if name != "timestamp"} == {
        "event": "look.late",
        "level": "warning",
        "stack": 7,
    }
