"""What is exposed, in one list."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

from controlplane.health import healthz, readyz
from controlplane.metrics import Metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", Metrics.as_view(), name="metrics"),
    path("api/v1/", include(("controlplane.api", "api"))),
    # one login for everything
    path("admin/login/", login_not_required(RedirectView.as_view(url=settings.LOGIN_URL, query_string=True))),
    path("admin/", admin.site.urls),
    path("", include("controlplane.dashboard.urls")),
]

handler400 = "controlplane.problems.bad_request"
handler403 = "controlplane.problems.permission_denied"
handler404 = "controlplane.problems.not_found"
handler500 = "controlplane.problems.server_error"
