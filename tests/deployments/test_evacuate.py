"""Evacuate and restore: by objects in two buckets, in the process that was asked, with guards, and never half told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments import evacuations
from deployments.actions import break_glass, switching
from deployments.actions.evacuate import Evacuate
from deployments.actions.overriding import Override
from deployments.actions.refused import ActionRefused
from deployments.actions.restore import Restore
from deployments.commands import COMMAND
from deployments.models import Evacuation, Operation, Pause
from deployments.providers.errors import Transient
from deployments.providers.memory import Memory
from regions.models import Endpoint, Region, Status
from tests.deployments.test_apply import CENTRAL, WEST, Deployer, Trouble, served
from tests.deployments.worlds import stack_of

pytestmark = pytest.mark.django_db

WHY = "Lambda errors at 4 %"


@pytest.fixture
def deployer() -> Deployer:
    """One service in two regions, both up; its switch buckets are in both of them."""
    found = Deployer()
    found.deployed(served(WEST, CENTRAL))
    Endpoint.objects.update(status=Status.UP, last_known=Status.UP)
    for code in (WEST, CENTRAL):
        Region.objects.get_or_create(code=code)
    return found


def evacuate(deployer: Deployer, region: str = CENTRAL, **more: Any) -> Operation:
    return Evacuate(
        deployer.stack.account, region, None, COMMAND, WHY, provider=lambda _: deployer.world, **more
    ).execute()


def restore(deployer: Deployer, region: str = CENTRAL, **more: Any) -> Operation:
    return Restore(
        deployer.stack.account, region, None, COMMAND, "it is well again", provider=lambda _: deployer.world, **more
    ).execute()


def keys(world: Memory) -> set[str]:
    return {key for _, _, key in world.objects}


def buckets() -> list[str]:
    """The regions in which the switch buckets are."""
    return sorted({each["region"] for each in Evacuation.objects.latest("id").switches})


def test_a_region_is_evacuated_by_an_object_in_each_bucket(deployer: Deployer) -> None:
    operation = evacuate(deployer)
    assert (operation.verb, operation.status, operation.open) == ("evacuate", "succeeded", False)
    assert len(deployer.world.objects) == 2
    assert keys(deployer.world) == {f"switch/{CENTRAL}"}
    assert all(WHY.encode() in body for body in deployer.world.objects.values()), "whoever finds it reads why"
    assert [step.status for step in operation.steps.all()] == ["succeeded", "succeeded"]
    assert set(evacuations.out_of_rotation(deployer.stack)) == {CENTRAL}


def test_twice_is_once(deployer: Deployer) -> None:
    evacuate(deployer)
    before = dict(deployer.world.objects)
    evacuate(deployer)
    assert (Evacuation.objects.count(), deployer.world.objects) == (1, before)


def test_an_open_operation_and_the_stop_button_hold_nothing_up(deployer: Deployer) -> None:
    Operation.objects.create(stack=deployer.stack, verb="deploy", title="stuck", status="running")
    Pause.objects.create(stack=None)
    assert evacuate(deployer).status == "succeeded"


def test_one_bucket_is_enough_and_the_other_is_tried_again(deployer: Deployer) -> None:
    """The first object takes it out; beat goes on with the second until it stands."""
    deployer.world.chaos = Trouble("put object", Transient("no answer", code="ConnectTimeoutError"))
    operation = evacuate(deployer)
    assert sorted(step.status for step in operation.steps.all()) == ["failed", "succeeded"]
    assert set(evacuations.out_of_rotation(deployer.stack)) == {CENTRAL}
    (left,) = switching.unfinished()
    switching.write(left, deployer.world)
    assert (switching.unfinished(), len(deployer.world.objects)) == ([], 2)


def test_without_any_bucket_the_lines_for_the_hand_are_told(deployer: Deployer) -> None:
    deployer.world.out = {WEST, CENTRAL}
    with pytest.raises(ActionRefused) as refused:
        evacuate(deployer)
    assert (refused.value.status, refused.value.code) == (503, "evacuation_failed")
    assert len(refused.value.more["commands"]) == 2
    assert all(f"--key switch/{CENTRAL}" in line for line in refused.value.more["commands"])
    assert evacuations.out_of_rotation(deployer.stack) == {}, "not out, before an object says so"
    assert switching.unfinished(), "and tried again"


def test_the_last_healthy_region_stays_unless_somebody_says_why(deployer: Deployer) -> None:
    evacuate(deployer)
    with pytest.raises(ActionRefused) as refused:
        evacuate(deployer, WEST)
    assert refused.value.code == "guard_refused"
    assert [one["name"] for one in refused.value.more["guards"]] == [
        "min_serving_regions",
        "last_healthy",
        "never_empty",
    ]
    override = Override(("min_serving_regions", "last_healthy", "never_empty"), "the data there is wrong")
    assert evacuate(deployer, WEST, override=override).status == "succeeded"
    assert set(evacuations.out_of_rotation(deployer.stack)) == {WEST, CENTRAL}


def test_a_reason_is_needed(deployer: Deployer) -> None:
    with pytest.raises(ActionRefused) as refused:
        Evacuate(deployer.stack.account, CENTRAL, None, COMMAND, " ", provider=lambda _: deployer.world).execute()
    assert (refused.value.code, Evacuation.objects.count()) == ("reason_missing", 0)


def test_where_nothing_stands_there_is_no_switch(deployer: Deployer) -> None:
    Region.objects.get_or_create(code="sa-east-1")
    with pytest.raises(ActionRefused) as refused:
        evacuate(deployer, "sa-east-1")
    assert (refused.value.status, refused.value.code) == (409, "no_switch")


def test_a_service_that_could_go_nowhere_else_is_not_led_away(deployer: Deployer) -> None:
    """Its only region has no switch for it, so no guard of it stands in the way of the others."""
    alone = Deployer(deployer.world, stack=stack_of("alone"))
    lonely = {**served(CENTRAL), "name": "alone", "hostname": "alone.example.test", "routing": {"policy": "simple"}}
    alone.deployed(lonely)
    act = Evacuate(deployer.stack.account, CENTRAL, None, COMMAND, WHY, provider=lambda _: deployer.world)
    assert [one.stack.name for one in act.concerned()] == ["kv"]
    assert evacuate(deployer).status == "succeeded"


# -- back


def test_a_region_comes_back_once_both_objects_are_gone(deployer: Deployer) -> None:
    evacuate(deployer)
    assert restore(deployer).status == "succeeded"
    assert (deployer.world.objects, evacuations.out_of_rotation(deployer.stack)) == ({}, {})
    assert Evacuation.objects.get().restored_at is not None
    with pytest.raises(ActionRefused) as refused:
        restore(deployer)
    assert refused.value.code == "not_evacuated"


def test_a_region_that_is_not_known_to_be_well_stays_out(deployer: Deployer) -> None:
    evacuate(deployer)
    Endpoint.objects.filter(region__code=CENTRAL).update(status=Status.DOWN)
    with pytest.raises(ActionRefused) as refused:
        restore(deployer)
    assert [one["name"] for one in refused.value.more["guards"]] == ["healthy"]
    assert len(deployer.world.objects) == 2
    assert restore(deployer, override=Override(("healthy",), "users are worse off")).status == "succeeded"


def test_one_object_that_is_left_keeps_it_out_until_it_is_gone(deployer: Deployer) -> None:
    evacuate(deployer)
    deployer.world.out = {buckets()[-1]}
    operation = restore(deployer)
    assert operation.status == "failed"
    assert set(evacuations.out_of_rotation(deployer.stack)) == {CENTRAL}
    deployer.world.out = set()
    (left,) = switching.unfinished()
    switching.remove(left, deployer.world)
    assert (evacuations.out_of_rotation(deployer.stack), deployer.world.objects) == ({}, {})


def test_out_again_before_it_was_back(deployer: Deployer) -> None:
    evacuate(deployer)
    deployer.world.out = {buckets()[-1]}
    restore(deployer)
    deployer.world.out = set()
    assert evacuate(deployer).status == "succeeded"
    assert len(deployer.world.objects) == 2
    assert Evacuation.objects.get().restoring_at is None


# -- by hand


def test_the_sheet_has_the_lines_of_every_switch(deployer: Deployer, tmp_path: Path, settings: Any) -> None:
    settings.BREAK_GLASS_DIR = str(tmp_path / "sheets")
    (sheet,) = break_glass.sheets([deployer.stack.account], CENTRAL)
    assert len(sheet.evacuate) == len(sheet.restore) == 2
    assert sheet.evacuate[0].startswith("aws s3api put-object --region ")
    assert sheet.look == ("dig +short kv.example.test A",)
    break_glass.keep(deployer.stack.account)
    kept = (tmp_path / "sheets" / f"demo-{CENTRAL}.md").read_text()
    assert all(line in kept for line in (*sheet.evacuate, *sheet.restore))


def test_commands_evacuate_and_restore(
    deployer: Deployer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("evacuate", "restore"):
        monkeypatch.setattr(f"deployments.actions.{module}.provider_of", lambda _: deployer.world)
    call_command("evacuate", CENTRAL, reason=WHY)
    assert f"Evacuate {CENTRAL}: succeeded. In effect within 76 s." in capsys.readouterr().out
    call_command("restore", CENTRAL, reason=WHY)
    assert deployer.world.objects == {}
    call_command("break_glass", CENTRAL)
    assert "# Break-glass sheet" in capsys.readouterr().out
    with pytest.raises(CommandError, match="has no switch"):
        call_command("break_glass", "sa-east-1")
    call_command("evacuate", CENTRAL, reason=WHY)
    with pytest.raises(CommandError, match="guard min_serving_regions refuses for kv"):
        call_command("evacuate", WEST, reason=WHY)
    with pytest.raises(CommandError, match="no account"):
        call_command("evacuate", CENTRAL, reason=WHY, account="nobody")
