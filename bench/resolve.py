"""`python -m bench.resolve`: answers a second and core for a service with 30 records, and the world's table.

Process time, so that other load on the machine counts little. Prints JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from deployments.routing.answer import Zone, answer
from deployments.routing.record import Alias, Record
from deployments.routing.users import cities_of_the_world, effect, user_of, world
from regions import catalogue, places

NAME = "kv.example.test"
RECORDS = 30


def main() -> None:
    regions = list(catalogue.regions())[: RECORDS // 2]
    zone = Zone(
        Record(
            NAME,
            kind,
            alias=Alias(f"d-1.execute-api.{code}.amazonaws.com", "Z", False),
            set_identifier=code,
            policy={"region": code},
            health_check=code,
            region=code,
        )
        for code in regions
        for kind in ("A", "AAAA")
    )
    earth, groups = world(), cities_of_the_world()
    user, ill = user_of(places.find_city("Kyiv")), {regions[0]: False}
    one_s = _seconds(lambda: answer(zone, NAME, "A", user, ill, earth), times=5_000)
    first_s = _seconds(lambda: effect(zone, {}, zone, ill, groups, earth, NAME), times=1)
    table_s = _seconds(lambda: effect(zone, {}, zone, ill, groups, earth, NAME), times=5)
    told = {
        "name": "resolve",
        "records": RECORDS,
        "answers_per_s": round(1 / one_s),
        "cities": len(groups),
        "world_table_first_ms": round(first_s * 1000, 1),
        "world_table_ms": round(table_s * 1000, 1),
    }
    print(json.dumps(told))


def _seconds(call: Callable[[], object], *, times: int) -> float:
    before = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - before) / times


if __name__ == "__main__":
    main()
