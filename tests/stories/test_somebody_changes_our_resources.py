"""Somebody deletes or changes in AWS what we made: it is found and mended within one drift interval, with nothing else
touched; or only told, where that was asked for. And the stop button holds all of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest

from tests.stories.service import HEALTH, THREE, Service, records, standing, zone_id
from tests.stories.system import DRIFT_INTERVAL_S, Json, System

pytestmark = pytest.mark.story

TWO = THREE[:2]
SLACK_S = 5.0  # of this machine, which runs everything at once


def drift(service: Service) -> Json:
    found: Json = service.system.api.call("GET", f"services/{service.name}/drift/")
    return found


def pause(system: System, name: str, reason: str) -> None:
    system.api.call("POST", f"services/{name}/pause/", {"reason": reason})


def resume(system: System, name: str) -> None:
    system.api.call("POST", f"services/{name}/resume/", {})


def mended(service: Service, check: Callable[[], bool], what: str) -> float:
    """Seconds until it is as it was."""
    began = time.monotonic()
    service.system.until(check, what, within_s=DRIFT_INTERVAL_S + SLACK_S)
    return time.monotonic() - began


def checks(service: Service) -> dict[str, str]:
    """Host name → id of its health check."""
    pages = service.system.aws("route53").get_paginator("list_health_checks").paginate()
    return {
        check["HealthCheckConfig"]["FullyQualifiedDomainName"]: check["Id"]
        for page in pages
        for check in page["HealthChecks"]
        if check["HealthCheckConfig"].get("FullyQualifiedDomainName", "").endswith(f".{service.hostname}")
    }


def change_record(service: Service, action: str, record: Json) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    service.system.aws("route53").change_resource_record_sets(HostedZoneId=zone_id(service.system), ChangeBatch=batch)


def leaf(service: Service, kind: str, region: str) -> Json:
    return next(each for each in records(service) if (each["Type"], each.get("Region")) == (kind, region))


def test_what_somebody_deletes_or_changes_is_mended_within_one_interval(
    system: System, service: Callable[[str], Service]
) -> None:
    drifted = service("drifted")
    drifted.save(regions=TWO)
    drifted.deploy()
    stood = records(drifted)

    change_record(drifted, "DELETE", leaf(drifted, "AAAA", TWO[0]))
    assert mended(drifted, lambda: records(drifted) == stood, "the deleted record is back") < DRIFT_INTERVAL_S + SLACK_S

    changed = leaf(drifted, "A", TWO[0])
    other = {**changed, "AliasTarget": {**leaf(drifted, "A", TWO[1])["AliasTarget"]}}
    change_record(drifted, "UPSERT", other)
    mended(drifted, lambda: records(drifted) == stood, "the changed record is back")

    before = checks(drifted)
    lost = f"{TWO[1]}.{drifted.hostname}"
    system.aws("route53").delete_health_check(HealthCheckId=before[lost])

    def watched() -> list[str]:
        """The checks behind the one that the record names."""
        named = leaf(drifted, "A", TWO[1])["HealthCheckId"]
        config = system.aws("route53").get_health_check(HealthCheckId=named)["HealthCheck"]["HealthCheckConfig"]
        return list(config["ChildHealthChecks"])

    def replaced() -> bool:
        now = checks(drifted)
        return now.keys() == before.keys() and now[lost] != before[lost] and now[lost] in watched()

    mended(drifted, replaced, "the health check is back, and its records know it")

    system.until(lambda: drift(drifted)["count"] == 0 and not drift(drifted)["repair"], "everything is told as mended")
    assert {each["state"] for each in drift(drifted)["ended"]} == {"repaired"}
    assert drifted.changes() == []


def test_a_foreign_namesake_is_told_and_never_touched(system: System, service: Callable[[str], Service]) -> None:
    taken = service("taken")
    taken.save(regions=TWO[:1], components=(HEALTH,))
    taken.deploy()
    logs, name = system.aws("logs", TWO[0]), "/aws/lambda/taken-health"
    logs.delete_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=name)
    system.api.call("POST", "services/taken/check/", {})
    [found] = [each for each in drift(taken)["resources"] if each["kind"] == "log_group"]
    assert (found["action"], bool(found["waits_for"])) == (None, True)
    checked = drift(taken)["checked_at"]
    system.until(lambda: drift(taken)["checked_at"] != checked, "beat looks, too")
    [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert "retentionInDays" not in group


def test_report_only_reports(system: System, service: Callable[[str], Service]) -> None:
    told = service("told")
    told.save(regions=TWO[:1], components=(HEALTH,))
    told.manifest["safety"]["repair"] = "report"
    system.api.call("PUT", "services/told/", told.manifest)
    told.deploy()
    logs, name = system.aws("logs", TWO[0]), "/aws/lambda/told-health"
    wanted = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"]

    def retention() -> int:
        return int(logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"])

    logs.put_retention_policy(logGroupName=name, retentionInDays=1)
    system.until(lambda: drift(told)["count"], "beat finds it", within_s=DRIFT_INTERVAL_S + SLACK_S)
    checked = drift(told)["checked_at"]
    system.until(lambda: drift(told)["checked_at"] != checked, "and finds it again", within_s=2 * DRIFT_INTERVAL_S)
    assert {each["waits_for"] for each in drift(told)["resources"]} == {"safety.repair is report"}
    assert (retention(), told.told()["drift"]["count"]) == (1, 1)

    told.succeeded(int(system.api.call("POST", "services/told/repair/", {})["id"]))
    assert (retention(), drift(told)["count"]) == (wanted, 0)


def test_a_pause_in_the_middle_of_a_deploy_begins_nothing_and_resume_finishes_it(
    system: System, service: Callable[[str], Service]
) -> None:
    stopped = service("stopped")
    stopped.save(regions=TWO)
    with system.fault("hang", action="CreateFunction", match="stopped-", times=None) as held:
        operation = stopped.start()
        system.until(held, "functions are being created")
        pause(system, "stopped", "a look at the bill")
        beaten = system.sweeps()
        # Beat sends two kinds, each 2 and each 5 s: with a third, more than the second in which it is heard has passed.
        system.until(lambda: system.sweeps() >= beaten + 3, "the worker has heard of it")
        system.foundation_rests()
        system.cloud("POST", "calls/clear")
    # What ran is let go and ends; nothing else begins.
    beaten = system.sweeps()
    system.until(lambda: system.sweeps() >= beaten + 2, "two rounds of beat")
    ours = [call for call in system.writes() if call[1] not in ("CreateFunction", "PublishVersion", "TagResource")]
    assert ours == []
    told = stopped.operation(operation)
    assert (told["status"], told["paused"], stopped.told()["paused"]) == ("running", True, True)
    assert any("paused by" in str(step["waiting_for"]) and "the bill" in step["waiting_for"] for step in told["steps"])

    resume(system, "stopped")
    stopped.succeeded(operation)
    assert stopped.answering() == list(TWO)
    assert stopped.changes() == []


def test_kill9_in_a_repair(system: System, service: Callable[[str], Service]) -> None:
    mauled = service("mauled")
    mauled.save(regions=TWO[:1])
    mauled.deploy()
    stood = standing(mauled, TWO[:1])
    with contextlib.ExitStack() as faults:
        held = faults.enter_context(
            system.fault("hang", "after", action="CreateHealthCheck", match=mauled.hostname, times=None)
        )
        [check] = checks(mauled).values()
        system.aws("route53").delete_health_check(HealthCheckId=check)
        system.api.call("POST", "services/mauled/check/", {})
        operation = int(drift(mauled)["repair"])
        system.until(held, "the repair makes the health check")
        system.kill9_apply_worker()
    mauled.succeeded(operation, within_s=90)
    assert standing(mauled, TWO[:1]) == stood
    assert len(checks(mauled)) == 1
    assert mauled.changes() == []
