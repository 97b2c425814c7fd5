"""The test session: real engines of its own, and settings that no environment can change.

The engines start once, in the process that was started (under xdist: the controller), and their addresses go on in the
environment. Where DATABASE_URL and REDIS_URL are set already, those are used.
"""

import contextlib
import os
import secrets
import tempfile

import hypothesis
import pytest
from pytest_django.plugin import DjangoDbBlocker

# A busy machine is no defect: properties are held to what they say, not to how long it takes.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")

SETTINGS = {
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1],testserver",
    "CA_FILE": "",
    "DEBUG": "0",
    "INSECURE_HTTP": "1",
    "LOCALCLOUD": "1",
    "LOCALCLOUD_URL": "http://127.0.0.1:1",  # nobody: a demo that runs beside must not be touched
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
ENGINES = ("DATABASE_URL", "REDIS_URL")


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(SETTINGS)
    os.environ["DJANGO_SETTINGS_MODULE"] = "controlplane.settings"
    session = contextlib.ExitStack()
    config.add_cleanup(session.close)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
        os.environ["ARTIFACTS_DIR"] = session.enter_context(tempfile.TemporaryDirectory(prefix="antipode-artifacts-"))
        if any(name not in os.environ for name in ENGINES):
            from demo.throwaway import engines  # only now: coverage measures from here on

            os.environ.update(session.enter_context(engines()))
    else:  # a database of Redis of its own, as pytest-django gives each worker one of PostgreSQL
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{number}"

    import django

    django.setup()

    from tests.permissions.recorder import Recorder

    config.pluginmanager.register(Recorder(config), "aws-calls")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests with transactions of their own are cleaned up by TRUNCATE, which the audit log refuses (tests/audit)."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_no_truncate")
