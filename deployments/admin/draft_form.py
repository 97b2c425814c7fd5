"""The form of a service's draft: its fields come from the manifest's schema and from each kind of component's.

What it says becomes one manifest, read by the manifest's own code; each problem is told at the field that it is about.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import QueryDict

from deployments import manifests, plugins
from deployments.access import OPERATE, scope_of
from deployments.admin import nested
from deployments.admin.artifact_choices import artifact_choices
from deployments.admin.typed import bound, state
from deployments.admin.typed.bound import Bound
from deployments.admin.typed.fields import Choice, Field, Shape, group
from deployments.manifest import Manifest, ManifestError, component_schema
from deployments.models import Artifact, Service
from regions import catalogue
from regions.models import Account, AccountRegion, HostedZone, OptIn, Region

WORLDLY: dict[str, Shape] = {"account": "choice", "policy": "choice", "region": "choice", "zone": "text"}
"""Fields whose values the world tells, not the schema: they are asked with what is there, found by their names."""


@dataclass
class DraftForm:
    """A form as it is shown. `problems`: (path, text) of each, "" for those of the whole."""

    said: dict[str, Any]
    service: Service | None
    user: AbstractBaseUser | AnonymousUser
    problems: list[tuple[str, str]] = field(default_factory=list)

    def bound(self) -> Bound:
        """The whole page: every field with what it says and what is wrong with it."""
        whole = bound.bind(fields(), self.said, lists(self.user, self.said, self.service))
        for path, text in self.problems:
            bound.tell(whole, path, text)
        for one in whole.walk():
            _suggest_handlers(one)
        whole.by_name["name"].fixed = self.service is not None  # everything in AWS carries it
        return whole

    def manifest(self) -> Manifest | None:
        """What it stands for; None, and the problems kept, where it stands for none."""
        whole = fields()
        self.said = state.pruned(whole, self.said)
        self.problems += [
            (path, f'"{name}" stands twice; keep one of the two') for path, name in state.repeated(whole, self.said)
        ]
        if self.problems:
            return None
        document = {"regions": [], "components": [], **state.document(whole, self.said)}
        try:
            return manifests.read({**document, **nested.unfolded(document)})
        except ManifestError as error:
            self.problems += [(one.path, f"{one.message}; {one.mend}") for one in error.problems]
            return None


def fields() -> Field:
    """All that can be said of a service: the manifest's fields, and below "components" those of each kind."""
    whole = group(Manifest.model_json_schema(), without=frozenset({"components"}))
    kinds = {kind: group(component_schema(kind), name=kind) for kind in plugins.components()}
    parts = [_worldly(part) for part in whole.fields]
    return replace(whole, fields=(*parts, Field("components", "variants", "Components", variants=kinds)))


def new_state(user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    """Of a service of which nothing was said; its account is the only one that there is to choose."""
    said: dict[str, Any] = state.blank(fields())
    accounts = _accounts(user)
    said["account"] = accounts[0].value if len(accounts) == 1 else None
    return said


def state_of(service: Service) -> dict[str, Any]:
    """Of a draft as it stands."""
    document = manifests.document_of(service)
    regions = [{"region": entry} if isinstance(entry, str) else _placement(entry) for entry in document["regions"]]
    components = [_component(entry) for entry in document["components"]]
    said: dict[str, Any] = state.stated(
        fields(), {**document, **nested.folded(document), "regions": regions, "components": components}
    )
    return said


def sent_state(sent: QueryDict) -> dict[str, Any]:
    """Of what a browser sent."""
    said: dict[str, Any] = state.read(fields(), sent)
    return said


def edited(said: dict[str, Any], button: str) -> dict[str, Any]:
    """After one of the buttons that change the form and save nothing: "add components table", "up regions[1]"."""
    verb, _, rest = button.partition(" ")
    path, _, kind = rest.partition(" ")
    changed: dict[str, Any] = state.edited(fields(), copy.deepcopy(said), verb, path, kind)
    return changed


def put(said: dict[str, Any], path: str, value: Any) -> None:
    """Say something at a path; one that leads nowhere changes nothing."""
    state.put(said, path, value)


def lists(
    user: AbstractBaseUser | AnonymousUser, said: Mapping[str, Any], service: Service | None
) -> dict[str, Sequence[Choice]]:
    """What can be chosen in the world as it is: accounts, their regions and zones, routing policies, uploads."""
    return {
        "account": _accounts(user),
        "region": _regions(said.get("account")),
        "zone": _zones(said.get("account")),
        "policy": [Choice(name, name) for name, one in plugins.policies().items() if one.refusal is None],
        "artifact": artifact_choices(Artifact.objects.filter(service=service) if service else []),
    }


def _suggest_handlers(one: Bound) -> None:
    """Beside an artifact, a handler is suggested from what is in it."""
    artifact = next((part for part in one.parts if part.field.hint == "artifact"), None)
    handler = next((part for part in one.parts if part.field.hint == "handler"), None)
    if artifact is not None and handler is not None:
        handler.suggestions = f"handlers-{artifact.chosen.removeprefix('sha256:')[:12]}"


def _worldly(part: Field) -> Field:
    if part.name in WORLDLY and part.shape == "text":
        return replace(part, shape=WORLDLY[part.name], hint=part.name)
    if part.item is not None:
        part = replace(part, item=_worldly(part.item))
    if len(part.fields) == 1 and part.name in WORLDLY:
        return replace(
            part,
            fields=(replace(part.fields[0], hint=part.name, label=part.label, help=part.help, required=part.required),),
        )
    return replace(part, fields=tuple(map(_worldly, part.fields)))


def _placement(entry: Mapping[str, Any]) -> dict[str, Any]:
    ((code, overrides),) = entry.items()
    return {**overrides, "region": code}


def _component(entry: Mapping[str, Any]) -> dict[str, Any]:
    """With every default; as it was written where its kind would no longer take it, or is gone."""
    try:
        return plugins.components()[entry["kind"]].model_validate(dict(entry)).model_dump(mode="json")
    except (KeyError, ValueError):
        return dict(entry)


def _accounts(user: AbstractBaseUser | AnonymousUser) -> list[Choice]:
    scope = scope_of(user, OPERATE)
    rows = Account.objects.all() if scope.everywhere else Account.objects.filter(pk__in=scope.accounts)
    return [Choice(row.name, f"{row.name} ({row.account_id})") for row in rows]


def _regions(account: str | None) -> list[Choice]:
    """Those that operators enabled and the account can use; without an account, those that any can."""
    usable = AccountRegion.objects.filter(gone_at=None, opt_in__in=[OptIn.DEFAULT, OptIn.OPTED_IN])
    if account:
        usable = usable.filter(account__name=account)
    codes = set(Region.objects.filter(enabled=True, account_regions__in=usable).values_list("code", flat=True))
    known = [code for code in catalogue.regions() if code in codes]
    return [Choice(code, place(code)) for code in [*known, *sorted(codes - set(known))]]


def place(code: str) -> str:
    """ "Frankfurt, Germany (eu-central-1)"."""
    facts = catalogue.regions().get(code)
    return f"{facts.place}, {facts.country} ({code})" if facts else code


def _zones(account: str | None) -> list[Choice]:
    rows = HostedZone.objects.filter(gone_at=None, account__name=account or "")
    return [Choice(name, name) for name in dict.fromkeys(rows.values_list("name", flat=True))]
