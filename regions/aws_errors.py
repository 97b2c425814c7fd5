"""What AWS answers when it does not do as asked, judged by error code in one table. Pure.

`aws.py` raises every failure as one `AwsError`; whoever called sees whether it passes by itself, needs a person, or
met a namesake, and what to do. Knows nothing of boto3 and nothing of what was being made.
"""

from __future__ import annotations

from enum import StrEnum

LIMITED = "limited"  # the code of our own limiter


class Verdict(StrEnum):
    """What becomes of it: it passes, it stays until a person acts, or the name is taken."""

    TRANSIENT = "transient"
    REFUSED = "refused"
    CONFLICT = "conflict"


class AwsError(Exception):
    """AWS's own words and our judgement.

    action           the IAM action that was called: "dynamodb:CreateTable"
    status           HTTP status, 0 where no answer came
    unknown_outcome  it was sent and may have been done: only a look tells
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        verdict: Verdict,
        mend: str,
        action: str = "",
        status: int = 0,
        request_id: str = "",
        retry_after_s: float = 1.0,
        unknown_outcome: bool = False,
    ) -> None:
        super().__init__(f"{action}: {code}: {message}")
        self.message = message
        self.code = code
        self.verdict = verdict
        self.mend = mend
        self.action = action
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.unknown_outcome = unknown_outcome

    @property
    def unanswered(self) -> bool:
        """AWS gave no answer at all: the region, or the way to it, is out."""
        return self.status == 0 and self.verdict is Verdict.TRANSIENT and self.code != LIMITED

    @property
    def absent(self) -> bool:
        return self.code in ABSENT

    @property
    def present(self) -> bool:
        return self.code in PRESENT and self.verdict is Verdict.CONFLICT


ABSENT = frozenset(
    {
        "ResourceNotFoundException",  # Lambda, DynamoDB, ACM, CloudWatch Logs
        "NotFoundException",  # API Gateway
        "NoSuchEntity",  # IAM
        "NoSuchHealthCheck",
        "NoSuchHostedZone",
        "NoSuchChange",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchCidrCollectionException",
        "NoSuchTagSet",  # of a bucket, as the next ones
        "NoSuchBucketPolicy",
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
    }
)
PRESENT = frozenset(
    {
        "EntityAlreadyExists",  # IAM
        "ResourceAlreadyExistsException",  # CloudWatch Logs
        "ConflictException",  # API Gateway
        "HealthCheckAlreadyExists",
        "CidrCollectionAlreadyExistsException",
        "BucketAlreadyOwnedByYou",
        "BucketAlreadyExists",  # in another account
    }
)
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TooManyRequests",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
    }
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"}
)
_CREDENTIALS = {
    "ExpiredToken": "The credentials have expired: renew the ambient credentials of the workers, then retry.",
    "ExpiredTokenException": "The credentials have expired: renew the ambient credentials of the workers, then retry.",
    "RequestExpired": "The clock of this machine is off, or the credentials have expired: set the clock, renew them.",
    "InvalidClientTokenId": "AWS does not know this access key, or the region is not enabled for the account: "
    "check the ambient credentials, then enable the region in the account's settings.",
    "UnrecognizedClientException": "AWS does not know this access key, or the region is not enabled for the account: "
    "check the ambient credentials, then enable the region in the account's settings.",
    "AuthFailure": "The region is not enabled for the account: enable it in the account's settings.",
    "OptInRequired": "The region is not enabled for the account: enable it in the account's settings.",
    "SignatureDoesNotMatch": "The secret key does not belong to the access key, or the clock is off: check both.",
    "NoCredentials": "Give the workers AWS credentials: an instance or task role, or the AWS_* variables.",
}
_BUSY = {  # by AWS's answer: another change of the same thing is under way
    "PriorRequestNotComplete": 1.0,  # Route 53: one change a zone at a time
    "ResourceInUseException": 2.0,  # a table that is CREATING or UPDATING; a certificate that a domain still uses
    "ResourceConflictException": 1.0,  # Lambda: an update in progress
    "ConcurrentModificationException": 1.0,
    "ConcurrentModification": 1.0,
    "OperationAbortedException": 1.0,
    "HealthCheckVersionMismatch": 1.0,
    "OperationAborted": 2.0,  # S3: another change of the same bucket, or one of its name that has just gone
    "CidrCollectionInUseException": 2.0,  # records that are leaving name it still
    "DeleteConflict": 2.0,  # IAM: reads may be stale right after the policies are gone
    "RequestInProgressException": 2.0,
}
_QUOTA = frozenset(
    {
        "LimitExceededException",
        "LimitExceeded",
        "TooManyHealthChecks",
        "LimitsExceeded",  # Route 53's CIDR collections
        "TooManyBuckets",
        "CodeStorageExceededException",
        "ServiceQuotaExceededException",
    }
)
_PASSES = "Nothing to do: it is tried again by itself."
_MENDS = {
    "ResourceInUseException": "It is tried again once AWS has finished with it, or nothing uses it any more.",
    "DeleteConflict": "Tried again by itself; if it stays, detach what was attached to this role by hand.",
}


def judge(
    *, action: str, code: str, message: str, status: int, request_id: str = "", role_arn: str = "", reads: bool = False
) -> AwsError:
    """One answer of AWS with an error code, judged. `reads`: the call changes nothing."""

    def error(verdict: Verdict, mend: str, *, retry_after_s: float = 1.0, unknown_outcome: bool = False) -> AwsError:
        return AwsError(
            message,
            code=code,
            verdict=verdict,
            mend=mend,
            action=action,
            status=status,
            request_id=request_id,
            retry_after_s=retry_after_s,
            unknown_outcome=unknown_outcome,
        )

    if code in THROTTLED:
        return error(Verdict.TRANSIENT, "AWS asks us to slow down: it is tried again by itself.", retry_after_s=2.0)
    if code in _DENIED:
        who = f"the role {role_arn}" if role_arn else "the workers' own credentials"
        return error(Verdict.REFUSED, f"Allow {action} for {who}, then retry.")
    if code in _CREDENTIALS:
        return error(Verdict.REFUSED, _CREDENTIALS[code])
    if code in _BUSY or (code == "LimitExceededException" and action.startswith("dynamodb:")):
        # DynamoDB: too many control-plane operations at once (API reference, UpdateTable): it passes.
        return error(Verdict.TRANSIENT, _MENDS.get(code, _PASSES), retry_after_s=_BUSY.get(code, 2.0))
    if code == "ConflictException" and "concurrent" in message.lower():  # API Gateway uses one code for both
        return error(Verdict.TRANSIENT, _PASSES)
    if code in ABSENT - {"NoSuchHostedZone"} and not reads:
        # Right after its creation a parent (a role, an API, a version) may not be visible to the next call.
        return error(Verdict.TRANSIENT, "What it belongs to can't be seen yet, or has gone: the next look decides.")
    if code in _QUOTA:
        return error(Verdict.REFUSED, "Ask AWS for a higher quota (Service Quotas), or remove what is not used.")
    if status >= 500 or code in ("InternalFailure", "InternalError", "ServiceUnavailable"):
        return error(Verdict.TRANSIENT, _PASSES, unknown_outcome=not reads)
    if code in PRESENT:
        return error(Verdict.CONFLICT, "Rename one of the two, or remove what stands there.")
    return error(Verdict.REFUSED, "Change what AWS names in its message, then deploy again.")


def unanswered(*, action: str, code: str, message: str, sent: bool, reads: bool = False) -> AwsError:
    """No answer came. `sent`: the request had left, so a change may have been done."""
    return AwsError(
        message,
        code=code,
        verdict=Verdict.TRANSIENT,
        mend="AWS did not answer: it is tried again by itself; if it stays, look at the region and our network.",
        action=action,
        unknown_outcome=sent and not reads,
    )
