"""Lambda: a function is busy while it changes, and a version is published only when something changed.

States follow the delay `function_pending_s`, compared whenever somebody looks; no thread waits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import lambda_svc as store

from localcloud.call import Call
from localcloud.strict import delays
from localcloud.strict.lambda_ import Function, function_of
from localcloud.strict.rules import ANY, Refusal, rule

_STATES = "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"
_PUBLISH = "https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"
# What differs between $LATEST and a version of the same code and configuration.
_OF_A_VERSION = (
    "Version",
    "FunctionArn",
    "RevisionId",
    "LastModified",
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
)


def _all_configs(function: Function) -> Iterator[dict[str, Any]]:
    yield function["config"]
    for version in function["versions"].values():
        yield version["config"]


def settle(function: Function) -> None:
    """Make a function whose delay is over Active and its update Successful."""
    if time.time() < function.get("_ready_s", 0.0):
        return
    for config in _all_configs(function):
        if config.get("State") == "Pending":
            config |= {"State": "Active", "StateReason": "", "StateReasonCode": ""}
        if config.get("LastUpdateStatus") == "InProgress":
            config |= {"LastUpdateStatus": "Successful", "LastUpdateStatusReason": "", "LastUpdateStatusReasonCode": ""}


def _unchanged(version: dict[str, Any], config: dict[str, Any]) -> bool:
    """Whether $LATEST still is what the version was made of; its own description may be another from the start."""

    def essence(held: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in held.items() if name not in _OF_A_VERSION}

    made_of = version["config"] | {"Description": version.get("_described", version["config"]["Description"])}
    return essence(made_of) == essence(config)


@rule("lambda", ANY, page=_STATES)
def functions_are_up_to_date(call: Call) -> None:
    """Before a call, functions whose delay is over become Active."""
    if "FunctionName" in call.params:
        function = function_of(call)
        if function is not None:
            settle(function)
        return
    for held in store._functions.values():
        settle(held)


@rule(
    "lambda",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "PublishVersion",
    "PutFunctionConcurrency",
    page=_STATES,
)
def a_busy_function_is_not_changed(call: Call) -> Refusal | None:
    """Changes wait until the function is Active and its last update is over."""
    function = function_of(call)
    if function is None:
        return None
    config = function["config"]
    prefix = "The operation cannot be performed at this time."
    if config.get("State") == "Pending":
        message = f"{prefix} The function is currently in the following state: Pending"
        return Refusal("ResourceConflictException", message, 409)
    if config.get("LastUpdateStatus") == "InProgress":
        message = f"{prefix} An update is in progress for resource: {config['FunctionArn']}"
        return Refusal("ResourceConflictException", message, 409)
    return None


@rule("lambda", "Invoke", page=_STATES)
def a_pending_function_is_not_invoked(call: Call) -> Refusal | None:
    """A function that is still being created refuses invocation."""
    function = function_of(call)
    if function is not None and function["config"].get("State") == "Pending":
        return Refusal(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
            409,
        )
    return None


@rule("lambda", "PublishVersion", page=_PUBLISH)
def a_published_hash_is_the_latest(call: Call) -> Refusal | None:
    """CodeSha256, where given, is that of $LATEST."""
    function, wanted = function_of(call), call.params.get("CodeSha256")
    if function is None or not wanted or wanted == function["config"]["CodeSha256"]:
        return None
    return Refusal(
        "InvalidParameterValueException",
        f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({function['config']['CodeSha256']}). "
        "Please try again with the CodeSHA256 in $LATEST.",
    )


def patch() -> None:
    """States follow the delay instead of a thread; a version is published only when something changed."""
    publish = store._publish_version
    update_code = store._update_code
    create = store._create_function

    def transition(name: str, delay: float) -> None:
        """Called by ministack within each create and update, with a delay of its own that does not count here."""
        function = store._functions.get(name)
        if function is None:
            return
        for config in _all_configs(function):
            if config.get("StateReasonCode") == "Updating":  # AWS keeps serving, and stays Active, through an update
                config |= {"State": "Active", "StateReason": "", "StateReasonCode": ""}
        function["_ready_s"] = time.time() + delays.of(get_account_id()).function_pending_s
        settle(function)

    def publish_changed(name: str, data: dict[str, Any]) -> Any:
        function = store._functions.get(name)
        latest = max(function["versions"], key=int, default=None) if function else None
        if function and latest:
            held = function["versions"][latest]
            if _unchanged(held, function["config"]):
                return store.json_response(held["config"], 201)
            held.pop("function_revision", None)
        response = publish(name, data)
        if function:
            made = function["versions"][max(function["versions"], key=int)]
            made["_described"] = function["config"]["Description"]
        return response

    def update_then_publish(name: str, data: dict[str, Any]) -> Any:
        wanted = {key: value for key, value in data.items() if key != "Publish"}
        response = update_code(name, wanted)
        if not data.get("Publish") or response[0] >= 300:
            return response
        status, headers, body = publish_changed(name, {})
        return 200 if status == 201 else status, headers, body

    def create_then_publish(data: dict[str, Any]) -> Any:
        response = create({key: value for key, value in data.items() if key != "Publish"})
        if not data.get("Publish") or response[0] >= 300:
            return response
        return publish(data["FunctionName"], {})

    store._schedule_state_transition = transition
    store._publish_version = publish_changed
    store._update_code = update_then_publish
    store._create_function = create_then_publish
