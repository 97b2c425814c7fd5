"""GET /health: this region serves."""

import os
from typing import Any

from replies import Event, Reply, reply  # type: ignore[import-not-found]  # beside it in the zip


def main(event: Event, context: Any) -> Reply:
    return reply(200, {"status": "ok", "region": os.environ["AWS_REGION"]})
