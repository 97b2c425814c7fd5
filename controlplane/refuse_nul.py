"""Middleware: an address with NUL in it is refused before anything reads it (PostgreSQL can't store or compare NUL)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponseBase

from controlplane.problems import answer


class RefuseNulMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            return answer(400, "bad_request", "The address holds a NUL character.", mend="Leave %00 out.")
        return self.get_response(request)
