"""Discovery: dropping a file in its folder is enough, for manifest, forms, plan and policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import deployments.components
import deployments.routing
from deployments import plugins
from deployments.desired import ReleasedService, desired
from deployments.manifest import component_schema
from tests.deployments.written import function, manifest, parsed, problems

QUEUE = """
from typing import Annotated, Literal
from pydantic import Field
from deployments.components.component import Component, Grant
from deployments.plan.model import Out, Spec


class Queue(Component):
    kind: Literal["queue"] = "queue"
    attributes = frozenset({"url"})
    delay_s: Annotated[int, Field(ge=0)] = 0

    def expand(self, context):
        return tuple(Spec(context.ref("sqs_queue", region, self.name), {}) for region in context.regions)

    def output(self, attribute, region, context):
        return Out(context.ref("sqs_queue", region, self.name), attribute)

    def grant(self, region, context):
        return Grant(({"Action": ["sqs:SendMessage"]},), frozenset({context.ref("sqs_queue", region, self.name)}))

    def sla(self, regions):
        return ()


COMPONENT = Queue
"""

FIRST = '''
from deployments.routing.policy import Branch, Policy


class First(Policy):
    """Every user is sent to the first region."""

    name = "first"

    def every(self, overrides):
        return tuple(Branch(to=region) for region in list(overrides)[:1])


POLICY = First()
'''


@pytest.fixture
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that counts as part of components/ and of routing/."""
    for package in (deployments.components, deployments.routing):
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    plugins.components.cache_clear()
    plugins.policies.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    plugins.components.cache_clear()
    plugins.policies.cache_clear()


def test_a_dropped_component_is_a_kind_like_the_others(dropped: Path) -> None:
    (dropped / "queue_plugin.py").write_text(QUEUE)
    written = manifest(
        {"kind": "queue", "name": "jobs", "delay_s": 5}, function("work", environment={"JOBS": "${jobs.url}"})
    )
    found = {spec.ref.kind: spec for spec in desired(ReleasedService(parsed(written), "123456789012"))}
    assert found["lambda_function"].params["environment"]["JOBS"].ref == found["sqs_queue"].ref
    assert {"Action": ["sqs:SendMessage"]} in found["iam_role_policy"].params["policy"]["Statement"]
    assert component_schema("queue")["properties"]["delay_s"]["minimum"] == 0
    assert problems(manifest({"kind": "queu", "name": "jobs"})) == [
        'components[0].kind: "queu" is not a kind of component; did you mean "queue"?'
    ]


def test_a_dropped_policy_may_be_named(dropped: Path) -> None:
    (dropped / "first_plugin.py").write_text(FIRST)
    assert parsed(manifest(routing={"policy": "first"})).routing.policy == "first"


def test_two_of_one_name_are_a_clear_error(dropped: Path) -> None:
    (dropped / "again_plugin.py").write_text(FIRST.replace('"first"', '"latency"'))
    with pytest.raises(LookupError, match='two plug-ins are called "latency"'):
        plugins.policies()
