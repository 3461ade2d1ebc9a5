"""The wall under the wall, in PostgreSQL: row-level security with the scope's ranges.

The ranges are transaction-local settings (`SET LOCAL`, so also right behind a pooler). Within a
transaction the application works as the role `baoxue_app`, which owns nothing and may not bypass
the policies; they are forced on the owner too. Ranges, because LIKE and join policies are hundreds
of times slower; unset settings raise an error or compare with '', and both show no row.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.sql import quote
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError

from admin_app.errors import OutsideScope
from models.base import Base, Wall, models, table_of

Span = tuple[str, str]
APPLICATION_ROLE = "baoxue_app"
WRITING_LOCK = 0x62616F787565  # "baoxue"
# What a session may say at all: one statement that reads or writes rows, or a savepoint.
_ROWS_ONLY = re.compile(
    r"\s*(?:select|insert|update|delete|with|savepoint|release|rollback\s+to|set\s+constraints)\b[^;]*;?\s*", re.I)
# set_config itself, names written so that it is not seen, the functions that run a text as a statement, and a table of
# one's own, which would stand before the real one of that name for whoever is given the connection next.
_MOVES_THE_WALL = re.compile(
    r"set_config|u&[\"']|_to_xml|\bts_(?:stat|rewrite)\b|\bdblink|\binto\s+(?:local\s+)?temp", re.I)
_APPEND_ONLY = frozenset({"change", "change_row", "change_seal"})


def policy_statements(model: type[Base]) -> list[str]:
    """Row-level security of one table, and what the application's role may do with it."""
    table = model.__tablename__
    rights = "SELECT, INSERT" if table in _APPEND_ONLY else f"SELECT, INSERT, UPDATE ({_but_the_key(model)}), DELETE"
    statements = [f'REVOKE UPDATE ON "{table}" FROM {APPLICATION_ROLE}',
                  f'GRANT {rights} ON "{table}" TO {APPLICATION_ROLE}']
    if model.__wall__ is Wall.REFERENCE:
        return statements
    return [
        *statements,
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS wall ON "{table}"',
        f'CREATE POLICY wall ON "{table}" USING ({_condition(model)}) WITH CHECK ({_condition(model)})',
    ]


def _but_the_key(model: type[Base]) -> str:
    """A record keeps its number: the ledger, which names it by that, would not see it go."""
    return ", ".join(f'"{column.name}"' for column in table_of(model).columns if not column.primary_key)


def _condition(model: type[Base]) -> str:
    if model.__wall__ is Wall.SYSTEM:
        return "current_setting('app.system') = 'on'"
    name, column = model.__wall__.value, model.__region__
    return (
        f"{column} >= current_setting('app.{name}_lo') COLLATE \"C\" "
        f"AND {column} < current_setting('app.{name}_hi') COLLATE \"C\""
    )


def install(connection: Connection) -> None:
    """Create the role and the policies. The connection must belong to the tables' owner.

    Raises ProgrammingError when the owner may not create roles and the role does not exist."""
    exists = connection.scalar(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APPLICATION_ROLE}
    )
    if not exists:
        connection.execute(text(f"CREATE ROLE {APPLICATION_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS"))
    connection.execute(text(
        f"DO $$ BEGIN IF NOT pg_has_role(current_user, '{APPLICATION_ROLE}', 'MEMBER') THEN "
        f"EXECUTE format('GRANT {APPLICATION_ROLE} TO %I', current_user); END IF; END $$"
    ))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {APPLICATION_ROLE}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION_ROLE}"))
    for model in models():
        for statement in policy_statements(model):
            connection.execute(text(statement))


def guard(engine: Engine) -> None:
    """Only this file says who works and how far: a statement from elsewhere that would move the wall
    (set_config, SET, RESET) does not run."""

    @event.listens_for(engine, "before_cursor_execute")
    def keep_the_wall(_conn: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any,
                      _many: bool) -> None:
        if not _leaves_the_wall(statement):
            raise OutsideScope("a statement may not move the wall")


@lru_cache(maxsize=512)
def _leaves_the_wall(statement: str) -> bool:
    return _ROWS_ONLY.fullmatch(statement) is not None and not _MOVES_THE_WALL.search(statement)


def _say(connection: Connection, statements: str) -> None:
    """Past SQLAlchemy, whose statements are guarded; in one round trip, which begins the transaction where none is
    open. A connection whose wall cannot be raised is let go of."""
    server = cast("psycopg.Connection", connection.connection.driver_connection).pgconn
    opening = "BEGIN; " if server.transaction_status == TransactionStatus.IDLE else ""
    try:
        result = server.exec_(f"{opening}{statements}".encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)
    except psycopg.Error as fault:
        connection.invalidate(fault)
        raise OperationalError(statements, None, fault, connection_invalidated=True) from fault


def _settings(values: Mapping[str, str]) -> str:
    """The statements that set these until the end of the transaction."""
    return "; ".join(f"SET LOCAL {name} = {quote(value)}" for name, value in values.items())


@lru_cache(maxsize=1024)
def _ranges(office: Span, child: Span) -> str:
    return _settings({"app.office_lo": office[0], "app.office_hi": office[1],
                      "app.child_lo": child[0], "app.child_hi": child[1]})


@lru_cache(maxsize=16)
def _entering(system: bool, writing: bool, one_state: bool, at_once: bool) -> str:
    """A list is planned for its own place each time. Who asks is looked up over all places by a plan that is kept; so
    are the triggers of a write, which run once for each row. A sheet that is read in many pieces shows one state. What
    is done now or not at all waits for no lock."""
    return _settings({
        **({"transaction_isolation": "repeatable read"} if one_state else {}),
        **({"lock_timeout": "1ms"} if at_once else {}),
        "role": APPLICATION_ROLE, "app.change_id": "", "app.change_region": "", "app.system": "on" if system else "off",
        "plan_cache_mode": "auto" if system or writing else "force_custom_plan",
        "transaction_read_only": "off" if writing else "on"})


_NARROWED = _settings({"app.system": "off", "plan_cache_mode": "force_custom_plan"})


def enter(connection: Connection, office: Span, child: Span, system: bool, writing: bool) -> None:
    """One round trip: the role, the ranges, no change open, and whether rows may be written at all."""
    asked = connection.get_execution_options()
    entering = _entering(system, writing, asked.get("one_state", False), asked.get("at_once", False))
    _say(connection, f"{entering}; {_ranges(office, child)}")


def narrow(connection: Connection, office: Span, child: Span) -> None:
    """From here on, this transaction reaches no further than these."""
    _say(connection, f"{_ranges(office, child)}; {_NARROWED}")


def end_reading(connection: Connection) -> None:
    """Commit a transaction that only read, where all went well."""
    if connection.closed or connection.invalidated or not connection.in_transaction():
        return
    server = cast("psycopg.Connection", connection.connection.driver_connection).pgconn
    if server.transaction_status == TransactionStatus.INTRANS:
        _say(connection, "COMMIT")


def announce_writing(connection: Connection, alone: bool) -> None:
    """Until the end of the transaction, sealing waits: a change that is still being written may get a lower number than
    one already there; and so does whoever writes alone, who lets nobody else begin. Sealing itself writes unannounced
    (`nobody_writes`)."""
    if not connection.get_execution_options().get("unannounced", False):
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        connection.execute(text(f"SELECT {lock}(:key)"), {"key": WRITING_LOCK})


def nobody_writes(connection: Connection) -> bool:
    """Whether nobody is writing; if so, nobody begins to until this transaction ends."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": WRITING_LOCK}))


def open_change(connection: Connection, change_id: int, region_code: str) -> None:
    """From here to the end of the transaction, the ledger's triggers write under this change."""
    _say(connection, _settings({"app.change_id": str(change_id), "app.change_region": region_code}))
