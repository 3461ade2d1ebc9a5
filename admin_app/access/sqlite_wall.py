"""The wall under the wall, in SQLite: what row-level security does in PostgreSQL.

On every connection the name of a walled table is shadowed by a temporary view that shows only the
rows in scope, temporary triggers refuse writes outside it, and an authorizer refuses the ways
around (naming `main.`, dropping the view, attaching a file). Writes name the real table: the leading
table of INSERT, UPDATE and DELETE is rewritten to `main.…` just before it runs.

The scope itself is a value beside the connection, read by SQL functions; unset means no rows.
"""

import re
import sqlite3
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event

from admin_app.errors import OutsideScope
from models.base import Base, Wall, models, table_of

Span = tuple[str, str]
_NO_ROWS: Span = (":", "")
_LEADING_TABLE = re.compile(r'^\s*(INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+("?)(\w+)\2', re.I)
# Quoted, in brackets, behind a comment: however it is written, the word stands in the text.
_NAMES_MAIN = re.compile(r"\bmain\b", re.I)
_ALLOWED = frozenset(
    {
        sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT,
    }
)
_WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_KEYS = frozenset({"id", "ROWID"})  # a record keeps its number: the ledger, which names it by that, would not see it go
# Undo needs the first; the second is how long to wait; the third tells whether somebody wrote.
_PRAGMAS = frozenset({"defer_foreign_keys", "busy_timeout", "data_version"})


class _Held:
    """What one connection holds: its scope, the open change, and whether a rewritten write runs."""

    def __init__(self) -> None:
        self.leave()
        self.writing = False

    def enter(self, office: Span, child: Span, system: bool) -> None:
        self.office, self.child, self.system = office, child, system

    def leave(self) -> None:
        self.office, self.child, self.system = _NO_ROWS, _NO_ROWS, False
        self.change_id: int | None = None
        self.change_region: str | None = None


def _condition(model: type[Base], row: str = "") -> str:
    if model.__wall__ is Wall.SYSTEM:
        return "wall_system()"
    name, column = model.__wall__.value, f"{row}{model.__region__}"
    return f"likely({column} >= wall_{name}_lo()) AND likely({column} < wall_{name}_hi())"


def wall_statements(model: type[Base]) -> list[str]:
    """The temporary view and guard triggers of one walled table. A row outside is passed over by
    UPDATE and DELETE, as if it were not there; putting one there is refused."""
    table = model.__tablename__
    columns = ", ".join(f'"{column.name}"' for column in table_of(model).columns)
    statements = [f'CREATE TEMP VIEW "{table}" AS SELECT {columns} FROM main."{table}" '
                  f"WHERE {_condition(model)}"]
    refuse, pass_over = "RAISE(ABORT, 'outside scope')", "RAISE(IGNORE)"
    # A row can leave only by an update of what places it.
    moving = f"UPDATE OF {model.__region__}" if model.__region__ else "UPDATE"
    for act, row, answer in (("INSERT", "NEW.", refuse), ("UPDATE", "OLD.", pass_over),
                             (moving, "NEW.", refuse), ("DELETE", "OLD.", pass_over)):
        statements.append(
            f'CREATE TEMP TRIGGER "wall_{table}_{act[:6].lower()}_{row[:3].lower()}" BEFORE {act} ON main."{table}" '
            f"WHEN NOT ifnull({_condition(model, row)}, 0) BEGIN SELECT {answer}; END"
        )
    return statements


def install(engine: Engine) -> None:
    """Raise the wall on every connection of this engine. The tables must exist."""
    walled = [model for model in models() if model.__wall__ is not Wall.REFERENCE]
    names = frozenset(model.__tablename__ for model in walled)
    statements = [s for model in walled for s in wall_statements(model)]

    @event.listens_for(engine, "connect")
    def raise_wall(connection: sqlite3.Connection, record: Any) -> None:
        held = record.info["held"] = _Held()
        functions: dict[str, Any] = {
            "wall_office_lo": lambda: held.office[0], "wall_office_hi": lambda: held.office[1],
            "wall_child_lo": lambda: held.child[0], "wall_child_hi": lambda: held.child[1],
            "wall_system": lambda: held.system,
            "change_id": lambda: held.change_id, "change_region": lambda: held.change_region,
        }
        for name, function in functions.items():
            # The scope stands for the whole of a statement: SQLite asks once, not for every row.
            connection.create_function(name, 0, function, deterministic=name.startswith("wall_"))
        for statement in statements:
            connection.execute(statement)
        connection.set_authorizer(_authorizer(held, names))

    @event.listens_for(engine, "reset")
    def lower_wall(_connection: sqlite3.Connection, record: Any, _state: Any) -> None:
        record.info["held"].leave()

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def name_the_table(conn: Connection, _cursor: Any, statement: str, parameters: Any,
                       _context: Any, _many: bool) -> tuple[str, Any]:
        statement, writes = rewritten(statement)
        conn.info["held"].writing = writes
        return statement, parameters

    @lru_cache(maxsize=512)
    def rewritten(statement: str) -> tuple[str, bool]:
        """The statement with the real table where it writes, and whether it does."""
        if _NAMES_MAIN.search(statement):
            raise OutsideScope("a statement may not name main")
        match = _LEADING_TABLE.match(statement)
        if match and match[3] in names:
            statement = f'{match[1]} main."{match[3]}"{statement[match.end():]}'
        return statement, match is not None

    @event.listens_for(engine, "after_cursor_execute")
    def end_of_write(conn: Connection, *_: Any) -> None:
        conn.info["held"].writing = False

    @event.listens_for(engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if context.connection is not None:
            context.connection.info["held"].writing = False


def _authorizer(held: _Held, names: frozenset[str]) -> Any:
    def authorize(action: int, table: str | None, column: str | None, database: str | None,
                  source: str | None) -> int:
        if action == sqlite3.SQLITE_PRAGMA:
            return sqlite3.SQLITE_OK if table in _PRAGMAS else sqlite3.SQLITE_DENY
        if action not in _ALLOWED or (action in _WRITES and (table or "").startswith("sqlite_")):
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_UPDATE and column in _KEYS:
            return sqlite3.SQLITE_DENY
        # Through a view or trigger `source` says which. A write reads its own table, and the tables
        # that its foreign keys guard; it cannot name another one as `main.…`.
        walled = action == sqlite3.SQLITE_READ and database == "main" and table in names
        return sqlite3.SQLITE_DENY if walled and source is None and not held.writing else sqlite3.SQLITE_OK

    return authorize


def enter(connection: Connection, office: Span, child: Span, system: bool, _writing: bool) -> None:
    connection.info["held"].enter(office, child, system)


def narrow(connection: Connection, office: Span, child: Span) -> None:
    connection.info["held"].enter(office, child, False)


def end_reading(connection: Connection) -> None:
    """Nothing to do: what was read is let go of by the rollback at the end."""


def announce_writing(connection: Connection, _alone: bool) -> None:
    """Nothing to say: BEGIN IMMEDIATE lets one writer in at a time."""


def open_change(connection: Connection, change_id: int, region_code: str) -> None:
    """From here to the end of the transaction, the ledger's triggers write under this change."""
    held = connection.info["held"]
    held.change_id, held.change_region = change_id, region_code
