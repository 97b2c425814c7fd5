"""Take over: make a hostname's owner record ours where it names another installation. Touches no other record.

The one action that changes AWS itself: one batch of Route 53 that deletes exactly the owner record that was seen and
creates ours, a generation later. The other installation's next batch is refused by Route 53 from then on. What its
records say is left as it is until a plan shows the differences and a deploy brings them about.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction

from audit.record import record
from deployments import leases
from deployments.actions.actor import Actor
from deployments.actions.approval import approve
from deployments.actions.draft import locked
from deployments.actions.operations import refuse_open
from deployments.actions.reason import check_reason
from deployments.actions.refused import ActionRefused
from deployments.actions.stacks import check_account, stack_for
from deployments.fencing import Generations
from deployments.models import HostnameOwner, Service, Stack
from deployments.providers.errors import Fenced, ProviderError, Transient
from deployments.providers.protocol import Claim, Provider
from deployments.worlds import installation, provider_of

log = structlog.get_logger()


@dataclass(frozen=True)
class Ownership:
    """Whose a hostname is. `claim` is None where there is no owner record; `ours`: it names this installation."""

    hostname: str
    zone_id: str
    claim: Claim | None
    ours: bool


@dataclass(frozen=True)
class TakeOver:
    """`seen` is the owner record that the asker was shown; None: whatever stands now, as long as it stays so."""

    service: Service
    actor: Actor
    reason: str
    seen: Claim | None = None

    def check(self) -> Ownership:
        """Whose the service's hostname is now. Raises where there is nothing to take over."""
        self.actor.check(self.service)
        stack = Stack.objects.select_related("account").filter(name=self.service.name).first()
        if stack is not None:
            check_account(self.service, stack)
            refuse_open(stack)
        return self._look(provider_of(self.service.account))

    def execute(self) -> Ownership:
        check_reason(self.reason)
        found = self.check()
        assert found.claim is not None
        if self.seen is not None and self.seen != found.claim:
            raise _moved(found.hostname, f"its owner record was at {_told(self.seen)}, and is at {_told(found.claim)}")
        with transaction.atomic():
            service = locked(self.service)
            self.actor.check(service)
            stack = stack_for(service)
            refuse_open(stack)
        lease = leases.acquire(f"stack:{stack.pk}")
        zone = leases.acquire(f"zone:{found.zone_id}") if lease else None
        try:
            if lease is None or zone is None:
                raise ActionRefused(
                    409, "busy", f"A worker is changing {found.hostname} or its zone.", "Try again in a moment."
                )
            return self._claim(found, found.claim, stack)
        finally:
            for held in (zone, lease):
                if held is not None:
                    held.release()

    def _claim(self, found: Ownership, theirs: Claim, stack: Stack) -> Ownership:
        """The generation is written down before the call, as before each batch: if no answer comes, the next look at
        the owner record tells whether it was done."""
        owner, provider = str(installation().pk), provider_of(self.service.account)
        row = Generations.of(found.hostname, found.zone_id, owner, stack).row
        row.sending = max(row.generation, theirs.generation) + 1  # never one that was used before
        row.save(update_fields=["sending"])
        ours = Claim(owner, row.sending)
        try:
            provider.claim_owner(found.zone_id, found.hostname, before=theirs, after=ours)
        except Fenced as error:
            _forget_sending(row)
            raise _moved(found.hostname, error.message) from error
        except Transient as error:
            if not (error.unknown_outcome and self._was_done(provider, found, ours)):
                if not error.unknown_outcome:
                    _forget_sending(row)
                raise _aws(error) from error
        except ProviderError as error:
            _forget_sending(row)
            raise _aws(error) from error
        self._done(row, ours.generation, **{"from": theirs.owner, "from_generation": theirs.generation})
        log.info(
            "hostname.taken_over",
            hostname=found.hostname,
            owner=theirs.owner,
            generation=ours.generation,
            reason=self.reason,
            actor=str(self.actor),
            via=self.actor.via,
        )
        return Ownership(found.hostname, found.zone_id, ours, ours=True)

    def _look(self, provider: Provider) -> Ownership:
        found = self._read(provider)
        if found.claim is None:
            raise ActionRefused(
                409,
                "no_owner",
                f"{found.hostname} has no owner record of any installation: there is nobody to take it over from.",
                "Deploy: the record is made with the first one. A record made by hand that stands in the way can be "
                "adopted.",
            )
        if found.ours:
            self._believe(found)
            raise ActionRefused(
                409,
                "already_ours",
                f"{found.hostname} is ours, at generation {found.claim.generation}.",
                "Plan the service: what differs is shown as updates.",
            )
        return found

    def _read(self, provider: Provider) -> Ownership:
        approved = approve(self.service)
        hostname = approved.manifest.hostname
        if not hostname or not approved.zone_id:
            raise ActionRefused(
                409, "no_hostname", f"{self.service.name} has no records of its own.", "Give it a hostname and a route."
            )
        try:
            claim = provider.owner_claim(approved.zone_id, hostname)
        except ProviderError as error:
            raise _aws(error) from error
        return Ownership(
            hostname, approved.zone_id, claim, ours=claim is not None and claim.owner == str(installation().pk)
        )

    def _believe(self, found: Ownership) -> None:
        """A take-over whose answer was lost was done: the record says so."""
        row = HostnameOwner.objects.filter(hostname=found.hostname, sending__isnull=False).first()
        if row is not None and found.claim is not None and row.sending == found.claim.generation and not row.present:
            self._done(row, found.claim.generation)

    def _done(self, row: HostnameOwner, generation: int, **details: object) -> None:
        with transaction.atomic():
            row.generation, row.present, row.sending = generation, True, None
            row.save()
            record(
                "hostname.taken_over",
                name=row.hostname,
                service=self.service.name,
                account=self.service.account.name,
                details={"reason": self.reason, "generation": generation, **details},
            )

    def _was_done(self, provider: Provider, found: Ownership, ours: Claim) -> bool:
        try:
            return provider.owner_claim(found.zone_id, found.hostname) == ours
        except ProviderError:
            return False


def _forget_sending(row: HostnameOwner) -> None:
    row.sending = None
    row.save(update_fields=["sending"])


def _moved(hostname: str, message: str) -> ActionRefused:
    return ActionRefused(
        409,
        "owner_moved",
        f"{hostname}: {message}. Nothing was changed.",
        "The other installation is still at work on it: stop it there, then look again.",
    )


def _aws(error: ProviderError) -> ActionRefused:
    told = error.message.rstrip(".")
    return ActionRefused(
        502,
        "aws",
        f"Route 53: {told}.",
        error.mend or "Try again in a moment: it is looked at first, whatever happened.",
    )


def _told(claim: Claim) -> str:
    return f"generation {claim.generation} of {claim.owner}"
