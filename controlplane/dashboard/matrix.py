"""Services × regions as a table: which columns, which rows, how dense. Pure.

Up to 8 regions each has a column; above, a continent is one, and can be unfolded. From 13 services rows are compact.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from deployments.overview import ReplicaRow, ServiceRow
from regions import catalogue
from regions.verdict import Status

MOST_COLUMNS = 8
COMPACT_FROM = 13
PAGE = 50
ELSEWHERE = "Elsewhere"
"""Where the catalogue does not know a region."""


@dataclass(frozen=True)
class Wanted:
    """What the page's address asks for."""

    query: str = ""
    only_ill: bool = False
    page: int = 1
    unfolded: str = ""


@dataclass(frozen=True)
class Column:
    """One region, or a folded continent with several."""

    group: str
    regions: tuple[str, ...]
    folded: bool

    @property
    def label(self) -> str:
        return self.group if self.folded else self.regions[0]


@dataclass(frozen=True)
class Group:
    """Columns side by side under one heading."""

    name: str
    columns: tuple[Column, ...]
    folds: bool


@dataclass(frozen=True)
class Cell:
    """One service in one column. The other three are regions without a replica that is watched."""

    column: Column
    replicas: tuple[ReplicaRow, ...]
    drafted: tuple[str, ...]
    adding: tuple[str, ...]
    unwatched: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """The service has nothing to do with it."""
        return not (self.replicas or self.drafted or self.adding or self.unwatched)


@dataclass(frozen=True)
class Row:
    service: ServiceRow
    cells: tuple[Cell, ...]

    @property
    def ill(self) -> list[ReplicaRow]:
        """What is not up, for where there is no room for columns."""
        return [replica for replica in self.service.replicas if replica.status is not Status.UP]


@dataclass(frozen=True)
class Matrix:
    """What the page shows of the services, and how many there are besides."""

    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    compact: bool
    total: int
    ill: int
    found: int
    first: int
    previous: int | None
    following: int | None

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(column for group in self.groups for column in group.columns)

    @property
    def folds(self) -> bool:
        """There are more regions than columns."""
        return any(group.folds for group in self.groups)

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def matrix(services: Sequence[ServiceRow], wanted: Wanted) -> Matrix:
    """The table for `services`, which come trouble first."""
    groups = _groups({region for row in services for region in _regions(row)}, wanted.unfolded)
    columns = [column for group in groups for column in group.columns]
    ill = [row for row in services if _is_ill(row)]
    found = [row for row in (ill if wanted.only_ill else services) if _matches(row, wanted.query)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(wanted.page, 1), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return Matrix(
        groups=groups,
        rows=tuple(Row(row, tuple(_cell(row, column) for column in columns)) for row in shown),
        compact=len(services) >= COMPACT_FROM,
        total=len(services),
        ill=len(ill),
        found=len(found),
        first=(page - 1) * PAGE + 1 if shown else 0,
        previous=page - 1 if page > 1 else None,
        following=page + 1 if page < pages else None,
    )


def _is_ill(row: ServiceRow) -> bool:
    return any(replica.status is not Status.UP for replica in row.replicas)


def _matches(row: ServiceRow, query: str) -> bool:
    words = query.lower().split()
    text = " ".join((row.name, row.hostname, row.account, *_regions(row))).lower()
    return all(word in text for word in words)


def _regions(row: ServiceRow) -> set[str]:
    return {replica.region for replica in row.replicas} | {*row.drafted, *row.unwatched} | row.adding


def _groups(regions: Collection[str], unfolded: str) -> tuple[Group, ...]:
    order = catalogue.regions()
    ranked = sorted(regions, key=lambda code: (code not in order, [*order].index(code) if code in order else 0, code))
    by_group: dict[str, list[str]] = {name: [] for name in (*catalogue.GROUPS, ELSEWHERE)}
    for code in ranked:
        by_group[order[code].group if code in order else ELSEWHERE].append(code)
    folding = len(regions) > MOST_COLUMNS
    return tuple(
        Group(name, _columns(name, codes, folded=folding and name != unfolded), folding)
        for name, codes in by_group.items()
        if codes
    )


def _columns(group: str, codes: Sequence[str], *, folded: bool) -> tuple[Column, ...]:
    if folded:
        return (Column(group, tuple(codes), True),)
    return tuple(Column(group, (code,), False) for code in codes)


def _cell(row: ServiceRow, column: Column) -> Cell:
    return Cell(
        column,
        tuple(replica for code in column.regions for replica in row.replicas if replica.region == code),
        tuple(code for code in column.regions if code in row.drafted and code not in row.adding),
        tuple(code for code in column.regions if code in row.adding),
        tuple(code for code in column.regions if code in row.unwatched),
    )
