"""One AWS API call as a value, and an answer in the wire format of its service.

The gate parses each signed request into a `Call`, the strict layer judges it by name and parameters, and whoever
refuses it answers with `error`. Pure, but for asking ministack which account a session key belongs to. Never routes,
never refuses: a request that is no AWS call is None.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from localcloud import shapes

DEFAULT_ACCOUNT = "000000000000"
GLOBAL_SERVICES = frozenset({"iam", "route53", "cloudfront", "organizations", "globalaccelerator"})
QUERY_SERVICES = frozenset(
    {"iam", "sts", "ec2", "sns", "sqs", "cloudformation", "autoscaling", "elasticloadbalancing", "rds"}
)

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_ACCOUNT = re.compile(r"\d{12}")
_NAMES = {"apigateway": "apigatewayv2"}  # the name signed with → the name here, for /v2/ paths
_NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
}


@dataclass(frozen=True)
class Call:
    """What was asked. `region` is us-east-1 for global services whatever was signed; header names are lower case."""

    service: str
    action: str
    account: str
    region: str
    params: dict[str, Any]
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def parse(scope: MutableMapping[str, Any], body: bytes) -> Call | None:
    """The AWS call in an ASGI http scope, None where the request carries no SigV4 credential."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    credential = _credential(headers, query)
    if credential is None:
        return None
    key, region, signed_service = credential
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").split("?")[0]
    service = _NAMES.get(signed_service, signed_service)
    if signed_service == "apigateway" and not raw_path.startswith("/v2/"):
        service = "apigateway"
    if headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        service = "dynamodbstreams"
    action, params = _input(service, scope["method"], raw_path, query, headers, body)
    return Call(
        service=service,
        action=action,
        account=account_of(key),
        region="us-east-1" if service in GLOBAL_SERVICES else region,
        params=params,
        method=scope["method"],
        path=scope["path"],
        query=query,
        headers=headers,
        body=body,
    )


def access_key(call: Call) -> str:
    """The access key that signed it."""
    credential = _credential(call.headers, call.query)
    return credential[0] if credential else ""


def signed_region(call: Call) -> str:
    """The region in the signature, which for a global service may differ from the call's."""
    credential = _credential(call.headers, call.query)
    return credential[1] if credential else call.region


def _credential(headers: dict[str, str], query: dict[str, list[str]]) -> tuple[str, str, str] | None:
    """(access key, region, service) from the Authorization header or a presigned URL."""
    match = _CREDENTIAL.search(headers.get("authorization", ""))
    text = match[1] if match else query.get("X-Amz-Credential", [""])[0]
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        return None
    return parts[0], parts[2], parts[3]


def account_of(key: str) -> str:
    """The account an access key acts in, by ministack's own rules: 12 digits are an account, a session belongs to its
    role's, an IAM user's key to its user's, anything else is the default account."""
    if _ACCOUNT.fullmatch(key):
        return key
    if key == "test":
        return DEFAULT_ACCOUNT
    from ministack.core.iam_evaluator import find_iam_access_key_account
    from ministack.core.responses import _account_from_sts_session

    return _account_from_sts_session(key) or find_iam_access_key_account(key) or DEFAULT_ACCOUNT


def _input(
    service: str, method: str, raw_path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> tuple[str, dict[str, Any]]:
    """(action, parameters); an action that can't be told is empty, a body that can't be read has no parameters."""
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2], _json(body)
    if service in ("lambda", "apigatewayv2", "route53"):
        found = shapes.operation_of(service, method, raw_path)
        if found is None:
            return "", {}
        action, uri = found
        try:
            return action, shapes.rest_params(service, action, uri, query, headers, body)
        except (ValueError, SyntaxError):  # JSON and XML errors; ministack answers for malformed bodies
            return action, dict(uri)
    if service == "s3":
        return _s3(method, raw_path, query)
    if "application/x-www-form-urlencoded" in headers.get("content-type", "") or "Action" in query:
        form = query | parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        return form.get("Action", [""])[0], shapes.query_params(form)
    return "", {}


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _s3(method: str, raw_path: str, query: dict[str, list[str]]) -> tuple[str, dict[str, Any]]:
    """S3, coarsely: the verb on service, bucket or object, with the sub-resource where there is one."""
    bucket, _, key = raw_path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets", {}
    if key:
        verb = {"PUT": "Put", "GET": "Get", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}.get(method, method)
        return f"{verb}Object", {"Bucket": bucket, "Key": key}
    plain = {"PUT": "CreateBucket", "GET": "ListObjects", "DELETE": "DeleteBucket", "HEAD": "HeadBucket"}
    for sub, name in _S3_SUBRESOURCES.items():
        if sub in query:
            return f"{method.capitalize()}Bucket{name}", {"Bucket": bucket}
    return plain.get(method, f"{method.capitalize()}Bucket"), {"Bucket": bucket}


_S3_SUBRESOURCES = {
    "policy": "Policy",
    "versioning": "Versioning",
    "replication": "Replication",
    "tagging": "Tagging",
    "publicAccessBlock": "PublicAccessBlock",
    "encryption": "Encryption",
    "lifecycle": "Lifecycle",
    "ownershipControls": "OwnershipControls",
    "location": "Location",
    "acl": "Acl",
    "cors": "Cors",
    "delete": "Objects",
}


def error(call: Call, code: str, message: str | Sequence[str], status: int = 400) -> Answer:
    """A refusal in the wire format of the call's service; several messages are Route 53's list for InvalidChangeBatch.

    Sources: docs.aws.amazon.com "Common errors" of each service's API reference; for InvalidChangeBatch,
    Route53/latest/APIReference/API_ChangeResourceRecordSets.html#API_ChangeResourceRecordSets_Errors.
    """
    text = message if isinstance(message, str) else f"[{', '.join(message)}]"
    request_id = str(uuid.uuid4())
    if call.service in ("route53", "iam", "sts") or call.service in QUERY_SERVICES - {"ec2"}:
        xml = (
            f'<ErrorResponse xmlns="{_NAMESPACES.get(call.service, "http://webservices.amazon.com/doc/2005-10-05/")}">'
            f"<Error><Type>{'Sender' if status < 500 else 'Receiver'}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(text)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _answer(status, "text/xml", xml, request_id)
    if call.service == "ec2":
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(text)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return _answer(status, "text/xml;charset=UTF-8", xml, request_id)
    if call.service == "s3":
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{escape(code)}</Code><Message>{escape(text)}</Message><RequestId>{request_id}</RequestId></Error>"
        )
        return _answer(status, "application/xml", xml, request_id)
    if call.service == "lambda":
        body = json.dumps({"Type": "User" if status < 500 else "Service", "message": text})
        return _answer(status, "application/json", body, request_id, code)
    if call.service in ("apigatewayv2", "apigateway"):
        return _answer(status, "application/json", json.dumps({"message": text}), request_id, code)
    version = call.headers.get("content-type", "application/x-amz-json-1.1")
    kind = f"com.amazonaws.dynamodb.v20120810#{code}" if call.service == "dynamodb" else code
    return _answer(status, version, json.dumps({"__type": kind, "message": text}), request_id, code)


def _answer(status: int, content_type: str, body: str, request_id: str, code: str | None = None) -> Answer:
    encoded = body.encode()
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(encoded)).encode()),
        (b"x-amzn-requestid", request_id.encode()),
    ]
    if code is not None:
        headers.append((b"x-amzn-errortype", code.encode("latin-1")))
    return Answer(status, headers, encoded)
