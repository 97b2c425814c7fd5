"""How far replicas are behind, as CloudWatch tells it in the regions that were written to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from deployments.providers.errors import Transient
from tests.deployments.providers.aws.stage import ABROAD, HOME, Stage

ASIA = "ap-southeast-1"


def measured(stage: Stage, source: str, *, ago_s: float, latency_ms: float, table: str = "kv", to: str = HOME) -> None:
    stage.root("cloudwatch", source).put_metric_data(
        Namespace="AWS/DynamoDB",
        MetricData=[
            {
                "MetricName": "ReplicationLatency",
                "Dimensions": [{"Name": "TableName", "Value": table}, {"Name": "ReceivingRegion", "Value": to}],
                "Timestamp": datetime.now(UTC) - timedelta(seconds=ago_s),
                "Value": latency_ms,
                "Unit": "Milliseconds",
            }
        ],
    )


def test_the_newest_value_of_the_worst_source(stage: Stage) -> None:
    measured(stage, ABROAD, ago_s=240, latency_ms=90_000)
    measured(stage, ABROAD, ago_s=70, latency_ms=800)
    measured(stage, ASIA, ago_s=70, latency_ms=1_500)
    measured(stage, ASIA, ago_s=70, latency_ms=70_000, to=ABROAD)
    stage.allow("lag")

    assert stage.provider.replication_lag(HOME, ["kv", "other"], [ABROAD, ASIA, HOME]) == {"kv": 1.5, "other": None}


def test_what_is_older_than_five_minutes_is_no_news(stage: Stage) -> None:
    measured(stage, ABROAD, ago_s=400, latency_ms=800)

    assert stage.provider.replication_lag(HOME, ["kv"], [ABROAD]) == {"kv": None}


def test_nobody_else_is_nobody_to_be_behind(stage: Stage) -> None:
    assert stage.provider.replication_lag(HOME, ["kv"], [HOME]) == {"kv": None}
    assert stage.provider.replication_lag(HOME, [], [ABROAD]) == {}


def test_a_source_that_does_not_answer_is_not_left_out(stage: Stage) -> None:
    measured(stage, ASIA, ago_s=70, latency_ms=1_500)
    stage.fault(service="monitoring", region=ABROAD, do="drop", times=None)

    with pytest.raises(Transient):
        stage.provider.replication_lag(HOME, ["kv"], [ABROAD, ASIA])
