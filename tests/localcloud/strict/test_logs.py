"""Log groups."""

from __future__ import annotations

import pytest

from tests.localcloud.strict.world import ADMITTED, Connect, refusal

INVALID = "InvalidParameterException"


@pytest.mark.parametrize(("name", "code"), [("/aws/lambda/one", ADMITTED), ("a group", INVALID)])
def test_a_group_has_a_plain_name(connect: Connect, name: str, code: str) -> None:
    assert refusal(connect("logs").create_log_group, logGroupName=name) == code


def test_a_group_is_made_once(connect: Connect) -> None:
    logs = connect("logs")
    logs.create_log_group(logGroupName="one")

    assert refusal(logs.create_log_group, logGroupName="one") == "ResourceAlreadyExistsException"


@pytest.mark.parametrize(("days", "code"), [(30, ADMITTED), (31, INVALID), (3_653, ADMITTED)])
def test_retention_has_the_allowed_values(connect: Connect, days: int, code: str) -> None:
    logs = connect("logs")
    logs.create_log_group(logGroupName="one")

    assert refusal(logs.put_retention_policy, logGroupName="one", retentionInDays=days) == code


def test_retention_of_an_absent_group_is_not_found(connect: Connect) -> None:
    asked = {"logGroupName": "absent", "retentionInDays": 30}

    assert refusal(connect("logs").put_retention_policy, **asked) == "ResourceNotFoundException"
