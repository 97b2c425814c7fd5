"""`manage.py iam`, as an operator types it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments.providers.aws.policy import Bounds, documents
from deployments.worlds import installation
from regions.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _account(db: None) -> None:
    Account.objects.create(name="prod", account_id="111122223333", external_id="a-word")


def printed(*words: str) -> str:
    out = io.StringIO()
    call_command("iam", *words, stdout=out)
    return out.getvalue()


def test_it_prints_the_policy_of_an_account_and_a_service() -> None:
    bounds = Bounds(str(installation().pk), "111122223333", ("kv",), ("Z1",))

    said: Any = json.loads(printed("--account", "prod", "--service", "kv", "--zone", "Z1"))

    assert said == documents(bounds)


def test_it_prints_the_trust_policy() -> None:
    said = json.loads(printed("--trust", "--account", "prod", "--principal", "arn:aws:iam::444455556666:role/workers"))

    assert said["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::444455556666:role/workers"}
    assert said["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": "a-word"}}


def test_it_writes_a_file_for_each_document_and_says_how_to_attach_them(tmp_path: Path) -> None:
    said = printed("--service", "kv", "--into", str(tmp_path / "policies"))

    files = sorted((tmp_path / "policies").iterdir())
    assert [json.loads(file.read_text()) for file in files] == documents(
        Bounds(str(installation().pk), services=("kv",))
    )
    assert [file.name for file in files if f"file://{file}" in said] == [file.name for file in files]


def test_an_unknown_account_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CommandError, match='no account "pord"; there are: prod'):
        printed("--account", "pord")


@pytest.mark.parametrize("words", [("--service", "*"), ("--service", "KV"), ("--zone", "*"), ("--zone", "example.com")])
def test_what_would_widen_the_policy_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="is no "):
        printed(*words)


def test_more_policies_than_a_role_may_have_are_refused() -> None:
    names = [word for number in range(150) for word in ("--service", f"a-service-with-quite-a-long-name-{number}")]

    with pytest.raises(CommandError, match="name fewer services"):
        printed(*names)
