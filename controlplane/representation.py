"""What every answer of the API to a GET has in common: only the fields that were asked for, and an ETag.

    ?fields=name,release      those alone, of the object or of each result of a list
    ETag, If-None-Match       304 where nothing changed. What a view has given an ETag of its own (the state of a draft,
                              for If-Match) keeps it, and is always sent whole: its health changes without its draft

Middleware: the last to see an answer of DRF's before it is rendered, and the first after.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.response import Response

from controlplane.problems import API, answer
from deployments.schema import nearest

PARAMETER = "fields"
READS = ("GET", "HEAD")


class RepresentationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not _read(request, response) or response.streaming or response.has_header("ETag"):
            return response
        response = cast(HttpResponse, response)
        etag = f'"{blake2b(response.content, digest_size=12).hexdigest()}"'
        response["ETag"] = etag
        return cast(HttpResponseBase, get_conditional_response(request, etag=etag, response=response))

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """DRF's answers are templates to Django: their data is still data here."""
        asked = request.GET.get(PARAMETER)
        if asked is None or not _read(request, response) or not isinstance(response, Response):
            return response
        wanted = [name.strip() for name in asked.split(",") if name.strip()]
        data: Any = response.data
        listed = isinstance(data, dict) and set(data) == {"results", "next"}
        rows = data["results"] if listed else [data]
        known = list(rows[0]) if rows and isinstance(rows[0], dict) else wanted
        unknown = next((name for name in wanted if name not in known), None)
        if unknown is not None or not wanted:
            return _refused(unknown, known)
        trimmed = [{name: row[name] for name in wanted} for row in rows if isinstance(row, dict)]
        response.data = {**data, "results": trimmed} if listed else trimmed[0]
        return response


def _read(request: HttpRequest, response: HttpResponseBase) -> bool:
    return request.method in READS and response.status_code == 200 and request.path_info.startswith(API)


def _refused(unknown: str | None, known: list[str]) -> HttpResponseBase:
    near = nearest(unknown, known)
    hint = f'did you mean "{near}"?' if near else f"the fields are: {', '.join(known)}"
    what = f'"{unknown[:80]}" is no field here' if unknown is not None else "no field is named"
    refusal = answer(400, "invalid", f"{PARAMETER}: {what}; {hint}", mend="Name fields of this answer, with commas.")
    refusal.render = lambda: refusal  # type: ignore[attr-defined]  # Django expects something that can be rendered
    return refusal
