"""The manifest: a whole service in one file, read by admin, API and commands through this one door. Pure.

    text or object → load (safe, bounded) → model (each field) → check (fields against each other) → Manifest
    Manifest → render → the canonical form that is stored, shown and approved

Never asks AWS or the database: what it must know of the world (regions, accounts) are arguments.
"""

from deployments.manifest.model import HealthCheck, Manifest, Placement, Routing, Safety, Slo, Zone
from deployments.manifest.parse import component_schema, parse, parse_component
from deployments.manifest.problems import ManifestError, Problem
from deployments.manifest.render import render, to_yaml

__all__ = [
    "HealthCheck",
    "Manifest",
    "ManifestError",
    "Placement",
    "Problem",
    "Routing",
    "Safety",
    "Slo",
    "Zone",
    "component_schema",
    "parse",
    "parse_component",
    "render",
    "to_yaml",
]
