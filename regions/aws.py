"""The one door to AWS: sessions, credentials, clients. The only product file that imports boto3.

Everything that calls AWS takes its client from `client`: made once per (account, service, region) and shared by all
threads of the process. A call goes through the limiter before it is sent, and every failure comes back as one
`AwsError`. Never decides what to call, and never repeats a call that changes something: what asked looks first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore import exceptions as failures
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials

from regions import aws_errors
from regions.aws_errors import THROTTLED, AwsError, Verdict
from regions.limiter import Limiter

GLOBAL_SERVICES = frozenset({"iam", "route53"})
HOME_OF_GLOBAL_SERVICES = "us-east-1"

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 10.0
SLOW_READ_TIMEOUT_S = 60.0  # for what takes its time: a function with 50 MB of code
QUICK_READ_TIMEOUT_S = 3.0  # for what somebody waits for in an outage: one object written, one metric read
# Any region's credentials are good everywhere, so that no single region's outage locks us out.
STS_REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")

# Where S3's action has another name than its operation (Service Authorization Reference, Amazon S3).
_S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

_READS = ("get_", "list_", "describe_")
_SENT = (  # failures after which AWS may have done it
    failures.HTTPClientError,  # read time-outs and closed connections among them
    failures.ResponseStreamingError,
    failures.IncompleteReadError,
)
_UNSENT = (
    failures.ConnectionError,  # connect time-outs, TLS and proxies among them
    failures.CredentialRetrievalError,
    failures.MetadataRetrievalError,
)


@dataclass(frozen=True)
class Access:
    """How to reach one account: the role to take (empty: the ambient credentials), or a local cloud's address."""

    account_id: str
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""
    obey_api_rates: bool = True


class Client:
    """A boto3 client whose calls raise only `AwsError`. Methods are the client's own: `client.get_role(RoleName=…)`."""

    def __init__(self, raw: Any, access: Access) -> None:
        self.raw = raw
        self._access = access

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = self.raw.meta.method_to_api_mapping.get(method)
        if operation is None:
            raise AttributeError(method)
        action = iam_action(self.raw.meta.service_model, operation)
        send = getattr(self.raw, method)
        reads = method.startswith(_READS)

        def call(**params: Any) -> dict[str, Any]:
            try:
                return self._once(send, params, action=action, reads=reads)
            except AwsError as error:
                # An idle connection that AWS has closed, or one bad host behind a healthy service: worth one more look.
                if reads and (error.code == "ConnectionClosedError" or error.status >= 500):
                    return self._once(send, params, action=action, reads=reads)
                raise

        self.__dict__[method] = call
        return call

    def _once(
        self, send: Callable[..., dict[str, Any]], params: Mapping[str, Any], *, action: str, reads: bool
    ) -> dict[str, Any]:
        try:
            return send(**params)
        except failures.ClientError as error:
            answer = error.response
            raise aws_errors.judge(
                action=action,
                code=answer.get("Error", {}).get("Code", ""),
                message=answer.get("Error", {}).get("Message", ""),
                status=answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
                request_id=answer.get("ResponseMetadata", {}).get("RequestId", ""),
                role_arn=self._access.role_arn,
                reads=reads,
            ) from error
        except _SENT as error:
            raise _unanswered(error, action=action, sent=True, reads=reads) from error
        except _UNSENT as error:
            raise _unanswered(error, action=action, sent=False, reads=reads) from error
        except (failures.NoCredentialsError, failures.PartialCredentialsError) as error:
            raise aws_errors.judge(action=action, code="NoCredentials", message=str(error), status=0) from error
        except failures.BotoCoreError as error:
            # Left over: parameters that the API's own model refuses, endpoints that don't exist.
            raise AwsError(
                str(error),
                code=type(error).__name__,
                verdict=Verdict.REFUSED,
                mend="Change the value that the message names; if none of yours is named, report it as a defect.",
                action=action,
            ) from error


def client(access: Access, service: str, region: str, *, slow: bool = False, quick: bool = False) -> Client:
    """The shared client of one service in one region; global services live in us-east-1 whatever is asked. `slow`: for
    calls that AWS may take a minute for; `quick`: for those that are given up soon."""
    if service in GLOBAL_SERVICES:
        region = HOME_OF_GLOBAL_SERVICES
    read_timeout_s = SLOW_READ_TIMEOUT_S if slow else QUICK_READ_TIMEOUT_S if quick else READ_TIMEOUT_S
    key = (access, service, region, read_timeout_s)
    found = _clients.get(key)
    if found is None:
        with _making:  # boto3 sessions must not make clients in two threads at once (boto3 guide, "Session")
            found = _clients.get(key)
            if found is None:
                found = _clients[key] = Client(_make(access, service, region, read_timeout_s=read_timeout_s), access)
    return found


def caller_account(access: Access, region: str = STS_REGIONS[0]) -> str:
    """The account id in which calls with this access end up: to be compared with the one that was meant."""
    return str(client(access, "sts", region).get_caller_identity()["Account"])


def limit_with(limiter: Limiter | None) -> None:
    """From now on every call of every client asks this limiter first; None: none does."""
    global _limiter
    _limiter = limiter


def iam_action(service_model: Any, operation: str) -> str:
    """The action that an IAM policy must allow for one API operation."""
    name = service_model.signing_name
    if (
        name == "apigateway"
    ):  # its actions are HTTP methods (Service Authorization Reference, API Gateway Management V2)
        return f"apigateway:{service_model.operation_model(operation).http['method']}"
    if name == "s3":
        return f"s3:{_S3_ACTIONS.get(operation, operation)}"
    if name == "monitoring":
        return f"cloudwatch:{operation}"
    return f"{name}:{operation}"


_loader = botocore.session.get_session().get_component("data_loader")  # parses each service's model once
_sessions: dict[tuple[str, str, str], boto3.Session] = {}
_clients: dict[tuple[Access, str, str, float], Client] = {}
_making = threading.RLock()  # re-entrant: the first use of a role makes an STS client
_limiter: Limiter | None = None


def _make(access: Access, service: str, region: str, *, read_timeout_s: float) -> Any:
    made = _session(access).client(  # type: ignore[call-overload]  # the service is not a literal here
        service,
        region_name=region,
        endpoint_url=access.endpoint_url or None,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=read_timeout_s,
            # No retries down there: what calls us looks at the world again and has a budget; a create that was
            # repeated blindly after a time-out would make two.
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=50,
            tcp_keepalive=True,
            user_agent_extra="antipode",
            # Buckets of us-east-1 too are asked there, not by way of the global name (botocore guide, "Config").
            s3={"us_east_1_regional_endpoint": "regional"},
        ),
    )
    if access.obey_api_rates:
        made.meta.events.register("before-call", _Limits(access.account_id).before)
        made.meta.events.register("after-call", _Limits(access.account_id).after)
    return made


@dataclass(frozen=True)
class _Limits:
    """The limiter's place in a client's events: no caller can forget it."""

    account_id: str

    def before(self, model: Any, **_: Any) -> None:
        if _limiter is not None:
            _limiter.acquire(self.account_id, model.service_model.signing_name, model.name)

    def after(self, model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        if _limiter is not None and parsed.get("Error", {}).get("Code") in THROTTLED:
            _limiter.drained(self.account_id, model.service_model.signing_name, model.name)


def _session(access: Access) -> boto3.Session:
    key = (access.role_arn, access.external_id, access.endpoint_url)
    found = _sessions.get(key)
    if found is None:
        core = botocore.session.get_session()
        core.register_component("data_loader", _loader)
        if access.role_arn:
            # botocore renews 15 minutes before expiry, in one thread, and lets the others go on with the old ones.
            core._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # the documented way in
                refresh_using=lambda: _assume(access), method="sts-assume-role"
            )
        found = _sessions[key] = boto3.Session(botocore_session=core)
    return found


def _assume(access: Access) -> dict[str, str]:
    """Credentials of the account's role, from the first STS region that answers."""
    ambient = Access("", endpoint_url=access.endpoint_url, obey_api_rates=False)  # one STS client for all accounts
    params = {"RoleArn": access.role_arn, "RoleSessionName": "antipode"}
    if access.external_id:
        params["ExternalId"] = access.external_id
    for last, region in ((region == STS_REGIONS[-1], region) for region in STS_REGIONS):
        try:
            taken = client(ambient, "sts", region).assume_role(**params)["Credentials"]
        except AwsError as error:
            if error.code in ("AccessDenied", "AccessDeniedException"):
                error.mend = (
                    f"Let the role {access.role_arn} trust the workers' own credentials (and their external id), "
                    "and allow them sts:AssumeRole."
                )
            if last or error.verdict is not Verdict.TRANSIENT:
                raise
            continue
        return {
            "access_key": taken["AccessKeyId"],
            "secret_key": taken["SecretAccessKey"],
            "token": taken["SessionToken"],
            "expiry_time": taken["Expiration"].isoformat(),
        }
    raise AssertionError("the last region raises or returns")


def _unanswered(error: Exception, *, action: str, sent: bool, reads: bool) -> AwsError:
    return aws_errors.unanswered(action=action, code=type(error).__name__, message=str(error), sent=sent, reads=reads)
