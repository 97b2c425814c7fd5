"""docs/reliability.md says how much is tried here."""

from __future__ import annotations

import re

from demo.processes import ROOT
from tests.bad_input.manifests import MANIFESTS
from tests.bad_input.requests import all_of_them
from tests.bad_input.test_uploads import ZIPS

PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_the_figures_are_told() -> None:
    told = dict(re.findall(r"^\| (.+?) \| (\d+) \|$", PAGE, flags=re.MULTILINE))

    assert {name: int(figure) for name, figure in told.items()} == {
        "manifests that nobody may save": len(MANIFESTS),
        "requests that no program should send": len(all_of_them()),
        "zips that nobody may upload": len(ZIPS),
    }
