"""Say who we are from the first day on: a backup that does not hold it would not know its own marks again."""

from django.db import migrations


def name_us(apps, schema_editor):
    installation = apps.get_model("deployments", "Installation")
    if not installation.objects.exists():
        installation.objects.create()


class Migration(migrations.Migration):
    dependencies = [("deployments", "0002_trust")]
    operations = [migrations.RunPython(name_us, migrations.RunPython.noop)]
