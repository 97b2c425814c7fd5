"""What the verbs share about drafts: holding the row, and the state that somebody saw (ETag, If-Match)."""

from __future__ import annotations

from deployments.actions.refused import ActionRefused
from deployments.models import Service
from regions.preconditions import holds


def locked(service: Service) -> Service:
    """The service's row, held until the transaction ends."""
    found = Service.objects.select_for_update(of=("self",)).select_related("account").filter(pk=service.pk).first()
    if found is None:
        raise ActionRefused(
            404, "not_found", f"{service.name} is gone.", "Look at the list of services for what is there."
        )
    return found


def etag(service: Service) -> str:
    """The state of a draft as a strong HTTP entity tag: another after every edit, and after a rebirth."""
    return f'"{service.pk}-{service.revision}"'


def check_unchanged(service: Service, expected: str | None) -> None:
    """Raise 412 where `expected`, the value of an If-Match header, doesn't name the state that stands."""
    if expected is not None and not holds(expected, etag(service)):
        raise ActionRefused(
            412,
            "stale_write",
            f'"{service.name}" was edited meanwhile: it is at {etag(service)}, not at {expected.strip()[:80]}.',
            "Read it again, make your change on what stands now, and send its ETag along.",
            etag=etag(service),
        )
