"""Settings from the environment, read strictly: nonsense ends the start with one line that names the mend.

A secret may come from a file: `SECRET_KEY_FILE` beside `SECRET_KEY`. Where the environment is silent, the file `env` of
a running demo (in `STATE_DIR`, by default `.local`) answers, so that `manage.py` works beside it.
"""

from __future__ import annotations

import os
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


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
