"""How far the replica of a table in one region is behind others, as CloudWatch has it. Reads only.

DynamoDB tells ReplicationLatency in the region that was written to, for each table and receiving region: milliseconds
from a write there until it appears here (Developer Guide, "DynamoDB metrics and dimensions"). A minute without writes
has no value, so no value is no news: nothing was written there lately.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import World

GRANTS = (grant("cloudwatch:GetMetricData"),)

WINDOW_S = 300
PERIOD_S = 60
MOST_METRICS = 500
"""In one call (API reference, GetMetricData)."""

Lags = Mapping[str, float | None]


def read(world: World, region: str, tables: Sequence[str], sources: Sequence[str], now: datetime) -> Lags:
    """Seconds behind the source that is furthest ahead, for each table: the newest value of the last 5 minutes. Raises
    where a source does not answer: how far we are behind it, nobody knows."""
    others = sorted(set(sources) - {region})
    if not tables or not others:
        return dict.fromkeys(tables)
    with ThreadPoolExecutor(len(others), thread_name_prefix="lag") as threads:
        told = list(threads.map(lambda source: dict(_told(world, region, tables, source, now)), others))
    return {table: max((each[table] for each in told if table in each), default=None) for table in tables}


def _told(world: World, region: str, tables: Sequence[str], source: str, now: datetime) -> Iterator[tuple[str, float]]:
    for start in range(0, len(tables), MOST_METRICS):
        asked = tables[start : start + MOST_METRICS]
        answer = world.client("cloudwatch", source, quick=True).get_metric_data(
            MetricDataQueries=[_query(f"t{number}", table, region) for number, table in enumerate(asked)],
            StartTime=now - timedelta(seconds=WINDOW_S),
            EndTime=now,
        )
        for result in answer["MetricDataResults"]:
            if result["Values"]:
                _, newest_ms = max(zip(result["Timestamps"], result["Values"], strict=True))
                yield asked[int(result["Id"][1:])], newest_ms / 1000


def _query(name: str, table: str, region: str) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/DynamoDB",
                "MetricName": "ReplicationLatency",
                "Dimensions": [{"Name": "TableName", "Value": table}, {"Name": "ReceivingRegion", "Value": region}],
            },
            "Period": PERIOD_S,
            "Stat": "Maximum",
        },
    }
