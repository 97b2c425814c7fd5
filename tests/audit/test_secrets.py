"""No secret stands in the log: only that there is one, and that it changed."""

from __future__ import annotations

import json
import secrets

import pytest
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder

from audit.models import Entry
from controlplane import tokens
from controlplane.models import Token
from deployments import manifests
from deployments.actions.deploy import Deploy
from deployments.actions.save_manifest import SaveManifest
from deployments.models import Component, Release
from regions.models import Account, Endpoint, Region
from tests import builders
from tests.audit.entries import written

pytestmark = pytest.mark.django_db


def planted() -> str:
    """A secret that nothing else contains."""
    return f"s3cret-{secrets.token_hex(12)}"


def whole_log() -> str:
    return json.dumps(list(Entry.objects.values()), cls=DjangoJSONEncoder)


def test_no_planted_secret_is_in_any_entry() -> None:
    """Passwords, tokens, external ids, environment values (of components, of single regions, nested), addresses."""
    old, new, deep, external, password, in_address = (planted() for _ in range(6))
    account = builders.account()
    account.external_id = external
    account.save()
    document = builders.table_only()
    draft = builders.service(document)
    component = Component.objects.create(
        service=draft, kind="function", name="f", params={"environment": {"KEY": old, "LIST": [deep, {"a": deep}]}}
    )
    component.params = {"environment": {"KEY": new, "LIST": [deep]}, "memory_mb": 256}
    component.save()
    draft.placements.update(overrides={"environment": {"KEY": old}, "f": {"environment": {"KEY": new}}})
    component.delete()
    Release.objects.create(service_name="ledger", number=7, manifest={"components": [{"environment": {"KEY": old}}]})
    user = User.objects.create_user("somebody", password=password)
    user.set_password(new)
    user.save()
    token, plain = tokens.issue(user, name="ci")
    Endpoint.objects.create(
        region=Region.objects.first(), name="shop", url=f"https://user:{in_address}@shop.example.test/"
    )
    Account.objects.filter(pk=account.pk).update(external_id=old)

    log = whole_log()

    hashed = [*User.objects.values_list("password", flat=True), *Token.objects.values_list("digest", flat=True)]
    for secret in (old, new, deep, external, password, in_address, plain, token.digest, *hashed):
        assert len(secret) > 20
        assert secret not in log
    assert "https://(not shown)@shop.example.test/" in log


def test_changed_environment_tells_which_keys_changed() -> None:
    builders.account()
    draft = builders.service(builders.manifest())
    component = draft.components.get(name="get-key")
    component.params["environment"] = {"A": "same", "B": "before", "C": "gone"}
    component.save()
    component.params["environment"] = {"A": "same", "B": "after", "D": "new"}

    with written() as log:
        component.save()

    changed = log.one("component.changed")
    assert changed.before is not None
    assert changed.after is not None
    assert changed.before["params"]["environment"] == {"A": "(not shown)", "B": "(not shown)", "C": "(not shown)"}
    assert changed.after["params"]["environment"] == {
        "A": "(not shown)",
        "B": "(not shown, changed)",
        "D": "(not shown)",
    }
    assert changed.after["params"]["handler"] == "get_key.main"


def test_hidden_column_tells_that_it_changed() -> None:
    """And whether there is one at all."""
    account = builders.account()
    with written() as log:
        for external_id in ("first", "second", ""):
            Account.objects.filter(pk=account.pk).update(external_id=external_id)

    assert [(entry.before, entry.after) for entry in log] == [
        ({"external_id": ""}, {"external_id": "(not shown)"}),
        ({"external_id": "(not shown)"}, {"external_id": "(not shown, changed)"}),
        ({"external_id": "(not shown)"}, {"external_id": ""}),
    ]


def test_manifest_that_is_saved_and_deployed_leaks_no_environment() -> None:
    """Through the doors that people use."""
    secret = planted()
    builders.account()
    draft = builders.uploaded(builders.service(builders.manifest()))
    document = manifests.document_of(draft)
    document["components"][1]["environment"] = {"KEY": secret}
    saved = SaveManifest(manifests.read(document), builders.COMMAND, draft).execute()
    Deploy(saved, builders.COMMAND).execute()

    assert secret not in whole_log()
