"""The stack of a service: made with its first plan or deploy, and found again by a service reborn under its name."""

from __future__ import annotations

from deployments.actions.refused import ActionRefused
from deployments.models import Service, Stack


def stack_for(service: Service) -> Stack:
    """Get or make the service's stack, and hold its row until the transaction ends."""
    Stack.objects.get_or_create(name=service.name, defaults={"account": service.account, "service": service})
    stack = Stack.objects.select_for_update(of=("self",)).select_related("account", "release").get(name=service.name)
    check_account(service, stack)
    if (stack.account_id, stack.service_id) != (service.account_id, service.pk):
        stack.account, stack.service = service.account, service
        stack.save(update_fields=["account", "service"])
    return stack


def check_account(service: Service, stack: Stack) -> None:
    """Raise 409 where the service stands in one account and its draft names another."""
    if stack.account_id != service.account_id and (stack.release_id or stack.resources.exists()):
        raise ActionRefused(
            409,
            "account_fixed",
            f"{service.name} still stands in the account {stack.account.name}, not in {service.account.name}.",
            "Destroy it there first, or put the old account back into the manifest.",
        )
