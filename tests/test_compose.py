"""docker-compose.yml and the Dockerfile: the processes of the demo, in the shape of production, read as data."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo import children
from demo.options import Options
from demo.processes import ROOT
from tests.environment_names import names_read_by

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENGINES = {"postgres", "redis"}
OURS = sorted(SERVICES.keys() - ENGINES)
DATA = Path("/data")
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def demo_commands() -> dict[str, list[str]]:
    """What the demo would start with the container's port and folder, listening beyond its own loopback."""
    options = Options(port=8000, localcloud_port=1, localcloud_port_chosen=True, dns_port=2, state_dir=DATA)
    swap = {sys.executable: "python", "127.0.0.1": "0.0.0.0"}
    return {
        child.name: [swap.get(word, word) for word in child.argv]
        for child in children.product(options, {"REDIS_URL": "redis://localhost"})
    }


def test_the_processes_are_those_of_the_demo() -> None:
    assert {name: SERVICES[name]["command"] for name in OURS if name != "migrate"} == demo_commands()


def test_the_schema_is_migrated_before_anything_of_ours_starts() -> None:
    assert SERVICES["migrate"]["command"][:3] == ["python", "manage.py", "migrate"]
    for name in set(OURS) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_ones_that_the_settings_read(name: str) -> None:
    """And secrets come from files only. AWS_ variables are boto3's."""
    known = names_read_by("controlplane/settings.py")
    known |= {f"{setting}_FILE" for setting in known}
    given = SERVICES[name]["environment"]
    assert {key for key in given if not key.startswith("AWS_")} <= known
    assert not {"SECRET_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"} & given.keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_secret_file_that_it_names_is_mounted(name: str) -> None:
    told = {
        value.removeprefix("/run/secrets/")
        for value in SERVICES[name].get("environment", {}).values()
        if value.startswith("/run/secrets/")
    }
    assert told == set(SERVICES[name].get("secrets", ()))
    assert told <= COMPOSE["secrets"].keys()


def test_a_setting_is_what_production_needs() -> None:
    """No plain HTTP, no debugging, no local cloud."""
    for name in OURS:
        assert not {"INSECURE_HTTP", "DEBUG", "LOCALCLOUD"} & SERVICES[name]["environment"].keys()


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_it_has_a_health_check(name: str) -> None:
    """A migration ends by itself."""
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_only_the_web_listens_and_only_to_the_proxy_of_its_machine() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"]
    }
    assert COMPOSE["networks"]["engines"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["engines"] for name in ENGINES)


def test_what_is_kept_stands_on_volumes() -> None:
    volumes = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert volumes == COMPOSE["volumes"].keys()
    assert SERVICES["web"]["volumes"] == SERVICES["worker-apply"]["volumes"] == [f"data:{DATA}"]
    assert SERVICES["web"]["environment"]["ARTIFACTS_DIR"].startswith(f"{DATA}/")


def test_the_image_is_built_of_files_that_exist_and_are_not_ignored() -> None:
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, flags=re.MULTILINE)
    kept = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE))
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert set(copied) == kept


def test_the_image_has_every_app_that_the_product_imports() -> None:
    packages = {"audit", "controlplane", "deployments", "regions"}
    assert packages <= set(re.findall(r"^COPY (\S+) ", DOCKERFILE, flags=re.MULTILINE))


def test_the_image_has_a_python_that_the_project_supports() -> None:
    (version,) = re.findall(r"^FROM python:(\d+\.\d+)-slim$", DOCKERFILE, flags=re.MULTILINE)
    minimum, below = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].split(",")
    number = tuple(map(int, version.split(".")))
    assert tuple(map(int, minimum.removeprefix(">=").split("."))) <= number
    assert number < tuple(map(int, below.removeprefix("<").split(".")))
