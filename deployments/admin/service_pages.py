"""Acts on one service beside its plan: check for drift, pause and resume, upload, and its manifest as text."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from deployments import manifests, models
from deployments.actions.actor import Actor
from deployments.actions.adopt import Adopt
from deployments.actions.check_drift import CheckDrift
from deployments.actions.pause import Pause, Resume
from deployments.actions.refused import ActionRefused
from deployments.actions.upload_artifact import UploadArtifact
from deployments.admin.service_page import ServicePage
from deployments.manifest import ManifestError, to_yaml
from deployments.models import Drift, Service
from deployments.models.safety import DriftState
from deployments.plan.model import GLOBAL
from deployments.providers.aws.provider import discover
from deployments.providers.errors import ProviderError
from regions.unfolded import action

ADOPTED = ("kind", "region", "name", "physical_id", "from_installation", "reason")
"""What an adoption is told, by the names of the action's own fields."""


class ServicePages(ServicePage):
    @action(description="Check now", url_path="check", permissions=["operate"], icon="troubleshoot")
    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look for drift; where it may be repaired, that begins."""
        service = self.found(request, object_id, to_change=True)
        if request.method != "POST":
            context = self.context(request, service, f"Check now: {service.name}")
            return TemplateResponse(request, "admin/deployments/service/check.html", context)
        tell_check(request, service)
        return redirect(self.change_url(service))

    @action(description="Pause…", url_path="pause", permissions=["operate"], icon="pause_circle")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Press the stop button, or let go of it."""
        service = self.found(request, object_id, to_change=True)
        actor = Actor.of(request.user, "admin")
        if request.method == "POST":
            try:
                if "resume" in request.POST:
                    Resume(service, actor).execute()
                    messages.success(request, f"{service.name} goes on.")
                else:
                    Pause(service, actor, request.POST.get("reason", "").strip()).execute()
                    messages.warning(
                        request, f"{service.name} is paused: no change is begun in AWS until you resume it."
                    )
            except ActionRefused as error:
                messages.error(request, f"{error.detail} {error.mend}")
            return redirect(self.change_url(service))
        standing = models.Pause.objects.filter(stack__service=service).select_related("created_by").first()
        context = {**self.context(request, service, f"Stop button: {service.name}"), "pause": standing}
        return TemplateResponse(request, "admin/deployments/service/pause.html", context)

    @action(description="Upload", url_path="upload", permissions=["operate"], icon="upload")
    def upload(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A zip, before a component takes it."""
        service = self.found(request, object_id, to_change=True)
        file = request.FILES.get("file")
        if request.method == "POST" and file is not None:
            try:
                artifact = UploadArtifact(service, cast(BinaryIO, file), Actor.of(request.user, "admin")).execute()
            except ActionRefused as error:
                messages.error(request, f"{error.detail} {error.mend}")
            else:
                messages.success(request, f"Uploaded as sha256:{artifact.sha256}. A function's form offers it now.")
                return redirect(self.change_url(service))
        context = self.context(request, service, f"Upload an artifact: {service.name}")
        return TemplateResponse(request, "admin/deployments/service/upload.html", context)

    @action(description="Adopt…", url_path="adopt", permissions=["operate"], icon="move_to_inbox")
    def adopt(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take what stands in the place of a wanted resource into the service; a plan's problem says what."""
        service = self.found(request, object_id, to_change=True)
        given = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in ADOPTED}
        context: dict[str, Any] = {
            **self.context(request, service, f"Adopt: {service.name}"),
            "given": given,
            "kinds": sorted(discover()),
            "scopes": [GLOBAL, *(placement.region.code for placement in service.placements.all())],
        }
        if request.method == "POST":
            try:
                row = Adopt(service, actor=Actor.of(request.user, "admin"), **given).execute()
            except ActionRefused as error:
                context["error"] = error
            else:
                messages.success(request, f"Adopted {row}. The next plan shows how it differs.")
                return redirect("admin:deployments_service_plan", service.pk)
        status = context["error"].status if "error" in context else 200
        return TemplateResponse(request, "admin/deployments/service/adopt.html", context, status=status)

    @action(description="Manifest", url_path="manifest", permissions=["view"], icon="description")
    def manifest(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the form says, as the text that a file or the API would say: to read and to copy."""
        service = self.found(request, object_id)
        context = self.context(request, service, f"Manifest: {service.name}")
        try:
            context["text"] = to_yaml(manifests.manifest_of(service))
        except ManifestError as error:
            context["problems"] = error.problems
        return TemplateResponse(request, "admin/deployments/service/manifest.html", context)

    @action(description="See it live", url_path="live", permissions=["view"], icon="open_in_new")
    def live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its page on the dashboard: how its replicas are."""
        return HttpResponseRedirect(f"/services/{self.found(request, object_id).name}/")


def tell_check(request: HttpRequest, service: Service) -> None:
    """Check a service for drift, and tell what was found."""
    try:
        checked = CheckDrift(service, Actor.of(request.user, "admin")).execute()
    except ActionRefused as error:
        messages.error(request, f"{error.detail} {error.mend}")
        return
    except ProviderError as error:
        messages.error(request, f"AWS could not be read: {error.message} {error.mend or 'Try again in a moment.'}")
        return
    found = Drift.objects.filter(stack__service=service, state=DriftState.FOUND).count()
    if checked.repair is not None:
        messages.warning(request, f"{service.name}: {checked.repair.title} has begun (operation {checked.repair.pk}).")
    elif not checked.counts:
        messages.info(request, f"{service.name}: something began while it was read; check again when that is done.")
    elif found:
        differs = "one thing differs" if found == 1 else f"{found} things differ"
        messages.warning(request, f"{service.name}: {differs} and nothing repairs it by itself; see Drift.")
    else:
        messages.success(request, f"{service.name}: nothing differs from what was approved.")
