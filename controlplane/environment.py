"""Settings from the environment, read strictly: nonsense ends the start with one line that names the mend.

A secret may come from a file: `SECRET_KEY_FILE` beside `SECRET_KEY`. Where the environment is silent, the file `env` of
a running demo (in `STATE_DIR`, by default `.local`) answers, so that `manage.py` works beside it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


def load_file(path: Path) -> None:
    """Take `NAME=value` lines into the environment where it does not know the name."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, separator, value = line.partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name)
    if value is None and (path := os.environ.get(f"{name}_FILE")):
        try:
            value = Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path}: {error.strerror}; give a readable file") from error
    if value is None:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set; set it, or {name}_FILE to a file that holds it")
        return default
    return value


def boolean(name: str, default: bool) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no", ""}:
        raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false; use 1 or 0")
    return value in {"1", "true", "yes"}


def integer(name: str, default: int, *, at_least: int = 0) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number") from None
    if number < at_least:
        raise ImproperlyConfigured(f"{name}={number} is too small; the least is {at_least}")
    return number


def rate(name: str, default: str = "") -> tuple[int, int] | None:
    """ "600/m": (requests, seconds of the window). None where it says nothing."""
    value = text(name, default)
    if not value:
        return None
    found = re.fullmatch(r"([1-9]\d{0,8})/([smhd])", value)
    if found is None:
        raise ImproperlyConfigured(f"{name}={value!r} is no rate; write requests per s, m, h or d, such as 600/m")
    return int(found[1]), {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
