"""Many rows at once: keys in parts that a statement can name, and rows into one table below the ORM, which
would look at every row once more.

The wall underneath stands: both stores refuse a row outside the scope, and the ledger's triggers
record each one.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import JSON, Connection, Dialect, Table, TextClause, TypeDecorator, text

from admin_app.access.scope import ScopedSession
from models.base import Base, table_of

Key = TypeVar("Key")
_PER_STATEMENT = 5000  # SQLite takes 32,766 parameters, and a plan for more keys than this gains nothing
_NEXT = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")


def in_parts(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """Keys, or rows, in lists as long as one statement takes; none where there are none."""
    rest = iter(keys)
    while part := list(islice(rest, _PER_STATEMENT)):
        yield part


def insert_rows(session: ScopedSession, model: type[Base], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows that all name the same columns; gives their numbers in the same order.

    Raises IntegrityError, and what the database says of a row beyond the wall."""
    connection, table = session.connection(), table_of(model)
    if not rows:
        return []
    rows = [{**_defaults(table, rows[0]), **row} for row in rows]
    if connection.dialect.name == "sqlite":
        # SQLite promises no order for RETURNING. Nobody else writes before this transaction ends: the next
        # numbers are ours to give.
        last = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}) or 0
        keys = list(range(last + 1, last + 1 + len(rows)))
        _insert_column_by_column(connection, table, keys, rows)
        return keys
    keys = list(connection.scalars(_NEXT, {"table": table.name, "count": len(rows)}))
    statement = _insert_from_json(table, tuple(rows[0]), connection.dialect)
    sealing = {name: kind.process_bind_param for name in rows[0]
               if isinstance(kind := table.c[name].type, TypeDecorator)}
    for part in in_parts(zip(keys, rows, strict=True)):
        listed = [{**row, "id": key, **{n: seal(row[n], connection.dialect) for n, seal in sealing.items()}}
                  for key, row in part]
        connection.execute(statement, {"rows": orjson.dumps(listed).decode()})
    return keys


def _insert_column_by_column(connection: Connection, table: Table, keys: list[int],
                             rows: Sequence[dict[str, Any]]) -> None:
    """One statement for all rows, each column bound at once: row by row, binding took as long as the rows."""
    names, columns = list(rows[0]), [keys]
    for name in names:
        bind = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        values = [row[name] for row in rows]
        columns.append(values if bind is None else [bind(value) for value in values])
    listed = ", ".join(f'"{name}"' for name in ("id", *names))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({listed}) VALUES ({", ".join("?" * len(columns))})',
                               list(zip(*columns, strict=True)))


@lru_cache(maxsize=256)
def _insert_from_json(table: Table, names: tuple[str, ...], dialect: Dialect) -> TextClause:
    """One text for thousands of rows: as VALUES they take ten times as long to write and to parse."""
    columns = [table.c["id"], *(table.c[name] for name in names)]
    kinds = ", ".join(f'"{c.name}" {"JSON" if isinstance(c.type, JSON) else c.type.compile(dialect)}' for c in columns)
    listed = ", ".join(f'"{c.name}"' for c in columns)
    return text(f'INSERT INTO "{table.name}" ({listed}) SELECT {listed} '
                f"FROM json_to_recordset(CAST(:rows AS json)) AS given({kinds})")


def _defaults(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """What the columns that a row does not name have by declaration."""
    return {c.name: c.default.arg for c in table.columns  # type: ignore[attr-defined]
            if c.name not in row and c.default is not None and c.default.is_scalar}
