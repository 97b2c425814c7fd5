"""Who may do what in the admin: operators change and act, others look; each sees and chooses only what is theirs.

`Scoped` is for admins, `ScopedInline` for inlines (asked about the row that they stand in). Both answer by the scope of
the user's permission on the model, as the API and the pages do; what may not be viewed is not in the list, and 404.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest

from deployments.access import OPERATE, Scope, scope_of
from deployments.models import Service, Stack
from regions.models import Account, Region


class ScopedInline:
    """Whoever may view the model somewhere has it in the menu; a row opens where its place is theirs."""

    model: type[Model]

    def scope(self, request: HttpRequest, verb: str = "view") -> Scope:
        meta = self.model._meta
        return scope_of(request.user, f"{meta.app_label}.{verb}_{meta.model_name}")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(self.scope(request), obj)

    def formfield_for_foreignkey(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Choose among what one may operate."""
        lookups = {Account: ("pk", "services"), Service: ("account", "pk"), Stack: ("account", "service")}
        model: Any = db_field.related_model
        if model in lookups and "queryset" not in kwargs:
            account, service = lookups[model]
            rows = model._default_manager.all()
            kwargs["queryset"] = rows.filter(operable(request).rows(account=account, service=service)).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class Scoped(ScopedInline):
    """`account` and `service`: where the rows' place is, seen from the model. `named`: rows that know only a name."""

    account = "stack__account"
    service = "stack__service"
    named = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return self.within(request, rows)

    def within(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Of these rows those that the user may view."""
        scope = self.scope(request)
        if self.named:
            return rows.filter(scope.named(self.named))
        return rows.filter(scope.rows(account=self.account, service=self.service))


class Operated:
    """What `permissions=["operate"]` of an action asks. (Naming "deployments.operate" there would make unfold's system
    check query the database, which is not there yet when the first migration runs.)"""

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(operable(request), obj if isinstance(obj, Model) else None)


class OperatorsOnly(Operated):
    """Whoever may view may look; changing needs the permission to operate, as everywhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(operable(request), obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(operable(request), obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(operable(request), obj)


class ReadOnly:
    """For admins and inlines: whoever may view may look, nobody may change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def operable(request: HttpRequest) -> Scope:
    """Where the user of a request may act."""
    return scope_of(request.user, OPERATE)


def _holds(scope: Scope, about: Any) -> bool:
    """About nothing particular (or a key, which is all that unfold knows of a row): whether anywhere."""
    if not isinstance(about, Model) or about._state.adding or isinstance(about, Region):  # regions are of everybody
        return not scope.nowhere
    return scope.holds(about)
