"""Lambda: roles that it can assume, runtimes that it has, limits, aliases. States and versions: `lambda_states`."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from ministack.services import iam
from ministack.services import lambda_svc as store

from localcloud import shapes
from localcloud.call import Call
from localcloud.strict import delays, limits
from localcloud.strict.rules import Refusal, rule

_API = "https://docs.aws.amazon.com/lambda/latest/api"
_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
_CREATE = f"{_API}/API_CreateFunction.html"
_LIMITS = f"{_GUIDE}/gettingstarted-limits.html"
_ENVIRONMENT = f"{_GUIDE}/configuration-envvars.html"
_CONCURRENCY = f"{_GUIDE}/configuration-concurrency.html"
_CHANGES = ("CreateFunction", "UpdateFunctionConfiguration")

MOST_DIRECT_ZIP_BYTES = 50 * 1024 * 1024
MOST_ENVIRONMENT_BYTES = 4 * 1024
LEAST_UNRESERVED = 100
# Creating functions with these is blocked: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_RETIRED = re.compile(
    r"nodejs|nodejs([468]\.\d+|1[02468]\.x)|nodejs4\.3-edge|java8|python(2\.7|3\.[678])|dotnetcore.*|dotnet6|go1\.x"
    r"|ruby2\..*|provided"
)
_RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
_HANDLER = re.compile(r"\S{1,128}")
_ALIAS = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}")
_LOG_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::(\d{12}):role/([\w+=,.@/-]+)")
Function = dict[str, Any]


def function_of(call: Call) -> Function | None:
    found: Function | None = store._functions.get(store._resolve_name(call.params.get("FunctionName", "")))
    return found


def _parameter(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


def _constraint(field: str, value: object, must: str) -> Refusal:
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must {must}",
    )


@rule("lambda", *_CHANGES, page=f"{_GUIDE}/lambda-intro-execution-role.html")
def lambda_can_assume_the_role(call: Call) -> Refusal | None:
    """The role is the account's own, exists, trusts lambda.amazonaws.com and is not too young for that."""
    arn = call.params.get("Role")
    if arn is None and call.action != "CreateFunction":
        return None
    match = _ROLE.fullmatch(arn or "")
    if match is None:
        return _constraint(
            "role", arn, "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?.+"
        )
    if match[1] != call.account:
        return Refusal("AccessDeniedException", "Cross-account pass role is not allowed.", 403)
    role = iam._roles.get(match[2].rpartition("/")[2])
    if role is None or role["Arn"] != arn or not _trusts_lambda(role):
        return _parameter("The role defined for the function cannot be assumed by Lambda.")
    if time.time() - role.get("_created_s", 0.0) < delays.of(call.account).role_not_assumable_s:
        return _parameter("The role defined for the function cannot be assumed by Lambda.")
    return None


def _trusts_lambda(role: dict[str, Any]) -> bool:
    document = role["AssumeRolePolicyDocument"]
    held = json.loads(document) if isinstance(document, str) else document
    statements = held.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        named = services if isinstance(services, list) else [services]
        if statement.get("Effect") == "Allow" and "lambda.amazonaws.com" in named:
            return True
    return False


@rule("lambda", *_CHANGES, page=f"{_GUIDE}/lambda-runtimes.html")
def a_runtime_is_known_and_supported(call: Call) -> Refusal | None:
    """Runtime is one that Lambda still creates functions for."""
    runtime = call.params.get("Runtime")
    if runtime is None:
        return None
    known = shapes.model("lambda")["shapes"]["Runtime"]["enum"]
    if runtime not in known:
        return _parameter(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(sorted(known))}] or be a valid ARN"
        )
    if _RETIRED.fullmatch(runtime):
        return _parameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions."
        )
    return None


@rule("lambda", "CreateFunction", page=_CREATE)
def a_function_has_a_plain_name(call: Call) -> Refusal | None:
    """FunctionName: letters, digits, `-` and `_`, at most 64."""
    name = store._resolve_name(call.params.get("FunctionName", ""))
    return None if _FUNCTION_NAME.fullmatch(name) else _constraint("functionName", name, "be a function name")


@rule("lambda", *_CHANGES, page=_CREATE)
def a_handler_is_named(call: Call) -> Refusal | None:
    """A zip function has a handler, without white space, at most 128 characters."""
    handler = call.params.get("Handler")
    if handler is None and (call.action != "CreateFunction" or call.params.get("PackageType") == "Image"):
        return None
    return None if _HANDLER.fullmatch(handler or "") else _constraint("handler", handler, "satisfy pattern: [^\\s]+")


@rule("lambda", *_CHANGES, page=_LIMITS)
def memory_and_timeout_are_in_range(call: Call) -> Refusal | None:
    """128–10,240 MB and 1–900 s."""
    for field, least, most in (("MemorySize", 128, 10_240), ("Timeout", 1, 900)):
        value = call.params.get(field, least)
        member = field[0].lower() + field[1:]
        if not isinstance(value, int) or value < least:
            return _constraint(member, value, f"have value greater than or equal to {least}")
        if value > most:
            return _constraint(member, value, f"have value less than or equal to {most}")
    return None


@rule("lambda", *_CHANGES, page=_ENVIRONMENT)
def the_environment_is_small_and_leaves_lambdas_own_names(call: Call) -> Refusal | None:
    """At most 4 KB together, no reserved names, names of letters, digits and `_`."""
    variables = (call.params.get("Environment") or {}).get("Variables") or {}
    prefix = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    reserved = sorted(set(variables) & _RESERVED_VARIABLES)
    if reserved:
        return _parameter(
            f"{prefix} contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    if len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode()) > MOST_ENVIRONMENT_BYTES:
        return _parameter(f"{prefix} exceeded the 4KB limit. String measured: {json.dumps(variables)[:200]}")
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            return _constraint("environment.variables", name, "satisfy pattern: [a-zA-Z]([a-zA-Z0-9_])+")
    return None


@rule("lambda", "CreateFunction", "UpdateFunctionCode", page=_LIMITS)
def a_direct_zip_has_50_mb(call: Call) -> Refusal | None:
    """Larger zips go through a bucket."""
    code = call.params.get("Code", call.params)
    encoded = code.get("ZipFile", "")
    if len(encoded) * 3 // 4 <= MOST_DIRECT_ZIP_BYTES:
        return None
    return Refusal(
        "RequestEntityTooLargeException",
        f"Request must be smaller than 70167211 bytes for the {call.action} operation",
        413,
    )


@rule("lambda", "CreateFunction", page=_CREATE)
def a_function_has_code(call: Call) -> Refusal | None:
    """Code is a zip, an S3 object or an image."""
    code = call.params.get("Code") or {}
    if code.get("ZipFile") or code.get("S3Key") or code.get("ImageUri"):
        return None
    return _parameter("Please provide a source for function code.")


@rule("lambda", *_CHANGES, page=f"{_API}/API_LoggingConfig.html")
def a_log_group_has_a_plain_name(call: Call) -> Refusal | None:
    """LoggingConfig.LogGroup: letters, digits and `_-/.#`, at most 512."""
    group = (call.params.get("LoggingConfig") or {}).get("LogGroup")
    if group is None or _LOG_GROUP.fullmatch(group):
        return None
    return _constraint("loggingConfig.logGroup", group, "satisfy pattern: [\\.\\-_/#A-Za-z0-9]+")


@rule("lambda", "CreateAlias", "UpdateAlias", page=f"{_API}/API_CreateAlias.html")
def an_alias_points_at_a_version_that_exists(call: Call) -> Refusal | None:
    """FunctionVersion, and the versions of its routing, are published (or $LATEST alone)."""
    function = function_of(call)
    if function is None:
        return None
    if call.action == "CreateAlias" and not _ALIAS.fullmatch(call.params.get("Name", "")):
        return _constraint("name", call.params.get("Name"), "satisfy pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
    weights = (call.params.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    asked = [call.params["FunctionVersion"]] if "FunctionVersion" in call.params else []
    for version in [*asked, *weights]:
        if version not in function["versions"] and (version != "$LATEST" or weights):
            arn = f"{function['config']['FunctionArn']}:{version}"
            return Refusal("ResourceNotFoundException", f"Function not found: {arn}", 404)
    if call.action == "CreateAlias" and not asked:
        return _constraint("functionVersion", None, "not be null")
    return None


@rule("lambda", "PutFunctionConcurrency", page=_CONCURRENCY)
def reservations_leave_100_unreserved(call: Call) -> Refusal | None:
    """Of the account's 1,000 in a region, 100 stay for functions without a reservation."""
    function, asked = function_of(call), call.params.get("ReservedConcurrentExecutions", 0)
    if not isinstance(asked, int) or asked < 0:
        return _constraint("reservedConcurrentExecutions", asked, "have value greater than or equal to 0")
    others = sum(held.get("concurrency") or 0 for held in store._functions.values() if held is not function)
    if function is not None and others + asked > limits.of(call.account).concurrency - LEAST_UNRESERVED:
        return _parameter(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{LEAST_UNRESERVED}]."
        )
    return None
