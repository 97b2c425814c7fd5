"""CloudWatch Logs: names and tags. Retention values and existing groups are ministack's own and right."""

from __future__ import annotations

import re

from localcloud.call import Call
from localcloud.strict.rules import Refusal, rule

_CREATE = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"
_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")


@rule("logs", "CreateLogGroup", page=_CREATE)
def a_group_has_a_plain_name(call: Call) -> Refusal | None:
    """Letters, digits and `_-/.#`, at most 512."""
    name = call.params.get("logGroupName", "")
    if _NAME.fullmatch(name):
        return None
    return Refusal(
        "InvalidParameterException",
        f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
    )


@rule("logs", "CreateLogGroup", page=_CREATE)
def a_group_has_at_most_50_tags(call: Call) -> Refusal | None:
    """The quota of tags."""
    if len(call.params.get("tags") or {}) > 50:
        return Refusal("InvalidParameterException", "A log group can have at most 50 tags.")
    return None
