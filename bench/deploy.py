"""How long a deploy takes: `python -m bench.deploy` starts a whole system and times it beside bare boto3; prints JSON.

    answering_s  from the API call until every replica has answered its health check's path
    success_s    from the API call until the operation has succeeded
    bare_s       the same AWS calls by boto3 with 16 threads, without a plan, a journal or a second look

Targets: for 3 regions answering in 5 s and success in 8 s; for 16 regions 3 times that of 3 at most. Exit code 1 where
one is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import bare
from demo.throwaway import engines
from tests.stories.service import Service, unfinished
from tests.stories.system import System, running

REGIONS = (
    "us-west-2",
    "eu-central-1",
    "ap-southeast-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "ca-central-1",
    "sa-east-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-2",
)
ANSWERING_S, SUCCESS_S, TIMES = 5.0, 8.0, 3.0
LIMIT_S = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=int, nargs="+", default=[3, 16], help="how many; 16 at most")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many is told")
    parser.add_argument("--keep-logs", type=Path, help="a folder that the worker's log is copied to")
    options = parser.parse_args()
    with _system(options.keep_logs) as system:
        bare.deploy(system, "warm", REGIONS[:1])
        _deploy(system, "warmed", REGIONS[:1])
        found = {str(count): _measure(system, count, options.rounds) for count in options.regions}
    missed = list(_missed(found))
    print(json.dumps({"regions": found, "missed": missed}, indent=2))
    return 1 if missed else 0


def _measure(system: System, count: int, rounds: int) -> dict[str, Any]:
    ours = [_deploy(system, f"ours{count}-{each}", REGIONS[:count]) for each in range(rounds)]
    theirs = [bare.deploy(system, f"bare{count}-{each}", REGIONS[:count]) for each in range(rounds)]
    best = {name: min(each[name] for each in ours) for name in ("answering_s", "success_s")}
    return {**best, "bare_s": min(theirs), "all": ours}


def _deploy(system: System, name: str, regions: tuple[str, ...]) -> dict[str, float]:
    service = Service(system, name)
    service.save(regions=regions)
    began_s = time.monotonic()
    operation = service.start()
    answered_s: float | None = None
    silent = list(regions)
    while True:
        if answered_s is None:
            urls = {each["region"]: each["url"] for each in service.told()["replicas"] if each["url"]}
            silent = [
                region
                for region in silent
                if region not in urls or system.fetch(f"{urls[region]}/health", timeout_s=2)[0] != 200
            ]
            if not silent:
                answered_s = time.monotonic() - began_s
        found = service.operation(operation)
        if found["status"] in ("failed", "cancelled"):
            raise SystemExit(f"{name}: {found['error']} {found['mend']}")
        if found["status"] == "succeeded" and answered_s is not None:
            break
        if time.monotonic() - began_s > LIMIT_S:
            raise SystemExit(f"{name} is not through after {LIMIT_S:.0f} s: {unfinished(found)}; silent: {silent}")
        time.sleep(0.1)
    success_s = time.monotonic() - began_s
    service.stop_watching()
    return {"answering_s": round(answered_s, 2), "success_s": round(success_s, 2)}


def _missed(found: dict[str, Any]) -> Iterator[str]:
    three, sixteen = found.get("3"), found.get("16")
    if three and three["answering_s"] > ANSWERING_S:
        yield f"3 regions answer after {three['answering_s']} s, not {ANSWERING_S}"
    if three and three["success_s"] > SUCCESS_S:
        yield f"3 regions succeed after {three['success_s']} s, not {SUCCESS_S}"
    if three and sixteen and sixteen["success_s"] > TIMES * three["success_s"]:
        yield f"16 regions take {sixteen['success_s'] / three['success_s']:.1f} times as long as 3, not {TIMES:.0f}"


@contextlib.contextmanager
def _system(keep_logs: Path | None) -> Iterator[System]:
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    bare.credentials()
    with tempfile.TemporaryDirectory(prefix="antipode-bench-") as folder, engines() as urls:
        os.environ.update(urls)
        with running(Path(folder), 0) as system:
            yield system
            if keep_logs is not None:
                keep_logs.mkdir(parents=True, exist_ok=True)
                for log in (Path(folder) / "log").iterdir():
                    (keep_logs / log.name).write_bytes(log.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
