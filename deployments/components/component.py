"""What every kind of component is: its schema, and what it becomes. Pure.

A file beside this one defines one kind and names it `COMPONENT`; `plugins.py` finds it, the manifest validates by it,
`desired.py` asks it for Specs. A component knows its siblings and its regions, never AWS, Django or a clock.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field

from deployments.components.reference import BadReference, parts
from deployments.plan.model import Out, Ref, Spec
from deployments.schema import Label, Strict, pattern, quoted, refused

Statement = Mapping[str, Any]
"""One statement of an IAM policy document."""

# Reserved by Lambda, developer guide "Working with Lambda environment variables", November 2026.
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)

ENVIRONMENT_LIMIT_BYTES = 4096
"""All names and values together: developer guide "Lambda quotas"."""


def _variable(name: str) -> str:
    if name in RESERVED_VARIABLES:
        raise refused("reserved", f"{quoted(name)} is set by Lambda itself", "choose another name for the variable")
    return name


def _template(text: str) -> str:
    try:
        tuple(parts(text))
    except BadReference as error:
        raise refused(
            "reference",
            f"{quoted(str(error))} is not a reference",
            "write ${component.attribute}, or $${ for a literal ${",
        ) from None
    return text


def _fits(environment: dict[str, str]) -> dict[str, str]:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items())
    if size > ENVIRONMENT_LIMIT_BYTES:
        message = f"the variables take {size} bytes, Lambda gives {ENVIRONMENT_LIMIT_BYTES}"
        raise refused("too_long", message, "shorten them")
    return environment


Environment = Annotated[
    dict[
        Annotated[
            str,
            pattern(
                "an environment variable's name",
                "[a-zA-Z][a-zA-Z0-9_]+",
                "use at least two letters, digits and underscores, starting with a letter",
            ),
            AfterValidator(_variable),
        ],
        Annotated[str, AfterValidator(_template)],
    ],
    AfterValidator(_fits),
]

MOST_WEIGHT = 255
"""Of a record (API reference, ResourceRecordSet, Weight)."""

MemoryMb = Annotated[int, Field(ge=128, le=10240)]


class Overrides(Strict):
    """What one region has otherwise than the others: for every function there, and `weight` for its record."""

    environment: Environment = Field(default_factory=dict)
    memory_mb: MemoryMb | None = None
    weight: Annotated[
        int | None, Field(ge=0, le=MOST_WEIGHT, description="Its share of the users, where routing is weighted.")
    ] = None


@dataclass(frozen=True)
class Context:
    """Where a component is placed: its service, its regions in order, and what stands beside it.

    `tags` are those of the manifest, the stage among them; `siblings` holds the component itself too.
    """

    stack: str
    account_id: str
    regions: tuple[str, ...]
    siblings: Mapping[str, Component]
    stage: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Overrides] = field(default_factory=dict)

    def ref(self, kind: str, scope: str, name: str) -> Ref:
        return Ref(self.stack, kind, scope, name)


@dataclass(frozen=True)
class Grant:
    """What the functions of the service may do with a component in one region, and what must be there first."""

    statements: tuple[Statement, ...]
    after: frozenset[Ref]


class Component(Strict):
    """One component of a manifest. `name` is unique in its service; the other fields are its kind's own."""

    attributes: ClassVar[frozenset[str]] = frozenset()
    """What `${name.attribute}` may ask for."""
    elsewhere: ClassVar[Mapping[str, str]] = {}
    """Fields that people look for here, and what to do instead."""
    needs_role: ClassVar[bool] = False
    """Whether it runs code under the service's role."""

    kind: str
    name: Label

    @abstractmethod
    def expand(self, context: Context) -> tuple[Spec, ...]:
        """What it needs in AWS, in every region of the context."""

    @abstractmethod
    def output(self, attribute: str, region: str, context: Context) -> Out:
        """Where an attribute's value comes from, in one region."""

    @abstractmethod
    def grant(self, region: str, context: Context) -> Grant:
        """What the functions of the service may do with it in one region."""

    @abstractmethod
    def sla(self, regions: int) -> tuple[str, ...]:
        """Keys of the published SLAs that it stands on, in one of so many regions."""

    def placed(self, overrides: Overrides) -> Self:
        """Itself as it is in a region with such overrides. Raises ValidationError where the two don't go together."""
        return self

    @property
    def serves(self) -> tuple[str, ...]:
        """The route keys that it answers."""
        return ()

    def templates(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """(location, text) of every text in which references may stand."""
        return iter(())

    def render(self) -> dict[str, Any]:
        """Its canonical form as JSON, with defaults filled in; no map of it depends on the order of its keys."""
        return self.model_dump(mode="json", exclude_none=True)
