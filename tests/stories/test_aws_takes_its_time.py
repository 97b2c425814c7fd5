"""What AWS needs minutes for is waited for: shown as waiting, and not counted as a failed attempt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.service import THREE, Service, recorded, standing
from tests.stories.system import System

pytestmark = pytest.mark.story

DELAYS = {
    "certificate_pending_s": 6.0,
    "certificate_record_s": 1.0,
    "table_creating_s": 2.0,
    "replica_creating_s": 3.0,
    "role_not_assumable_s": 3.0,
    "function_pending_s": 2.0,
    "change_pending_s": 1.0,
}


def test_aws_takes_its_time(system: System, service: Callable[[str], Service]) -> None:
    patient = service("patient")
    patient.save()
    with system.delays(**DELAYS):
        operation = patient.start()
        told: dict[str, set[str]] = {}

        def ended() -> bool:
            found = patient.operation(operation)
            for step in found["steps"]:
                if step["waiting_for"]:
                    told.setdefault(step["kind"], set()).add(step["waiting_for"])
            return found["status"] not in ("queued", "running")

        system.until(ended, "the deploy has ended", within_s=90)
    found = patient.succeeded(operation)

    assert any("PENDING_VALIDATION" in text for text in told["acm_certificate"])
    assert any("CREATING" in text for text in told["dynamodb_table"])
    assert any("assumed" in text for text in told["lambda_function"])
    assert any("PENDING" in text for text in told["route53_record"])
    assert max(step["attempts"] for step in found["steps"]) == 1
    assert not any(step["error"] for step in found["steps"])
    assert patient.answering() == list(THREE)
    assert standing(patient) == recorded(patient)
