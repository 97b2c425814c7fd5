"""Django's entry: makes `manage.py outage` available where settings install this app. It has no models."""

from django.apps import AppConfig


class LocalCloudConfig(AppConfig):
    name = "localcloud"
    verbose_name = "Local cloud"
