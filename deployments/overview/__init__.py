"""What the pages show, read in a number of queries that does not grow with the rows, as frozen values. Changes nothing.

`services` joins services × regions with health, measured and promised availability; `operations` the journal;
`happened` merges flips and operations; `places` the regions. `promise` computes SLAs. Time is an argument everywhere.
"""

from deployments.overview.happened import Happening, happenings
from deployments.overview.operations import (
    OperationRow,
    StepRow,
    count_open,
    needing_eyes,
    operation,
    operation_page,
    operations_of,
)
from deployments.overview.places import Place, place, places
from deployments.overview.promise import SHARED_CAUSE, Promise, promise
from deployments.overview.services import ReplicaRow, ServiceRow, service, services

__all__ = [
    "SHARED_CAUSE",
    "Happening",
    "OperationRow",
    "Place",
    "Promise",
    "ReplicaRow",
    "ServiceRow",
    "StepRow",
    "count_open",
    "happenings",
    "needing_eyes",
    "operation",
    "operation_page",
    "operations_of",
    "place",
    "places",
    "promise",
    "service",
    "services",
]
