"""What every AWS kind is: one resource type, looked at, created, updated and deleted through boto3.

`provider.py` finds the kinds in `kinds/`, one a file, and calls them from many threads: a kind keeps no state of its
own about a resource. Kinds never wait, never plan and never touch the database; they raise `AwsError` as it comes, or
one of `errors.py` where they know better.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from deployments.plan.demand import Demand
from deployments.plan.model import Mark, Observed, Params, Ref, Traits
from deployments.providers.aws.grants import Grant
from deployments.providers.errors import Conflict, Transient
from deployments.providers.protocol import Target
from regions import aws
from regions.aws_errors import AwsError

OWNER_TAG = "antipode:owner"
REF_TAG = "antipode:ref"


@dataclass(frozen=True)
class World:
    """What a kind works with: one account, whose installation it works for, and the bytes of the artifacts."""

    access: aws.Access
    owner: str
    artifact: Callable[[str], bytes]

    def client(self, service: str, region: str, *, slow: bool = False, quick: bool = False) -> aws.Client:
        return aws.client(self.access, service, region, slow=slow, quick=quick)

    def marks(self, ref: Ref) -> dict[str, str]:
        """The tags that say whose it is and which it is."""
        return {OWNER_TAG: self.owner, REF_TAG: str(ref)}

    def tags(self, target: Target) -> dict[str, str]:
        """The tags that it shall carry: the user's and our marks."""
        return {**target.params["tags"], **self.marks(target.ref)}

    def owns(self, target: Target, tags: Mapping[str, str]) -> bool:
        """True where these tags are the marks of this target."""
        return self.marks(target.ref).items() <= tags.items()

    def mark(self, target: Target, tags: Mapping[str, str]) -> Mark | None:
        """The mark of another installation, or of another thing of ours, that these tags are."""
        if OWNER_TAG not in tags or self.owns(target, tags):
            return None
        return Mark(tags[OWNER_TAG], tags.get(REF_TAG, ""))

    def shown(self, target: Target, tags: Mapping[str, str]) -> dict[str, str]:
        """The user's tags, as params. What was adopted and does not carry our mark yet shows that as a difference, so
        that an update brings it."""
        users = plain(tags)
        if target.adopted and not self.owns(target, tags):
            users[REF_TAG] = tags.get(REF_TAG, "")
        return users

    def retagged(self, target: Target, before: Params) -> tuple[dict[str, str], list[str]]:
        """(tags to set, names of tags to remove) that bring the tags observed before to those of the target."""
        wanted = self.tags(target)
        changed = {name: value for name, value in wanted.items() if before["tags"].get(name) != value}
        return changed, sorted(set(before["tags"]) - set(wanted))


class Kind(ABC):
    """One AWS resource type.

    grants  what the account's role must be allowed, and on what
    rated   whose calls AWS limits in number: (signing name, noun), as in Create<noun>
    demand  the quotas that one of it counts towards, and how long AWS takes for it as a rule
    """

    name: ClassVar[str]
    traits: ClassVar[Traits] = Traits()
    grants: ClassVar[tuple[Grant, ...]]
    rated: ClassVar[tuple[str, str] | None] = None
    demand: ClassVar[Demand] = Demand()

    @property
    def iam_actions(self) -> frozenset[str]:
        """What its own calls need to be allowed."""
        return frozenset().union(*(each.actions for each in self.grants if not each.inside))

    @property
    def iam_dependent(self) -> frozenset[str]:
        """What AWS checks besides, inside those calls, as passing a role."""
        return frozenset().union(*(each.actions for each in self.grants if each.inside))

    def together(self, target: Target) -> Hashable:
        """Targets with one key are read in one go by `observe_many`; by default each alone."""
        return target.ref

    def observe_many(self, world: World, targets: Sequence[Target]) -> Mapping[Ref, Observed | None]:
        return {target.ref: self.observe(world, target) for target in targets}

    @abstractmethod
    def observe(self, world: World, target: Target) -> Observed | None:
        """As it is now; None where it is not there."""

    @abstractmethod
    def create(self, world: World, target: Target) -> Observed:
        """Make it, or return what an earlier attempt of ours made."""

    @abstractmethod
    def update(self, world: World, target: Target, before: Params) -> Observed:
        """One AWS step from `before` towards `target.params`."""

    @abstractmethod
    def delete(self, world: World, target: Target) -> None:
        """Remove it; nothing to do where it is absent."""

    def facts(self, world: World, target: Target) -> Mapping[str, Any]:
        """What it is billed by beyond its being there ("size_bytes"); {} where that is all, or where it is gone."""
        return {}

    def standing(self, world: World, target: Target, refusal: AwsError) -> Observed:
        """What stands where AWS refused to create: ours is as good as made, another's is a `Conflict`."""
        found = self.observe(world, target)
        if found is None:
            raise refusal
        return self.own(target, found, code=refusal.code, request_id=refusal.request_id)

    def own(self, target: Target, found: Observed, *, code: str = "exists", request_id: str = "") -> Observed:
        """What was found where one was to be made, if it is ours; another's is a `Conflict`."""
        if not found.ours:
            raise Conflict(
                f"{found.physical_id} exists and does not carry our mark for {target.ref}",
                code=code,
                mend="Adopt it (manage.py adopt), rename the service or component, or remove what stands there.",
                request_id=request_id,
            )
        return found

    def updated(self, world: World, target: Target) -> Observed:
        """As it is after a step; where it has vanished meanwhile, the next look decides."""
        found = self.observe(world, target)
        if found is None:
            raise Transient(
                f"{target.ref} has disappeared while it was being updated",
                code="vanished",
                mend="Nothing to do: the next look sees that it is gone and makes it anew.",
            )
        return found


@contextmanager
def absent_is_fine() -> Iterator[None]:
    """Deleting what is not there has succeeded."""
    try:
        yield
    except AwsError as error:
        if not error.absent:
            raise


def found_or_none(call: Callable[..., dict[str, Any]], **params: Any) -> dict[str, Any] | None:
    """The answer of a read, None where AWS says that there is no such thing."""
    try:
        return call(**params)
    except AwsError as error:
        if error.absent:
            return None
        raise


def pages(
    call: Callable[..., dict[str, Any]], items: str, *, asks: str = "NextToken", tells: str = "", **params: Any
) -> Iterator[dict[str, Any]]:
    """Every item of a list call, page by page. `asks`: the parameter that asks for the next page; `tells`: the
    answer's name for it where that differs."""
    answer = call(**params)
    yield from answer.get(items, [])
    while following := answer.get(tells or asks):
        answer = call(**params, **{asks: following})
        yield from answer.get(items, [])


def plain(tags: Mapping[str, str]) -> dict[str, str]:
    """The user's tags: without our marks and AWS's own."""
    return {name: value for name, value in tags.items() if not name.startswith(("antipode:", "aws:"))}


def from_list(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]
