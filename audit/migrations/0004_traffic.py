from django.db import migrations

from audit import triggers


class Migration(migrations.Migration):
    """Evacuations are told of too."""

    dependencies = [
        ("audit", "0003_more_indexes"),
        ("deployments", "0004_routing"),
    ]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: triggers.install(schema_editor),
            migrations.RunPython.noop,
        ),
    ]
