"""Registers of any size to measure pages on: children in the 27 villages of one township.

The children are written by the tables' owner, past the ledger, because a million of them would take an
hour through the door; their search terms are made by the product's own statements.
"""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import insert, text

from admin_app import search_terms
from admin_app.changes import triggers
from admin_app.services.names import index_name
from admin_app.store import owner_engine
from benchmarks.roster_file import rows, villages
from models.base import table_of
from models.kinds import Sealed, cipher, identity_indexes
from models.student import Student

STATES = ("enrolled",) * 92 + ("suspected", "elsewhere", "elsewhere", "home_taught", "on_leave", "deferred", "unknown",
                               "unknown")
_PIECE = 20_000
OPEN_POLICIES = ("SELECT set_config('app.child_lo', '', false), set_config('app.child_hi', '\\:', false), "
                 "set_config('app.office_lo', '', false), set_config('app.office_hi', '\\:', false), "
                 "set_config('app.change_id', '', false), set_config('app.change_region', '', false)")


def children(count: int, school: int) -> Iterator[dict[str, Any]]:
    codes = {name: code for code, name in villages()}
    seal = cipher().seal
    for number, row in enumerate(rows(count)):
        pinyin, initials = index_name(row[5])
        born = row[9] if hasattr(row[9], "year") else None
        yield {"region_code": codes[row[1]], "name": row[5], "name_pinyin": pinyin, "name_initials": initials,
               "sex": "1" if row[6] == "男" else "2", "ethnic_group": "01", "identity_kind": "1",
               "identity_number": seal(row[8], "student.identity_number"), **identity_indexes(row[8]),
               "birth_date": born or _born(row[8]), "schooling_state": STATES[number * 7 % 100], "school_id": school,
               "grade": "13", "class_name": row[14]}


def _born(number: str) -> Any:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def fill(url: str, count: int, school: int) -> None:
    """Put `count` children into a migrated store, with their search terms, and statistics in PostgreSQL."""
    engine = owner_engine(url)
    sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        if sqlite:
            for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        else:
            # VACUUM marks no page whose commit is not flushed yet.
            connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            connection.execute(text(OPEN_POLICIES))
            connection.exec_driver_sql("ALTER TABLE student DISABLE TRIGGER USER")
            connection.exec_driver_sql("ALTER TABLE student NO FORCE ROW LEVEL SECURITY")  # COPY wants it
        making = children(count, school)
        while piece := list(islice(making, _PIECE)):
            _write(connection, piece, sqlite=sqlite)
        if not sqlite:
            connection.exec_driver_sql("ALTER TABLE student FORCE ROW LEVEL SECURITY")
            connection.exec_driver_sql("ALTER TABLE student ENABLE TRIGGER USER")
        triggers.install(connection)
        search_terms.install(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not sqlite:
            connection.execute(text("VACUUM ANALYZE"))  # as autovacuum does soon after
    engine.dispose()


def _write(connection: Any, piece: list[dict[str, Any]], *, sqlite: bool) -> None:
    table = table_of(Student)
    if sqlite:
        connection.execute(insert(table), [{**c, "identity_number": _kept(c["identity_number"])} for c in piece])
        return
    raw = connection.connection.driver_connection
    columns = list(piece[0])
    with raw.cursor().copy(f"COPY student ({', '.join(columns)}) FROM STDIN") as copy:
        for child in piece:
            copy.write_row([child[c] for c in columns])


def _kept(stored: str) -> Any:


    return Sealed(stored, "student.identity_number")


