from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ControlplaneConfig(AppConfig):
    name = "controlplane"
    verbose_name = "Access"

    def ready(self) -> None:
        from controlplane import roles  # models are ready only now

        # sent for this app last of ours: all permissions are made by then
        post_migrate.connect(roles.keep, sender=self, dispatch_uid="roles")
