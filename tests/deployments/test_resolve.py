"""Asking who goes where: over the API and by command."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deployments.models import Resource, Stack
from tests import builders

pytestmark = pytest.mark.django_db

URL = "/api/v1/services/keyvalue/resolve/"
HOSTNAME = "keyvalue.example.test"


@pytest.fixture
def stack() -> Stack:
    """Deployed to us-west-2 and eu-central-1, with its routing records as latency makes them."""
    builders.account()
    stack = builders.deployed(builders.service(builders.manifest()))
    for region in ("us-west-2", "eu-central-1"):
        Resource.objects.create(
            stack=stack,
            kind="route53_record",
            scope="global",
            name=f"{HOSTNAME} A {region}",
            state="live",
            context={"hostname": HOSTNAME, "region": region},
            params={
                "name": HOSTNAME,
                "type": "A",
                "ttl": None,
                "values": None,
                "alias": {"dns_name": f"d-1.{region}.test", "zone_id": "Z2", "evaluate_target_health": False},
                "set_identifier": region,
                "policy": {"region": region},
                "health_check_id": f"check-{region}",
            },
        )
    return stack


@pytest.fixture
def viewer() -> APIClient:
    return builders.client_of(builders.viewer())


def test_user_is_sent_to_the_nearest_region_and_told_why(stack: Stack, viewer: APIClient) -> None:
    body = viewer.get(URL, {"from": "Kyiv"}).json()

    assert (body["region"], body["answers"], body["ttl_s"]) == ("eu-central-1", ["d-1.eu-central-1.test"], 60)
    assert body["user"]["country"] == "UA"
    assert 5 < body["latency_ms"] < 80
    assert body["latency_error"] == {"median": 0.05, "p90": 0.27}
    assert HOSTNAME in body["why"][0]
    assert body["chances"] == [{"share": 1.0, "region": "eu-central-1", "answers": ["d-1.eu-central-1.test"]}]


@pytest.mark.parametrize(
    "where",
    [
        {"lat": "50.45", "lon": "30.52"},
        {"country": "ua"},
        {"from": "Kyiv", "ip": "2001:db8::1"},
    ],
)
def test_place_is_said_in_several_ways(stack: Stack, viewer: APIClient, where: dict[str, str]) -> None:
    body = viewer.get(URL, where).json()

    assert (body["user"]["country"], body["region"]) == ("UA", "eu-central-1")


@pytest.mark.parametrize("down", [["eu-central-1"], ["eu-central-1,"]])
def test_dead_region_is_left_out_and_named(stack: Stack, viewer: APIClient, down: list[str]) -> None:
    body = viewer.get(URL, {"from": "Kyiv", "down": down}).json()

    assert (body["region"], body["out"]) == ("us-west-2", {"eu-central-1": "asked for"})
    assert any("eu-central-1" in sentence for sentence in body["why"])


def test_all_dead_is_as_if_all_were_well(stack: Stack, viewer: APIClient) -> None:
    body = viewer.get(URL, {"from": "Kyiv", "down": "eu-central-1,us-west-2"}).json()

    assert body["region"] == "eu-central-1"


def test_type_without_records_has_no_answer(stack: Stack, viewer: APIClient) -> None:
    body = viewer.get(URL, {"from": "Kyiv", "type": "AAAA"}).json()

    assert (body["outcome"], body["answers"], body["region"], body["latency_ms"]) == ("nodata", [], None, None)


@pytest.mark.parametrize(
    ("asked", "field", "mend"),
    [
        ({}, "from", "from=Kyiv"),
        ({"from": "Kyyiv"}, "from", "Kyiv"),
        ({"lat": "91", "lon": "0"}, "lat", "-90 to 90"),
        ({"lat": "1"}, "lon", "both"),
        ({"lat": "nan", "lon": "0"}, "lat", "degrees"),
        ({"ip": "300.1.1.1"}, "ip", "198.51.100.7"),
        ({"ip": "10.0.0.1"}, "ip", "add from="),
        ({"country": "ZZ"}, "country", "ISO 3166-1"),
        ({"from": "Kyiv", "down": "ap-southeast-1"}, "down", "us-west-2, eu-central-1"),
        ({"from": "Kyiv", "type": "MX"}, "type", "A or AAAA"),
        ({"from": "Kyiv", "draw": "1"}, "draw", "below 1"),
        ({"form": "Kyiv"}, "form", "from"),
    ],
)
def test_bad_question_is_refused_with_the_mend(
    stack: Stack, viewer: APIClient, asked: dict[str, str], field: str, mend: str
) -> None:
    answer = viewer.get(URL, asked)

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["field"]) == (400, field)
    assert mend in str(error)


def test_unreleased_service_leads_nobody(viewer: APIClient) -> None:
    builders.account()
    builders.service(builders.manifest())

    answer = viewer.get(URL, {"from": "Kyiv"})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_routed")


def test_users_of_the_world_move_when_a_region_dies(stack: Stack, viewer: APIClient) -> None:
    """Every share is led somewhere before and after; those of the dead region move, all of them."""
    body = viewer.get("/api/v1/services/keyvalue/users/", {"down": "eu-central-1"}).json()

    assert sum(body["before"].values()) == pytest.approx(1)
    assert body["after"] == {"us-west-2": pytest.approx(1)}
    assert (body["moved"], body["unserved"]) == (pytest.approx(body["before"]["eu-central-1"]), 0)
    assert [(move["from"], move["to"]) for move in body["moves"]] == [("eu-central-1", "us-west-2")]
    assert body["median_ms"]["after"] > body["median_ms"]["before"] > 0


def test_nobody_moves_while_nothing_dies(stack: Stack, viewer: APIClient) -> None:
    body = viewer.get("/api/v1/services/keyvalue/users/").json()

    assert (body["before"], body["moved"], body["moves"]) == (body["after"], 0, [])


def test_questions_cost_the_same_number_of_queries(stack: Stack, viewer: APIClient) -> None:
    viewer.get(URL, {"from": "Kyiv"})
    with CaptureQueriesContext(connection) as asked:
        viewer.get(URL, {"from": "Tokyo", "down": "us-west-2"})

    assert len(asked) <= 18


def test_command_tells_the_reasons_and_the_chances(stack: Stack) -> None:
    out = StringIO()
    call_command("resolve", "keyvalue", "--from", "Kyiv", "--down", "eu-central-1", stdout=out)

    assert "100%  us-west-2  d-1.us-west-2.test" in out.getvalue()
    assert "eu-central-1" in out.getvalue().splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "mend"), [(["--from", "Kyyiv"], "Kyiv"), (["--from", "Kyiv", "--down", "mars-1"], "us-west-2")]
)
def test_command_refuses_what_is_not_there(stack: Stack, arguments: list[Any], mend: str) -> None:
    with pytest.raises(CommandError, match=mend):
        call_command("resolve", "keyvalue", *arguments)
