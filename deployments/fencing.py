"""The generation of a hostname's owner record: what each batch of record changes is fenced by (docs/adr/0004).

A batch DELETEs the TXT record of generation n and CREATEs that of n + 1, so that Route 53 itself refuses a stale
sender. The next generation is written here before the batch is sent: if no answer comes, the record in the zone tells
whether it was done.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from deployments.models import HostnameOwner, Stack
from deployments.providers.protocol import Fence


@dataclass
class Generations:
    """The owner record of one hostname as we know it."""

    row: HostnameOwner
    owner: str

    @classmethod
    def of(cls, hostname: str, zone_id: str, owner: str, stack: Stack) -> Generations:
        row, _ = HostnameOwner.objects.get_or_create(hostname=hostname, defaults={"zone_id": zone_id, "stack": stack})
        if row.zone_id != zone_id:
            row.zone_id, row.present, row.sending = zone_id, False, None
        if row.stack_id != stack.pk:
            row.stack = stack
        row.save()
        return cls(row, owner)

    @classmethod
    def held_by(cls, stack: Stack, owner: str) -> dict[str, Generations]:
        """The owner records that a stack left in its zones, or may have left, by host name."""
        rows = stack.hostnames.filter(Q(present=True) | Q(sending__isnull=False))
        return {row.hostname: cls(row, owner) for row in rows}

    @property
    def unsure(self) -> bool:
        """A batch was sent and nobody heard the answer."""
        return self.row.sending is not None

    def next(self, *, last: bool) -> Fence:
        """The fence of a batch that is about to be sent; `last` removes the record."""
        self.row.sending = self.row.generation + 1
        self.row.save(update_fields=["sending"])
        return Fence(
            self.row.hostname,
            self.owner,
            before=self.row.generation if self.row.present else None,
            after=None if last else self.row.sending,
        )

    def sent(self, fence: Fence) -> None:
        """The batch was done."""
        self.row.generation = self.row.generation + 1 if fence.after is None else fence.after
        self.row.present, self.row.sending = fence.after is not None, None
        self.row.save()

    def refused(self) -> None:
        """Nothing of the batch was done, so its generation is free again."""
        self.row.sending = None
        self.row.save(update_fields=["sending"])

    def foreign(self) -> None:
        """The record in the zone is another installation's: not ours to change or to remove."""
        self.row.present, self.row.sending = False, None
        self.row.save()

    def reread(self, found: int | None) -> None:
        """Believe the record in the zone: `found` is its generation, None where there is none.

        Whether the batch whose answer nobody heard was done, the records themselves tell: they are looked at next.
        Generations never restart: where no record stands, the one that may have been sent is not used again.
        """
        self.row.generation = max(self.row.generation, self.row.sending or 0, found or 0)
        if found is not None:
            self.row.generation = found
        self.row.present, self.row.sending = found is not None, None
        self.row.save()
