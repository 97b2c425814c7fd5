"""The admin's doors: the draft (`service`), what was approved and done (`record`). Changes go through `actions/`."""

from deployments.admin.record import OperationAdmin, ReleaseAdmin, ResourceAdmin
from deployments.admin.service import ServiceAdmin

__all__ = ["OperationAdmin", "ReleaseAdmin", "ResourceAdmin", "ServiceAdmin"]
