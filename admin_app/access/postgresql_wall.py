"""The wall under the wall, in PostgreSQL: row-level security with the scope's ranges.

The ranges are transaction-local settings (`SET LOCAL`, so also right behind a pooler). Within a
transaction the application works as the role `baoxue_app`, which owns nothing and may not bypass
the policies; they are forced on the owner too. Ranges, because LIKE and join policies are hundreds
of times slower; unset settings raise an error or compare with '', and both show no row.
"""

import re
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from admin_app.errors import OutsideScope
from models.base import Base, Wall, models

Span = tuple[str, str]
APPLICATION_ROLE = "baoxue_app"
WRITING_LOCK = 0x62616F787565  # "baoxue"
# What a session may say at all: one statement that reads or writes rows, or a savepoint.
_ROWS_ONLY = re.compile(
    r"\s*(?:select|insert|update|delete|with|savepoint|release|rollback\s+to|set\s+constraints)\b[^;]*;?\s*", re.I)
# set_config itself, names written so that it is not seen, and the functions that run a text as a statement.
_MOVES_THE_WALL = re.compile(r"set_config|u&[\"']|_to_xml|\bts_(?:stat|rewrite)\b|\bdblink", re.I)
_BUILDING = "building the wall"
_APPEND_ONLY = frozenset({"change", "change_row", "change_seal"})


def policy_statements(model: type[Base]) -> list[str]:
    """Row-level security of one table, and what the application's role may do with it."""
    table = model.__tablename__
    rights = "SELECT, INSERT" if table in _APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
    statements = [f'GRANT {rights} ON "{table}" TO {APPLICATION_ROLE}']
    if model.__wall__ is Wall.REFERENCE:
        return statements
    return [
        *statements,
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS wall ON "{table}"',
        f'CREATE POLICY wall ON "{table}" USING ({_condition(model)}) WITH CHECK ({_condition(model)})',
    ]


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
    def keep_the_wall(conn: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any,
                      _many: bool) -> None:
        harmless = _ROWS_ONLY.fullmatch(statement) and not _MOVES_THE_WALL.search(statement)
        if not harmless and not conn.info.get(_BUILDING):
            raise OutsideScope("a statement may not move the wall")


def _set(connection: Connection, statement: str, values: dict[str, str]) -> None:
    connection.info[_BUILDING] = True
    try:
        connection.execute(text(statement), values)
    finally:
        connection.info[_BUILDING] = False


def enter(connection: Connection, office: Span, child: Span, system: bool) -> None:
    """One round trip: the role, the ranges, and no change open."""
    _set(
        connection,
        "SELECT set_config('role', :role, true), "
        "set_config('app.office_lo', :office_lo, true), set_config('app.office_hi', :office_hi, true), "
        "set_config('app.child_lo', :child_lo, true), set_config('app.child_hi', :child_hi, true), "
        "set_config('app.system', :system, true), set_config('app.change_id', '', true), "
        "set_config('app.change_region', '', true)",
        {
            "role": APPLICATION_ROLE,
            "office_lo": office[0], "office_hi": office[1],
            "child_lo": child[0], "child_hi": child[1],
            "system": "on" if system else "off",
        },
    )


def announce_writing(connection: Connection) -> None:
    """Until the end of the transaction, sealing waits: a change that is still being written may get
    a lower number than one already there."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": WRITING_LOCK})


def nobody_writes(connection: Connection) -> bool:
    """Whether nobody is writing; if so, nobody begins to until this transaction ends."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": WRITING_LOCK}))


def open_change(connection: Connection, change_id: int, region_code: str) -> None:
    """From here to the end of the transaction, the ledger's triggers write under this change."""
    _set(
        connection,
        "SELECT set_config('app.change_id', :id, true), set_config('app.change_region', :region, true)",
        {"id": str(change_id), "region": region_code},
    )
