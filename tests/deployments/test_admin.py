"""The admin's form of a service: typed fields from the schemas, one manifest, each problem at its field."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import deployments.components
from deployments import manifests, plugins
from deployments.actions.upload_artifact import UploadArtifact
from deployments.components.table import Table
from deployments.models import Artifact, Service
from regions.models import Account, AccountRegion, OptIn, Region
from tests import builders

pytestmark = pytest.mark.django_db

SERVICES = "/admin/deployments/service/"


@pytest.fixture
def admin(client: Client) -> Client:
    builders.account()
    client.force_login(User.objects.create_superuser("admin"))
    return client


class Inputs(HTMLParser):
    """What a browser would send for a page: the names and values of its form's fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "select":
            self._select = given.get("name", "")
            self.sent.setdefault(self._select, "")
        elif tag == "option" and "selected" in given and self._select:
            self.sent[self._select] = given["value"]
        elif tag == "input" and given.get("type") == "checkbox" and "checked" in given:
            self.sent[given["name"]] = "on"
        elif tag == "input" and given.get("name") and given.get("type") not in {"file", "checkbox", "submit"}:
            self.sent[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


def form_of(client: Client, address: str) -> dict[str, str]:
    """The draft's form as a browser holds it."""
    html = client.get(address).content.decode()
    return Inputs(html[html.index('<form id="draft"') : html.index("</form>", html.index('<form id="draft"'))]).sent


def form(**changes: Any) -> dict[str, Any]:
    """What a browser sends for a table in two regions."""
    return {
        "name": "ledger",
        "account": "demo",
        "components[0].kind": "table",
        "components[0].name": "entries",
        "components[0].key[0].name": "id",
        "components[0].key[0].type": "S",
        "regions[0].region": "us-west-2",
        "regions[1].region": "eu-central-1",
        "routing.policy": "latency",
        "routing.ttl": "60",
        **changes,
    }


FUNCTION = {
    "components[1].kind": "function",
    "components[1].name": "get-key",
    "components[1].artifact": f"sha256:{builders.SHA256}",
    "components[1].handler": "get_key.main",
    "components[1].runtime": "python3.12",
    "components[1].environment[0].name": "KEY_TABLE",
    "components[1].environment[0].value": "${entries.name}",
    "components[1].routes[0]": "GET /{key}",
    "hostname": "ledger.example.test",
}


def test_service_is_made_with_one_form(admin: Client) -> None:
    """The draft that results is the manifest's canonical form, as over the API."""
    response = admin.post(f"{SERVICES}add/", form())

    assert response.status_code == 302
    assert manifests.document_of(Service.objects.get()) == {
        "schema": 1,
        "name": "ledger",
        "account": "demo",
        "regions": ["us-west-2", "eu-central-1"],
        "components": [{"kind": "table", "name": "entries", "key": {"id": "S"}}],
        "routing": {"policy": "latency", "ttl": 60, "switch": "region"},
        "health_check": {"path": "/", "interval": 10, "failure_threshold": 3},
        "safety": {"min_serving_regions": 1, "repair": "auto", "drain_s": 300},
    }


def test_routing_is_said_by_rows_and_what_is_below_as_text(admin: Client) -> None:
    """A tree is shown again as it was sent; what is not said of a row is not in the manifest."""
    below = '{"policy": "latency", "branches": ["us-west-2", "eu-central-1"]}'
    said = form(
        **{
            "routing.policy": "geolocation",
            "routing.branches[0].to": "eu-central-1",
            "routing.branches[0].continent": "EU",
            "routing.branches[0].fence": "on",
            "routing.branches[1].to": below,
            "routing.branches[1].default": "on",
        }
    )
    admin.post(f"{SERVICES}add/", said)

    service = Service.objects.get()
    assert manifests.document_of(service)["routing"] == {
        "policy": "geolocation",
        "ttl": 60,
        "switch": "region",
        "branches": [
            {"to": "eu-central-1", "fence": True, "continent": "EU"},
            {"to": json.loads(below), "default": True},
        ],
    }
    shown = form_of(admin, f"{SERVICES}{service.pk}/change/")
    assert {name: shown[name] for name in said if name.startswith("routing.")} == {
        name: value for name, value in said.items() if name.startswith("routing.")
    }


def test_both_ways_of_a_failover_are_fields(admin: Client) -> None:
    two = {"routing.primary": "us-west-2", "routing.secondary": "eu-central-1"}
    html = admin.post(f"{SERVICES}add/", form(**{"routing.policy": "failover"})).content.decode()
    assert "is missing" in html
    assert admin.post(f"{SERVICES}add/", form(**{"routing.policy": "failover"}, **two)).status_code == 302
    assert manifests.document_of(Service.objects.get())["routing"]["secondary"] == "eu-central-1"


def test_everything_that_a_manifest_says_can_be_said_in_the_form(admin: Client) -> None:
    """A sort key, variables, routes, overrides of a region, tags, SLO: shown again as they were sent."""
    said = form(
        **FUNCTION,
        **{
            "stage": "prod",
            "tags[0].name": "team",
            "tags[0].value": "core",
            "zone.name": "example.test",
            "slo.availability": "99.95",
            "slo.latency_ms": "300",
            "components[0].key[1].name": "day",
            "components[0].key[1].type": "N",
            "components[1].reserved_concurrency": "5",
            "regions[1].memory_mb": "512",
            "regions[1].environment[0].name": "LOG",
            "regions[1].environment[0].value": "debug",
            "safety.repair": "report",
        },
    )

    admin.post(f"{SERVICES}add/", said)

    service = Service.objects.get()
    document = manifests.document_of(service)
    assert document["tags"] == {"team": "core"}
    assert document["zone"] == {"name": "example.test"}
    assert document["slo"] == {"availability": 99.95, "latency_ms": 300}
    assert document["regions"] == ["us-west-2", {"eu-central-1": {"environment": {"LOG": "debug"}, "memory_mb": 512}}]
    assert document["components"][0]["key"] == [{"id": "S"}, {"day": "N"}]
    assert document["components"][1]["environment"] == {"KEY_TABLE": "${entries.name}"}
    assert document["components"][1]["reserved_concurrency"] == 5
    shown = form_of(admin, f"{SERVICES}{service.pk}/change/")
    assert {name: shown.get(name) for name in said if name != "components[1].artifact"} == {
        name: value for name, value in said.items() if name != "components[1].artifact"
    }


def test_saving_what_is_shown_changes_nothing(admin: Client) -> None:
    """The form loses nothing of a draft that was written as a file."""
    draft = builders.uploaded(builders.service(builders.manifest(regions=[{"us-west-2": {"memory_mb": 512}}])))
    before = manifests.document_of(draft)

    admin.post(f"{SERVICES}{draft.pk}/change/", form_of(admin, f"{SERVICES}{draft.pk}/change/"))

    saved = Service.objects.get()
    assert (manifests.document_of(saved), saved.revision) == (before, draft.revision)


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"components[0].key[0].type": "X"}, "components[0].key[0].type", "is not a key type"),
        ({"components[0].key[0].name": ""}, "components[0].key[0].name", "at least 1 character"),
        ({"components[0].name": "Entries"}, "components[0].name", "is not a name"),
        ({"components[0].kind": "tabel"}, "components[0]", "did you mean"),
        ({"routing.policy": "latensy"}, "routing.policy", "did you mean"),
        ({"routing.ttl": "soon"}, "routing.ttl", "is not a whole number"),
        ({"routing.ttl": "1.5"}, "routing.ttl", "is not a whole number"),
        ({"health_check.interval": "11"}, "health_check.interval", "is not a whole number"),
        ({"hostname": "nodots"}, "hostname", "is not a host name"),
        ({"slo.availability": "100"}, "slo.availability", "less than 100"),
        ({"tags[0].name": "aws:x", "tags[0].value": "y"}, "tags[0]", "reserved"),
        ({"tags[0].name": "a", "tags[1].name": "a"}, "tags[1]", "stands twice"),
        ({"regions[1].memory_mb": "1"}, "regions[1].memory_mb", "greater than or equal to 128"),
        ({"regions[1].region": "eu-centrl-1"}, "regions[1].region", "did you mean"),
        ({"regions[1].region": "us-west-2"}, "regions", "stands twice"),
        ({**FUNCTION, "components[1].routes[0]": "GTE /x"}, "components[1].routes[0]", "GTE"),
        ({**FUNCTION, "components[1].environment[0].name": "_HANDLER"}, "components[1].environment[0]", "variable"),
        ({**FUNCTION, "components[1].environment[0].value": "${x.name}"}, "components[1].environment[0]", "component"),
        ({**FUNCTION, "components[1].runtime": ""}, "components[1].runtime", "is missing"),
        ({**FUNCTION, "components[1].timeout_s": "31"}, "components[1].timeout_s", "longer than an HTTP API waits"),
    ],
)
def test_problem_is_told_at_its_field_and_nothing_is_saved_nor_lost(
    admin: Client, changes: dict[str, Any], field: str, told: str
) -> None:
    """By the manifest's own code, with its mend; what was written stands in the form."""
    response = admin.post(f"{SERVICES}add/", form(**changes))

    ill = {one.path: " ".join(one.errors) for one in response.context["ill"]}
    assert list(ill) == [field]
    assert told in ill[field]
    assert not Service.objects.exists()
    assert {name: value for name, value in Inputs(response.content.decode()).sent.items() if name in changes} == {
        name: value for name, value in changes.items() if name in Inputs(response.content.decode()).sent
    }


def test_what_is_missing_altogether_is_told_where_it_would_stand(admin: Client) -> None:
    response = admin.post(f"{SERVICES}add/", {"name": "ledger", "account": "demo"})

    assert [one.path for one in response.context["ill"]] == ["regions", "components"]


def test_buttons_change_the_form_and_save_nothing(admin: Client) -> None:
    """Each is a round trip, so that it works without a script; what was written stays."""
    said = form(**FUNCTION)

    def after(button: str) -> dict[str, str]:
        return Inputs(admin.post(f"{SERVICES}add/", {**said, "do": button}).content.decode()).sent

    assert after("add components function")["components[2].kind"] == "function"
    assert after("add components function")["components[2].memory_mb"] == "128"
    assert "components[1].routes[1]" in after("add components[1].routes")
    assert "tags[0].name" in after("add tags")
    assert after("add regions")["regions[2].region"] == ""
    assert "components[0].key[1].type" in after("add components[0].key")
    assert after("remove components[0]")["components[0].name"] == "get-key"
    assert after("up components[1]")["components[0].name"] == "get-key"
    assert after("down regions[0]")["regions[1].region"] == "us-west-2"
    assert "components[1].routes[0]" not in after("remove components[1].routes[0]")
    for nonsense in ("", "add", "add nowhere", "remove components[99]", "up regions[x]", "add components nothing"):
        assert after(nonsense)["components[1].name"] == "get-key"
    assert not Service.objects.exists()


QUEUE = '''
from typing import Annotated, Literal
from pydantic import Field
from deployments.components.component import Component

class Queue(Component):
    """A queue, for this test."""

    kind: Literal["queue"] = "queue"
    delay_s: Annotated[int, Field(ge=0, le=900, description="Before anybody sees a message.")] = 0
    fifo: bool = False
    mode: Literal["fast", "cheap"] = "fast"
    labels: dict[str, str] = {}

COMPONENT = Queue
'''


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One file more in components/."""
    (tmp_path / "queue_of_a_test.py").write_text(QUEUE)
    monkeypatch.setattr(deployments.components, "__path__", [*deployments.components.__path__, str(tmp_path)])
    plugins.components.cache_clear()
    yield
    monkeypatch.undo()
    plugins.components.cache_clear()


def test_a_new_kind_of_component_is_one_file_and_has_its_form(admin: Client, queue: None) -> None:
    """Text, number with limits, checkbox, select, rows of a map: from its schema alone."""
    page = admin.get(f"{SERVICES}add/").content.decode()
    assert "Add a queue" in page

    page = admin.post(f"{SERVICES}add/", {**form(), "do": "add components queue"}).content.decode()

    shown = Inputs(page).sent
    assert {name: value for name, value in shown.items() if name.startswith("components[1]")} == {
        "components[1].kind": "queue",
        "components[1].name": "",
        "components[1].delay_s": "0",
        "components[1].mode": "fast",
    }
    assert 'type="checkbox" id="f-components-1-fifo"' in page
    assert "Delay (seconds)" in page
    assert "Before anybody sees a message. 0 … 900." in page
    assert "add components[1].labels" in page


def test_a_default_of_the_schema_is_shown(admin: Client) -> None:
    shown = form_of(admin, f"{SERVICES}add/")

    assert (shown["safety.repair"], shown["health_check.path"], shown["account"]) == ("auto", "/", "demo")


def test_regions_that_can_be_chosen_are_enabled_and_usable_in_the_account(admin: Client) -> None:
    """With the names of their places; what is chosen already stays."""
    Region.objects.filter(code="ap-southeast-1").update(enabled=False)
    AccountRegion.objects.filter(region__code="ap-northeast-1").update(opt_in=OptIn.NOT_OPTED_IN)
    other = Account.objects.create(name="other", account_id="111111111111")
    AccountRegion.objects.create(account=other, region=Region.objects.create(code="eu-west-1"), opt_in=OptIn.DEFAULT)

    page = admin.post(f"{SERVICES}add/", {**form(), "do": "add regions"}).content.decode()

    choices = re.findall(
        r'<option value="([^"]*)"', page[page.index('name="regions[2].region"') :].split("</select>")[0]
    )
    assert choices == ["", "us-west-2", "eu-central-1"]
    assert "Frankfurt, Germany (eu-central-1)" in page


def test_zip_is_uploaded_with_the_form_of_a_new_service(admin: Client) -> None:
    """One form from nothing: the zip is kept once the service is, and its function names it."""
    file = SimpleUploadedFile("code.zip", builders.zipped(), "application/zip")

    said = {**form(**FUNCTION), "components[1].artifact": "", "components[1].artifact.file": file}
    response = admin.post(f"{SERVICES}add/", said)

    assert response.status_code == 302
    artifact = Artifact.objects.get()
    function = Service.objects.get().components.get(kind="function")
    assert function.params["artifact"] == f"sha256:{artifact.sha256}"


def test_zip_that_can_not_be_taken_is_told_at_the_artifact(admin: Client) -> None:
    file = SimpleUploadedFile("code.zip", b"no zip", "application/zip")

    response = admin.post(f"{SERVICES}add/", {**form(**FUNCTION), "components[1].artifact.file": file})

    assert [one.path for one in response.context["ill"]] == ["components[1].artifact"]
    assert not Artifact.objects.exists()


def test_a_zip_is_asked_for_again_where_the_service_was_not_saved(admin: Client) -> None:
    """No browser keeps a chosen file over a round trip."""
    file = SimpleUploadedFile("code.zip", builders.zipped(), "application/zip")

    response = admin.post(f"{SERVICES}add/", {**form(**FUNCTION), "name": "", "components[1].artifact.file": file})

    told = {one.path: one.errors for one in response.context["ill"]}
    assert any("choose the file again" in error for error in told["components[1].artifact"])


def test_uploads_are_choices_newest_first_and_tell_their_handlers(admin: Client) -> None:
    draft = builders.uploaded(builders.service(builders.manifest()))
    newer = io.BytesIO(builders.zipped(put_key="def main(event, context): ...\ndef _own(): ...\nasync def no(): ..."))
    artifact = UploadArtifact(draft, newer, builders.COMMAND).execute()

    page = admin.get(f"{SERVICES}{draft.pk}/change/").content.decode()

    select = page[page.index('name="components[1].artifact"') :].split("</select>")[0]
    assert re.findall(r">(\w+\.py) · ", select) == ["put_key.py", "get_key.py"]
    handlers = page[page.index(f'id="handlers-{artifact.sha256[:12]}"') :].split("</datalist>")[0]
    assert re.findall('value="([^"]*)"', handlers) == ["put_key.main"]


def test_stale_write_is_told_and_nothing_is_lost(admin: Client) -> None:
    """What somebody else saved stands; what was written here stands in the form, and may be saved over it knowingly."""
    draft = builders.service()
    mine = {**form_of(admin, f"{SERVICES}{draft.pk}/change/"), "stage": "mine"}
    manifests.save(manifests.read(builders.table_only(stage="theirs")), Service.objects.get())

    response = admin.post(f"{SERVICES}{draft.pk}/change/", mine)

    assert response.status_code == 409
    assert "edited meanwhile" in response.content.decode()
    assert Inputs(response.content.decode()).sent["stage"] == "mine"
    assert Service.objects.get().stage == "theirs"
    admin.post(f"{SERVICES}{draft.pk}/change/", {**mine, "over": response.context["standing"]})
    assert Service.objects.get().stage == "mine"


def test_name_and_hostname_that_are_taken_are_told_there(admin: Client) -> None:
    builders.service(builders.manifest("other", hostname="kv.example.test"))

    hostname = admin.post(f"{SERVICES}add/", form(hostname="kv.example.test"))
    name = admin.post(f"{SERVICES}add/", form(name="other"))

    assert [one.path for one in hostname.context["ill"]] == ["hostname"]
    assert [one.path for one in name.context["ill"]] == ["name"]


def test_manifest_can_be_read_as_a_file(admin: Client) -> None:
    draft = builders.service()

    page = admin.get(f"{SERVICES}{draft.pk}/manifest/").content.decode()

    assert "name: ledger\naccount: demo\n" in page


def test_draft_whose_kind_is_gone_is_shown_and_told(admin: Client) -> None:
    """A file was taken out of components/: the page opens, and saving says what is wrong."""
    draft = builders.service()
    draft.components.update(kind="gone", params={"x": 1})

    assert admin.get(f"{SERVICES}{draft.pk}/change/").status_code == 200
    assert "gone" in admin.get(f"{SERVICES}{draft.pk}/manifest/").content.decode()


def test_schema_of_a_table_asks_partition_and_sort_key_and_no_third(admin: Client) -> None:
    assert Table.model_json_schema()["properties"]["key"]["rows"] == ["Partition key", "Sort key"]
    two = form(**{"components[0].key[1].name": "day", "components[0].key[1].type": "N"})

    page = admin.post(f"{SERVICES}add/", {**two, "do": "refresh"}).content.decode()

    assert "Partition key" in page
    assert "Sort key" in page
    assert 'value="add components[0].key"' not in page
