"""The pages in Markdown: links lead somewhere, and what can be checked of their commands without running them holds."""

from __future__ import annotations

import doctest
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

from demo.processes import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def bash_lines() -> Iterator[str]:
    for page in PAGES:
        for block in blocks(page, "bash"):
            yield from block.splitlines()


def matches(pattern: str) -> list[str]:
    """What a pattern finds in the bash blocks of all pages; something, or the test that uses it can't fail."""
    found = sorted({match for line in bash_lines() for match in re.findall(pattern, line)})
    assert found
    return found


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as they are made from their texts."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), target
        assert not anchor or anchor in anchors(aim), target


def test_every_page_of_docs_is_linked() -> None:
    """From the README, or from the index of its folder."""
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text())
        if not target.startswith("https://")
    }
    assert [str(page) for page in PAGES if page not in linked and page.name != "README.md"] == []


def test_its_shell_is_well_formed() -> None:
    found = [block for page in PAGES for block in blocks(page, "bash")]
    assert found
    for block in found:
        checked = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), block


def test_its_management_commands_exist_and_take_these_arguments() -> None:
    for told in matches(r"manage\.py ([^|)]+)"):
        name, *arguments = shlex.split(told)
        parser = load_command_class(str(get_commands()[name]), name).create_parser("manage.py", name)
        parser.parse_args(arguments)


def test_its_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in matches(r"^make ([a-z]+)"):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_its_addresses_of_the_api_exist() -> None:
    for path in matches(r"\$API(/[^\s\"?]*)"):
        try:
            resolve(f"/api/v1{path}")
        except Resolver404:
            pytest.fail(f"/api/v1{path} leads nowhere")


def test_what_it_sends_is_json() -> None:
    for body in matches(r"-d '([^']+)'"):
        json.loads(body)


def test_the_files_that_its_commands_name_exist() -> None:
    for name in matches(r"(?<![\w/.])((?:demo|docs|tests)/[\w./-]+\.\w+)"):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_python_runs_as_it_says(page: Path) -> None:
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks(page, "python")), {}, page.name, None, 0)
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_pages_have_no_python_that_nobody_runs() -> None:
    for page in PAGES:
        for block in blocks(page, "python"):
            assert block.startswith(">>> "), f"{page.name}: {block[:60]}"
