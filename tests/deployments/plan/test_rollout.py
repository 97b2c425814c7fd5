"""Updates of what users are served by go one region at a time."""

from dataclasses import replace

from deployments.plan.model import Action, Change, Plan, Ref, Waiting
from deployments.plan.rollout import hold

ORDER = ("us-west-2", "eu-central-1", "ap-southeast-1")


def change(
    region: str, action: Action = Action.UPDATE, *, kind: str = "lambda_function", serving: bool = True
) -> Change:
    return Change(Ref("kv", kind, region, "get"), action, "", serving=serving)


def held(change: Change, regions: str) -> Change:
    return replace(change, waiting=(*change.waiting, Waiting(f"until {regions} is updated and healthy")))


def test_only_the_first_serving_region_is_updated() -> None:
    """In the order of the manifest, whatever the order of the plan."""
    first, second, third = (change(region) for region in ORDER)
    plan = hold(Plan((third, second, first)), order=ORDER, serving=ORDER, proving=())
    assert plan == Plan((held(third, "us-west-2"), held(second, "us-west-2"), first))


def test_a_region_that_is_being_proven_goes_on_and_no_other_begins() -> None:
    """Also where the proving region comes later in the manifest."""
    first, second = change("us-west-2"), change("eu-central-1")
    plan = hold(Plan((first, second)), order=ORDER, serving=ORDER, proving=("eu-central-1",))
    assert plan == Plan((held(first, "eu-central-1"), second))


def test_others_wait_for_a_proving_region_that_has_no_change_left() -> None:
    second = change("eu-central-1")
    plan = hold(Plan((second,)), order=ORDER, serving=ORDER, proving=("us-west-2",))
    assert plan == Plan((held(second, "us-west-2"),))


def test_what_takes_nothing_from_users_is_not_held() -> None:
    """Creates, deletes, what no request passes through, and regions that were not up before."""
    free = (
        change("us-west-2"),
        change("eu-central-1", Action.CREATE),
        change("eu-central-1", Action.DELETE),
        change("eu-central-1", kind="iam_role_policy", serving=False),
        change("ap-southeast-1"),
    )
    plan = Plan(free)
    assert hold(plan, order=ORDER, serving=("us-west-2", "eu-central-1"), proving=()) == plan


def test_a_plan_without_such_updates_stays_as_it_is() -> None:
    plan = Plan((change("us-west-2", Action.CREATE),))
    assert hold(plan, order=ORDER, serving=ORDER, proving=()) is plan


def test_what_else_a_change_waits_for_stays() -> None:
    waiting = replace(change("eu-central-1"), waiting=(Waiting("is not there yet"),))
    plan = hold(Plan((change("us-west-2"), waiting)), order=ORDER, serving=ORDER, proving=())
    assert plan.changes[1].waiting == (
        Waiting("is not there yet"),
        Waiting("until us-west-2 is updated and healthy"),
    )
