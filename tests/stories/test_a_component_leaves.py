"""A function is taken out of the manifest, and another one comes: what is not of them stays as it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.service import (
    GET_KEY,
    HEALTH,
    KEY_VALUE,
    PUT_KEY,
    TABLE,
    THREE,
    Service,
    function,
    identities,
    recorded,
    standing,
)

pytestmark = pytest.mark.story

ECHO = function("echo", "echo.main", "GET /echo/{thing}")


def test_a_component_leaves(service: Callable[[str], Service]) -> None:
    stock = service("stock")
    stock.save(components=KEY_VALUE)
    stock.deploy()
    before = identities(stock)

    stock.save(components=(TABLE, PUT_KEY, HEALTH, ECHO))
    assert before == identities(stock)
    stock.deploy()

    gone, come = before - identities(stock), identities(stock) - before
    assert {(kind, region, identity.split()[0]) for kind, region, identity in gone} == made_of("stock-get-key")
    assert {(kind, region, identity.split()[0]) for kind, region, identity in come} == made_of("stock-echo")
    assert stock.get("us-west-2", "/echo/x")[1]["region"] == "us-west-2"
    assert stock.get("us-west-2", "/some-key")[0] == 404
    assert stock.changes() == []

    # Its table goes out of the manifest, too, with all that used it: it holds data, so it stays and is listed.
    stock.save(components=(HEALTH, ECHO))
    stock.deploy()
    assert sorted(stock.retained()) == [("keyvalues", region) for region in sorted(THREE)]
    assert {kind for kind, _ in standing(stock) - recorded(stock)} == set()

    # It comes back with what it held; with consent it goes for good.
    stock.save(components=(TABLE, GET_KEY, HEALTH, ECHO))
    stock.deploy()
    assert stock.retained() == []
    stock.save(components=(HEALTH, ECHO))
    stock.deploy(destroy_data=["keyvalues"])
    assert "dynamodb_table" not in {kind for kind, _ in standing(stock)}
    assert standing(stock) == recorded(stock)


def made_of(name: str) -> set[tuple[str, str, str]]:
    return {
        each
        for region in THREE
        for each in (("lambda_function", region, name), ("log_group", region, f"/aws/lambda/{name}"))
    }
