"""The addresses of the pages."""

from django.urls import path

from controlplane.dashboard.views import access, operations, overview, regions, services

urlpatterns = [
    path("", overview.show, name="overview"),
    path("services/", services.index, name="services"),
    path("services/<slug:name>/", services.show, name="service"),
    path("services/<slug:name>/plan/", services.plan, name="plan"),
    path("services/<slug:name>/deploy/", services.deploy, name="deploy"),
    path("services/<slug:name>/destroy/", services.destroy, name="destroy"),
    path("regions/", regions.index, name="regions"),
    path("regions/<slug:code>/", regions.show, name="region"),
    path("operations/", operations.index, name="operations"),
    path("operations/<int:pk>/", operations.show, name="operation"),
    path("operations/<int:pk>/cancel/", operations.cancel, name="cancel"),
    path("operations/<int:pk>/retry/", operations.retry, name="retry"),
    path("login/", access.login, name="login"),
    path("logout/", access.logout, name="logout"),
    path("theme/", access.theme, name="theme"),
]
