"""Migrations go up, come to what the models say, and go down and up again, on both stores."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, select, text

from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.services import names  # noqa: F401  (keeps the readings of names)
from admin_app.store import downgrade, is_empty, migrations, upgrade
from models.base import Base
from models.student import Student
from seed import makers


def differences(connection: Connection) -> list[Any]:
    """What autogenerate would write. Nothing is filtered out: types, defaults, constraints, indexes
    and, where the store has them, comments all count."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, Base.metadata))


def schema(engine: Engine) -> dict[str, Any]:
    """Tables with columns, keys and indexes, as the store tells them."""
    inspector = inspect(engine)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in
             inspector.get_columns(table)],
            sorted(str(key) for key in inspector.get_foreign_keys(table)),
            sorted(str(index) for index in inspector.get_indexes(table)),
            sorted(str(unique) for unique in inspector.get_unique_constraints(table)),
        )
        for table in inspector.get_table_names()
    }


def test_migrations_come_to_exactly_what_the_models_say(owner):
    with owner.connect() as connection:
        assert differences(connection) == []


def test_the_comparison_sees_a_difference_where_there_is_one(owner):
    """The control of the test above."""
    with owner.connect() as connection:
        connection.execute(text("DROP INDEX ix_student_household_id"))
        connection.execute(text("ALTER TABLE setting ADD COLUMN forgotten VARCHAR"))

        assert sorted(difference[0] for difference in differences(connection)) == [
            "add_index", "remove_column"
        ]


def test_there_is_one_head_and_the_store_stands_at_it(owner):
    with owner.connect() as connection:
        scripts = ScriptDirectory.from_config(migrations(connection))

        assert len(scripts.get_heads()) == 1
        assert MigrationContext.configure(connection).get_current_heads() == tuple(scripts.get_heads())


def test_down_to_nothing_and_up_again_gives_the_same_schema(store_url, owner):
    before = schema(owner)
    assert {"student", "household", "change_row"} <= set(before)
    assert not is_empty(store_url)

    downgrade(store_url, "base")
    assert set(schema(owner)) <= {"alembic_version"}

    upgrade(store_url)
    assert schema(owner) == before
    with owner.connect() as connection:
        assert differences(connection) == []


def test_a_store_with_records_goes_down_and_up_again_and_works(store_url, engine, district, 康宁干部):
    engine.dispose()

    downgrade(store_url, "base")
    upgrade(store_url)

    with unscoped(engine, "a village for the officer", writing=True) as session:
        with recording(session, 康宁干部, "建立"):
            makers.region(session, district.康宁, "康宁社区")
    with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
        with recording(session, 康宁干部, "登记"):
            makers.student(session, district.康宁, "李明")
        assert session.scalars(select(Student.name)).all() == ["李明"]


def test_each_step_goes_up_and_down_by_itself(store_url, owner):
    with owner.connect() as connection:
        scripts = ScriptDirectory.from_config(migrations(connection))
        steps = [script.revision for script in scripts.walk_revisions()]

    for step in steps:
        below = scripts.get_revision(step).down_revision
        downgrade(store_url, str(below or "base"))
        upgrade(store_url, step)
        downgrade(store_url, str(below or "base"))
    upgrade(store_url)

    with owner.connect() as connection:
        assert differences(connection) == []


def test_upgrading_twice_changes_nothing(store_url, owner):
    before = schema(owner)

    upgrade(store_url)

    assert schema(owner) == before


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_sqlite_keys_are_never_given_twice(what_lies_there):
    tables = dict(what_lies_there("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))

    for name in Base.metadata.tables:
        assert "AUTOINCREMENT" in tables[name], name


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_codes_are_compared_byte_by_byte(what_lies_there):
    collations = what_lies_there(
        "SELECT c.relname, a.attname, o.collname FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' "
        "LEFT JOIN pg_collation o ON o.oid = a.attcollation "
        "WHERE c.relnamespace = 'public'::regnamespace AND a.attname = 'region_code'"
    )

    assert collations
    assert {collation for _, _, collation in collations} == {"C"}


def test_names_that_were_there_before_the_search_terms_are_found(store_url, engine, district, 康宁干部, what_lies_there):
    with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
        with recording(session, 康宁干部, "登记"):
            makers.student(session, district.康宁, "张小明")
    engine.dispose()
    downgrade(store_url, "0002")

    upgrade(store_url)

    terms = {term for term, in what_lies_there(
        "SELECT term FROM search_term WHERE owner_table = 'student' AND owner_id = (SELECT max(id) FROM student)")}
    assert terms == {"张小明", "小明", "明", "zhangxiaoming", "xiaoming", "zxm"}
