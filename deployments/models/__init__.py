"""Rows: the draft (what people edit), the approved (releases), the record (what was done)."""

from deployments.models.approved import Release
from deployments.models.draft import Artifact, Component, Placement, Service
from deployments.models.record import HostnameOwner, Installation, Lease, Operation, Replica, Resource, Stack, Step

__all__ = [
    "Artifact",
    "Component",
    "HostnameOwner",
    "Installation",
    "Lease",
    "Operation",
    "Placement",
    "Release",
    "Replica",
    "Resource",
    "Service",
    "Stack",
    "Step",
]
