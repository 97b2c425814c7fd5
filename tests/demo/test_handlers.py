"""The demo's handlers, run as Lambda runs them, on a real table of the local cloud."""

import base64
import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from demo.processes import ROOT
from localcloud.process import start_localcloud

REGION = "eu-central-1"
MODULES = ("replies", "get_key", "put_key", "health")


class Handlers:
    """Calls a handler with an event of payload format 1.0, and reads its reply."""

    def post(self, key: str, body: str, *, encoded: bool = False) -> tuple[int, Any]:
        return self._call("put_key", {"pathParameters": {"key": key}, "body": body, "isBase64Encoded": encoded})

    def get(self, key: str) -> tuple[int, Any]:
        return self._call("get_key", {"pathParameters": {"key": key}, "body": None, "isBase64Encoded": False})

    def health(self) -> tuple[int, Any]:
        return self._call("health", {"path": "/health", "pathParameters": None, "body": None})

    def _call(self, name: str, event: dict[str, Any]) -> tuple[int, Any]:
        module: ModuleType = importlib.import_module(name)
        reply = module.main(event, None)
        return reply["statusCode"], json.loads(reply["body"])


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handlers]:
    with start_localcloud(tmp_path_factory.mktemp("localcloud")) as cloud, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud["url"])
        patch.setenv("AWS_REGION", REGION)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("KEY_TABLE", "keyvalues")
        patch.syspath_prepend(str(ROOT / "demo" / "handlers"))
        boto3.client("dynamodb").create_table(
            TableName="keyvalues",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Handlers()
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.mark.parametrize("key", ["a", "päivää", "ключ", "鍵/鍵", "🗝", " ", "a" * 2048])
def test_value_comes_back_with_the_regions_that_wrote_and_read_it(handlers: Handlers, key: str) -> None:
    assert handlers.post(key, '{"value": "мир"}') == (200, {"key": key, "value": "мир", "region": REGION})
    assert handlers.get(key) == (200, {"key": key, "value": "мир", "writeRegion": REGION, "readRegion": REGION})


@pytest.mark.parametrize("value", ["", 0, -1.5, 12345678901234567890, True, False, [], ["a", {"b": None}], {"a": 1}])
def test_any_json_but_null_is_a_value(handlers: Handlers, value: Any) -> None:
    assert handlers.post("json", json.dumps({"value": value}))[0] == 200
    assert handlers.get("json")[1]["value"] == value


def test_body_may_be_base64(handlers: Handlers) -> None:
    body = base64.b64encode('{"value": "β"}'.encode()).decode()

    assert handlers.post("base64", body, encoded=True)[1]["value"] == "β"


@pytest.mark.parametrize(
    ("body", "encoded"),
    [
        ("", False),
        ("{", False),
        ('{"value": NaN}', False),
        ("[" * 100_000, False),
        ("%%%", True),
        (base64.b64encode(b"\xff").decode(), True),
    ],
)
def test_body_that_is_not_json_is_refused(handlers: Handlers, body: str, encoded: bool) -> None:
    status, reply = handlers.post("bad", body, encoded=encoded)

    assert (status, reply) == (400, {"error": 'the body is not JSON: send {"value": "…"}'})


@pytest.mark.parametrize("body", ["{}", '{"value": null}', "[]", '"value"', "1"])
def test_body_without_a_value_is_refused(handlers: Handlers, body: str) -> None:
    assert handlers.post("bad", body) == (400, {"error": 'the body has no value: send {"value": "…"}'})


@pytest.mark.parametrize("value", ['"\\ud800"', "1e999", "1." + "1" * 60])
def test_value_that_dynamodb_cannot_hold_is_refused(handlers: Handlers, value: str) -> None:
    assert handlers.post("bad", f'{{"value": {value}}}')[0] == 400


def test_value_that_is_too_large_is_refused(handlers: Handlers) -> None:
    assert handlers.post("large", json.dumps({"value": "a" * 350_000}))[0] == 413
    assert handlers.post("large", json.dumps({"value": "a" * 349_998}))[0] == 200


@pytest.mark.parametrize("key", ["", "a" * 2049, "ä" * 1025])
def test_key_that_is_empty_or_too_long_is_refused(handlers: Handlers, key: str) -> None:
    assert handlers.post(key, '{"value": "a"}')[0] == 400
    assert handlers.get(key)[0] == 400


def test_unknown_key_is_not_found(handlers: Handlers) -> None:
    assert handlers.get("nobody") == (404, {"error": "no such key", "key": "nobody"})


def test_health_names_the_region(handlers: Handlers) -> None:
    assert handlers.health() == (200, {"status": "ok", "region": REGION})
