"""A table: DynamoDB, one replica in each region, the last writer wins. Pure."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from deployments.components.component import Component, Context, Grant
from deployments.names import TABLE_LIMIT, physical_name
from deployments.plan.model import Out, Ref, Spec
from deployments.schema import Strict, choice, ordered, quoted, refused

# What reads and writes items of a table and its indexes, and nothing that changes or deletes the table itself:
# service authorization reference, Amazon DynamoDB.
ITEM_ACTIONS = tuple(
    f"dynamodb:{action}"
    for action in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "DescribeTable",
        "GetItem",
        "PartiQLDelete",
        "PartiQLInsert",
        "PartiQLSelect",
        "PartiQLUpdate",
        "PutItem",
        "Query",
        "Scan",
        "UpdateItem",
    )
)


class KeyPart(Strict):
    """One attribute of a table's key; S = string, N = number, B = bytes."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    type: Annotated[
        str,
        *choice("a key type", ("S", "N", "B")),
        Field(json_schema_extra={"labels": {"S": "S (string)", "N": "N (number)", "B": "B (bytes)"}}),
    ]


class Table(Component):
    """`{kind: table, name: keyvalues, key: {key: S}}`: the partition key and, second, the sort key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "table", "name": "orders", "key": [{"customer": "S"}, {"day": "N"}]}]}
    )
    attributes: ClassVar[frozenset[str]] = frozenset({"name", "arn"})

    kind: Literal["table"] = "table"
    key: Annotated[
        tuple[KeyPart, ...],
        BeforeValidator(ordered(key="name", value="type")),
        Field(
            strict=False,
            description="Partition key and, second, sort key: name → S, N or B.",
            json_schema_extra={"form": "key", "rows": ["Partition key", "Sort key"]},
        ),
    ]

    @model_validator(mode="after")
    def _partition_and_sort(self) -> Table:
        if len(self.key) not in (1, 2):
            raise refused(
                "key", f"has {len(self.key)} attributes, a key has one or two", "name the partition key", field="key"
            )
        if len({part.name for part in self.key}) < len(self.key):
            raise refused(
                "twice",
                f"{quoted(self.key[0].name)} is both partition and sort key",
                "name two attributes",
                field="key",
            )
        return self

    def table_name(self, context: Context) -> str:
        return physical_name(context.stack, self.name, limit=TABLE_LIMIT, stage=context.stage)

    def expand(self, context: Context) -> tuple[Spec, ...]:
        roles = ("HASH", "RANGE")
        key = [
            {"name": part.name, "type": part.type, "role": role} for part, role in zip(self.key, roles, strict=False)
        ]
        return tuple(
            Spec(
                self._ref(region, context),
                params={"table_name": self.table_name(context), "key": key, "tags": dict(context.tags)},
                context={"regions": list(context.regions)},
                lane=self.name,
            )
            for region in context.regions
        )

    def output(self, attribute: str, region: str, context: Context) -> Out:
        return Out(self._ref(region, context), attribute)

    def grant(self, region: str, context: Context) -> Grant:
        arn = f"arn:aws:dynamodb:{region}:{context.account_id}:table/{self.table_name(context)}"
        statement = {"Effect": "Allow", "Action": list(ITEM_ACTIONS), "Resource": [arn, f"{arn}/index/*"]}
        return Grant((statement,), frozenset({self._ref(region, context)}))

    def sla(self, regions: int) -> tuple[str, ...]:
        return ("dynamodb_global_table" if regions > 1 else "dynamodb",)

    def render(self) -> dict[str, Any]:
        parts = [{part.name: part.type} for part in self.key]
        # One entry is a map, as people write it; two are a list, for a map's order would not survive jsonb.
        return {"kind": self.kind, "name": self.name, "key": parts[0] if len(parts) == 1 else parts}

    def _ref(self, region: str, context: Context) -> Ref:
        return context.ref("dynamodb_table", region, self.name)


COMPONENT = Table
