"""The admin's doors: the draft (`service`), what was approved and done (`record`), what keeps people safe (`safety`),
where services are (`places`). Changes go through `actions/`.
"""

from deployments.admin.places import PlacedRegionAdmin
from deployments.admin.record import OperationAdmin, ReleaseAdmin, ResourceAdmin
from deployments.admin.safety import DriftAdmin, PauseAdmin, SavedPlanAdmin
from deployments.admin.service import ServiceAdmin

__all__ = [
    "DriftAdmin",
    "OperationAdmin",
    "PauseAdmin",
    "PlacedRegionAdmin",
    "ReleaseAdmin",
    "ResourceAdmin",
    "SavedPlanAdmin",
    "ServiceAdmin",
]
