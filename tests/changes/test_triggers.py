"""The ledger's triggers: they are those that the models say, nothing writes round them, and what
they write is what changed."""

import json
import re
import sqlite3
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Date, DateTime, Engine, Numeric, String, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession, unscoped
from admin_app import search_terms
from admin_app.changes import triggers
from admin_app.changes.ledger import recording
from models.base import Base, models, table_of
from models.change import Change, ChangeRow
from models.code_item import CodeItem
from models.guardian import Guardian
from models.household import Household
from models.student import Student
from seed import makers

on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
each_recorded_table = pytest.mark.parametrize(
    "model", triggers.recorded_models(), ids=lambda model: model.__tablename__
)
LEDGER = ("change", "change_row", "change_seal")


# --- the triggers in the database are those of the models ------------------------------------------


@on_sqlite
def test_sqlite_holds_the_triggers_that_the_models_say_and_no_others(what_lies_there):
    wanted = triggers.sqlite_freezes()
    for model in triggers.recorded_models():
        wanted |= triggers.sqlite_triggers(model)

    for model in search_terms.searched_models():
        wanted |= search_terms.sqlite_triggers(model)

    assert dict(what_lies_there("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")) == wanted


@on_postgresql
def test_postgresql_holds_the_functions_that_the_models_say_and_no_others(what_lies_there):
    wanted = {}
    for model in triggers.recorded_models():
        for name, statement in triggers.postgresql_functions(model).items():
            wanted[name] = re.fullmatch(r".*\$record\$(.*)\$record\$", statement, re.S)[1]
    for model in search_terms.searched_models():
        for name, statement in search_terms.postgresql_functions(model).items():
            wanted[name] = re.fullmatch(r".*\$search\$(.*)\$search\$", statement, re.S)[1]

    standing = dict(what_lies_there(
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ))
    frozen = standing.pop("freeze_ledger")
    assert standing == wanted
    assert triggers.FROZEN in frozen


@on_postgresql
def test_postgresql_holds_the_triggers_that_the_models_say_and_no_others(what_lies_there):
    wanted = {}
    for model in triggers.recorded_models():
        for name, statement in triggers.postgresql_triggers(model).items():
            wanted[model.__tablename__, name] = _plain(statement)
    for model in search_terms.searched_models():
        for name, statement in search_terms.postgresql_triggers(model).items():
            wanted[model.__tablename__, name] = _plain(statement)

    standing = {
        (table, name): (_plain(statement), enabled)
        for table, name, statement, enabled in what_lies_there(
            "SELECT relname, tgname, pg_get_triggerdef(t.oid), tgenabled FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal"
        )
    }
    freezes = {key: standing.pop(key) for key in [(table, "freeze_ledger") for table in LEDGER]}
    assert standing == {key: (statement, "O") for key, statement in wanted.items()}
    for statement, enabled in freezes.values():
        assert "BEFORE DELETE OR UPDATE OR TRUNCATE" in statement
        assert enabled == "O"


def _plain(statement: str) -> str:
    return statement.replace('"', "").replace("public.", "")


def test_every_table_is_recorded_or_is_on_the_list_of_those_that_are_not():
    """Neither the ledger itself nor the machinery of signing in and importing is recorded."""
    unrecorded = {model.__tablename__ for model in models() if not model.__recorded__}

    assert unrecorded >= set(LEDGER)
    for model in models():
        if model.__tablename__ in unrecorded:
            assert model.__wall__.value != "reference"
    assert unrecorded.isdisjoint({"student", "household", "guardian", "special_group_flag", "attachment",
                                  "responsibility_letter", "account", "grant", "region", "setting"})


def test_no_recorded_column_is_a_secret():
    columns = {column.name for model in triggers.recorded_models()
               for column in triggers.recorded_columns(model)}

    assert not {name for name in columns if "password_hash" in name or "secret" in name or "token" in name}


# --- nothing writes round them ----------------------------------------------------------------------


def _filled(model: type[Base]) -> dict[str, Any]:
    """A value for each column that wants one."""
    return {
        column.name: _value(column)
        for column in table_of(model).columns
        if not column.nullable and not column.primary_key
    }


def _value(column: Column[Any]) -> Any:
    kind = column.type
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, String):
        return "990101400001" if column.name.endswith("code") else "甲"
    if isinstance(kind, DateTime):
        return "2026-01-01 00:00:00"
    if isinstance(kind, Date):
        return "2026-01-01"
    if isinstance(kind, Boolean | Numeric):
        return 1
    return "{}" if "JSON" in str(kind).upper() else 1


class OpenChange:
    """A bare driver's connection to a SQLite file, with the two functions that the triggers ask."""

    def __init__(self, url: str) -> None:
        self.id: int | None = None
        self.connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
        self.connection.create_function("change_id", 0, lambda: self.id)
        self.connection.create_function("change_region", 0, lambda: "990101400001")


@on_sqlite
@each_recorded_table
def test_sqlite_refuses_a_write_while_no_change_is_open(store_url, model):
    change = OpenChange(store_url)  # foreign keys are off on a bare connection: one row is enough
    table, values = model.__tablename__, _filled(model)
    names = ", ".join(f'"{name}"' for name in values)
    insert = f'INSERT INTO "{table}" (id, {names}) VALUES (1{", ?" * len(values)})'
    changed = next(c.name for c in triggers.recorded_columns(model) if isinstance(c.type, String))
    update, delete = f'UPDATE "{table}" SET "{changed}" = \'乙\'', f'DELETE FROM "{table}"'
    try:
        with pytest.raises(sqlite3.IntegrityError, match=triggers.NO_CHANGE):
            change.connection.execute(insert, tuple(values.values()))
        change.id = 1
        change.connection.execute(insert, tuple(values.values()))
        change.id = None
        for statement in (update, delete):
            with pytest.raises(sqlite3.IntegrityError, match=triggers.NO_CHANGE):
                change.connection.execute(statement)
        change.id = 1
        for statement in (update, delete):
            assert change.connection.execute(statement).rowcount == 1

        acts = change.connection.execute(
            "SELECT table_name, pk, operation FROM change_row ORDER BY id"
        ).fetchall()
        assert acts == [(table, 1, "insert"), (table, 1, "update"), (table, 1, "delete")]
    finally:
        change.connection.close()


@on_sqlite
def test_sqlite_refuses_a_tool_that_knows_nothing_of_changes(store_url):
    connection = sqlite3.connect(make_url(store_url).database)
    try:
        with pytest.raises(sqlite3.OperationalError, match="change_id"):
            connection.execute("INSERT INTO region (code, name, level) VALUES ('990102000000', '甲', '县')")
    finally:
        connection.close()


@on_postgresql
@each_recorded_table
@pytest.mark.parametrize("statement", [
    'INSERT INTO "{}" SELECT * FROM "{}" WHERE false', 'UPDATE "{}" SET "{column}" = "{column}" WHERE false',
    'DELETE FROM "{}" WHERE false',
], ids=["insert", "update", "delete"])
def test_postgresql_refuses_a_write_while_no_change_is_open(engine, owner, model, statement):
    """The triggers are the statement's, so even a write of no row at all meets them."""
    column = triggers.recorded_columns(model)[0].name
    statement = statement.replace("{}", model.__tablename__).replace("{column}", column)

    with pytest.raises(DBAPIError, match=triggers.NO_CHANGE):
        with unscoped(engine, "a write without a change", writing=True) as session:
            session.execute(text(statement))
    with owner.connect() as connection, pytest.raises(DBAPIError, match=triggers.NO_CHANGE):
        connection.execute(text(statement))


def test_objects_are_not_written_while_no_change_is_open(engine, district, what_lies_there):
    before = what_lies_there("SELECT * FROM student ORDER BY id")

    with pytest.raises(DBAPIError, match=triggers.NO_CHANGE):
        with unscoped(engine, "a write without a change", writing=True) as session:
            session.get_one(Student, district.李明.id).note = "甲"
            session.flush()

    assert what_lies_there("SELECT * FROM student ORDER BY id") == before


def test_no_change_is_open_after_the_recording(engine, district, 康宁干部):
    with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
        with recording(session, 康宁干部, "试"):
            session.get_one(Student, district.李明.id).note = "甲"

        session.get_one(Student, district.李明.id).note = "乙"
        with pytest.raises(DBAPIError, match=triggers.NO_CHANGE):
            session.flush()
        session.rollback()


@pytest.mark.parametrize("table", LEDGER[:2])
@pytest.mark.parametrize("statement", ["UPDATE {} SET region_code = '0'", "DELETE FROM {}"],
                         ids=["update", "delete"])
def test_the_ledger_is_neither_updated_nor_deleted(
    engine, owner, district, 城区管理员, what_lies_there, table, statement
):
    statement = statement.replace("{}", table)
    before = what_lies_there(f"SELECT * FROM {table} ORDER BY id")
    assert before

    with pytest.raises(DBAPIError):
        with unscoped(engine, "rewriting history", writing=True) as session:
            with recording(session, 城区管理员, "改写"):
                session.execute(text(statement))
    with owner.connect() as connection, pytest.raises(DBAPIError, match=triggers.FROZEN):
        connection.execute(text(statement))

    assert what_lies_there(f"SELECT * FROM {table} ORDER BY id") == before


@pytest.mark.parametrize("model", [Change, ChangeRow], ids=lambda model: model.__tablename__)
def test_an_object_of_the_ledger_is_neither_updated_nor_deleted(engine, district, 城区管理员, model):
    def rewrite(session: ScopedSession) -> None:
        session.scalars(select(model)).first().region_code = district.牧童

    def erase(session: ScopedSession) -> None:
        session.delete(session.scalars(select(model).order_by(model.id.desc())).first())

    for act in (rewrite, erase):
        with pytest.raises(DBAPIError):
            with unscoped(engine, "rewriting history", writing=True) as session:
                with recording(session, 城区管理员, "改写"):
                    act(session)
                    session.flush()


@on_postgresql
@pytest.mark.parametrize("table", LEDGER)
def test_postgresql_the_ledger_is_not_truncated(owner, table):
    with owner.connect() as connection, pytest.raises(DBAPIError, match=triggers.FROZEN):
        connection.execute(text(f"TRUNCATE {table} CASCADE"))


# --- what they write --------------------------------------------------------------------------------


@pytest.fixture
def recorded(engine: Engine, district: SimpleNamespace, 城区管理员: Actor,
             what_lies_there: Callable[[str], Any]) -> Callable[..., list[tuple[Any, ...]]]:
    """Does something as one change and gives what the ledger says of it: table, number, place,
    operation, columns, before, after."""

    def run(act: Callable[[ScopedSession], Any]) -> list[tuple[Any, ...]]:
        with unscoped(engine, "tests of the ledger", writing=True) as session:
            with recording(session, 城区管理员, "试", reason="测试") as change:
                act(session)
                change_id = change.id
        return [
            (*row[:4], row[4].split(","), *(side and json.loads(side) for side in row[5:]))
            for row in what_lies_there(
                'SELECT table_name, pk, region_code, operation, columns, "before", "after" '
                f"FROM change_row WHERE change_id = {change_id} ORDER BY id"
            )
        ]

    return run


def raw_insert(district: SimpleNamespace) -> Callable[[ScopedSession], Any]:
    return lambda s: s.execute(text(
        "INSERT INTO guardian (region_code, student_id, name, relation) "
        f"VALUES ('{district.康宁}', {district.李明.id}, '李奶奶', '祖母')"
    ))


def object_insert(district: SimpleNamespace) -> Callable[[ScopedSession], Any]:
    return lambda s: s.add(Guardian(
        region_code=district.康宁, student_id=district.李明.id, name="李奶奶", relation="祖母"
    ))


@pytest.mark.parametrize("way", [object_insert, raw_insert])
def test_an_insert_is_recorded_with_the_columns_that_were_filled(recorded, district, way, what_lies_there):
    rows = recorded(way(district))

    pk = what_lies_there("SELECT id FROM guardian WHERE name = '李奶奶'")[0][0]
    assert rows == [(
        "guardian", pk, district.康宁, "insert", ["region_code", "student_id", "name", "relation"], None,
        {"region_code": district.康宁, "student_id": district.李明.id, "name": "李奶奶", "relation": "祖母"},
    )]


def raw_update(pk: int) -> Callable[[ScopedSession], Any]:
    return lambda s: s.execute(text(
        "UPDATE student SET note = '换\"了', class_name = '一班', grade = grade, leave_until = '2026-09-01' "
        f"WHERE id = {pk}"
    ))


def object_update(pk: int) -> Callable[[ScopedSession], Any]:
    def act(session: ScopedSession) -> None:
        child = session.get_one(Student, pk)
        child.note, child.class_name, child.leave_until = "换\"了", "一班", date(2026, 9, 1)
        child.grade = str(child.grade)

    return act


@pytest.mark.parametrize("way", [object_update, raw_update])
def test_an_update_is_recorded_with_the_changed_columns_only(recorded, district, way):
    rows = recorded(way(district.李明.id))

    assert [row[:4] for row in rows] == [("student", district.李明.id, district.康宁, "update")]
    _, _, _, _, columns, before, after = rows[0]
    assert sorted(columns) == ["class_name", "leave_until", "note"]
    assert before == {"class_name": None, "leave_until": None, "note": "李明的备注"}
    assert after == {"class_name": "一班", "leave_until": "2026-09-01", "note": "换\"了"}


def test_an_update_of_many_rows_is_recorded_row_by_row(recorded, district):
    rows = recorded(lambda s: s.execute(text("UPDATE student SET class_name = substr(name, 1, 1)")))

    assert sorted(rows) == sorted(
        ("student", child.id, child.region_code, "update", ["class_name"], {"class_name": None},
         {"class_name": child.name[0]})
        for child in (district.李明, district.王芳, district.赵强)
    )


def test_an_update_that_changes_nothing_leaves_nothing(recorded, engine):
    changes = "SELECT count(*) FROM change"
    with unscoped(engine, "counting changes") as session:
        before = session.scalar(text(changes))

    assert recorded(lambda s: s.execute(text("UPDATE student SET note = note"))) == []
    with unscoped(engine, "counting changes") as session:
        assert session.scalar(text(changes)) == before


@pytest.mark.parametrize("raw", [False, True], ids=["object", "raw"])
def test_a_delete_is_recorded_with_all_that_was_there(recorded, district, raw):
    pk = district.李明.flag_id
    rows = recorded(
        (lambda s: s.execute(text(f"DELETE FROM special_group_flag WHERE id = {pk}"))) if raw else
        (lambda s: s.delete(s.get_one(_model("special_group_flag"), pk)))
    )

    columns = ["region_code", "student_id", "kind", "state"]
    assert rows == [(
        "special_group_flag", pk, district.康宁, "delete", columns,
        {"region_code": district.康宁, "student_id": district.李明.id, "kind": "left_behind",
         "state": "reported"}, None,
    )]


def _model(table: str) -> type[Any]:
    return next(model for model in models() if model.__tablename__ == table)


@pytest.mark.parametrize("raw", [False, True], ids=["object", "raw"])
def test_handing_a_family_over_is_recorded_for_all_that_goes_with_it(recorded, district, raw, what_lies_there):
    child = district.李明

    def move(session: ScopedSession) -> None:
        if raw:
            session.execute(text(
                f"UPDATE household SET region_code = '{district.晕山}' WHERE id = {child.household_id}"
            ))
        else:
            session.get_one(Household, child.household_id).region_code = district.晕山

    rows = recorded(move)

    went_along = {("household", child.household_id), ("student", child.id), ("guardian", child.guardian_id),
                  ("special_group_flag", child.flag_id), ("responsibility_letter", child.letter_id),
                  ("attachment", child.attachment_id)}
    assert {row[:2] for row in rows} == went_along
    assert len(rows) == len(went_along)
    for row in rows:
        assert row[2:] == (district.晕山, "update", ["region_code"], {"region_code": district.康宁},
                           {"region_code": district.晕山})
    for table, pk in went_along:
        assert what_lies_there(f"SELECT region_code FROM {table} WHERE id = {pk}") == [(district.晕山,)]


def test_a_table_without_a_place_is_recorded_where_its_writer_stands(recorded, 城区管理员):
    rows = recorded(lambda s: s.add(CodeItem(code_table="sex", code="9", label="未说明", position=9)))

    assert [(row[0], row[2], row[3]) for row in rows] == [("code_item", 城区管理员.region_code, "insert")]


def test_a_sealed_value_is_sealed_in_the_ledger_as_well(recorded, district, what_lies_there):
    number = "990101201603090019"
    rows = recorded(
        lambda s: makers.student(s, district.康宁, "刘洋", identity_number=number)
    )

    stored = what_lies_there("SELECT identity_number FROM student WHERE name = '刘洋'")[0][0]
    assert rows[0][6]["identity_number"] == stored
    assert number not in str(rows)


def test_a_password_never_reaches_the_ledger(recorded, district):
    rows = recorded(
        lambda s: makers.account(s, district.康宁, "kangning", password_hash="argon2-秘密")
    )

    assert rows[0][0] == "account"
    assert "秘密" not in str(rows)


def test_a_change_says_who_when_how_and_why(recorded, engine, district, 城区管理员):
    recorded(raw_insert(district))

    with unscoped(engine, "reading a change") as session:
        change = session.scalars(select(Change).order_by(Change.id.desc())).first()
        assert (change.actor, change.role, change.origin, change.verb, change.reason) == (
            "城区管理员", "administrator", "page", "试", "测试"
        )
        assert change.region_code == 城区管理员.region_code
        assert change.at.tzinfo is not None
        assert len(change.rows) == 1
