"""Bodies of API requests: JSON and YAML, held to what PostgreSQL and our own code can take.

The first thing a body meets. Refuses, as 400 or 413 and before any view runs: too much, too deep, numbers beyond 64
bits, NUL and lone surrogates (PostgreSQL stores neither), a key given twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from deployments.manifest import ManifestError
from deployments.manifest.load import load

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1


class TooLarge(APIException):
    """The body is larger than this server takes."""

    status_code = 413
    default_code = "too_large"
    default_detail = "The request's body is too large."


class StrictJSONParser(BaseParser):
    """`application/json`, UTF-8."""

    media_type = "application/json"
    renderer_class = JSONRenderer  # the test client writes its bodies with it

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            value = json.loads(_text(stream), parse_constant=_refuse_constant, object_pairs_hook=_unique)
        except RecursionError:
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}") from None
        return _sound(value)


class MergePatchParser(StrictJSONParser):
    """`application/merge-patch+json` (RFC 7396): JSON by another name, for PATCH."""

    media_type = "application/merge-patch+json"


class YAMLParser(BaseParser):
    """`application/yaml` (RFC 9512), as manifests are written; `deployments.manifest.load` says what it refuses."""

    media_type = "application/yaml"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return load(_text(stream))
        except ManifestError as error:
            raise ParseError(f"{error.problems[0]}; {error.problems[0].mend}.") from None


def _text(stream: IO[Any]) -> str:
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body is larger than {limit:,} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key "{twice}" is given twice')
    return value


def _sound(value: Any) -> Any:
    """The value itself, once every leaf is one that JSON has and PostgreSQL can store."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following += item.keys()
                following += item.values()
            elif isinstance(item, list):
                following += item
            else:
                _check_leaf(item)
        level = following
    return value


def _check_leaf(leaf: Any) -> None:
    if isinstance(leaf, str):
        if "\0" in leaf or any("\ud800" <= character <= "\udfff" for character in leaf):
            raise ParseError("Text may hold neither NUL nor half of a surrogate pair.")
    elif isinstance(leaf, int) and abs(leaf) > MAX_INTEGER:
        raise ParseError(f"No number may be larger than {MAX_INTEGER}.")
    elif isinstance(leaf, float) and not math.isfinite(leaf):
        raise ParseError("Every number must be finite.")
    elif not (leaf is None or isinstance(leaf, int | float)):
        raise ParseError(f"A value of the kind {type(leaf).__name__} has no form in JSON; write it in quotes.")
