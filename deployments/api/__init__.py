"""The REST API of services and operations, a file a topic. Doors: read, call an action or a query, answer."""

from deployments.api import drift, health, inventory, operations, pause, plans, services

urlpatterns = [
    *services.urlpatterns,
    *plans.urlpatterns,
    *health.urlpatterns,
    *operations.urlpatterns,
    *inventory.urlpatterns,
    *pause.urlpatterns,
    *drift.urlpatterns,
]
