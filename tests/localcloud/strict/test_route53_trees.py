"""Trees of policies as a manifest makes them are records that Route 53 takes, in the order that their edges tell."""

from __future__ import annotations

from typing import Any

from deployments.plan.model import Out
from deployments.providers.aws.records import to_record_set
from tests.contracts.test_policies import records
from tests.deployments.routing.trees import EXAMPLES, THREE
from tests.localcloud.strict.world import Connect, change, domain, make_check, make_domain, make_zone, values

POLICIES = [name for name in EXAMPLES if name != "latency"]


def resolved(value: Any, outputs: dict[tuple[str, str, str], str], hostname: str) -> Any:
    """Params with what AWS told in place, for a host name of the test's own."""
    match value:
        case Out():
            return outputs[value.ref.kind, value.ref.scope, value.attribute]
        case dict():
            return {key: resolved(part, outputs, hostname) for key, part in value.items()}
        case str():
            return value.replace("kv.example.test", hostname)
    return value


def test_route_53_takes_every_policy_and_its_trees(connect: Connect) -> None:
    zone_name = domain()
    zone = make_zone(connect, zone_name)
    collection = connect("route53").create_cidr_collection(Name="kv", CallerReference="kv")["Collection"]["Id"]
    blocks = EXAMPLES["ip"]["branches"][0]
    connect("route53").change_cidr_collection(
        Id=collection, Changes=[{"LocationName": blocks["name"], "Action": "PUT", "CidrList": blocks["cidrs"]}]
    )
    check = make_check(connect)["Id"]
    outputs = {
        ("route53_cidr_collection", "global", "id"): collection,
        ("route53_calculated_check", "global", "id"): check,
    }
    for region in THREE:
        made = make_domain(connect, region, f"{region}.{zone_name}", zone)
        outputs["apigatewayv2_domain", region, "target"] = made["ApiGatewayDomainName"]
        outputs["apigatewayv2_domain", region, "zone_id"] = made["HostedZoneId"]
    for number, name in enumerate(POLICIES):
        hostname = f"t{number}.{zone_name}"
        for region in THREE:
            replica = f"{region}.{hostname}"
            change(
                connect,
                zone,
                ("CREATE", values(replica, "192.0.2.1")),
                ("CREATE", values(replica, "2001:db8::1", kind="AAAA")),
            )
        wanted = [resolved(dict(spec.params), outputs, hostname) for spec in records(EXAMPLES[name]).values()]
        change(connect, zone, *(("CREATE", to_record_set({**each, "zone_id": zone})) for each in _here(wanted, zone)))
        listed = connect("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        assert {each["set_identifier"] for each in wanted} <= {each.get("SetIdentifier") for each in listed}


def _here(wanted: list[dict[str, Any]], zone: str) -> list[dict[str, Any]]:
    """Aliases within the zone name the test's zone."""
    return [
        {
            **each,
            "alias": {
                **each["alias"],
                "zone_id": zone if each["alias"]["zone_id"] == "Z1" else each["alias"]["zone_id"],
            },
        }
        for each in wanted
    ]
