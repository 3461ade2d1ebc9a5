"""Statements that the officer of 康宁 could slip in below the application, and that neither store runs: a record keeps
its number, by which the ledger names it, and nobody leaves a table behind for whoever is given the connection next."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.scope import OutsideScope, ScopedSession, unscoped
from admin_app.changes.ledger import recording
from models.base import table_of
from models.guardian import Guardian
from models.student import Student

Do = Callable[[Any], None]
Look = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def do(engine: Engine, district: SimpleNamespace, 康宁干部: Actor) -> Do:
    """Runs a statement as the officer, inside an act, and commits it."""

    def run(statement: Any) -> None:
        with ScopedSession(engine, 康宁干部.scope, writing=True) as session, recording(session, 康宁干部, "试"):
            session.execute(text(statement) if isinstance(statement, str) else statement)

    return run


@pytest.fixture
def numbers(what_lies_there: Look) -> Callable[[], list[tuple[Any, ...]]]:
    return lambda: what_lies_there("SELECT id FROM guardian ORDER BY id")


ANOTHER_NUMBER: dict[str, Any] = {
    "raw SQL": "UPDATE guardian SET id = id + 900000",
    "raw SQL with another column": "UPDATE guardian SET name = '李大山', id = id + 900000",
    "Core": update(table_of(Guardian)).values(id=table_of(Guardian).c.id + 900_000),
    "the ORM": update(Guardian).values(id=Guardian.id + 900_000),
}


@pytest.mark.parametrize("statement", ANOTHER_NUMBER.values(), ids=ANOTHER_NUMBER)
def test_nobody_gives_a_record_another_number(do: Do, numbers: Any, statement: Any) -> None:
    before = numbers()
    with pytest.raises((DBAPIError, OutsideScope)):
        do(statement)
    assert numbers() == before


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["rowid", "oid", "_rowid_", '"ROWID"'])
def test_nor_by_the_name_that_sqlite_has_for_it(do: Do, numbers: Any, name: str) -> None:
    before = numbers()
    with pytest.raises((DBAPIError, OutsideScope)):
        do(f"UPDATE guardian SET {name} = 900001 WHERE name = '李建国'")
    assert numbers() == before


@pytest.mark.parametrize("statement", [
    "UPDATE guardian SET name = '李大山'", update(table_of(Guardian)).values(name="李大山"),
    update(Guardian).values(name="李大山")], ids=["raw SQL", "Core", "the ORM"])
def test_another_column_can_be_changed_that_way_and_is_in_the_ledger(
    do: Do, numbers: Any, what_lies_there: Look, district: SimpleNamespace, statement: Any
) -> None:
    """The control."""
    before = numbers()
    do(statement)
    assert numbers() == before
    assert what_lies_there("SELECT id FROM guardian WHERE name = '李大山'") == [(district.李明.guardian_id,)]
    assert what_lies_there("SELECT pk FROM change_row WHERE table_name = 'guardian' ORDER BY id DESC LIMIT 1") == [
        (district.李明.guardian_id,)]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("statement", [
    "SELECT * INTO TEMP student FROM guardian", "SELECT * INTO TEMPORARY TABLE student FROM guardian",
    "select * into\n local temp student from guardian", "WITH g AS (SELECT 1) SELECT * INTO TEMP student FROM g"])
def test_nobody_leaves_a_table_of_ones_own_before_the_real_one(do: Do, statement: str) -> None:
    with pytest.raises(OutsideScope):
        do(statement)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_word_that_only_looks_like_it_is_no_reason(do: Do, what_lies_there: Look) -> None:
    """The control."""
    do("INSERT INTO guardian (region_code, student_id, name) "
       "SELECT region_code, student_id, '李奶奶' FROM guardian WHERE name = '李建国'")
    assert what_lies_there("SELECT count(*) FROM guardian WHERE name = '李奶奶'") == [(1,)]


def test_whoever_was_recognised_is_never_narrowed_to_the_machinery(engine: Engine, 康宁干部: Actor) -> None:
    with unscoped(engine, "who asks is not known yet") as wide:
        with pytest.raises(OutsideScope):
            wide.narrow(replace(康宁干部.scope, system=True))
        wide.narrow(康宁干部.scope)
        assert wide.scope == 康宁干部.scope, "the control"


def test_a_table_under_another_name_is_behind_the_upper_wall_too(
        engine: Engine, district: SimpleNamespace, 康宁干部: Actor) -> None:
    """The wall underneath would hide what the upper one let through: so the statement itself is read."""
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: said.append(statement))
    with ScopedSession(engine, 康宁干部.scope) as session:
        for child in (Student, aliased(Student)):
            assert session.scalars(select(child.name)).all() == ["李明"]
            assert "region_code =" in said[-1].partition("WHERE")[2], said[-1]
