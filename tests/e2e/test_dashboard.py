"""An operator at the dashboard, in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from deployments.models import Operation, Step
from regions.models import Endpoint, Status
from tests import builders

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery staple"


@pytest.fixture
def world() -> User:
    """Two services, one ill replica, a failed operation, and an operator."""
    builders.account()
    stack = builders.deployed(builders.service(builders.manifest()))
    builders.deployed(builders.service(builders.manifest("checkout")))
    Endpoint.objects.filter(name="keyvalue", region__code="eu-central-1").update(status=Status.DEGRADED)
    operation = Operation.objects.create(stack=stack, verb="deploy", title="Deploy keyvalue r2", status="failed")
    Step.objects.create(
        operation=operation,
        position=0,
        kind="dynamodb_table",
        scope="eu-central-1",
        name="carts",
        action="create",
        status="failed",
        error_code="AccessDeniedException",
        error="User is not authorized to perform: dynamodb:CreateTableReplica",
        mend="Allow dynamodb:CreateTableReplica to the role.",
        diff=[{"path": "memory_mb", "before": 128, "after": 256}],
    )
    user = builders.operator()
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(tab: Page, server: LiveServer) -> None:
    tab.goto(f"{server.url}/")
    tab.get_by_label("Username").fill("operator")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("1 of 4 replicas degraded, all services served")
    expect(tab.locator("#mark")).to_contain_text("Live")  # the script runs: keys are bound


def test_the_overview_is_true_and_stays_true_without_a_reload(
    tab: Page, world: User, live_server: LiveServer, complaints: list[str]
) -> None:
    log_in(tab, live_server)
    tab.evaluate("window.here = true")
    Endpoint.objects.filter(name="checkout", region__code="us-west-2").update(status=Status.DOWN)
    expect(tab.get_by_role("heading", level=1)).to_have_text("1 of 4 replicas down, all services served")
    assert tab.evaluate("window.here")
    assert complaints == []


def test_the_filter_finds_as_one_types_and_keeps_the_focus(
    tab: Page, world: User, live_server: LiveServer, complaints: list[str]
) -> None:
    log_in(tab, live_server)
    tab.keyboard.press("/")
    tab.keyboard.type("check")
    expect(tab.locator("#matrix tbody tr")).to_have_count(1)
    expect(tab.locator("#q")).to_be_focused()
    expect(tab.locator("#row-checkout")).to_be_visible()
    assert tab.url.endswith("/?q=check")
    assert complaints == []


def test_keys_lead_through_the_rows_and_can_be_switched_off(tab: Page, world: User, live_server: LiveServer) -> None:
    log_in(tab, live_server)
    tab.keyboard.press("j")
    expect(tab.locator("#row-keyvalue")).to_be_focused()
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog")).to_be_visible()
    tab.get_by_label("Single keys are on").uncheck()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_be_hidden()
    tab.locator("h1").click()
    tab.keyboard.press("/")
    expect(tab.locator("#q")).not_to_be_focused()


def test_the_theme_is_switched_and_kept(tab: Page, world: User, live_server: LiveServer) -> None:
    log_in(tab, live_server)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"
    tab.locator(".user summary").click()
    tab.get_by_role("button", name="Dark").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    assert tab.evaluate(ground) == "rgb(12, 16, 20)"
    tab.reload()
    assert tab.evaluate(ground) == "rgb(12, 16, 20)"


def test_a_silent_server_is_told_and_what_was_known_stays(tab: Page, world: User, live_server: LiveServer) -> None:
    tab.clock.install()
    log_in(tab, live_server)
    tab.route("**/*", lambda route: route.abort())
    tab.clock.run_for(8_000)
    expect(tab.locator("#mark")).to_contain_text("Stale since")
    expect(tab.locator("#stale")).to_be_hidden()
    tab.clock.run_for(30_000)
    expect(tab.locator("#stale")).to_contain_text("No word from the server")
    expect(tab.locator("#row-keyvalue")).to_be_visible()
    tab.unroute("**/*")
    tab.clock.run_for(4_000)
    expect(tab.locator("#stale")).to_be_hidden()


def test_an_operation_is_retried_from_its_page(
    tab: Page, world: User, live_server: LiveServer, complaints: list[str]
) -> None:
    log_in(tab, live_server)
    tab.locator("#running").get_by_role("link", name="Deploy keyvalue r2").click()
    expect(tab.locator("#steps")).to_contain_text("AccessDeniedException")
    tab.get_by_role("button", name="Retry").first.click()
    expect(tab.locator("h1")).to_contain_text("operation")
    expect(tab.locator("#band")).to_contain_text("Waiting for a worker.")
    assert Operation.objects.filter(status="queued", stack__foundation=False).count() == 1
    assert complaints == []


def test_the_overview_reads_without_script(
    chromium: Browser, world: User, live_server: LiveServer, client: Client
) -> None:
    client.force_login(world)
    context = chromium.new_context(java_script_enabled=False)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    tab = context.new_page()
    tab.goto(live_server.url)
    expect(tab.locator("#matrix")).to_contain_text("degraded")
    expect(tab.locator("#happened")).to_contain_text("UTC")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab: Page, world: User, live_server: LiveServer, scheme: str) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    log_in(tab, live_server)
    operation = Operation.objects.get(status="failed")
    pages = ["/", "/services/keyvalue/", "/services/keyvalue/destroy/", "/regions/", "/regions/eu-central-1/"]
    found = []
    for path in [*pages, "/operations/", f"/operations/{operation.pk}/"]:
        tab.goto(f"{live_server.url}{path}")
        for violation in Axe().run(tab).response["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                where = [re.sub(r"\s+", " ", json.dumps(node["html"]))[:160] for node in violation["nodes"]]
                found.append((path, violation["id"], where))
    assert found == []


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_screen(tab: Page, world: User, live_server: LiveServer, width: int) -> None:
    log_in(tab, live_server)
    tab.set_viewport_size({"width": width, "height": 844})
    operation = Operation.objects.get(status="failed")
    wide = []
    for path in ["/", "/services/keyvalue/", "/regions/", "/regions/eu-central-1/", f"/operations/{operation.pk}/"]:
        tab.goto(f"{live_server.url}{path}")
        if tab.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path)
    assert wide == []
