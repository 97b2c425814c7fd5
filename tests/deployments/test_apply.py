"""What an operation does when AWS refuses, stays silent, takes its time, or when somebody else is faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments import leases, reconcile
from deployments.apply import BLIND_S, UPDATES, Cancelled, Failed, Later, Succeeded
from deployments.ground import TRIES, UPDATE_STEPS
from deployments.models import Lease, Operation, Resource, Stack, Step
from deployments.plan.model import Observed, Params, Ref, State
from deployments.providers.errors import Refused, Transient
from deployments.providers.memory import Memory
from deployments.providers.protocol import Batch, Looks, Target
from deployments.proving import PROVE_WITHIN_S
from regions.models import Endpoint, Status
from tests.deployments.worlds import ZONE, Clock, approve, look, stack_of

SHA = "sha256:" + "a" * 64
WEST, CENTRAL = "us-west-2", "eu-central-1"
HOSTNAME = "kv.example.test"

pytestmark = pytest.mark.django_db


def table(name: str = "orders") -> dict[str, Any]:
    return {"kind": "table", "name": name, "key": {"id": "S"}}


def function(*, memory_mb: int = 128, routes: list[str] | None = None) -> dict[str, Any]:
    return {
        "kind": "function",
        "name": "get",
        "artifact": SHA,
        "handler": "app.main",
        "runtime": "python3.12",
        "memory_mb": memory_mb,
        "routes": routes or [],
    }


def service(*components: dict[str, Any], regions: tuple[str, ...] = (WEST,), drain_s: int = 0) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "kv",
        "account": "demo",
        "hostname": HOSTNAME,
        "regions": list(regions),
        "components": list(components),
        "safety": {"drain_s": drain_s},
    }


def served(*regions: str, memory_mb: int = 128, drain_s: int = 0) -> dict[str, Any]:
    """A service that users reach."""
    return service(function(memory_mb=memory_mb, routes=["GET /"]), regions=regions, drain_s=drain_s)


@dataclass
class Deployer:
    """A stack in a world. `deploy` approves a manifest and takes one worker's look."""

    world: Memory = field(default_factory=Memory)
    clock: Clock = field(default_factory=Clock)
    stack: Stack = field(default_factory=stack_of)

    def deploy(self, manifest: dict[str, Any] | None, **named: Any) -> Any:
        approve(self.stack, manifest)
        return self.look(**named)

    def deploy_to_the_end(self, manifest: dict[str, Any] | None) -> Any:
        """As beat would: each time that a worker left because nothing was due, another comes."""
        outcome = self.deploy(manifest)
        while isinstance(outcome, Later):
            self.clock.now = max(self.clock.now, outcome.at)
            outcome = self.look()
        return outcome

    def look(self, **named: Any) -> Any:
        return look(self.stack, self.world, self.clock, **named)

    def deployed(self, manifest: dict[str, Any]) -> None:
        """It stands, is up, and nothing of how it came to be matters."""
        assert self.deploy(manifest) == Succeeded()
        Endpoint.objects.update(status=Status.UP)
        self.world.history.clear()

    def done(self, verb: str = "") -> list[str]:
        """What was done to the world: "create table us-west-2" and so on."""
        return [line for line in self.world.history if line.startswith(verb)]


@dataclass
class Trouble:
    """`error` around the first calls of one name; `left` tells how many are still to come."""

    call: str
    error: Exception
    left: int = 1
    when: str = "before"

    def __call__(self, when: str, call: str) -> None:
        if (when, call) == (self.when, self.call) and self.left:
            self.left -= 1
            raise self.error


def operation() -> Operation:
    return Operation.objects.filter(stack__foundation=False).latest("id")


def step(kind: str, scope: str = WEST) -> Step:
    return Step.objects.get(operation=operation(), kind=kind, scope=scope)


def statuses() -> dict[str, str]:
    return {f"{s.action} {s.kind}": s.status for s in operation().steps.filter(scope=WEST)}


# -- region by region


def test_serving_replicas_are_updated_one_region_at_a_time() -> None:
    """The next region begins after two good answers of the one before; a bad one starts the count again."""
    deployer = Deployer()
    deployer.deployed(served(WEST, CENTRAL))
    answers = iter([True, False, True, True, True, True])

    def probe(stack: Stack, region: str) -> bool:
        good = next(answers)
        deployer.world.history.append(f"probe {region} {good}")
        return good

    assert deployer.deploy(served(WEST, CENTRAL, memory_mb=256), probe=probe) == Succeeded()
    assert deployer.done() == [
        f"update kv/lambda_function/{WEST}/get",
        f"update kv/lambda_alias/{WEST}/get",
        f"probe {WEST} True",
        f"probe {WEST} False",
        f"probe {WEST} True",
        f"probe {WEST} True",
        f"update kv/lambda_function/{CENTRAL}/get",
        f"update kv/lambda_alias/{CENTRAL}/get",
        f"probe {CENTRAL} True",
        f"probe {CENTRAL} True",
    ]


def test_a_region_that_does_not_answer_well_stops_the_update() -> None:
    deployer = Deployer()
    deployer.deployed(served(WEST, CENTRAL))
    start = deployer.clock.now
    outcome = deployer.deploy(served(WEST, CENTRAL, memory_mb=256), probe=lambda stack, region: False)
    assert outcome == Failed(
        "us-west-2 was updated and did not answer well within 60 s; later regions were left as they were",
        "Look at the function's logs there, then deploy a mended release or the former one.",
    )
    assert PROVE_WITHIN_S <= deployer.clock.now - start < PROVE_WITHIN_S + 10
    assert deployer.done() == [f"update kv/lambda_function/{WEST}/get", f"update kv/lambda_alias/{WEST}/get"]
    assert operation().status == "failed"
    assert step("lambda_function", CENTRAL).status == "cancelled"


def test_regions_that_were_not_up_are_updated_together() -> None:
    deployer = Deployer()
    deployer.deployed(served(WEST, CENTRAL))
    Endpoint.objects.update(status=Status.DOWN)
    assert deployer.deploy(served(WEST, CENTRAL, memory_mb=256), probe=lambda stack, region: False) == Succeeded()
    assert {line.split("/")[2] for line in deployer.done("update")[:2]} == {WEST, CENTRAL}


# -- answers


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "call", ["create dynamodb_table", "create acm_certificate", "update lambda_function", "change records"]
)
def test_an_outcome_that_nobody_heard_is_read_from_the_world(call: str, when: str) -> None:
    """Whether it was done or not, it is done once."""
    manifest = service(table(), function(routes=["GET /"]))
    deployer = Deployer()
    if call.startswith("update"):
        deployer.deployed(manifest)
        manifest["components"][1]["memory_mb"] = 256
    lost = Transient("no answer", code="ReadTimeout", unknown_outcome=True)
    trouble = deployer.world.chaos = Trouble(call, lost, when=when)
    assert deployer.deploy(manifest) == Succeeded()
    done = [line for line in deployer.done() if not line.startswith("records")]
    assert len(done) == len(set(done))
    assert trouble.left == 0


@dataclass
class Stale(Memory):
    """An AWS whose first read of a new table does not show it yet."""

    stale: set[Ref] = field(default_factory=set)

    def observe(self, targets: Sequence[Target]) -> Looks:
        looks = dict(super().observe(targets))
        for ref in looks.keys() - self.stale:
            if ref.kind == "dynamodb_table":
                self.stale.add(ref)
                looks[ref] = None
        return looks


def test_what_a_stale_read_does_not_show_is_not_made_twice() -> None:
    world, calls = Stale(), list[str]()
    world.chaos = lambda when, call: calls.append(f"{when} {call}")
    assert Deployer(world).deploy(service(table())) == Succeeded()
    assert len(world.stale) == 1
    assert calls.count("before create dynamodb_table") == 1


def test_calls_run_side_by_side_in_threads() -> None:
    """As in a worker: real threads, real time."""
    deployer = Deployer()
    approve(deployer.stack, served(WEST, CENTRAL))
    outcome = reconcile.look(deployer.stack.pk, provider=lambda stack: deployer.world, probe=lambda stack, region: True)
    assert outcome == Succeeded()
    assert deployer.deploy(served(WEST, CENTRAL)) == Succeeded()
    assert len(deployer.done("create")) == len(set(deployer.done("create")))


def test_a_defect_of_ours_ends_the_operation_by_its_name() -> None:
    deployer = Deployer()
    deployer.world.chaos = Trouble("create dynamodb_table", KeyError("spam"))
    assert deployer.deploy(service(table())) == Failed(
        "unexpected KeyError: 'spam'",
        "This is a defect of ours: report it with the worker's log. Retrying is safe.",
    )
    assert operation().status == "failed"


def test_what_aws_refuses_fails_its_step_and_the_rest_goes_on() -> None:
    deployer = Deployer()
    refused = Refused("not authorized", code="AccessDenied", mend="Allow logs:CreateLogGroup.")
    deployer.world.chaos = Trouble("create log_group", refused, left=99)
    assert deployer.deploy(service(table(), function())) == Failed(
        "create log_group get (us-west-2): AccessDenied not authorized", "Allow logs:CreateLogGroup."
    )
    assert statuses() == {
        "create iam_role": "succeeded",
        "create dynamodb_table": "succeeded",
        "create log_group": "failed",
        "create iam_role_policy": "cancelled",
        "create lambda_function": "cancelled",
        "create lambda_alias": "cancelled",
    }
    failed = step("log_group")
    assert (failed.error_code, failed.error, failed.mend, failed.attempts) == (
        "AccessDenied",
        "not authorized",
        "Allow logs:CreateLogGroup.",
        1,
    )
    deployer.world.chaos = lambda when, call: None
    assert deployer.deploy(service(table(), function())) == Succeeded()  # a retry makes only what is missing
    assert len(deployer.done("create")) == len(set(deployer.done("create"))) == 6


def test_what_fails_without_a_reason_is_tried_several_times() -> None:
    deployer = Deployer()
    slow = Transient("slow down", code="Throttling", mend="Wait.")
    deployer.world.chaos = Trouble("create dynamodb_table", slow, left=TRIES - 1)
    assert deployer.deploy_to_the_end(service(table())) == Succeeded()
    assert (step("dynamodb_table").status, step("dynamodb_table").attempts) == ("succeeded", TRIES)


def test_what_fails_without_a_reason_too_often_is_a_person_s() -> None:
    deployer = Deployer()
    slow = Transient("slow down", code="Throttling", mend="Wait.")
    deployer.world.chaos = Trouble("create dynamodb_table", slow, left=TRIES)
    assert deployer.deploy_to_the_end(service(table())) == Failed(
        "create dynamodb_table orders (us-west-2): Throttling slow down", "Wait."
    )
    assert deployer.done() == []


def test_what_aws_asks_to_wait_for_is_no_failed_attempt() -> None:
    deployer = Deployer()
    early = Transient("the role can't be assumed yet", waiting=True, retry_after_s=5)
    deployer.world.chaos = Trouble("create lambda_function", early, left=3 * TRIES)
    assert deployer.deploy(service(function())) == Succeeded()
    assert step("lambda_function").attempts == 1


def test_a_namesake_is_left_alone() -> None:
    deployer, theirs = Deployer(), Memory(owner="them")
    other = Ref("kv", "dynamodb_table", WEST, "orders")
    theirs.create(Target(other, {"theirs": True}))
    deployer.world.things = theirs.things
    outcome = deployer.deploy(service(table()))
    assert isinstance(outcome, Failed)
    assert outcome.error == "create dynamodb_table orders (us-west-2): conflict a namesake is not ours"
    assert [thing.params for thing in deployer.world.things.values()] == [{"theirs": True}]


# -- records


@dataclass
class Picky(Memory):
    """A Route 53 that does not like one record."""

    guilty: str = ""

    def change_records(self, batch: Batch) -> str:
        for change in batch.changes:
            if change.after and f"{change.after['name']} {change.after['type']}" == self.guilty:
                raise Refused(f"{self.guilty} is not permitted", code="InvalidChangeBatch", mend="Rename it.")
        return super().change_records(batch)


def test_of_a_refused_batch_the_guilty_record_is_named_and_the_others_are_made() -> None:
    deployer = Deployer(Picky(guilty=f"{WEST}.{HOSTNAME} AAAA"))
    outcome = deployer.deploy(served(WEST, CENTRAL))
    name = f"{WEST}.{HOSTNAME} AAAA"
    assert outcome == Failed(
        f"create route53_record {name} (global): InvalidChangeBatch {name} is not permitted", "Rename it."
    )
    made = {f"{name} {kind}" for name, kind, _ in deployer.world.records}
    assert {f"{WEST}.{HOSTNAME} A", f"{CENTRAL}.{HOSTNAME} A", f"{CENTRAL}.{HOSTNAME} AAAA"} < made
    assert {f"{HOSTNAME} A", f"{HOSTNAME} AAAA"} < made  # the region that is whole is in rotation
    assert name not in made
    assert [s.name for s in operation().steps.filter(status="failed")] == [name]


def test_a_host_name_of_another_installation_is_left_alone() -> None:
    deployer = Deployer()
    deployer.world.owners = {HOSTNAME: ("them", 3)}
    outcome = deployer.deploy(served(WEST))
    assert isinstance(outcome, Failed)
    assert f"conflict {HOSTNAME} belongs to them" in outcome.error
    assert (deployer.world.records, deployer.world.owners) == ({}, {HOSTNAME: ("them", 3)})


def test_a_host_name_that_an_older_state_of_ours_left_is_taken_on() -> None:
    """Our database was restored from yesterday's copy: the zone tells the generation."""
    deployer = Deployer()
    deployer.deployed(served(WEST))
    owner, generation = deployer.world.owners[HOSTNAME]
    deployer.world.owners[HOSTNAME] = (owner, generation + 7)
    assert deployer.deploy(served(WEST, CENTRAL)) == Succeeded()
    assert deployer.world.owners[HOSTNAME][1] > generation + 7


def test_a_batch_waits_for_that_of_another_service_in_the_same_zone() -> None:
    deployer = Deployer(Memory(delay=lambda ref: 1))
    others: list[leases.Lease | None] = []

    def hold(when: str, call: str) -> None:
        if not others:
            others.append(leases.acquire(f"zone:{ZONE}"))

    def let_go(seconds: float) -> None:
        deployer.clock.now += seconds
        if deployer.clock.now > until and others[0]:
            assert deployer.done("records") == []
            others[0].release()
            others[0] = None

    until = deployer.clock.now + 5
    deployer.world.chaos, deployer.clock.sleep = hold, let_go  # type: ignore[method-assign]
    assert deployer.deploy(served(WEST)) == Succeeded()
    assert others == [None]


def test_what_a_removed_record_pointed_to_stands_until_users_have_gone() -> None:
    """60 s of TTL and the drain; meanwhile the worker goes, since there is nothing to do."""
    deployer = Deployer()
    deployer.deployed(served(WEST, CENTRAL, drain_s=30))
    start = deployer.clock.now
    outcome = deployer.deploy(served(WEST, drain_s=30))
    assert isinstance(outcome, Later)
    assert 90 <= outcome.at - start < 95
    deployer.stack.refresh_from_db()
    assert deployer.stack.next_look_at is not None
    assert deployer.stack.next_look_at.timestamp() == pytest.approx(outcome.at, abs=1e-3)
    assert operation().status == "running"
    standing = {thing.ref.kind for thing in deployer.world.things.values() if thing.ref.scope == CENTRAL}
    assert {"lambda_function", "apigatewayv2_domain", "apigatewayv2_route"} <= standing
    assert {key[2] for key in deployer.world.records if key[0] == HOSTNAME} == {WEST}
    deployer.clock.now = outcome.at
    assert deployer.look() == Succeeded()
    left = [thing.ref for thing in deployer.world.things.values() if thing.ref.scope == CENTRAL]
    assert [ref for ref in left if ref.stack == "kv"] == []


def test_a_record_that_somebody_removed_drains_all_the_same() -> None:
    """Nobody knows since when, so it counts from now, with the 60 s that Route 53 may need."""
    deployer = Deployer()
    deployer.deployed(served(WEST, CENTRAL, drain_s=30))
    deployer.world.records = {key: record for key, record in deployer.world.records.items() if key[2] != CENTRAL}
    start = deployer.clock.now
    outcome = deployer.deploy(served(WEST, drain_s=30))
    assert isinstance(outcome, Later)
    assert 150 <= outcome.at - start < 155
    deployer.clock.now = outcome.at
    assert deployer.look() == Succeeded()


@dataclass
class Spreading(Memory):
    """A Route 53 whose name servers learn of new changes at `everywhere_at` only."""

    clock: Clock = field(default_factory=Clock)
    everywhere_at: float = 0.0
    old: int = 0

    def records_insync(self, change_id: str) -> bool:
        done = super().records_insync(change_id)
        return done and (int(change_id.removeprefix("C")) <= self.old or self.clock.now >= self.everywhere_at)


def test_the_drain_begins_once_every_name_server_knows_of_the_removal() -> None:
    """However long that takes, and whether or not each question is answered."""
    world = Spreading()
    deployer = Deployer(world, world.clock)
    deployer.deployed(served(WEST, CENTRAL, drain_s=30))
    world.old, world.everywhere_at = world.serial, world.clock.now + 40
    silence = Trouble("observe change", Transient("slow down"), left=6)

    def chaos(when: str, call: str) -> None:
        if deployer.done("records"):
            silence(when, call)

    world.chaos = chaos
    outcome = deployer.deploy(served(WEST, drain_s=30))
    assert isinstance(outcome, Later)
    assert silence.left == 0
    assert 90 <= outcome.at - world.everywhere_at < 92


@pytest.mark.parametrize("unknown", [True, False])
def test_a_batch_that_found_no_ear_is_sent_again(unknown: bool) -> None:
    """Also where the owner record, which tells whether it was done, can't be read at once."""
    deployer = Deployer()
    deployer.deployed(served(WEST))
    generation = deployer.world.owners[HOSTNAME][1]
    sent = Trouble("change records", Transient("slow down", unknown_outcome=unknown))
    read = Trouble("observe owner", Transient("slow down"))

    def chaos(when: str, call: str) -> None:
        sent(when, call)
        read(when, call)

    deployer.world.chaos = chaos
    assert deployer.deploy(served(WEST, CENTRAL)) == Succeeded()
    assert (sent.left, read.left) == (0, 0 if unknown else 1)
    assert deployer.world.owners[HOSTNAME][1] == generation + len(deployer.done("records"))


# -- data


def test_data_of_a_component_that_left_is_retained_and_listed() -> None:
    deployer = Deployer()
    deployer.deployed(service(table("orders"), table("users")))
    assert deployer.deploy(service(table("users"))) == Succeeded()
    assert deployer.done() == []
    assert [(r.name, r.state) for r in Resource.objects.order_by("name")] == [
        ("orders", State.RETAINED),
        ("users", State.LIVE),
    ]
    assert statuses() == {"retain dynamodb_table": "succeeded"}


# -- time


def test_a_region_that_does_not_answer_is_not_changed() -> None:
    """The others are; and after five minutes a person is told."""
    deployer = Deployer()
    deployer.deployed(service(function(), regions=(WEST, CENTRAL)))
    deployer.world.out = {CENTRAL}
    start = deployer.clock.now
    outcome = deployer.deploy(service(function(memory_mb=256), regions=(WEST, CENTRAL)))
    assert isinstance(outcome, Failed)
    assert outcome.error.endswith("(eu-central-1): eu-central-1 does not answer")
    assert outcome.mend.startswith("Retry or deploy once it answers again; nothing of it was changed")
    assert BLIND_S <= deployer.clock.now - start < BLIND_S + 20
    assert deployer.done() == [f"update kv/lambda_function/{WEST}/get", f"update kv/lambda_alias/{WEST}/get"]


def test_a_region_that_answers_again_is_changed() -> None:
    deployer = Deployer()
    deployer.deployed(service(function(), regions=(WEST, CENTRAL)))
    deployer.world.out = {CENTRAL}
    back = deployer.clock.now + 60

    def sleep(seconds: float) -> None:
        deployer.clock.now += seconds
        if deployer.clock.now > back:
            deployer.world.out = set()

    deployer.clock.sleep = sleep  # type: ignore[method-assign]
    assert deployer.deploy(service(function(memory_mb=256), regions=(WEST, CENTRAL))) == Succeeded()
    assert deployer.clock.now < back + 10


def test_what_never_becomes_ready_is_given_up() -> None:
    deployer = Deployer(Memory(delay=lambda ref: 10**6 if ref.kind == "iam_role" else 0))
    outcome = deployer.deploy(service(function()))
    assert outcome == Failed(
        "create iam_role service (us-west-2): gave_up still CREATING after 600 s",
        "Look at it in the AWS console, then retry: the next operation goes on waiting from the start.",
    )


@dataclass
class Stubborn(Memory):
    """An AWS that takes each update and goes on showing what was there before, for so many times."""

    stubborn: int = 10**6

    def update(self, target: Target, before: Params) -> Observed:
        super().update(target, before)
        thing = next(thing for thing in self.things.values() if thing.ref == target.ref)
        if self.stubborn:
            self.stubborn -= 1
            thing.params = dict(before)
        return self._observed(thing)


def test_an_update_that_aws_never_shows_fails() -> None:
    deployer = Deployer(Stubborn())
    deployer.deployed(service(table(), function()))
    assert deployer.deploy(service(table(), function(memory_mb=256))) == Failed(
        "update lambda_function get (us-west-2): never_converges after 15 updates memory_mb is still 128, not 256",
        "Set memory_mb to what AWS shows, or stop what else changes it in AWS, then deploy again.",
    )
    assert deployer.done("update") == [f"update kv/lambda_function/{WEST}/get"] * UPDATES
    assert step("lambda_function").status == "failed"


def test_an_update_that_takes_several_calls_succeeds() -> None:
    deployer = Deployer(Stubborn(stubborn=8))
    deployer.deployed(service(function()))
    assert deployer.deploy(service(function(memory_mb=256))) == Succeeded()
    assert len(deployer.done(f"update kv/lambda_function/{WEST}")) == 9


@dataclass
class Late(Stubborn):
    """An AWS that shows an update only to those who look once more."""

    taken: dict[Ref, Params] = field(default_factory=dict)

    def observe(self, targets: Sequence[Target]) -> Looks:
        for thing in self.things.values():
            thing.params = dict(self.taken.get(thing.ref, thing.params))
        return super().observe(targets)

    def update(self, target: Target, before: Params) -> Observed:
        self.taken[target.ref] = target.params
        return super().update(target, before)


def test_an_update_that_aws_shows_late_is_looked_at_before_it_is_sent_again() -> None:
    deployer = Deployer(Late())
    deployer.deployed(service(function()))
    assert deployer.deploy(service(function(memory_mb=256))) == Succeeded()
    assert len(deployer.done(f"update kv/lambda_function/{WEST}")) == UPDATE_STEPS


def test_an_update_that_aws_asks_to_wait_for_is_not_counted() -> None:
    deployer = Deployer()
    deployer.deployed(service(function()))
    early = Transient("another update is in progress", waiting=True, retry_after_s=2)
    deployer.world.chaos = Trouble("update lambda_function", early, left=2 * UPDATES)
    assert deployer.deploy(service(function(memory_mb=256))) == Succeeded()


@dataclass
class StubbornRecords(Memory):
    """A Route 53 that takes each batch and goes on showing another record for one name."""

    def change_records(self, batch: Batch) -> str:
        change_id = super().change_records(batch)
        for key, record in self.records.items():
            if key[:2] == (HOSTNAME, "A"):
                record["policy"] = {"region": "somewhere"}
        return change_id


def test_a_record_that_aws_never_shows_as_asked_fails() -> None:
    deployer = Deployer(StubbornRecords())
    outcome = deployer.deploy(served(WEST))
    assert outcome == Failed(
        f"update route53_record {HOSTNAME} A {WEST} (global): never_converges "
        "after 15 updates policy.region is still 'somewhere', not 'us-west-2'",
        "Set policy.region to what AWS shows, or stop what else changes it in AWS, then deploy again.",
    )


def test_what_somebody_changed_in_aws_is_set_right_by_the_next_deploy() -> None:
    deployer = Deployer()
    deployer.deployed(service(function()))
    next(t for t in deployer.world.things.values() if t.ref.kind == "log_group").params["retention_d"] = 1
    assert deployer.deploy(service(function())) == Succeeded()
    assert deployer.done() == [f"update kv/log_group/{WEST}/get"]


# -- stopping


def test_a_cancelled_operation_changes_nothing_more() -> None:
    """What was made stays, and the next operation goes on from there."""
    deployer = Deployer(Memory(delay=lambda ref: 2))

    def cancel(when: str, call: str) -> None:
        if (when, call) == ("after", "create iam_role"):
            Operation.objects.update(cancel_requested=True)

    deployer.world.chaos = cancel
    assert deployer.deploy(service(function())) == Cancelled()
    assert operation().status == "cancelled"
    assert statuses()["create lambda_function"] == "cancelled"
    made = deployer.done("create")
    assert f"create kv/lambda_function/{WEST}/get" not in made
    deployer.world.chaos = lambda when, call: None
    assert deployer.deploy(service(function())) == Succeeded()
    assert deployer.done("create")[: len(made)] == made
    assert len(deployer.done("create")) == len(set(deployer.done("create"))) == 5


def test_an_operation_that_was_cancelled_before_it_began_calls_nothing() -> None:
    deployer = Deployer()
    approve(deployer.stack, service(table()))
    Operation.objects.update(cancel_requested=True)
    assert deployer.look() == Cancelled()
    assert deployer.done() == []


def test_who_lost_the_lease_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker took it while this one hung; what it does must not be overwritten."""
    monkeypatch.setattr(leases, "RENEW_AFTER_S", 0.0)  # each look at the lease asks the database
    deployer = Deployer(Memory(delay=lambda ref: 3))
    then: list[Any] = []

    def rows() -> list[Any]:
        models = (Step, Resource, Operation, Lease)
        return [list(model.objects.order_by("pk").values()) for model in models] + [list(deployer.world.history)]

    def hang(seconds: float) -> None:
        deployer.clock.now += seconds
        if not then:
            Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
            assert leases.acquire(f"stack:{deployer.stack.pk}") is not None
            then.extend(rows())

    deployer.clock.sleep = hang  # type: ignore[method-assign]
    assert deployer.deploy(service(table(), function())) is None
    assert rows() == then
    assert operation().status == "running"
    assert deployer.look() == Succeeded()


def test_a_stack_that_another_holds_is_left_to_it() -> None:
    deployer = Deployer()
    approve(deployer.stack, service(table()))
    held = leases.acquire(f"stack:{deployer.stack.pk}")
    assert held is not None
    assert reconcile.look(deployer.stack.pk, provider=lambda stack: deployer.world) is None
    assert deployer.done() == []
    assert operation().status == "queued"
