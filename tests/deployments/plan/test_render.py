"""A plan as an operator reads it and as a program does."""

from deployments.plan.model import KNOWN_AFTER_APPLY, Action, Change, Difference, Plan, Problem, Ref, Waiting
from deployments.plan.render import as_json, lines, summary, waiting_text

TABLE = Ref("kv", "dynamodb_table", "eu-central-1", "orders")
FUNCTION = Ref("kv", "lambda_function", "eu-central-1", "get")
ALIAS = Ref("kv", "lambda_alias", "eu-central-1", "get")
RECORD = Ref("kv", "route53_record", "global", "kv.example.test A")
ROLE = Ref("kv", "iam_role", "us-west-2", "service")

PLAN = Plan(
    changes=(
        Change(TABLE, Action.CREATE, "it is not there yet"),
        Change(
            FUNCTION,
            Action.UPDATE,
            "differs in environment.T, memory_mb",
            differences=(Difference("environment.T", None, "orders"), Difference("memory_mb", 128, 256)),
        ),
        Change(
            ALIAS,
            Action.UPDATE,
            "differs in version",
            differences=(Difference("version", "1", KNOWN_AFTER_APPLY),),
            waiting=(
                Waiting("is known after apply", FUNCTION, "version"),
                Waiting("until us-west-2 is updated and healthy"),
            ),
        ),
        Change(RECORD, Action.DELETE, "it is no longer wanted"),
        Change(ROLE, Action.FORGET, "it is gone from AWS"),
        Change(TABLE._replace(name="users"), Action.RETAIN, "it holds data and nobody consented to lose it"),
    ),
    underway=((TABLE._replace(scope="us-west-2"), Waiting("CREATING", TABLE)),),
    problems=(Problem(ROLE, "conflict", "kv-role exists already", "Rename it in AWS"),),
)


def test_a_plan_is_a_summary_and_a_line_for_each_thing() -> None:
    assert lines(PLAN) == [
        "1 to create, 2 to update, 1 to delete, 1 to retain, 1 to forget",
        "+ eu-central-1     dynamodb_table             orders  (it is not there yet)",
        "~ eu-central-1     lambda_function            get  (differs in environment.T, memory_mb)",
        "    environment.T: null → orders",
        "    memory_mb: 128 → 256",
        "~ eu-central-1     lambda_alias               get  (differs in version)",
        "    version: 1 → (known after apply)",
        "− global           route53_record             kv.example.test A  (it is no longer wanted)",
        "· us-west-2        iam_role                   service  (it is gone from AWS)",
        "= eu-central-1     dynamodb_table             users  (it holds data and nobody consented to lose it)",
        "… us-west-2        dynamodb_table             orders  (CREATING)",
        "! us-west-2        iam_role                   service  kv-role exists already. Rename it in AWS",
    ]


def test_an_empty_plan_says_so() -> None:
    assert lines(Plan()) == ["No changes: everything is as it should be."]


def test_a_plan_that_only_waits_has_nothing_to_change() -> None:
    assert summary(Plan(underway=PLAN.underway)) == "nothing to change"


def test_a_long_value_is_cut() -> None:
    long = (Difference("policy", "x" * 101, ["y"] * 50),)
    found = lines(Plan((Change(ROLE, Action.UPDATE, "differs in policy", differences=long),)))
    shown = '["y", ' + '"y", ' * 19
    assert found[2] == f"    policy: {'x' * 99}… → {shown[:99]}…"


def test_programs_read_the_same_as_json() -> None:
    table = {"kind": "dynamodb_table", "region": "eu-central-1", "name": "orders"}
    function = {"kind": "lambda_function", "region": "eu-central-1", "name": "get"}
    alias = {"kind": "lambda_alias", "region": "eu-central-1", "name": "get"}
    role = {"kind": "iam_role", "region": "us-west-2", "name": "service"}
    record = {"kind": "route53_record", "region": "global", "name": "kv.example.test A"}
    assert as_json(PLAN) == {
        "changes": [
            {"action": "create", **table, "reason": "it is not there yet", "diff": []},
            {
                "action": "update",
                **function,
                "reason": "differs in environment.T, memory_mb",
                "diff": [
                    {"path": "environment.T", "before": None, "after": "orders"},
                    {"path": "memory_mb", "before": 128, "after": 256},
                ],
            },
            {
                "action": "update",
                **alias,
                "reason": "differs in version",
                "diff": [{"path": "version", "before": "1", "after": "(known after apply)"}],
            },
            {"action": "delete", **record, "reason": "it is no longer wanted", "diff": []},
            {"action": "forget", **role, "reason": "it is gone from AWS", "diff": []},
            {
                "action": "retain",
                **table,
                "name": "users",
                "reason": "it holds data and nobody consented to lose it",
                "diff": [],
            },
        ],
        "waiting": [
            {**table, "region": "us-west-2", "why": "dynamodb_table orders (eu-central-1) CREATING", "on": []},
            {
                **alias,
                "why": "version of lambda_function get (eu-central-1) is known after apply; "
                "until us-west-2 is updated and healthy",
                "on": [{**alias, "kind": "lambda_function"}],
            },
        ],
        "problems": [{**role, "code": "conflict", "message": "kv-role exists already", "mend": "Rename it in AWS"}],
    }


def test_what_only_takes_time_says_until_when() -> None:
    waiting = Waiting("users still have its answer", RECORD, until=1_700_000_000.0)
    assert (
        waiting_text(waiting)
        == "route53_record kv.example.test A (global) users still have its answer, until 22:13:20 UTC"
    )
