"""The main job: one manifest, three regions, a key written in one and read in another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.service import KEY_VALUE, THREE, Service, function, recorded, standing

pytestmark = pytest.mark.story

ECHOES = (
    function("echo-one", "echo.main", "POST /echo/one/{thing}", payload_format="1.0"),
    function("echo-two", "echo.main", "POST /echo/two/{thing}", payload_format="2.0"),
)


def test_a_key_written_in_oregon_is_read_in_frankfurt(service: Callable[[str], Service]) -> None:
    keyvalue = service("keyvalue")
    keyvalue.save(components=(*KEY_VALUE, *ECHOES))
    keyvalue.deploy()

    assert keyvalue.answering() == list(THREE)
    assert keyvalue.post("us-west-2", "/colour", {"value": "blue"}) == (
        200,
        {"key": "colour", "value": "blue", "region": "us-west-2"},
    )
    assert keyvalue.get("eu-central-1", "/colour") == (
        200,
        {"key": "colour", "value": "blue", "writeRegion": "us-west-2", "readRegion": "eu-central-1"},
    )
    assert keyvalue.get("ap-southeast-1", "/never-written")[0] == 404

    # Handlers get the event that they were written for, whichever of the two formats that is.
    assert keyvalue.post("eu-central-1", "/echo/one/a%20b", {"x": 1})[1] == {
        "version": "1.0",
        "path": "/echo/one/a b",
        "rawPath": None,
        "httpMethod": "POST",
        "pathParameters": {"thing": "a b"},
        "body": '{"x": 1}',
        "region": "eu-central-1",
    }
    assert keyvalue.post("ap-southeast-1", "/echo/two/a%20b", {"x": 1})[1] == {
        "version": "2.0",
        "path": None,
        "rawPath": "/echo/two/a b",
        "httpMethod": None,
        "pathParameters": {"thing": "a b"},
        "body": '{"x": 1}',
        "region": "ap-southeast-1",
    }

    told = keyvalue.told()
    assert (told["pending"], told["release"]) == (False, 1)
    assert [(each["region"], each["in_rotation"], each["release"]) for each in told["replicas"]] == [
        (region, True, 1) for region in THREE
    ]
    assert keyvalue.changes() == []
    assert standing(keyvalue) == recorded(keyvalue)
