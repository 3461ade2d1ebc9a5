"""No page asks the database more often because it shows more rows.

The district has one row of each ledger in three villages, each with parents of its own: a page that
walks from row to row would ask three times as often for the whole county as for one village.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.desk import PASSWORD, Desk

LISTS = ["student", "household", "guardian", "special_group_flag", "responsibility_letter"]
BUDGET = 12  # statements of one list, with the wall, the frame and the menu


@contextmanager
def statements(application) -> Iterator[list[str]]:
    asked: list[str] = []
    engine = application.extensions["baoxue"].engine

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def asked_for(application, desk: Desk, address: str) -> tuple[int, list[str]]:
    """How many rows the page shows, and what it asked."""
    desk.open(address)  # what is read once in a session is read now
    with statements(application) as asked:
        page = desk.open(address)
    return sum(len(rows) - 1 for rows in page.tables), asked


@pytest.mark.parametrize("ledger", LISTS)
def test_a_list_of_three_villages_asks_no_more_than_a_list_of_one(district_application, ledger):
    desk = Desk(district_application).sign_in("县主任", PASSWORD)

    one, for_one = asked_for(district_application, desk, f"/admin/{ledger}/?region=990101400001")
    three, for_three = asked_for(district_application, desk, f"/admin/{ledger}/")

    assert (one, three) == (1, 3)
    assert len(for_three) <= len(for_one) <= BUDGET


def test_the_ledger_of_changes_asks_no_more_for_many_than_for_few(district_application):
    desk = Desk(district_application).sign_in("县主任", PASSWORD)
    for household in ("1", "2", "3"):
        desk.open(f"/admin/household/edit/?id={household}")
        desk.press("保存", note=f"第 {household} 户已走访")

    few, for_few = asked_for(district_application, desk, "/changes/?table=household&pk=1&who=县主任")
    many, for_many = asked_for(district_application, desk, "/changes/?table=household&who=县主任")

    assert (few, many) == (1, 3)
    assert len(for_many) <= len(for_few)
