"""Examples in the API's description: one service, from its manifest to its operation. Tests hold them to the schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_ARTIFACT = "0123456789abcdef" * 4
_MANIFEST: dict[str, Any] = {
    "schema": 1,
    "name": "keyvalue",
    "account": "demo",
    "hostname": "kv.example.test",
    "slo": {"availability": 99.95},
    "regions": ["us-west-2", "eu-central-1"],
    "components": [
        {"kind": "table", "name": "keyvalues", "key": {"key": "S"}},
        {
            "kind": "function",
            "name": "get-key",
            "artifact": f"sha256:{_ARTIFACT}",
            "handler": "get_key.main",
            "runtime": "python3.12",
            "environment": {"KEY_TABLE": "${keyvalues.name}"},
            "routes": ["GET /{key}"],
        },
    ],
    "health_check": {"path": "/health"},
}
_OPERATION: dict[str, Any] = {
    "id": 7,
    "service": "keyvalue",
    "verb": "deploy",
    "title": "Add ap-northeast-1 to keyvalue",
    "status": "running",
    "release": 2,
    "destroy_data": [],
    "skips": [],
    "cancel_requested": False,
    "progress": {"done": 0, "total": 1},
    "error": None,
    "mend": None,
    "requested_by": "operator",
    "requested_via": "api",
    "paused": False,
    "created_at": "2026-11-24T10:00:00Z",
    "started_at": "2026-11-24T10:00:00Z",
    "finished_at": None,
    "steps": [
        {
            "id": 71,
            "kind": "dynamodb_table",
            "region": "ap-northeast-1",
            "name": "keyvalues",
            "action": "create",
            "reason": "it is not there",
            "diff": [],
            "status": "running",
            "waiting_for": "CREATING",
            "attempts": 1,
            "error_code": None,
            "error": None,
            "mend": None,
            "started_at": "2026-11-24T10:00:01Z",
            "finished_at": None,
        }
    ],
}
_REPLICA = {
    "region": "eu-central-1",
    "url": "https://eu-central-1.kv.example.test",
    "hostname": "eu-central-1.kv.example.test",
    "in_rotation": True,
    "evacuated": None,
    "status": "up",
    "release": 1,
}


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def _response(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=["200", "201", "202"])


MANIFEST = _request("a table and a function in two regions", _MANIFEST)
PATCH = _request("another set of regions", {"regions": ["us-west-2", "eu-central-1", "ap-northeast-1"]})
DEPLOY = _request("the draft", {})
DEPLOY_SIGNED = _request("a plan that was looked at", {"plan": 17})
DEPLOY_OVERRIDING = _request(
    "against a guard",
    {"plan": 17, "override_guards": {"guards": ["last_healthy"], "reason": "frankfurt is being moved, OPS-12"}},
)
DESTROY = _request("with the data of one table", {"destroy_data": ["keyvalues"]})
PLAN_DRAFT = _request("the draft", {})
OPERATION = _response("a deploy", _OPERATION)
SERVICE = _response(
    "two replicas, a third drafted",
    {
        "name": "keyvalue",
        "account": "demo",
        "manifest": _MANIFEST,
        "pending": True,
        "release": 1,
        "paused": False,
        "pause": None,
        "drift": {"count": 0, "since": None, "checked_at": "2026-11-24T10:00:00Z", "error": None},
        "operation": None,
        "health": {"status": "up", "up": 1, "degraded": 0, "down": 0, "unknown": 0},
        "replicas": [_REPLICA],
        "failover": {
            "worst_s": 108,
            "evacuation_s": 76,
            "formula": "(10 s interval + 6 s time-out) × 3 + 60 s TTL",
        },
        "created_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T09:59:00Z",
    },
)
ARTIFACT = _response("uploaded", {"sha256": _ARTIFACT, "size_bytes": 2048, "uploaded_at": "2026-11-24T09:30:00Z"})
_PLAN_ABOUT = {
    "id": 17,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "service": "keyvalue",
    "created_at": "2026-11-24T09:59:00Z",
    "created_by": "operator",
    "destroy_data": [],
    "destroying": False,
    "candidate": False,
}
PLAN = _response(
    "a region less",
    {
        **_PLAN_ABOUT,
        "changes": [
            {
                "action": "delete",
                "kind": "route53_record",
                "region": "global",
                "name": "kv.example.test A eu-central-1",
                "reason": "it is no longer wanted",
                "diff": [],
            }
        ],
        "waiting": [],
        "problems": [],
        "guards": [
            {
                "name": "capacity",
                "refuses": False,
                "message": "2 regions become 1: each gets 2/1 of its load, 2.00 times",
                "numbers": {"in_rotation": 2, "would_stay": 1, "load": "2/1"},
                "override": "",
            }
        ],
        "preflight": {
            "warnings": [],
            "quotas": [],
            "cost": {"monthly_usd": "-8.57", "depends_on_data": True, "lines": []},
            "waits": [],
            "about_s": 420,
        },
        "lines": [
            "1 to delete",
            "− global           route53_record             kv.example.test A eu-central-1  (it is no longer wanted)",
            "? guard capacity warns: 2 regions become 1: each gets 2/1 of its load, 2.00 times",
        ],
        "wait_s": 0.0,
    },
)
PLAN_SUMMARY = _response("a region less", {**_PLAN_ABOUT, "summary": "1 to delete", "refused_by": []})
HEALTH = _response(
    "one region down",
    {
        "regions": [
            {
                "region": "eu-central-1",
                "status": "down",
                "since": "2026-11-24T10:00:00Z",
                "latency_ms": None,
                "error": "timeout",
                "why": "3 probes failed in a row",
            }
        ]
    },
)
AVAILABILITY = _response(
    "two regions",
    {
        "computed": {
            "regions": 2,
            "availability": "99.999898042512735129999375",
            "downtime_s_per_year": "32.1533131838494033971",
            "components": [
                {
                    "key": "dynamodb_global_table",
                    "service": "Amazon DynamoDB (replica of a global table)",
                    "percent": "99.999",
                    "as_of": "2026-11",
                    "source": "https://aws.amazon.com/dynamodb/sla/",
                },
                {
                    "key": "lambda",
                    "service": "AWS Lambda",
                    "percent": "99.95",
                    "as_of": "2026-11",
                    "source": "https://aws.amazon.com/lambda/sla/",
                },
                {
                    "key": "api_gateway",
                    "service": "Amazon API Gateway",
                    "percent": "99.95",
                    "as_of": "2026-11",
                    "source": "https://aws.amazon.com/api-gateway/sla/",
                },
            ],
            "by_regions": [
                {
                    "regions": 1,
                    "availability": "99.8900349975",
                    "downtime_s_per_year": "34678.5631884",
                    "availability_with_shared_cause": "99.8900349975",
                },
                {
                    "regions": 2,
                    "availability": "99.999898042512735129999375",
                    "downtime_s_per_year": "32.1533131838494033971",
                    "availability_with_shared_cause": (
                        "99.998890330455203138025814781940629812685019121457394129369"
                        "5183306276259173482035223981807684785515898"
                    ),
                },
            ],
            "shared_cause": "1",
        },
        "measured": {
            "window_s": 2592000.0,
            "service": {
                "availability": "100",
                "up_s": 2591000.0,
                "degraded_s": 0.0,
                "down_s": 0.0,
                "unknown_s": 1000.0,
            },
            "regions": [
                {
                    "region": "eu-central-1",
                    "availability": None,
                    "up_s": 0.0,
                    "degraded_s": 0.0,
                    "down_s": 0.0,
                    "unknown_s": 2592000.0,
                }
            ],
        },
        "error_budget": {
            "objective": "99.95",
            "window_s": 2592000.0,
            "allowed_s": 1296.0,
            "spent_s": 0.0,
            "left_s": 1296.0,
            "burn_rate": 0.0,
        },
    },
)
