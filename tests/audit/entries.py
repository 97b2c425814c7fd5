"""What was written since a moment, for tests: other tests' rows and those of the migrations are not told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audit.models import Entry


class Written(list[Entry]):
    """The entries of a block, oldest first."""

    @property
    def actions(self) -> list[str]:
        return [entry.action for entry in self]

    def one(self, action: str) -> Entry:
        (found,) = [entry for entry in self if entry.action == action]
        return found


@contextmanager
def written() -> Iterator[Written]:
    last = Entry.objects.order_by("-pk").first()
    found = Written()
    yield found
    found.extend(Entry.objects.filter(pk__gt=last.pk if last else 0).order_by("pk"))
