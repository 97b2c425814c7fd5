"""One Lambda function in one region: code, configuration, tags, concurrency, and the published version of it.

Created once by its name; marked by tags. Level-triggered: each update is one step (code, or configuration, or the rest
and the published version), after which AWS works for a moment and refuses others; the next look tells what is left.
Aliases and permissions are kinds of their own.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Change, Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none, pages
from deployments.providers.errors import Transient
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

KEPT_VERSIONS = 3

_CODE = ("code_sha256", "architecture")
_CONFIGURATION = ("role", "runtime", "handler", "memory_mb", "timeout_s", "environment", "log_group")
_ARNS = "arn:aws:lambda:*:{account}:function:{service}-*"


def _reserved(change: Change) -> int:
    """What it reserves of the region's concurrency, beyond what it had."""
    return int(change.params["reserved_concurrency"] or 0) - int(change.before.get("reserved_concurrency") or 0)


def _code_bytes(change: Change) -> int:
    """Each version keeps its code; the preflight says how large the artifact is."""
    same = change.before.get("code_sha256") == change.params["code_sha256"]
    return 0 if same else int(change.context.get("artifact_bytes", 0))


class LambdaFunction(Kind):
    """params: function_name, role, runtime, handler, memory_mb, timeout_s, architecture, environment, code_sha256,
    reserved_concurrency, log_group, tags, published (a version equals what runs). context: artifact.
    outputs: name, arn, version (the newest published one that equals what runs; "" where none does)."""

    name = "lambda_function"
    traits = Traits(volatile=frozenset({"version"}), poll_after_s=0.5)
    demand = Demand(
        (
            Use("lambda", "reserved_concurrency_per_region", amount=_reserved),
            Use("lambda", "code_bytes_per_region", amount=_code_bytes),
        ),
        made_s=3.0,
        changed_s=6.0,
    )
    grants = (
        grant("lambda:CreateFunction", "lambda:TagResource", on=_ARNS, marked=True),
        grant(
            "lambda:GetFunction",
            "lambda:ListVersionsByFunction",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:PutFunctionConcurrency",
            "lambda:DeleteFunctionConcurrency",
            "lambda:PublishVersion",
            "lambda:UntagResource",
            on=_ARNS,
        ),
        grant("lambda:DeleteFunction", on=_ARNS, ours=True),
        # By name alone: a role's tags tell nothing reliable of who may pass it (IAM User Guide, "Granting a user
        # permissions to pass a role to an AWS service").
        grant(
            "iam:PassRole",
            on="arn:aws:iam::{account}:role/{service}-*",
            when=(("iam:PassedToService", "lambda.amazonaws.com"),),
            inside=True,
        ),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        answer = found_or_none(self._lambda(world, target).get_function, FunctionName=target.params["function_name"])
        if answer is None:
            return None
        return self._observed(
            world,
            target,
            answer["Configuration"],
            tags=answer.get("Tags", {}),
            concurrency=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            versions=self._versions(world, target),
        )

    def create(self, world: World, target: Target) -> Observed:
        params = target.params
        try:
            with role_may_be_new():
                answer = self._lambda(world, target, slow=True).create_function(
                    FunctionName=params["function_name"],
                    Code={"ZipFile": world.artifact(target.context["artifact"])},
                    Architectures=[params["architecture"]],
                    Tags=world.tags(target),
                    Publish=True,
                    **_configuration(params),
                )
        except AwsError as error:
            if error.code != "ResourceConflictException":
                raise
            return self.standing(world, target, error)
        return self._observed(world, target, answer, tags=world.tags(target), concurrency=None, versions=[answer])

    def update(self, world: World, target: Target, before: Params) -> Observed:
        client, wanted = self._lambda(world, target), target.params
        name = wanted["function_name"]
        if _differ(before, wanted, _CODE):
            self._lambda(world, target, slow=True).update_function_code(
                FunctionName=name,
                ZipFile=world.artifact(target.context["artifact"]),
                Architectures=[wanted["architecture"]],
                Publish=False,
            )
            return self.updated(world, target)
        if _differ(before, wanted, _CONFIGURATION):
            with role_may_be_new():
                client.update_function_configuration(FunctionName=name, **_configuration(wanted))
            return self.updated(world, target)
        changed, removed = world.retagged(target, before)
        if changed:
            client.tag_resource(Resource=self._arn(world, target), Tags=changed)
        if removed:
            client.untag_resource(Resource=self._arn(world, target), TagKeys=removed)
        if before["reserved_concurrency"] != wanted["reserved_concurrency"]:
            self._reserve(client, name, wanted["reserved_concurrency"])
        if not before["published"]:
            # Unchanged code and configuration give the version that exists already (PublishVersion, API reference).
            kept = client.publish_version(FunctionName=name, CodeSha256=_to_base64(wanted["code_sha256"]))["Version"]
            self._prune(world, target, kept)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            self._lambda(world, target).delete_function(FunctionName=target.params["function_name"])

    def _reserve(self, client: Any, name: str, executions: int | None) -> None:
        if executions is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)

    def _prune(self, world: World, target: Target, kept: str) -> None:
        """Old versions go, the newest few stay; one that an alias names is refused by AWS and goes another time."""
        older = [version["Version"] for version in self._versions(world, target) if version["Version"] != kept]
        for version in sorted(older, key=int)[: -(KEPT_VERSIONS - 1)]:
            try:
                self._lambda(world, target).delete_function(
                    FunctionName=target.params["function_name"], Qualifier=version
                )
            except AwsError as error:
                if not error.absent and error.code != "ResourceConflictException":
                    raise

    def _versions(self, world: World, target: Target) -> list[dict[str, Any]]:
        listed = pages(
            self._lambda(world, target).list_versions_by_function,
            "Versions",
            asks="Marker",
            tells="NextMarker",
            FunctionName=target.params["function_name"],
        )
        try:
            return [version for version in listed if version["Version"] != "$LATEST"]
        except AwsError as error:
            if error.absent:
                return []
            raise

    def _observed(
        self,
        world: World,
        target: Target,
        running: dict[str, Any],
        *,
        tags: Mapping[str, str],
        concurrency: int | None,
        versions: list[dict[str, Any]],
    ) -> Observed:
        equal = [int(version["Version"]) for version in versions if _runs(version) == _runs(running)]
        status = _at_work(running)
        return Observed(
            physical_id=running["FunctionName"],
            params={
                "function_name": running["FunctionName"],
                **_runs(running),
                "reserved_concurrency": concurrency,
                "tags": world.shown(target, tags),
                "published": bool(equal),
            },
            outputs={
                "name": running["FunctionName"],
                "arn": self._arn(world, target),
                "version": str(max(equal)) if equal else "",
            },
            ready=not status,
            status=status,
            ours=world.owns(target, tags),
            mark=world.mark(target, tags),
        )

    def _lambda(self, world: World, target: Target, *, slow: bool = False) -> Any:
        return world.client("lambda", target.ref.scope, slow=slow)

    def _arn(self, world: World, target: Target) -> str:
        name = target.params["function_name"]
        return f"arn:aws:lambda:{target.ref.scope}:{world.access.account_id}:function:{name}"


@contextmanager
def role_may_be_new() -> Iterator[None]:
    """A role can't be assumed by Lambda for some ten seconds after its creation: that passes."""
    try:
        yield
    except AwsError as error:
        if "cannot be assumed" not in error.message:
            raise
        raise Transient(
            error.message,
            code="RoleNotAssumable",
            mend="Nothing to do: IAM needs some seconds to make a new role known.",
            request_id=error.request_id,
            retry_after_s=2.0,
        ) from error


def _configuration(params: Params) -> dict[str, Any]:
    return {
        "Role": params["role"],
        "Runtime": params["runtime"],
        "Handler": params["handler"],
        "MemorySize": params["memory_mb"],
        "Timeout": params["timeout_s"],
        "Environment": {"Variables": params["environment"]},
        "LoggingConfig": {"LogGroup": params["log_group"]},
    }


def _runs(configuration: dict[str, Any]) -> dict[str, Any]:
    """What a version and what runs must have in common, as params."""
    return {
        "role": configuration["Role"],
        "runtime": configuration["Runtime"],
        "handler": configuration["Handler"],
        "memory_mb": configuration["MemorySize"],
        "timeout_s": configuration["Timeout"],
        "architecture": configuration.get("Architectures", ["x86_64"])[0],
        "environment": configuration.get("Environment", {}).get("Variables", {}),
        "code_sha256": base64.b64decode(configuration["CodeSha256"]).hex(),
        "log_group": configuration.get("LoggingConfig", {}).get("LogGroup", ""),
    }


def _at_work(configuration: dict[str, Any]) -> str:
    """AWS's word for what it is still doing; empty where it is done. Inactive is what an idle function is."""
    state, update = configuration.get("State", "Active"), configuration.get("LastUpdateStatus", "Successful")
    if state not in ("Active", "Inactive"):
        return f"{state} {configuration.get('StateReason', '')}".strip()
    if update != "Successful":
        return f"{update} {configuration.get('LastUpdateStatusReason', '')}".strip()
    return ""


def _differ(before: Params, wanted: Params, names: tuple[str, ...]) -> bool:
    return any(before[name] != wanted[name] for name in names)


def _to_base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()
