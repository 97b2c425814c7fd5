"""Logging in: throttled by name and address, told in words; cookies and headers that harden what comes after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from controlplane.login_throttle import address
from controlplane.permissions_policy import POLICY
from tests import builders

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"  # of a user of these tests


@pytest.fixture
def ada() -> User:
    user = builders.viewer("ada")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(name: str = "ada", password: str = "wrong", **more: Any) -> Any:
    return Client().post("/login/", {"username": name, "password": password}, **more)


def test_fifth_failure_locks_the_name_from_that_address(ada: User) -> None:
    """The right password does not help then; the page says how long it lasts."""
    failures = [log_in().status_code for _ in range(5)]

    locked = log_in(password=PASSWORD)

    assert failures == [200, 200, 200, 200, 429]
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 15 * 60
    assert "Too many attempts with this name. Wait 15 minutes" in locked.content.decode()


def test_others_are_not_locked_with_it(ada: User) -> None:
    """Another name from there, and that name from elsewhere: an attacker locks out nobody but himself."""
    for _ in range(6):
        log_in()

    assert log_in("grace").status_code == 200
    assert log_in(password=PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_lock_cools_off(ada: User) -> None:
    for _ in range(6):
        log_in()
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=16))

    assert log_in(password=PASSWORD).status_code == 302


def test_success_forgets_the_failures_before(ada: User) -> None:
    for _ in range(4):
        log_in()

    assert (log_in(password=PASSWORD).status_code, AccessAttempt.objects.count()) == (302, 0)


def test_throttle_needs_no_redis(ada: User, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"

    assert [log_in().status_code for _ in range(5)][-1] == 429


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "expected"),
    [
        (False, "198.51.100.9", "192.0.2.1"),
        (True, "198.51.100.9", "198.51.100.9"),
        (True, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (True, "nonsense", "192.0.2.1"),
        (True, "", "192.0.2.1"),
    ],
    ids=["no proxy: the header is the client's own", "proxy", "the client lied to the proxy", "nonsense", "no header"],
)
def test_address_is_the_one_that_the_proxy_wrote(
    settings: Any, behind_proxy: bool, forwarded: str, expected: str
) -> None:
    settings.BEHIND_TLS_PROXY = behind_proxy

    assert address(RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)) == expected


def test_address_may_be_unknown() -> None:
    """A server at a Unix socket has none to tell."""
    assert address(RequestFactory().get("/", REMOTE_ADDR="")) is None


def test_session_is_a_new_one_after_the_login(ada: User) -> None:
    """Whoever planted a session before it has nothing."""
    client = Client()
    client.get("/login/")
    planted = client.session
    planted["x"] = 1
    planted.save()
    client.cookies["sessionid"] = str(planted.session_key)

    client.post("/login/", {"username": "ada", "password": PASSWORD})

    assert client.session.session_key != planted.session_key
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["max-age"] == 12 * 3600


def test_logging_out_takes_a_post(client: Client) -> None:
    """A link or an image of somebody else's page logs nobody out."""
    client.force_login(builders.viewer())

    assert client.get("/logout/").status_code == 405
    assert client.get("/").status_code == 200
    client.post("/logout/")
    assert client.get("/").status_code == 302


def test_password_is_changed_by_its_owner(ada: User, client: Client) -> None:
    client.force_login(ada)
    new = "staple horse correct"

    answer = client.post("/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    ada.refresh_from_db()
    assert (answer.status_code, ada.check_password(new)) == (302, True)


def test_headers_shut_what_no_page_uses(client: Client) -> None:
    answer = client.get("/login/")

    assert answer["Permissions-Policy"] == POLICY
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"


def test_stranger_is_told_what_is_missing(client: Client) -> None:
    """403 with the mend, and a way out."""
    client.force_login(builders.stranger())

    page = client.get("/")

    assert page.status_code == 403
    assert "An administrator gives you a role" in page.content.decode()
    assert client.post("/logout/").status_code == 302


def test_who_is_no_staff_is_told_so_in_the_admin(client: Client) -> None:
    """Not sent to the login, which would send them back."""
    user = builders.viewer()
    user.is_staff = False
    user.save()
    client.force_login(user)

    page = client.get("/admin/")

    assert (page.status_code, "The admin is for staff" in page.content.decode()) == (403, True)
