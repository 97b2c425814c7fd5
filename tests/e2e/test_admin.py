"""A new operator in the admin alone, in a real browser: a fourth region, and a service from nothing, both deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from deployments import manifests
from deployments.models import Artifact, Operation, Service
from deployments.plan.model import Action, Change, Plan, Ref
from deployments.plan.preflight import Preflight
from deployments.preview import PlanView
from regions.models import Account
from tests import builders

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery staple"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with four usable regions, an operator, and an AWS in which something is to be made."""
    account = builders.account()
    user = User.objects.create_user("operator", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    change = Change(Ref("s", "dynamodb_table", "ap-northeast-1", "keyvalues"), Action.CREATE, "it is not there")
    view = PlanView(Plan((change,)), "digest", 0.0)
    for module in ("plan_service", "signing"):
        monkeypatch.setattr(f"deployments.actions.{module}.preview", lambda *args, **kwargs: view, raising=False)
    monkeypatch.setattr("deployments.actions.plan_service.preflight", lambda *args: Preflight())
    return account


def log_in(tab: Page, server: LiveServer) -> None:
    tab.goto(f"{server.url}/admin/")
    tab.get_by_label("Username").fill("operator")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("link", name="Services").first).to_be_visible()


def deploy(tab: Page) -> Operation:
    """From the form, by its plan, to the operation that has begun."""
    tab.get_by_role("button", name="Save and plan").click()
    expect(tab.get_by_text("Nothing is changed until you deploy.")).to_be_visible()
    tab.get_by_role("button", name="Deploy", exact=True).click()
    tab.wait_for_url("**/operations/*/")
    return Operation.objects.filter(stack__foundation=False).latest("id")


def test_from_login_to_a_deployed_fourth_region(
    tab: Page, world: Account, live_server: LiveServer, complaints: list[str]
) -> None:
    """Two choices, two buttons: the region, and what is otherwise there."""
    three = ["us-west-2", "eu-central-1", "ap-southeast-1"]
    builders.deployed(builders.uploaded(builders.service(builders.manifest(regions=three))))
    log_in(tab, live_server)

    tab.goto(f"{live_server.url}/admin/deployments/service/")
    tab.get_by_role("link", name="keyvalue", exact=True).click()
    tab.get_by_role("button", name="Add a region").click()
    tab.get_by_label("Region 4").select_option(label="Tokyo, Japan (ap-northeast-1)")
    operation = deploy(tab)

    assert (operation.verb, operation.title) == ("deploy", "Add ap-northeast-1 to keyvalue")
    assert manifests.region_codes(operation.stack.release.manifest if operation.stack.release else {}) == [
        *three,
        "ap-northeast-1",
    ]
    assert complaints == []


def test_a_service_from_nothing(
    tab: Page, world: Account, live_server: LiveServer, complaints: list[str], tmp_path: Path
) -> None:
    """A table, a function and its zip in one form; then the plan, then the deploy."""
    code = tmp_path / "code.zip"
    code.write_bytes(builders.zipped())
    log_in(tab, live_server)

    tab.goto(f"{live_server.url}/admin/deployments/service/add/")
    tab.evaluate("window.here = true")
    tab.locator("#f-name").fill("orders")
    tab.locator("#f-hostname").fill("orders.example.test")
    tab.get_by_label("Region 1").select_option("us-west-2")
    tab.get_by_role("button", name="Add a function").click()
    expect(tab.locator("#f-components-0-name")).to_be_focused()
    tab.locator("#f-components-0-name").fill("read")
    tab.locator("#f-components-0-artifact-file").set_input_files(code)
    tab.locator("#f-components-0-handler").fill("get_key.main")
    tab.locator("#f-components-0-runtime").select_option("python3.12")
    tab.get_by_role("button", name="Add a table").click()
    expect(tab.locator("#f-components-1-name")).to_be_focused()
    tab.locator("#f-components-1-name").fill("carts")
    tab.locator("#f-components-1-key-0-name").fill("id")
    tab.locator("#f-components-1-key-0-type").select_option("S")
    tab.get_by_role("button", name="Move New table up").or_(tab.get_by_role("button", name="Move carts up")).click()
    expect(tab.locator("#f-components-0-name")).to_have_value("carts")
    tab.get_by_role("button", name="Add to environment").last.click()
    tab.locator("#f-components-1-environment-0-name").fill("TABLE")
    tab.get_by_label("Environment 1: value").last.fill("${carts.name}")
    tab.get_by_role("button", name="Add to routes").click()
    tab.locator("#f-components-1-routes-0").fill("GET /carts/{id}")
    assert tab.evaluate("window.here")
    operation = deploy(tab)

    service = Service.objects.get()
    assert [component.name for component in service.components.all()] == ["carts", "read"]
    function = service.components.get(kind="function").params
    assert function["artifact"] == f"sha256:{Artifact.objects.get().sha256}"
    assert function["environment"] == {"TABLE": "${carts.name}"}
    assert operation.title == "Deploy orders r1"
    assert complaints == []


def test_a_problem_stands_at_its_field_and_the_summary_leads_there(
    tab: Page, world: Account, live_server: LiveServer
) -> None:
    log_in(tab, live_server)
    tab.goto(f"{live_server.url}/admin/deployments/service/add/")
    tab.locator("#f-name").fill("Orders")
    tab.get_by_role("button", name="Save", exact=True).click()

    expect(tab.get_by_role("alert")).to_contain_text("is not a name")
    tab.get_by_role("alert").get_by_role("link", name="name").click()
    expect(tab.locator("#f-name")).to_have_value("Orders")
    expect(tab.locator("#f-name")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_is_usable_by_all(tab: Page, world: Account, live_server: LiveServer, theme: str) -> None:
    """axe finds nothing in the form, in the plan and at the stop button, in either theme."""
    tab.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    draft = builders.uploaded(builders.service(builders.manifest()))
    log_in(tab, live_server)
    for page in ("change", "plan", "destroy", "pause", "adopt", "manifest", "upload"):
        tab.goto(f"{live_server.url}/admin/deployments/service/{draft.pk}/{page}/")
        found = Axe().run(tab, context=".typed")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == [], page
        assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page
