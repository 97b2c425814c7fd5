"""The switches of an evacuation: objects, written and removed with what the policy grants for it and nothing else."""

from __future__ import annotations

import pytest

from deployments.providers.aws.provider import AwsProvider
from deployments.providers.errors import Transient
from tests.deployments.providers.aws.cases import bucket
from tests.deployments.providers.aws.stage import HOME, Stage

KEY = "switch/eu-central-1"


@pytest.fixture
def home(stage: Stage) -> str:
    name = str(stage.make(bucket(stage)).physical_id)
    stage.allow("objects")
    return name


def test_a_switch_is_set_and_unset(stage: Stage, home: str) -> None:
    provider: AwsProvider = stage.provider

    provider.put_object(HOME, home, KEY, b'{"why": "drill"}')
    assert provider.has_object(HOME, home, KEY)
    assert stage.root("s3", HOME).get_object(Bucket=home, Key=KEY)["Body"].read() == b'{"why": "drill"}'

    provider.delete_object(HOME, home, KEY)
    assert not provider.has_object(HOME, home, KEY)
    provider.delete_object(HOME, home, KEY)


def test_another_switch_whose_name_begins_alike_is_another(stage: Stage, home: str) -> None:
    stage.provider.put_object(HOME, home, f"{KEY}.keyvalue", b"{}")

    assert not stage.provider.has_object(HOME, home, KEY)


def test_what_was_not_answered_is_tried_once_more(stage: Stage, home: str) -> None:
    stage.fault(action="PutObject", do="drop", when="before")

    stage.provider.put_object(HOME, home, KEY, b"{}")

    assert stage.provider.has_object(HOME, home, KEY)


def test_and_not_a_third_time(stage: Stage, home: str) -> None:
    stage.fault(action="PutObject", do="error", code="ServiceUnavailable", status=503, times=2)

    with pytest.raises(Transient):
        stage.provider.put_object(HOME, home, KEY, b"{}")
