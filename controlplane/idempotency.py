"""`Idempotency-Key` on POST: the same request sent twice is done once, and answered alike.

    permission asked → claim (a row, or the answer of before) → the view → middleware keeps the answer

Claimed only once it is known who asks and that they may. An answer of 500 and above is not kept: it may be tried again.
A claim whose process died is free again after a while. Answers are forgotten after a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from controlplane.models import Answer

HEADER = "Idempotency-Key"
MAX_KEY = 255
KEPT = timedelta(days=1)
DEAD_AFTER = timedelta(minutes=2)
KEPT_HEADERS = ("Location", "Retry-After", "ETag", "Content-Type")


class Replay(Exception):
    """The answer of before."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class KeyInvalid(APIException):
    status_code = 400
    default_code = "idempotency_key_invalid"
    default_detail = f"{HEADER} must have 1 to {MAX_KEY} characters."
    mend = "Use a random UUID for each request that you mean once."


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This key was sent with another request."
    mend = "Use a new key for a new request."


class UnderWay(APIException):
    status_code = 409
    default_code = "idempotency_under_way"
    default_detail = "The first request with this key is still under way."
    mend = "Send the same again in a second; it will be answered as the first."


def claim(request: Request) -> None:
    """Take the key of a request, if it has one. Raises Replay where it was answered before."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return
    if not 1 <= len(key) <= MAX_KEY:
        raise KeyInvalid
    django_request = request._request
    asked = _hash(str(request.user.pk), django_request.path, key)
    fingerprint = _fingerprint(django_request)
    now = timezone.now()
    Answer.objects.filter(created_at__lt=now - KEPT).delete()
    Answer.objects.filter(claim=asked, status=None, created_at__lt=now - DEAD_AFTER).delete()
    try:
        with transaction.atomic():
            answer = Answer.objects.create(claim=asked, fingerprint=fingerprint, created_at=now)
    except IntegrityError:
        before = Answer.objects.filter(claim=asked).first()
        if before is None:
            raise UnderWay from None
        if before.fingerprint != fingerprint:
            raise KeyReused from None
        if before.status is None:
            raise UnderWay from None
        raise Replay(before) from None
    django_request.idempotent_answer = answer  # type: ignore[attr-defined]


class KeepAnswerMiddleware:
    """Keeps the answer of a request that took a key."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        answer: Answer | None = getattr(request, "idempotent_answer", None)
        if answer is not None:
            if response.status_code >= 500:
                answer.delete()
            else:
                answer.status = response.status_code
                answer.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
                answer.body = getattr(response, "content", b"").decode()
                answer.save(update_fields=["status", "headers", "body"])
        return response


def _fingerprint(request: HttpRequest) -> str:
    """What was asked. Of an upload only its length: its bytes go to a file, never through memory."""
    if request.content_type == "multipart/form-data":
        return _hash("multipart", request.META.get("CONTENT_LENGTH", ""))
    return _hash(request.content_type or "", hashlib.sha256(request.body).hexdigest())


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
