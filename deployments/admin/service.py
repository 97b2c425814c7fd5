"""Services in the admin: one form for the whole manifest; plan, deploy, destroy and uploads as pages of their own.

Saving goes through `SaveManifest`, as the API's PUT does; Django's own saving of forms is never used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline

from deployments import manifests, queries
from deployments.actions.actor import OPERATE, Actor
from deployments.actions.consent import holding_data
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.admin.draft_form import (
    ComponentForm,
    DraftFormSet,
    PlacementForm,
    ServiceForm,
    check_whole,
)
from deployments.admin.permissions import Operated, ReadOnly
from deployments.models import Artifact, Component, Placement, Service
from deployments.plan import render
from regions.unfolded import action, display


class OperatorsOnly(Operated):
    """Whoever may view may look; changing needs the permission to operate, as everywhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(OPERATE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(OPERATE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(OPERATE)


class Components(OperatorsOnly, TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Component
    hide_title = True
    form = ComponentForm
    formset = DraftFormSet
    extra = 0
    min_num = 1


class Placements(OperatorsOnly, TabularInline):  # type: ignore[misc]
    model = Placement
    hide_title = True
    form = PlacementForm
    formset = DraftFormSet
    extra = 0
    min_num = 1
    verbose_name = "region"
    verbose_name_plural = "Regions"


class Artifacts(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Artifact
    hide_title = True
    extra = 0
    fields = readonly_fields = ["sha256", "size_bytes", "uploaded_by", "uploaded_at"]


@admin.register(Service)
class ServiceAdmin(OperatorsOnly, ModelAdmin):  # type: ignore[misc]
    form = ServiceForm
    list_display = ["name", "account", "hostname", "regions", "release", "draft"]
    list_filter = ["account"]
    search_fields = ["name", "hostname"]
    inlines = [Components, Placements, Artifacts]
    actions_detail = ["plan", "upload", "destroy"]
    fieldsets = [
        (None, {"fields": ["name", "account", "hostname"]}),
        ("How it is reached and judged", {"fields": ["routing", "health_check", "slo"]}),
        ("More", {"fields": ["safety", "zone", "stage", "tags"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        return queries.services().annotate(placed=Count("placements", distinct=True))

    def get_readonly_fields(self, request: HttpRequest, obj: Service | None = None) -> list[str]:
        return ["name"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        return False  # a service is destroyed, not deleted: its rows are all that knows of what stands in AWS

    @display(description="regions")
    def regions(self, service: Service) -> int:
        return int(getattr(service, "placed", 0))

    @display(description="release")
    def release(self, service: Service) -> str:
        stack = getattr(service, "stack", None)
        return f"r{stack.release.number}" if stack and stack.release else "–"

    @display(description="draft", label={"pending": "warning", "released": "success"})
    def draft(self, service: Service) -> str:
        stack = getattr(service, "stack", None)
        return "pending" if manifests.pending(service, stack.release if stack else None) else "released"

    # saving: one validation, one way

    def _create_formsets(self, request: HttpRequest, obj: Service, change: bool) -> tuple[list[Any], list[Any]]:
        formsets, inlines = super()._create_formsets(request, obj, change)
        if request.method == "POST" and self.has_change_permission(request):
            _validate_with(formsets, lambda *both: self._approve(request, *both))
        return formsets, inlines

    def save_form(self, request: HttpRequest, form: forms.ModelForm[Service], change: bool) -> Service:
        request.draft_form = form  # type: ignore[attr-defined]  # valid by itself; the whole is checked with the inlines
        saved: Service = super().save_form(request, form, change)
        return saved

    def _approve(self, request: HttpRequest, components: DraftFormSet, placements: DraftFormSet) -> bool:
        """Whether the valid parts make a manifest that may be saved; tells each problem at its field."""
        form: forms.ModelForm[Service] | None = getattr(request, "draft_form", None)
        if form is None:  # invalid by itself, which is told already
            return True
        manifest = check_whole(form, components, placements)
        if manifest is None:
            return False
        service = Service.objects.filter(pk=form.instance.pk).first() if form.instance.pk else None
        save = SaveManifest(manifest, Actor.of(request.user, "admin"), service)
        try:
            save.check()
        except ActionRefused as error:
            form.add_error(None, f"{error.detail} {error.mend}")
            return False
        request.draft_save = save  # type: ignore[attr-defined]
        return True

    def save_model(self, request: HttpRequest, obj: Service, form: forms.ModelForm[Service], change: bool) -> None:
        save: SaveManifest = request.draft_save  # type: ignore[attr-defined]
        obj.pk = save.execute().pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool) -> None:
        """Saved along with the service, as one manifest."""

    def construct_change_message(
        self, request: HttpRequest, form: forms.ModelForm[Service], formsets: Sequence[Any], add: bool = False
    ) -> list[dict[str, Any]]:
        if add:
            return [{"added": {}}]
        names = [*form.changed_data, *(one.prefix for one in formsets if one.has_changed())]
        return [{"changed": {"fields": names}}]

    # pages

    @action(description="Plan and deploy", url_path="plan", permissions=["operate"], icon="rocket_launch")
    def plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The plan of the draft; its button deploys."""
        service = self._service(request, object_id)
        actor, consent = Actor.of(request.user, "admin"), request.POST.getlist("destroy_data")
        if request.method == "POST" and "deploy" in request.POST:
            return self._act(request, service, Deploy(service, actor, consent))
        return self._planned(
            request, service, PlanService(service, actor, None, consent), "admin/deployments/service/plan.html"
        )

    @action(description="Destroy…", url_path="destroy", permissions=["operate"], icon="delete_forever")
    def destroy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What destroying would remove; its typed name is the consent."""
        service = self._service(request, object_id)
        actor, consent = Actor.of(request.user, "admin"), request.POST.getlist("destroy_data")
        if request.method == "POST" and "destroy" in request.POST:
            if request.POST.get("name") == service.name:
                return self._act(request, service, Destroy(service, actor, consent))
            messages.error(request, f"Type the name {service.name} to destroy it; nothing was done.")
        template = "admin/deployments/service/destroy.html"
        return self._planned(request, service, PlanService(service, actor, None, consent, True), template)

    @action(description="Upload an artifact", url_path="upload", permissions=["operate"], icon="upload")
    def upload(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A zip; the answer is the name under which a component takes it."""
        service = self._service(request, object_id)
        file = request.FILES.get("file")
        if request.method == "POST" and file is not None:
            try:
                artifact = UploadArtifact(service, cast(BinaryIO, file), Actor.of(request.user, "admin")).execute()
            except ActionRefused as error:
                messages.error(request, f"{error.detail} {error.mend}")
            else:
                messages.success(request, f"Uploaded. Components name it as sha256:{artifact.sha256}")
                return redirect(self._change_url(service))
        return TemplateResponse(
            request, "admin/deployments/service/upload.html", self._context(request, service, "Upload an artifact")
        )

    def _service(self, request: HttpRequest, object_id: str) -> Service:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if not object_id.isdigit():
            return get_object_or_404(queries.services(), name=object_id)
        return get_object_or_404(queries.services(), pk=object_id)

    def _act(self, request: HttpRequest, service: Service, what: Deploy | Destroy) -> HttpResponse:
        try:
            operation = what.execute()
        except ActionRefused as error:
            messages.error(request, f"{error.detail} {error.mend}")
            return redirect(self._change_url(service))
        if operation is None:
            messages.success(request, f"{service.name} was never deployed, and is gone.")
            return redirect(reverse("admin:deployments_service_changelist"))
        return HttpResponseRedirect(f"/operations/{operation.pk}/")

    def _planned(self, request: HttpRequest, service: Service, what: PlanService, template: str) -> HttpResponse:
        context = self._context(request, service, "Destroy" if what.destroying else "Plan")
        context["data"] = [
            {"name": name, "checked": name in what.destroy_data}
            for name in sorted(holding_data(service, getattr(service, "stack", None)))
        ]
        try:
            view = what.execute()
        except ActionRefused as error:
            context["refused"] = error
        else:
            context |= {"lines": [_line(text) for text in render.lines(view.plan)], "view": view}
        return TemplateResponse(request, template, context)

    def _context(self, request: HttpRequest, service: Service, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": f"{title}: {service.name}",
            "service": service,
            "original": service,  # the header names it, and leads back to it
            "change_url": self._change_url(service),
        }

    def _change_url(self, service: Service) -> str:
        return reverse("admin:deployments_service_change", args=[service.pk])


def _validate_with(formsets: Sequence[Any], approve: Callable[[DraftFormSet, DraftFormSet], bool]) -> None:
    """Have the last of the draft's formsets check the whole: Django validates formsets one by one."""
    drafts = [formset for formset in formsets if isinstance(formset, DraftFormSet)]
    last, clean = drafts[-1], drafts[-1].clean

    def clean_whole() -> None:
        clean()
        if all(one.is_valid() for one in drafts[:-1]) and not any(last.errors) and not approve(drafts[0], drafts[1]):
            raise forms.ValidationError("These parts make no manifest together; each problem stands at its field.")

    last.clean = clean_whole  # type: ignore[method-assign]


def _line(text: str) -> dict[str, str]:
    """A line of a plan with what it is, for its colour."""
    kinds = {"+": "create", "~": "update", "−": "delete", "=": "retain", "!": "problem", "…": "waiting"}
    return {"text": text, "kind": kinds.get(text[:1], "")}
