"""Rows: the draft (what people edit), the approved (releases), the record (what was done)."""

from deployments.models.access import Grant
from deployments.models.approved import Release
from deployments.models.draft import Artifact, Component, Placement, Service
from deployments.models.record import HostnameOwner, Installation, Lease, Operation, Replica, Resource, Stack, Step
from deployments.models.safety import Drift, Pause, SavedPlan
from deployments.models.traffic import Evacuation

__all__ = [
    "Artifact",
    "Component",
    "Drift",
    "Evacuation",
    "Grant",
    "HostnameOwner",
    "Installation",
    "Lease",
    "Operation",
    "Pause",
    "Placement",
    "Release",
    "Replica",
    "Resource",
    "SavedPlan",
    "Service",
    "Stack",
    "Step",
]
