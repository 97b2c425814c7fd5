"""Services × regions: columns, density, filter and pages."""

from controlplane.dashboard.matrix import Wanted, matrix
from regions import catalogue
from regions.verdict import Status
from tests.controlplane.dashboard.rows import replica, service

CODES = list(catalogue.regions())


def test_regions_stand_in_the_catalogues_order_under_their_continents() -> None:
    table = matrix([service("kv", replica("eu-west-1"), replica("us-east-1"), replica("eu-central-1"))], Wanted())
    assert [(group.name, [column.label for column in group.columns]) for group in table.groups] == [
        ("Americas", ["us-east-1"]),
        ("Europe", ["eu-west-1", "eu-central-1"]),
    ]


def test_above_eight_regions_a_continent_is_a_column_until_it_is_unfolded() -> None:
    row = service("kv", *(replica(code) for code in CODES[:9]))
    folded = matrix([row], Wanted())
    opened = matrix([row], Wanted(unfolded="Americas"))
    assert [column.folded for column in folded.columns] == [True] * len(folded.groups)
    assert opened.columns[0].label == CODES[0]
    assert opened.columns[-1].folded


def test_a_region_that_the_catalogue_does_not_know_is_shown_too() -> None:
    assert matrix([service("kv", replica("xx-moon-1"))], Wanted()).groups[0].name == "Elsewhere"


def test_rows_are_compact_from_thirteen_services_on() -> None:
    rows = [service(f"s{number}", replica("us-east-1")) for number in range(13)]
    assert (matrix(rows[:12], Wanted()).compact, matrix(rows, Wanted()).compact) == (False, True)


def test_fifty_a_page_and_a_page_beyond_the_last_is_the_last() -> None:
    rows = [service(f"s{number:03}", replica("us-east-1")) for number in range(120)]
    last = matrix(rows, Wanted(page=9))
    assert (last.first, last.last, last.found, last.previous, last.following) == (101, 120, 120, 2, None)


def test_the_filter_takes_words_of_name_and_region_and_only_the_ill() -> None:
    rows = [
        service("billing", replica("us-east-1", Status.DOWN)),
        service("checkout", replica("us-east-1"), replica("eu-west-1")),
    ]
    assert [row.service.name for row in matrix(rows, Wanted(query="EU check")).rows] == ["checkout"]
    assert [row.service.name for row in matrix(rows, Wanted(only_ill=True)).rows] == ["billing"]
    assert matrix(rows, Wanted(query="nothing")).rows == ()


def test_a_region_only_drafted_is_a_cell_and_one_without_is_empty() -> None:
    rows = [service("a", replica("us-east-1"), drafted=("eu-west-1",)), service("b", replica("us-east-1"))]
    cells = [row.cells[1] for row in matrix(rows, Wanted()).rows]
    assert [(cell.drafted, cell.empty) for cell in cells] == [(("eu-west-1",), False), ((), True)]
