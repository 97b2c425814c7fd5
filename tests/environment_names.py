"""Which environment variables a file reads, found in its source: shared by the tests of compose and of the docs."""

from __future__ import annotations

import ast

from demo.processes import ROOT

OF_SETTINGS = {"env.text", "env.boolean", "env.integer", "env.rate", "env.words"}
OF_A_MAPPING = {"os.environ.get", "environment.get"}


def names_read_by(path: str) -> set[str]:
    """What is asked for by `env.text("NAME")`, `os.environ.get("NAME")` or `_port(environment, "NAME")`."""
    calls = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
    asked = [call.args[0] for call in calls if ast.unparse(call.func) in OF_SETTINGS | OF_A_MAPPING]
    asked += [call.args[1] for call in calls if ast.unparse(call.func) == "_port"]
    return {str(name.value) for name in asked if isinstance(name, ast.Constant)}
