"""Logging in and out, and the theme: a cookie, so that the first paint has it."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

THEMES = ("light", "dark")
THEME_AGE_S = 365 * 24 * 3600

login = require_http_methods(["GET", "HEAD", "POST"])(
    LoginView.as_view(template_name="login.html", redirect_authenticated_user=True)
)
logout = LogoutView.as_view()
password = PasswordChangeView.as_view(template_name="password.html", success_url="/")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or (anything else) as the system says; then back to where the person was."""
    wanted, back = request.POST.get("theme", ""), request.POST.get("next", "/")
    local = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(back if local else "/")
    if wanted in THEMES:
        response.set_cookie(
            "theme", wanted, max_age=THEME_AGE_S, secure=request.is_secure(), samesite="Lax", httponly=True
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
