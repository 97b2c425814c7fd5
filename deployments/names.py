"""Physical names: what a resource is called in AWS. Pure.

A name tells a person at the console whose it is, and is cut, with a hash, only at the limit of its kind.
"""

from __future__ import annotations

from hashlib import sha256

TABLE_LIMIT = 255
FUNCTION_LIMIT = 64
ROLE_LIMIT = 64
POLICY_LIMIT = 128
API_LIMIT = 128

_HASH_LENGTH = 8


def physical_name(service: str, part: str | None = None, *, limit: int, stage: str | None = None) -> str:
    """`<service>-<part>-<stage>`; longer than `limit`: cut, and told apart by a hash of the whole name."""
    whole = "-".join(piece for piece in (service, part, stage) if piece)
    if len(whole) <= limit:
        return whole
    digest = sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{whole[: limit - _HASH_LENGTH - 1]}-{digest}"
