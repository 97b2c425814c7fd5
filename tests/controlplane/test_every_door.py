"""Every address × method × kind of person: who is let in, who is told what is missing, from whom it is hidden.

A new address fails here until it stands in the table, and one that is gone until it is taken out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.controlplane.doors import METHODS, ROLES, Caller, addresses, filled, no_aws, world

# A cell is what becomes of reading (GET, HEAD) and of all other methods that the address has:
#
#   +  answered (done, or refused for what was sent)     d  403: may look, not do
#   .  the address has no such method: 405               h  404: hidden (the admin leads back to its start)
#
#   login  asked who it is, whatever the method          out  403 whatever the method: may see nothing at all
#
# `elsewhere` may look at another service; the addresses are about `keyvalue`. In the admin a list takes a POST (it
# runs actions, each with a permission of its own), and an object's bare address leads on to its form. The page that
# adopts is hidden from all, as its query names what to adopt, and there is none here.
#
#   address                                           methods               nobody stran viewe elsew opera admin
TABLE = """
/healthz                                             GET                   +.    +.    +.    +.    +.    +.
/readyz                                              GET                   +.    +.    +.    +.    +.    +.
/metrics                                             GET                   login out   +.    +.    +.    +.
/api/v1/                                             GET                   login out   +.    +.    +.    +.
/api/v1/schema/                                      GET                   login out   +.    +.    +.    +.
/api/v1/regions/                                     GET POST              login out   +d    +d    +d    ++
/api/v1/regions/sync/                                POST                  login out   .d    .d    .d    .+
/api/v1/regions/latencies/                           GET                   login out   +.    +.    +.    +.
/api/v1/regions/<code>/                              GET PATCH DELETE      login out   +d    +d    +d    ++
/api/v1/availability/                                GET                   login out   +.    +.    +.    +.
/api/v1/services/                                    GET POST              login out   +d    +d    ++    ++
/api/v1/services/<name>/                             GET PUT PATCH DELETE  login out   +d    hd    ++    ++
/api/v1/services/<name>/artifacts/                   POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/plan/                        POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/plans/                       GET                   login out   +.    h.    +.    +.
/api/v1/services/<name>/deploy/                      POST                  login out   .d    .d    .+    .+
/api/v1/plans/<int:pk>/                              GET                   login out   +.    h.    +.    +.
/api/v1/services/<name>/health/                      GET                   login out   +.    h.    +.    +.
/api/v1/services/<name>/availability/                GET                   login out   +.    h.    +.    +.
/api/v1/operations/                                  GET                   login out   +.    +.    +.    +.
/api/v1/operations/<int:pk>/                         GET                   login out   +.    h.    +.    +.
/api/v1/operations/<int:pk>/cancel/                  POST                  login out   .d    .d    .+    .+
/api/v1/operations/<int:pk>/retry/                   POST                  login out   .d    .d    .+    .+
/api/v1/inventory/                                   GET                   login out   +.    +.    +.    +.
/api/v1/inventory/measure/                           POST                  login out   .d    .d    .+    .+
/api/v1/inventory/<int:pk>/abandon/                  POST                  login out   .d    .d    .+    .+
/api/v1/inventory/<int:pk>/destroy/                  POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/adopt/                       POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/take-over/                   POST                  login out   .d    .d    .+    .+
/api/v1/operations/<int:pk>/steps/<int:step>/skip/   POST                  login out   .d    .d    .+    .+
/api/v1/pause/                                       GET POST              login out   +d    +d    ++    ++
/api/v1/resume/                                      POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/pause/                       POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/resume/                      POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/drift/                       GET                   login out   +.    h.    +.    +.
/api/v1/services/<name>/check/                       POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/repair/                      POST                  login out   .d    .d    .+    .+
/api/v1/services/<name>/regions/<code>/evacuate/     GET POST              login out   +d    hd    ++    ++
/api/v1/services/<name>/regions/<code>/restore/      POST                  login out   .d    .d    .+    .+
/api/v1/regions/<code>/evacuate/                     GET POST              login out   +d    hd    ++    ++
/api/v1/regions/<code>/restore/                      POST                  login out   .d    .d    .+    .+
/api/v1/regions/<code>/break-glass/                  GET                   login out   +.    +.    +.    +.
/api/v1/services/<name>/resolve/                      GET                   login out   +.    h.    +.    +.
/api/v1/services/<name>/users/                        GET                   login out   +.    h.    +.    +.
/api/v1/audit/                                       GET                   login out   +.    +.    +.    +.
/admin/login/                                        ALL                   ++    ++    ++    ++    ++    ++
/admin/search/                                       GET POST              login out   ++    ++    ++    ++
/admin/                                              GET POST              login out   ++    ++    ++    ++
/admin/logout/                                       POST OPTIONS          login .+    .+    .+    .+    .+
/admin/password_change/                              GET POST PUT OPTIONS  login ++    ++    ++    ++    ++
/admin/password_change/done/                         GET OPTIONS           login +.    +.    +.    +.    +.
/admin/autocomplete/                                 GET                   login out   d.    d.    d.    d.
/admin/jsi18n/                                       GET                   login out   +.    +.    +.    +.
/admin/r/<path:content_type_id>/<path:object_id>/    GET POST              login out   hh    hh    hh    hh
/admin/regions/account/                              GET POST              login out   ++    ++    ++    ++
/admin/regions/account/<path:object_id>/sync/        GET POST              login out   dd    dd    dd    ++
/admin/regions/account/add/                          GET POST              login out   dd    dd    dd    ++
/admin/regions/account/<path:object_id>/history/     GET POST              login out   ++    hh    ++    ++
/admin/regions/account/<path:object_id>/delete/      GET POST              login out   dd    dd    dd    ++
/admin/regions/account/<path:object_id>/change/      GET POST              login out   +d    hd    +d    ++
/admin/regions/account/<path:object_id>/             GET POST              login out   ++    ++    ++    ++
/admin/regions/region/                               GET POST              login out   ++    ++    ++    ++
/admin/regions/region/add/                           GET POST              login out   dd    dd    dd    ++
/admin/regions/region/<path:object_id>/history/      GET POST              login out   ++    ++    ++    ++
/admin/regions/region/<path:object_id>/delete/       GET POST              login out   dd    dd    dd    ++
/admin/regions/region/<path:object_id>/change/       GET POST              login out   +d    +d    +d    ++
/admin/regions/region/<path:object_id>/              GET POST              login out   ++    ++    ++    ++
/admin/regions/endpoint/                             GET POST              login out   ++    ++    ++    ++
/admin/regions/endpoint/add/                         GET POST              login out   dd    dd    ++    ++
/admin/regions/endpoint/<path:object_id>/history/    GET POST              login out   ++    hh    ++    ++
/admin/regions/endpoint/<path:object_id>/delete/     GET POST              login out   dd    dd    dd    dd
/admin/regions/endpoint/<path:object_id>/change/     GET POST              login out   +d    hd    +d    +d
/admin/regions/endpoint/<path:object_id>/            GET POST              login out   ++    ++    ++    ++
/admin/deployments/operation/                        GET POST              login out   ++    ++    ++    ++
/admin/deployments/operation/<path:object_id>/follow/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/operation/add/                    GET POST              login out   dd    dd    dd    dd
/admin/deployments/operation/<path:object_id>/history/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/operation/<path:object_id>/delete/ GET POST              login out   dd    dd    dd    dd
/admin/deployments/operation/<path:object_id>/change/ GET POST              login out   +d    hd    +d    +d
/admin/deployments/operation/<path:object_id>/       GET POST              login out   ++    ++    ++    ++
/admin/deployments/resource/                         GET POST              login out   ++    ++    ++    ++
/admin/deployments/resource/add/                     GET POST              login out   dd    dd    dd    dd
/admin/deployments/resource/<path:object_id>/history/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/resource/<path:object_id>/delete/ GET POST              login out   dd    dd    dd    dd
/admin/deployments/resource/<path:object_id>/change/ GET POST              login out   +d    hd    +d    +d
/admin/deployments/resource/<path:object_id>/        GET POST              login out   ++    ++    ++    ++
/admin/deployments/release/                          GET POST              login out   ++    ++    ++    ++
/admin/deployments/release/add/                      GET POST              login out   dd    dd    dd    dd
/admin/deployments/release/<path:object_id>/history/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/release/<path:object_id>/delete/  GET POST              login out   dd    dd    dd    dd
/admin/deployments/release/<path:object_id>/change/  GET POST              login out   +d    hd    +d    +d
/admin/deployments/release/<path:object_id>/         GET POST              login out   ++    ++    ++    ++
/admin/deployments/drift/                            GET POST              login out   ++    ++    ++    ++
/admin/deployments/drift/add/                        GET POST              login out   dd    dd    dd    dd
/admin/deployments/drift/<path:object_id>/history/   GET POST              login out   ++    hh    ++    ++
/admin/deployments/drift/<path:object_id>/delete/    GET POST              login out   dd    dd    dd    dd
/admin/deployments/drift/<path:object_id>/change/    GET POST              login out   +d    hd    +d    +d
/admin/deployments/drift/<path:object_id>/           GET POST              login out   ++    ++    ++    ++
/admin/deployments/savedplan/                        GET POST              login out   ++    ++    ++    ++
/admin/deployments/savedplan/add/                    GET POST              login out   dd    dd    dd    dd
/admin/deployments/savedplan/<path:object_id>/history/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/savedplan/<path:object_id>/delete/ GET POST              login out   dd    dd    dd    dd
/admin/deployments/savedplan/<path:object_id>/change/ GET POST              login out   +d    hd    +d    +d
/admin/deployments/savedplan/<path:object_id>/       GET POST              login out   ++    ++    ++    ++
/admin/deployments/pause/everything/                 GET POST              login out   dd    dd    ++    ++
/admin/deployments/pause/                            GET POST              login out   ++    ++    ++    ++
/admin/deployments/pause/add/                        GET POST              login out   dd    dd    dd    dd
/admin/deployments/pause/<path:object_id>/history/   GET POST              login out   ++    hh    ++    ++
/admin/deployments/pause/<path:object_id>/delete/    GET POST              login out   dd    dd    dd    dd
/admin/deployments/pause/<path:object_id>/change/    GET POST              login out   +d    hd    +d    +d
/admin/deployments/pause/<path:object_id>/           GET POST              login out   ++    ++    ++    ++
/admin/deployments/service/<path:object_id>/plan/    GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/<path:object_id>/adopt/   GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/<path:object_id>/check/   GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/<path:object_id>/pause/   GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/<path:object_id>/upload/  GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/<path:object_id>/manifest/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/service/<path:object_id>/live/    GET POST              login out   ++    hh    ++    ++
/admin/deployments/service/<path:object_id>/destroy/ GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/                          GET POST              login out   ++    ++    ++    ++
/admin/deployments/service/add/                      GET POST              login out   dd    dd    ++    ++
/admin/deployments/service/<path:object_id>/history/ GET POST              login out   ++    hh    ++    ++
/admin/deployments/service/<path:object_id>/delete/  GET POST              login out   dd    dd    dd    dd
/admin/deployments/service/<path:object_id>/change/  GET POST              login out   +d    hh    ++    ++
/admin/deployments/service/<path:object_id>/         GET POST              login out   ++    ++    ++    ++
/admin/audit/entry/                                  GET POST              login out   ++    ++    ++    ++
/admin/audit/entry/add/                              GET POST              login out   dd    dd    dd    dd
/admin/audit/entry/<path:object_id>/history/         GET POST              login out   ++    hh    ++    ++
/admin/audit/entry/<path:object_id>/delete/          GET POST              login out   dd    dd    dd    dd
/admin/audit/entry/<path:object_id>/change/          GET POST              login out   +d    hd    +d    +d
/admin/audit/entry/<path:object_id>/                 GET POST              login out   ++    ++    ++    ++
/admin/auth/user/<id>/password/                      GET POST              login out   dd    dd    dd    ++
/admin/auth/user/                                    GET POST              login out   dd    dd    dd    ++
/admin/auth/user/add/                                GET POST              login out   dd    dd    dd    ++
/admin/auth/user/<path:object_id>/history/           GET POST              login out   dd    dd    dd    ++
/admin/auth/user/<path:object_id>/delete/            GET POST              login out   dd    dd    dd    ++
/admin/auth/user/<path:object_id>/change/            GET POST              login out   dd    dd    dd    ++
/admin/auth/user/<path:object_id>/                   GET POST              login out   ++    ++    ++    ++
/admin/auth/group/                                   GET POST              login out   dd    dd    dd    ++
/admin/auth/group/add/                               GET POST              login out   dd    dd    dd    ++
/admin/auth/group/<path:object_id>/history/          GET POST              login out   dd    dd    dd    ++
/admin/auth/group/<path:object_id>/delete/           GET POST              login out   dd    dd    dd    ++
/admin/auth/group/<path:object_id>/change/           GET POST              login out   dd    dd    dd    ++
/admin/auth/group/<path:object_id>/                  GET POST              login out   ++    ++    ++    ++
/admin/deployments/grant/                            GET POST              login out   dd    dd    dd    ++
/admin/deployments/grant/add/                        GET POST              login out   dd    dd    dd    ++
/admin/deployments/grant/<path:object_id>/history/   GET POST              login out   dd    dd    dd    ++
/admin/deployments/grant/<path:object_id>/delete/    GET POST              login out   dd    dd    dd    ++
/admin/deployments/grant/<path:object_id>/change/    GET POST              login out   dd    dd    dd    ++
/admin/deployments/grant/<path:object_id>/           GET POST              login out   ++    ++    ++    ++
/admin/controlplane/token/                           GET POST              login out   dd    dd    dd    ++
/admin/controlplane/token/add/                       GET POST              login out   dd    dd    dd    ++
/admin/controlplane/token/<path:object_id>/history/  GET POST              login out   dd    dd    dd    ++
/admin/controlplane/token/<path:object_id>/delete/   GET POST              login out   dd    dd    dd    ++
/admin/controlplane/token/<path:object_id>/change/   GET POST              login out   dd    dd    dd    +d
/admin/controlplane/token/<path:object_id>/          GET POST              login out   ++    ++    ++    ++
/admin/<app_label>/                                  GET POST              login out   ++    ++    ++    ++
/admin/<url>                                         GET POST              login out   ++    ++    ++    ++
/                                                    GET                   login out   +.    +.    +.    +.
/services/                                           GET                   login out   +.    +.    +.    +.
/services/<slug:name>/                               GET                   login out   +.    h.    +.    +.
/services/<slug:name>/plan/                          GET                   login out   d.    h.    +.    +.
/services/<slug:name>/deploy/                        POST                  login out   .d    .h    .+    .+
/services/<slug:name>/destroy/                       GET POST              login out   dd    hh    ++    ++
/services/<slug:name>/adopt/                         GET POST              login out   dd    hh    hh    hh
/services/<slug:name>/take-over/                     GET POST              login out   dd    hh    ++    ++
/services/<slug:name>/check/                         POST                  login out   .d    .h    .+    .+
/services/<slug:name>/repair/                        POST                  login out   .d    .h    .+    .+
/services/<slug:name>/pause/                         GET POST              login out   dd    hh    ++    ++
/services/<slug:name>/resume/                        POST                  login out   .d    .h    .+    .+
/services/<slug:name>/regions/<slug:code>/evacuate/  GET POST              login out   dd    hh    ++    ++
/services/<slug:name>/regions/<slug:code>/restore/   GET POST              login out   dd    hh    ++    ++
/pause/                                              GET POST              login out   dd    dd    ++    ++
/resume/                                             POST                  login out   .d    .d    .+    .+
/regions/                                            GET                   login out   +.    +.    +.    +.
/regions/<slug:code>/                                GET                   login out   +.    +.    +.    +.
/regions/<slug:code>/evacuate/                       GET POST              login out   dd    hh    ++    ++
/regions/<slug:code>/restore/                        GET POST              login out   dd    hh    ++    ++
/regions/<slug:code>/break-glass/                    GET                   login out   h.    h.    h.    h.
/operations/                                         GET                   login out   +.    +.    +.    +.
/operations/<int:pk>/                                GET                   login out   +.    h.    +.    +.
/operations/<int:pk>/cancel/                         POST                  login out   .d    .h    .+    .+
/operations/<int:pk>/retry/                          POST                  login out   .d    .h    .+    .+
/operations/<int:pk>/steps/<int:step>/skip/          GET POST              login out   dd    hh    ++    ++
/inventory/                                          GET                   login out   +.    +.    +.    +.
/inventory/measure/                                  POST                  login out   .d    .d    .+    .+
/inventory/<int:pk>/abandon/                         GET POST              login out   dd    hh    ++    ++
/inventory/<int:pk>/destroy/                         GET POST              login out   dd    hh    ++    ++
/audit/                                              GET                   login out   +.    +.    +.    +.
/login/                                              GET POST              ++    ++    ++    ++    ++    ++
/logout/                                             POST OPTIONS          login .+    .+    .+    .+    .+
/password/                                           GET POST PUT OPTIONS  login ++    ++    ++    ++    ++
/theme/                                              POST                  login .+    .+    .+    .+    .+
"""

RELIABILITY = Path(__file__).parents[2] / "docs" / "reliability.md"
READING = ("GET", "HEAD", "OPTIONS")


def table() -> dict[str, tuple[frozenset[str], dict[str, str]]]:
    """Address → its methods, and the cell of each role."""
    rows = {}
    for line in TABLE.strip().splitlines():
        address, *words = line.split()
        methods, cells = words[: -len(ROLES)], words[-len(ROLES) :]
        known = {"HEAD", *methods} if "GET" in methods else set(methods)
        rows[address] = (
            frozenset(METHODS) if methods == ["ALL"] else frozenset(known),
            dict(zip(ROLES, cells, strict=True)),
        )
    return rows


def expected(address: str, methods: frozenset[str], role: str, cell: str, method: str) -> str:
    if cell in ("login", "out"):
        return cell
    if method in methods:
        return cell[0] if method in ("GET", "HEAD") else cell[1] if method != "OPTIONS" else "+"
    if address.startswith("/api/") or address == "/metrics":  # who may not act anywhere is told so before anything else
        return "d" if method not in READING and role in ("viewer", "elsewhere") else "."
    return "."


def seen(status: int, location: str, address: str) -> str:
    """What became of a request, as the table writes it."""
    if status >= 500:
        return f"crash {status}"
    if status == 401 or re.match(r"/(admin/)?login/\?next=", location):
        return "login"
    if status == 404 or (location == "/admin/" and address != "/admin/"):
        return "h"
    return {403: "d", 405: "."}.get(status, "+")


def test_the_table_names_every_address_and_no_other() -> None:
    assert sorted(table()) == sorted(addresses())


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_every_door_lets_in_whom_the_table_says(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address with each method; no answer is a crash."""
    no_aws(monkeypatch)
    rows = world()
    caller = Caller(role)
    wrong = []
    for address, (methods, cells) in table().items():
        for method in METHODS:
            status, location = caller.ask(method, filled(address, rows))
            wanted = expected(address, methods, role, cells[role], method)
            found = seen(status, location, address)
            if found != ("d" if wanted == "out" else wanted):
                wrong.append(f"{method} {address}: {status} {location}, not {wanted}")
    assert wrong == []


def test_documented_figures_are_those_of_the_table() -> None:
    """docs/reliability.md says how much is tried here."""
    page = RELIABILITY.read_text()
    tried = len(table()) * len(METHODS) * len(ROLES)
    row = f"| addresses × methods × kinds of people | {len(table())} × {len(METHODS)} × {len(ROLES)} = {tried:,} |"
    assert row in page
