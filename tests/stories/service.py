"""A service of a story: its manifest, its operations and its replicas, as an operator sees them over the REST API."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stories.system import Json, System

DEMO = Path(__file__).resolve().parents[2] / "demo" / "handlers"
OWN = Path(__file__).resolve().parent / "handlers"
THREE = ("us-west-2", "eu-central-1", "ap-southeast-1")
ENDED = ("succeeded", "failed", "cancelled")


def _code() -> bytes:
    """The demo's handlers, unmodified, and those of the stories."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in sorted([*DEMO.glob("*.py"), *OWN.glob("*.py")]):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes())
    return buffer.getvalue()


CODE = _code()
ARTIFACT = f"sha256:{hashlib.sha256(CODE).hexdigest()}"


def function(name: str, handler: str, route: str, *, payload_format: str = "2.0", **more: object) -> Json:
    return {
        "kind": "function",
        "name": name,
        "artifact": ARTIFACT,
        "handler": handler,
        "runtime": "python3.12",
        "routes": [route],
        "payload_format": payload_format,
        **more,
    }


TABLE: Json = {"kind": "table", "name": "keyvalues", "key": {"key": "S"}}
HEALTH = function("health", "health.main", "GET /health")


def _on_table(name: str, handler: str, route: str, payload_format: str) -> Json:
    return function(name, handler, route, payload_format=payload_format, environment={"KEY_TABLE": "${keyvalues.name}"})


PUT_KEY = _on_table("put-key", "put_key.main", "POST /{key}", "1.0")
GET_KEY = _on_table("get-key", "get_key.main", "GET /{key}", "2.0")
KEY_VALUE = (TABLE, PUT_KEY, GET_KEY, HEALTH)


@dataclass
class Service:
    """One service on a system; `manifest` is what was saved last."""

    system: System
    name: str
    manifest: Json = field(default_factory=dict)

    # -- asking

    def save(
        self,
        *,
        regions: Sequence[str] = THREE,
        components: Sequence[Json] = KEY_VALUE,
        routing: Json | None = None,
    ) -> Json:
        """PUT the manifest, and the code that it names."""
        self.manifest = {
            "name": self.name,
            "hostname": self.hostname,
            "regions": list(regions),
            "components": list(components),
            "health_check": {"path": "/health"},
            "safety": {"drain_s": 0},
            **({"routing": routing} if routing else {}),
        }
        saved: Json = self.system.api.call("PUT", f"services/{self.name}/", self.manifest)
        self.system.api.upload(f"services/{self.name}/artifacts/", "code.zip", CODE)
        return saved

    def start(self, *, destroy_data: Sequence[str] = ()) -> int:
        """Deploy what is saved; gives the operation's id and does not wait."""
        body = {"destroy_data": list(destroy_data)} if destroy_data else {}
        return int(self.system.api.call("POST", f"services/{self.name}/deploy/", body)["id"])

    def destroy(self, *, destroy_data: Sequence[str] = ()) -> int:
        body = {"destroy_data": list(destroy_data)}
        return int(self.system.api.call("DELETE", f"services/{self.name}/", body)["id"])

    def deploy(self, *, destroy_data: Sequence[str] = (), within_s: float = 60.0) -> Json:
        """Deploy what is saved, and wait for the success."""
        return self.succeeded(self.start(destroy_data=destroy_data), within_s=within_s)

    def retry(self, operation: int) -> int:
        return int(self.system.api.call("POST", f"operations/{operation}/retry/", {})["id"])

    def cancel(self, operation: int) -> None:
        self.system.api.call("POST", f"operations/{operation}/cancel/", {})

    # -- being told

    @property
    def hostname(self) -> str:
        return f"{self.name}.example.test"

    def hostname_or_name(self, action: str) -> str:
        """What a call of this kind names of the service."""
        by_hostname = ("ChangeResourceRecordSets", "CreateHealthCheck", "RequestCertificate", "CreateDomainName")
        return self.hostname if action in by_hostname else self.name

    def told(self) -> Json:
        found: Json = self.system.api.call("GET", f"services/{self.name}/")
        return found

    def operation(self, number: int) -> Json:
        found: Json = self.system.api.call("GET", f"operations/{number}/")
        return found

    def ended(self, number: int, *, within_s: float = 60.0) -> Json:
        """The operation once it has ended, however it did."""

        try:
            self.system.until(
                lambda: self.operation(number)["status"] in ENDED, f"{self.name}: the end", within_s=within_s
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\nunfinished: {unfinished(self.operation(number))}") from None
        return self.operation(number)

    def succeeded(self, number: int, *, within_s: float = 60.0) -> Json:
        found = self.ended(number, within_s=within_s)
        troubles = [step for step in found["steps"] if step["error"]]
        assert found["status"] == "succeeded", (found["error"], found["mend"], troubles)
        return found

    def step(self, number: int, kind: str, region: str, action: str = "create") -> Json:
        """The first step of this kind there."""
        steps: list[Json] = self.operation(number)["steps"]
        return next(s for s in steps if (s["kind"], s["region"], s["action"]) == (kind, region, action))

    def plan(self) -> Json:
        found: Json = self.system.api.call("POST", f"services/{self.name}/plan/", {})
        return found

    def changes(self) -> list[Json]:
        changes: list[Json] = self.plan()["changes"]
        return changes

    def url(self, region: str) -> str:
        return str(next(replica["url"] for replica in self.told()["replicas"] if replica["region"] == region))

    def get(self, region: str, path: str) -> tuple[int, Any]:
        return self.system.fetch(f"{self.url(region)}{path}")

    def post(self, region: str, path: str, body: object) -> tuple[int, Any]:
        return self.system.fetch(f"{self.url(region)}{path}", body)

    def answering(self) -> list[str]:
        """Regions whose replica answers its health check's path."""
        found = [(replica["region"], replica["url"]) for replica in self.told()["replicas"] if replica["url"]]
        return [region for region, url in found if self.system.fetch(f"{url}/health")[0] == 200]

    def health(self) -> dict[str, str]:
        """Region → verdict."""
        regions = self.system.api.call("GET", f"services/{self.name}/health/")["regions"]
        return {each["region"]: each["status"] for each in regions}

    # -- the inventory against AWS

    def inventory(self) -> list[Json]:
        return self.system.query(
            "SELECT r.kind, r.scope, r.name, r.state, r.physical_id FROM deployments_resource r "
            "JOIN deployments_stack s ON s.id = r.stack_id WHERE s.name = %s ORDER BY 1, 2, 3",
            self.name,
        )

    def retained(self) -> list[tuple[str, str]]:
        """(component, region) of data that stays although nothing wants it."""
        return [(row["name"], row["scope"]) for row in self.inventory() if row["state"] == "retained"]

    def generation(self) -> Json | None:
        """What we know of the owner record: generation, present, sending."""
        rows = self.system.query(
            "SELECT generation, present, sending FROM deployments_hostnameowner WHERE hostname = %s", self.hostname
        )
        return rows[0] if rows else None

    def stop_watching(self) -> None:
        """A story that has been told needs no more probes and checks: the next one has the machine."""
        self.system.query("UPDATE regions_endpoint SET enabled = false WHERE name = %s RETURNING id", self.name)
        later = "UPDATE deployments_stack SET drift_due_at = now() + interval '1 day' WHERE name = %s RETURNING id"
        self.system.query(later, self.name)


def unfinished(operation: Json) -> list[str]:
    """Its steps that have not succeeded, a line each."""
    return [
        f"{step['action']} {step['kind']} {step['region']} {step['name']}: {step['status']}, "
        f"attempts {step['attempts']}, waits for {step['waiting_for']}, error {step['error']}"
        for step in operation["steps"]
        if step["status"] != "succeeded"
    ]


def standing(service: Service, regions: Sequence[str] = THREE) -> Counter[tuple[str, str]]:
    """How many things of each kind AWS has of a service, by (kind, scope), asked of AWS itself by name."""
    return Counter((kind, scope) for kind, scope, _ in identities(service, regions))


def identities(service: Service, regions: Sequence[str] = THREE) -> set[tuple[str, str, str]]:
    """(kind, scope, identity) of all that AWS has of a service. An identity changes when a thing is made anew."""
    return {*_global(service), *(each for region in regions for each in _regional(service, region))}


def recorded(service: Service) -> Counter[tuple[str, str]]:
    """As `standing`, of the inventory; kinds that `standing` does not list are children of those that it does."""
    kinds = {"dynamodb_table", "lambda_function", "log_group", "apigatewayv2_api", "apigatewayv2_domain"}
    kinds |= {"acm_certificate", "iam_role", "route53_health_check", "route53_record"}
    return Counter(
        # IAM is one for the world; our roles stand under the region that they serve.
        (row["kind"], "global" if row["kind"] == "iam_role" else row["scope"])
        for row in service.inventory()
        if row["kind"] in kinds and row["state"] != "draining"
    )


def records(service: Service) -> list[Json]:
    """The record sets of a service's name and of all below it, but its owner record."""
    return [each for each in _record_sets(service) if not each["Name"].startswith("_owner.")]


def owner_record(service: Service) -> str | None:
    """What the owner record says, without its quotes."""
    found = [each for each in _record_sets(service) if each["Name"] == f"_owner.{service.hostname}."]
    return str(found[0]["ResourceRecords"][0]["Value"]).strip('"') if found else None


def _record_sets(service: Service) -> Iterator[Json]:
    route53 = service.system.aws("route53")
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id(service.system)):
        for found in page["ResourceRecordSets"]:
            if f".{found['Name']}".endswith(f".{service.hostname}."):
                yield found


def zone_id(system: System) -> str:
    zones = system.aws("route53").list_hosted_zones_by_name(DNSName="example.test", MaxItems="1")["HostedZones"]
    return str(zones[0]["Id"]).removeprefix("/hostedzone/")


def _global(service: Service) -> Iterator[tuple[str, str, str]]:
    for found in records(service):
        identity = f"{found['Name']} {found['Type']} {found.get('SetIdentifier', '')}"
        yield "route53_record", "global", identity
    for page in service.system.aws("route53").get_paginator("list_health_checks").paginate():
        for check in page["HealthChecks"]:
            if check["HealthCheckConfig"].get("FullyQualifiedDomainName", "").endswith(f".{service.hostname}"):
                yield "route53_health_check", "global", check["Id"]
    for page in service.system.aws("iam").get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if role["RoleName"].startswith(f"{service.name}-"):
                yield "iam_role", "global", role["RoleId"]


def _regional(service: Service, region: str) -> Iterator[tuple[str, str, str]]:
    prefix, aws = f"{service.name}-", service.system.aws
    for name in aws("dynamodb", region).list_tables()["TableNames"]:
        if name.startswith(prefix):
            yield "dynamodb_table", region, name
    for page in aws("lambda", region).get_paginator("list_functions").paginate():
        for found in page["Functions"]:
            if found["FunctionName"].startswith(prefix):
                yield "lambda_function", region, f"{found['FunctionName']} {found['LastModified']}"
    groups = aws("logs", region).describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{prefix}")["logGroups"]
    for group in groups:
        yield "log_group", region, f"{group['logGroupName']} {group['creationTime']}"
    for page in aws("apigatewayv2", region).get_paginator("get_apis").paginate():
        for api in page["Items"]:
            if api["Name"] == service.name:
                yield "apigatewayv2_api", region, api["ApiId"]
    for page in aws("apigatewayv2", region).get_paginator("get_domain_names").paginate():
        for domain in page["Items"]:
            if f".{domain['DomainName']}".endswith(f".{service.hostname}"):
                yield "apigatewayv2_domain", region, domain["DomainName"]
    for page in aws("acm", region).get_paginator("list_certificates").paginate():
        for certificate in page["CertificateSummaryList"]:
            if certificate["DomainName"] == service.hostname:
                yield "acm_certificate", region, certificate["CertificateArn"]
