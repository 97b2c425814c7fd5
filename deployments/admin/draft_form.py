"""The form of a service's draft: fields, components and placements are one manifest, validated by the manifest's code.

Each problem is told at the field that it is about.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet

from deployments import manifests, plugins
from deployments.manifest import Manifest, ManifestError, Problem
from deployments.models import Component, Placement, Service

HELP = {
    "tags": 'Go into names and tags: {"team": "core"}',
    "slo": 'What is owed: {"availability": 99.95, "latency_ms": 300}',
    "routing": 'Default: {"policy": "latency", "ttl": 60}',
    "health_check": 'Default: {"path": "/", "interval": 10, "failure_threshold": 3}',
    "safety": 'Default: {"drain_s": 300}',
}


SHORT, LONG = 3, 12
"""Lines of a text area."""


class Indented(json.JSONEncoder):
    """JSON as people like to edit it: small values on one line, others line by line."""

    def encode(self, o: Any) -> str:
        line = super().encode(o)
        return line if len(line) <= 60 else json.dumps(o, ensure_ascii=False, indent=2)


def _comfortable(form: forms.ModelForm[Any]) -> None:
    """Make the fields as large as what stands in them."""
    for name, field in form.fields.items():
        if name == "position":
            field.widget.attrs["style"] = "width: 5rem; min-width: 5rem"
        if isinstance(field, forms.JSONField):
            field.encoder = Indented
            field.widget.attrs["rows"] = LONG if name == "params" else SHORT


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic when it runs
    class Meta:
        model = Service
        fields = [
            "name",
            "account",
            "hostname",
            "zone",
            "stage",
            "tags",
            "slo",
            "routing",
            "health_check",
            "safety",
        ]
        help_texts = HELP
        labels = {"slo": "SLO"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _comfortable(self)

    def clean_hostname(self) -> str | None:
        return self.cleaned_data["hostname"] or None


class ComponentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Component
        fields = ["position", "kind", "name", "params"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # a form's choices, not the model's: a new kind is a file, never a migration
        kind = self.fields["kind"]
        kind.widget = KIND_WIDGET(choices=[(name, name) for name in plugins.components()])
        _comfortable(self)
        if self.instance.pk:
            self.initial["params"] = manifests.in_order(self.instance.kind, self.instance.params)

    def clean_params(self) -> dict[str, Any]:
        params = self.cleaned_data["params"] or {}
        if not isinstance(params, dict):
            raise ValidationError('write a map: {"key": {"key": "S"}}')
        return params


class PlacementForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Placement
        fields = ["position", "region", "overrides"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _comfortable(self)

    def clean_overrides(self) -> dict[str, Any]:
        overrides = self.cleaned_data["overrides"] or {}
        if not isinstance(overrides, dict):
            raise ValidationError('write a map: {"memory_mb": 512}')
        return overrides


class DraftFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Inline rows in the order of their positions."""

    def rows(self) -> list[forms.ModelForm[Any]]:
        """The forms that say something and are not to be deleted, in the manifest's order."""
        kept = [
            form
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE") and (form.instance.pk or form.has_changed())
        ]
        return sorted(kept, key=lambda form: form.cleaned_data.get("position") or 0)


def check_whole(form: forms.ModelForm[Service], components: DraftFormSet, placements: DraftFormSet) -> Manifest | None:
    """The manifest that valid forms stand for together; None, and each problem told at its field, where it is none."""
    document = document_of(form.instance, components.rows(), placements.rows())
    try:
        return manifests.read(document)
    except ManifestError as error:
        for problem in error.problems:
            _tell(problem, form, components.rows(), placements.rows())
        return None


def document_of(
    service: Service, components: Sequence[forms.ModelForm[Any]], placements: Sequence[forms.ModelForm[Any]]
) -> dict[str, Any]:
    given = {field: getattr(service, field) for field in ("hostname", "stage", "tags", "slo")}
    given |= {field: getattr(service, field) for field in ("routing", "health_check", "safety")}
    return {
        "name": service.name,
        "account": service.account.name,
        **{field: value for field, value in given.items() if value},
        **({"zone": {"name": service.zone}} if service.zone else {}),
        "regions": [
            {form.cleaned_data["region"].code: form.cleaned_data["overrides"]}
            if form.cleaned_data["overrides"]
            else form.cleaned_data["region"].code
            for form in placements
        ],
        "components": [
            {**form.cleaned_data["params"], "kind": form.cleaned_data["kind"], "name": form.cleaned_data["name"]}
            for form in components
        ],
    }


def _tell(
    problem: Problem,
    form: forms.ModelForm[Service],
    components: Sequence[forms.ModelForm[Any]],
    placements: Sequence[forms.ModelForm[Any]],
) -> None:
    text = f"{problem}; {problem.mend}"
    head, _, rest = problem.path.partition("]")
    name, _, index = head.partition("[")
    rows, own = {"components": (components, "params"), "regions": (placements, "overrides")}.get(name, ((), ""))
    if index.isdigit() and int(index) < len(rows):
        row = rows[int(index)]
        field = rest.removeprefix(".").split(".")[0].split("[")[0]
        row.add_error(field if field in row.fields and field != own else own, text)
        return
    field = name.split(".")[0]
    form.add_error(field if field in form.fields else None, text)


def _kind_widget() -> type[forms.Select]:
    from unfold.widgets import UnfoldAdminSelectWidget  # unfold reads settings when imported

    return UnfoldAdminSelectWidget  # type: ignore[no-any-return]


KIND_WIDGET = _kind_widget()
