"""A stage for the kinds: an account of its own in the local cloud, its provider, and what a kind needs before it."""

from __future__ import annotations

import hashlib
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import boto3

from deployments.plan.model import GLOBAL, Observed, Ref
from deployments.providers.aws.policy import Bounds, documents
from deployments.providers.aws.provider import AwsProvider
from deployments.providers.errors import Transient
from deployments.providers.protocol import Batch, Fence, RecordChange, Target
from localcloud.process import Running
from regions.aws import Access
from tests.localcloud.service import control, eventually

HOME, ABROAD = "eu-central-1", "us-west-2"
SERVICE = "keyvalue"


T = TypeVar("T")


@dataclass
class Stage:
    """One account. `root` makes clients that may do anything; the provider has only what its role allows."""

    cloud: Running
    account: str
    owner: str = field(default_factory=lambda: str(uuid.uuid4()))
    artifacts: dict[str, bytes] = field(default_factory=dict)
    generation: int = 0
    roots: dict[tuple[str, str], Any] = field(default_factory=dict)
    patience_s: float = 20

    def __post_init__(self) -> None:
        self.hostname = f"kv-{self.account}.example.test"  # a custom domain exists once in a region, for all accounts
        iam = self.root("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName="antipode", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        self.allow()
        self.access = Access(
            account_id=self.account,
            role_arn=f"arn:aws:iam::{self.account}:role/antipode",
            endpoint_url=self.cloud["url"],
            obey_api_rates=False,
        )
        self.provider = self.another_provider()

    def another_provider(self) -> AwsProvider:
        """As another process has it: remembers nothing."""
        return AwsProvider(self.access, self.owner, self.artifacts.__getitem__)

    def root(self, service: str, region: str = "us-east-1") -> Any:
        key = (service, region)
        if key not in self.roots:
            self.roots[key] = self._root(service, region)
        return self.roots[key]

    def _root(self, service: str, region: str) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.cloud["url"],
            aws_access_key_id=self.account,
            aws_secret_access_key="test",
        )

    def allow(self, *kinds: str) -> None:
        """From now on the provider's role has the policy that we print for this service, or these kinds' part of it."""
        bounds = Bounds(self.owner, self.account, services=(SERVICE,))
        sids = tuple("".join(part.capitalize() for part in kind.split("_")) for kind in kinds)
        iam = self.root("iam")
        for attached in iam.list_attached_role_policies(RoleName="antipode")["AttachedPolicies"]:
            iam.detach_role_policy(RoleName="antipode", PolicyArn=attached["PolicyArn"])
        for document in documents(bounds):
            document["Statement"] = [
                taken
                for statement in document["Statement"]
                if not sids or statement["Sid"].rstrip("0123456789") in sids
                for taken in _as_the_local_cloud_takes_it(statement)
            ]
            if document["Statement"]:
                made = iam.create_policy(PolicyName=f"antipode-{uuid.uuid4().hex}", PolicyDocument=json.dumps(document))
                iam.attach_role_policy(RoleName="antipode", PolicyArn=made["Policy"]["Arn"])

    def fault(self, **rule: Any) -> int:
        return int(control(self.cloud, "faults", {"account": self.account, **rule})["id"])

    def calls(self) -> list[dict[str, Any]]:
        return [call for call in control(self.cloud, f"calls?account={self.account}")["calls"] if call["status"]]

    def delay(self, **delays: float) -> None:
        control(self.cloud, "delays", {"account": self.account, **delays}, method="PATCH")

    def artifact(self, source: str) -> str:
        """The sha256 in hex of a zip with this handler."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("handler.py"), source)
        content = buffer.getvalue()
        sha256 = hashlib.sha256(content).hexdigest()
        self.artifacts[sha256] = content
        return sha256

    # What a kind does, as reconcile would

    def look(self, target: Target) -> Observed | None:
        found = self.provider.observe([target])[target.ref]
        assert found is None or isinstance(found, Observed), found
        return found

    def settle(self, target: Target) -> Observed:
        """Look until AWS is done with it."""
        found = eventually(
            lambda: self.look(target), lambda seen: seen is not None and seen.ready, limit_s=self.patience_s
        )
        assert found is not None
        return found

    def make(self, target: Target) -> Observed:
        made = eventually(lambda: self.passing(lambda: self.provider.create(target)), lambda seen: seen is not None)
        assert made is not None
        return self.settle(replace(target, physical_id=made.physical_id))

    def change(self, target: Target) -> Observed:
        """Update step by step until it is as wanted."""
        for _ in range(8):
            seen = self.settle(target)
            if seen.params == target.params:
                return seen
            self.passing(lambda seen=seen: self.provider.update(target, seen.params))
        raise AssertionError(f"not as wanted after 8 steps: {seen.params}")

    def remove(self, target: Target) -> None:
        self.provider.delete(target)
        eventually(lambda: self.look(target), lambda seen: seen is None, limit_s=self.patience_s)

    def passing(self, call: Callable[[], T]) -> T | None:
        """The call's answer, None where it says that it will pass by itself."""
        try:
            return call()
        except Transient:
            time.sleep(0.02)
            return None

    # What must stand before a kind

    def target(self, kind: str, name: str, params: Mapping[str, Any], **more: Any) -> Target:
        ref = Ref(SERVICE, kind, more.pop("scope", HOME), name)
        return Target(ref, params, token=more.pop("token", uuid.uuid4().hex), **more)

    def role(self) -> Observed:
        return self.make(self.target("iam_role", SERVICE, {"role_name": "keyvalue-home", "tags": {}}))

    def function_target(self, source: str = "def main(event, context):\n    return {}\n") -> Target:
        sha256 = self.artifact(source)
        params = {
            "function_name": "keyvalue-get-key",
            "role": self.role().outputs["arn"],
            "runtime": "python3.12",
            "handler": "handler.main",
            "memory_mb": 128,
            "timeout_s": 3,
            "architecture": "x86_64",
            "environment": {"KEY_TABLE": "keyvalue-keyvalues"},
            "code_sha256": sha256,
            "reserved_concurrency": None,
            "log_group": "/aws/lambda/keyvalue-get-key",
            "tags": {"team": "core"},
            "published": True,
        }
        return self.target("lambda_function", "get-key", params, context={"artifact": sha256})

    def alias_target(self) -> Target:
        function = self.make(self.function_target())
        version = function.outputs["version"]
        return self.target(
            "lambda_alias", "get-key", {"function": "keyvalue-get-key", "alias": "live", "version": version}
        )

    def api(self) -> Observed:
        return self.make(
            self.target("apigatewayv2_api", SERVICE, {"api_name": SERVICE, "ip_address_type": "dualstack", "tags": {}})
        )

    def integration_target(self) -> Target:
        alias = self.make(self.alias_target())
        params = {"api_id": self.api().outputs["id"], "uri": alias.outputs["arn"], "payload_format": "2.0"}
        return self.target("apigatewayv2_integration", "get-key", params)

    def stage_target(self, api_id: str) -> Target:
        params = {
            "api_id": api_id,
            "stage_name": "$default",
            "auto_deploy": True,
            "throttle_rate": None,
            "throttle_burst": None,
        }
        return self.target("apigatewayv2_stage", "$default", params)

    def zone(self) -> str:
        answer = self.root("route53").create_hosted_zone(Name="example.test", CallerReference=uuid.uuid4().hex)
        return str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    def certificate(self, zone_id: str) -> Observed:
        """An issued one, by its validation records."""
        names = [self.hostname, f"{HOME}.{self.hostname}"]
        target = self.target("acm_certificate", self.hostname, {"names": names, "tags": {}})
        made = self.provider.create(target)
        target = replace(target, physical_id=made.physical_id)
        pending = eventually(lambda: self.look(target), lambda seen: f"validation_name:{names[1]}" in seen.outputs)
        records = [
            self.record(
                zone_id,
                pending.outputs[f"validation_name:{name}"],
                "CNAME",
                ttl=300,
                values=[pending.outputs[f"validation_value:{name}"]],
            )
            for name in names
        ]
        self.send(zone_id, *[RecordChange(record.ref, None, record.params) for record in records])
        return self.settle(target)

    def domain(self, zone_id: str) -> Observed:
        return self.make(self.domain_target(self.certificate(zone_id).outputs["arn"]))

    def domain_target(self, certificate_arn: str) -> Target:
        params = {
            "domain": self.hostname,
            "certificate_arn": certificate_arn,
            "ip_address_type": "dualstack",
            "tags": {"team": "core"},
        }
        return self.target("apigatewayv2_domain", self.hostname, params)

    def record(self, zone_id: str, name: str, record_type: str, **more: Any) -> Target:
        params = {
            "zone_id": zone_id,
            "name": name,
            "type": record_type,
            "ttl": None,
            "values": None,
            "alias": None,
            "set_identifier": None,
            "policy": {},
            "health_check_id": None,
            **more,
        }
        full_name = " ".join(part for part in (name, record_type, params["set_identifier"]) if part)
        return Target(Ref(SERVICE, "route53_record", GLOBAL, full_name), params)

    def send(self, zone_id: str, *changes: RecordChange) -> str:
        """One batch, fenced with the next generation; returns the change's id."""
        before = self.generation or None
        self.generation += 1
        return self.provider.change_records(
            Batch(zone_id, changes, Fence(self.hostname, self.owner, before, self.generation))
        )


# Where the local cloud sees less of a call than AWS does: no resource, no tags. What it can't judge, tests/permissions/
# does, for each call of the whole suite.
SEES_NO_RESOURCE = {"lambda:CreateFunction", "dynamodb:ListTagsOfResource", "dynamodb:TagResource"} | {
    "dynamodb:UntagResource"
}
SEES_NO_RESOURCE_OF = ("route53:", "acm:")
SEES_NO_TAGS_OF = ("apigateway:",)


def _as_the_local_cloud_takes_it(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """A statement for each action, as narrow as the local cloud can look."""
    return [_taken(statement, action) for action in statement["Action"]]


def _taken(statement: dict[str, Any], action: str) -> dict[str, Any]:
    conditions = {
        key: value
        for key, value in statement.get("Condition", {}).get("StringEquals", {}).items()
        if key != "lambda:Principal"
        and not key.startswith("aws:ResourceTag/")
        and not (key.startswith("aws:RequestTag/") and action.startswith(SEES_NO_TAGS_OF))
    }
    blind = action in SEES_NO_RESOURCE or action.startswith(SEES_NO_RESOURCE_OF)
    return {
        "Effect": "Allow",
        # It asks for lambda:ListAliases where AWS asks for lambda:GetAlias.
        "Action": ["lambda:GetAlias", "lambda:ListAliases"] if action == "lambda:GetAlias" else [action],
        "Resource": ["*"] if blind else statement["Resource"],
        **({"Condition": {"StringEquals": conditions}} if conditions else {}),
    }
