"""From login to a deployed fourth region in the admin alone: a real browser, real workers, a cloud on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.stories.service import THREE, Service
from tests.stories.system import System

pytestmark = [pytest.mark.story, pytest.mark.e2e]

OPERATOR, PASSWORD = "noor", "a-long-enough-pass-phrase"


def test_a_new_operator_in_the_admin_alone(system: System, service: Callable[[str], Service]) -> None:
    executable = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if executable is None:
        pytest.skip("no browser is installed")
    letters = service("letters")
    letters.save()
    letters.deploy()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        tab.set_default_timeout(30_000)

        log_in(tab, system, "admin", "of-a-story")
        make_an_operator(tab, system)
        log_in(tab, system, OPERATOR, PASSWORD)
        add_the_fourth_region(tab, system)
        expect(tab.get_by_text("Done: its plan has become empty.")).to_be_visible(timeout=60_000)
        browser.close()

    told = letters.told()
    assert [replica["region"] for replica in told["replicas"]] == [*THREE, "sa-east-1"]
    assert sorted(letters.answering()) == sorted([*THREE, "sa-east-1"])
    (newest,) = system.api.call("GET", "operations/?service=letters&page_size=1")["results"]
    assert (newest["title"], newest["requested_by"]) == ("Add sa-east-1 to letters", OPERATOR)


def log_in(tab: Page, system: System, name: str, password: str) -> None:
    tab.context.clear_cookies()
    tab.goto(f"{system.options.url}/admin/")
    tab.get_by_label("Username").fill(name)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("link", name="Services").first).to_be_visible()


def make_an_operator(tab: Page, system: System) -> None:
    tab.goto(f"{system.options.url}/admin/auth/user/add/")
    tab.locator("[name=username]").fill(OPERATOR)
    tab.locator("[name=password1]").fill(PASSWORD)
    tab.locator("[name=password2]").fill(PASSWORD)
    tab.get_by_role("button", name="Save and continue editing").click()
    tab.locator("[name=is_staff]").check()
    tab.locator("[name=groups], #id_groups, #id_groups_from").first.select_option(label="operator")
    if tab.locator("#id_groups_add_link, #id_groups_add").count():
        tab.locator("#id_groups_add_link, #id_groups_add").first.click()
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("was changed successfully")).to_be_visible()


def add_the_fourth_region(tab: Page, system: System) -> None:
    tab.goto(f"{system.options.url}/admin/deployments/service/")
    tab.get_by_role("link", name="letters", exact=True).click()
    tab.get_by_role("button", name="Add a region").click()
    tab.get_by_label("Region 4").select_option("sa-east-1")
    tab.get_by_role("button", name="Save and plan").click()
    expect(tab.get_by_text("Nothing is changed until you deploy.")).to_be_visible()
    tab.get_by_role("button", name="Deploy", exact=True).click()
    tab.wait_for_url("**/operations/*/")
