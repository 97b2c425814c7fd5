"""The page of a service's draft: shows the form, changes it by its buttons, saves it as one manifest.

Saving goes through `SaveManifest`, as the API's PUT does; Django's own saving of forms is never used.
"""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from deployments import artifacts
from deployments.actions.actor import Actor
from deployments.actions.draft import etag
from deployments.actions.refused import ActionRefused
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.admin import draft_form
from deployments.admin.artifact_choices import handlers, label_of
from deployments.admin.draft_form import DraftForm
from deployments.admin.plan_page import PlanPages
from deployments.admin.service_pages import ServicePages
from deployments.admin.typed.bound import Bound
from deployments.artifacts import ArtifactError
from deployments.models import Service

FILE = ".file"
"""Ends the name of the input that takes a zip; before it stands the path of the field that names an artifact."""

Uploads = dict[str, Any]


class DraftView(PlanPages, ServicePages):
    """Takes the place of Django's own page of a row."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        service = self.found(request, object_id) if object_id else None
        if service is None and not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            said = draft_form.state_of(service) if service else draft_form.new_state(request.user)
            return self._page(request, DraftForm(said, service, request.user))
        if service is not None and not self.has_change_permission(request, service):
            raise PermissionDenied
        form = DraftForm(draft_form.sent_state(request.POST), service, request.user)
        button = request.POST.get("do")
        later = self._take(request, form)
        if button is not None:
            form.said = draft_form.edited(form.said, button)
            return self._page(request, form)
        return self._save(request, form, later)

    def _take(self, request: HttpRequest, form: DraftForm) -> Uploads:
        """Take the zips that came along, and name them in their fields; of a new service they wait for its row."""
        later: Uploads = {}
        for name, file in request.FILES.items():
            if not name.endswith(FILE) or not isinstance(file, UploadedFile):
                continue
            path = name.removesuffix(FILE)
            zipped = cast(BinaryIO, file)
            try:
                if form.service is None:
                    sha256 = artifacts.inspect(zipped).sha256
                    later[path] = file
                else:
                    sha256 = UploadArtifact(form.service, zipped, Actor.of(request.user, "admin")).execute().sha256
            except ArtifactError as error:
                form.problems.append((path, f"{error.message}; {error.mend}"))
            except ActionRefused as error:
                form.problems.append((path, f"{error.detail} {error.mend}"))
            else:
                draft_form.put(form.said, path, f"sha256:{sha256}")
        return later

    def _save(self, request: HttpRequest, form: DraftForm, uploads: Uploads) -> HttpResponse:
        manifest, actor = form.manifest(), Actor.of(request.user, "admin")
        if manifest is not None:
            save = SaveManifest(manifest, actor, form.service, request.POST.get("over") or request.POST.get("seen"))
            try:
                with transaction.atomic():
                    saved = save.execute()
                    for file in uploads.values():
                        UploadArtifact(saved, cast(BinaryIO, file), actor).execute()
            except ActionRefused as error:
                form.problems.append((FIELDS.get(error.code, ""), f"{error.detail} {error.mend}"))
                stale = error.code == "stale_write"
                return self._page(request, form, status=409 if stale else 200, stale=stale)
            change = form.service is not None
            if change:
                self.log_change(request, saved, [{"changed": {}}])
            else:
                self.log_addition(request, saved, [{"added": {}}])
            messages.success(
                request, f"The draft of {saved.name} is saved. Nothing in AWS changes until it is deployed."
            )
            page = "plan" if "plan" in request.POST else "change"
            return redirect(self.address(saved, page))
        for path in uploads:  # a browser does not keep a file that was chosen
            form.problems.append((path, "choose the file again: the service is not saved yet, so the zip was not kept"))
            draft_form.put(form.said, path, None)
        return self._page(request, form)

    def _page(self, request: HttpRequest, form: DraftForm, *, status: int = 200, stale: bool = False) -> HttpResponse:
        service = form.service
        whole = form.bound()
        may = self.has_change_permission(request, service) if service else True
        title = f"Draft of {service.name}" if service else "New service"
        uploads = list(service.artifacts.all()) if service else []
        context = {
            **self.context(request, service, title),
            "whole": whole,
            "plain": list(_plain(whole)),
            "regions": whole.by_name["regions"],
            "components": whole.by_name["components"],
            "groups": [part for part in whole.parts if part.field.shape == "group" and len(part.parts) > 1],
            "kinds": list(whole.by_name["components"].field.variants or {}),
            "handlers": [(row.sha256[:12], handlers(row)) for row in uploads],
            "uploads": [(row, label_of(row)) for row in uploads],
            "seen": request.POST.get("seen") or (etag(service) if service else ""),
            "standing": etag(Service.objects.get(pk=service.pk)) if service and stale else "",
            "may": may,
            "ill": [one for one in whole.walk() if one.errors],
            "focus": request.POST.get("do", ""),
        }
        return TemplateResponse(request, "admin/deployments/service/form.html", context, status=status)

    def address(self, service: Service, page: str) -> str:
        return reverse(f"admin:deployments_service_{page}", args=[service.pk])


FIELDS = {"name_taken": "name", "name_fixed": "name", "hostname_taken": "hostname", "permission_denied": "account"}
"""Where a refusal to save is told: code → field."""


def _plain(whole: Bound) -> list[Bound]:
    """The service's own fields; a group of one field stands as that field."""
    found = []
    for part in whole.parts:
        if part.field.shape == "group" and len(part.parts) == 1:
            found.append(part.parts[0])
        elif part.field.shape not in ("group", "rows", "variants"):
            found.append(part)
    return found
