"""The REST API of services and operations, a file a topic. Doors: read, call an action or a query, answer."""

from deployments.api import drift, evacuation, health, inventory, operations, pause, plans, routing, services

urlpatterns = [
    *services.urlpatterns,
    *plans.urlpatterns,
    *health.urlpatterns,
    *operations.urlpatterns,
    *inventory.urlpatterns,
    *pause.urlpatterns,
    *drift.urlpatterns,
    *evacuation.urlpatterns,
    *routing.urlpatterns,
]
