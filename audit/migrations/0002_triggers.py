from django.db import migrations

from audit import triggers


class Migration(migrations.Migration):
    """The database writes the log itself from here on."""

    dependencies = [
        ("audit", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("controlplane", "0003_token_scope"),
        ("deployments", "0002_trust"),
        ("regions", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: triggers.create(schema_editor),
            lambda apps, schema_editor: triggers.remove(schema_editor),
        ),
    ]
