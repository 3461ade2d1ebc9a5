"""The triggers that write the ledger, derived from the models by one function per store.

They stand in the database itself: page, batch, import, job, command and raw SQL are all recorded,
and a write with no change open is refused. `changed columns only` is text built column by column,
which both stores do an order faster than JSON aggregation.
"""

from collections.abc import Callable

from sqlalchemy import Column, Connection, Table, text

from models.base import Base, models, table_of

NO_CHANGE = "no change is open"
FROZEN = "the ledger is not rewritten"
_FROZEN_TABLES = ("change", "change_row", "change_seal")
_BLOCK = 4  # columns of one trigger


def recorded_columns(model: type[Base]) -> list[Column[object]]:
    """The columns whose values the ledger keeps: all but keys, secrets and counters."""
    return [
        column
        for column in table_of(model).columns
        if not column.primary_key and column.info["field"].recorded
    ]


def recorded_models() -> list[type[Base]]:
    return [model for model in models() if model.__recorded__]


def _region_of(model: type[Base], row: str) -> str | None:
    return f"{row}.{model.__region__}" if model.__region__ else None


# --- SQLite: row triggers -------------------------------------------------------------------------


def sqlite_triggers(model: type[Base]) -> dict[str, str]:
    """Name → statement of the row triggers of one table: one for INSERT, one for DELETE, and one UPDATE OF each block
    of columns. A changed row is written by the trigger of the first block that differs, so that there is one row of the
    ledger for one record; and a statement that sets few columns runs few triggers, which compare little."""
    table, columns = model.__tablename__, recorded_columns(model)
    blocks = [columns[at:at + _BLOCK] for at in range(0, len(columns), _BLOCK)]

    def value(column: Column[object], row: str) -> str:
        return f"json_quote({row}.\"{column.name}\")"

    def insert_row(operation: str, row: str, names: str, before: str, after: str) -> str:
        region = _region_of(model, row) or "change_region()"
        return (
            "INSERT INTO change_row (change_id, table_name, pk, region_code, operation, columns, "
            f"\"before\", \"after\") VALUES (coalesce(change_id(), RAISE(ABORT, '{NO_CHANGE}')), '{table}', "
            f"{row}.id, {region}, '{operation}', {names}, {before}, {after});"
        )

    def joined(parts: list[str]) -> str:
        """The parts that are not NULL, without the leading comma. One call of format, not a chain of
        ||, which would copy the growing text for every column."""
        return f"substr(format('{'%s' * len(parts)}', {', '.join(parts)}), 2)"

    def all_set(row: str) -> str:
        pairs = [f"iif({row}.\"{c.name}\" IS NOT NULL, ',\"{c.name}\":' || {value(c, row)}, NULL)" for c in columns]
        return f"'{{' || {joined(pairs)} || '}}'"

    def names_set(row: str) -> str:
        return joined([f"iif({row}.\"{c.name}\" IS NOT NULL, ',{c.name}', NULL)" for c in columns])

    def alike(some: list[Column[object]]) -> str:
        return " AND ".join(f'OLD."{c.name}" IS NEW."{c.name}"' for c in some)

    def changed(at: int, template: Callable[[Column[object]], str]) -> str:
        """`template` over the columns that differ, from one block on. A change touches few columns, and a comparison
        costs a tenth of a text: what lies behind is passed over as a whole."""
        texts = " || ".join(f"iif(OLD.\"{c.name}\" IS NEW.\"{c.name}\", '', {template(c)})" for c in blocks[at])
        behind = [c for block in blocks[at + 1:] for c in block]
        rest = f" || CASE WHEN {alike(behind)} THEN '' ELSE {changed(at + 1, template)} END" if behind else ""
        return texts + rest

    def names(at: int) -> str:
        texts = changed(at, lambda c: f"',{c.name}'")
        return f"substr({texts}, 2)"

    def pairs(at: int, row: str) -> str:
        texts = changed(at, lambda c: f"',\"{c.name}\":' || {value(c, row)}")
        return f"'{{' || substr({texts}, 2) || '}}'"

    def update_of(at: int) -> tuple[str, str, str]:
        """What is named, when it writes, and what."""
        before = [c for block in blocks[:at] for c in block]
        when = " AND ".join([f"NOT ({alike(blocks[at])})", *([alike(before)] if before else [])])
        of = ", ".join(f'"{c.name}"' for c in blocks[at])
        return f"UPDATE OF {of}", when, insert_row("update", "NEW", names(at), pairs(at, "OLD"), pairs(at, "NEW"))

    bodies = {
        "insert": ("INSERT", "1", insert_row("insert", "NEW", names_set("NEW"), "NULL", all_set("NEW"))),
        **{f"update_{at + 1}": update_of(at) for at in range(len(blocks))},
        "delete": ("DELETE", "1", insert_row("delete", "OLD", names_set("OLD"), all_set("OLD"), "NULL")),
    }
    return {
        f"record_{table}_{operation}":
            f'CREATE TRIGGER "record_{table}_{operation}" AFTER {act} ON "{table}" '
            f"FOR EACH ROW WHEN {when} BEGIN {body} END"
        for operation, (act, when, body) in bodies.items()
    }


def sqlite_freezes() -> dict[str, str]:
    """Triggers that refuse to rewrite the ledger."""
    return {
        f"freeze_{table}_{act.lower()}":
            f'CREATE TRIGGER "freeze_{table}_{act.lower()}" BEFORE {act} ON "{table}" '
            f"BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"
        for table in _FROZEN_TABLES
        for act in ("UPDATE", "DELETE")
    }


# --- PostgreSQL: statement triggers with transition tables ------------------------------------------


def postgresql_functions(model: type[Base]) -> dict[str, str]:
    """Name → statement of the three trigger functions of one table."""
    table, columns = model.__tablename__, recorded_columns(model)

    def value(column: Column[object], row: str) -> str:
        return f"coalesce(to_json({row}.\"{column.name}\")::text, 'null')"

    def body(operation: str, source: str, row: str, names: str, before: str, after: str) -> str:
        region = _region_of(model, row) or "current_setting('app.change_region')"
        return (
            "BEGIN IF coalesce(current_setting('app.change_id', true), '') = '' THEN "
            f"RAISE EXCEPTION '{NO_CHANGE}'; END IF; "
            "INSERT INTO change_row (change_id, table_name, pk, region_code, operation, columns, "
            f"\"before\", \"after\") SELECT current_setting('app.change_id')::bigint, '{table}', "
            f"{row}.id, {region}, '{operation}', {names}, {before}, {after} FROM {source}; "
            "RETURN NULL; END"
        )

    def when(condition: str, then: str) -> str:
        return f"CASE WHEN {condition} THEN {then} END"

    def differ(c: Column[object]) -> str:
        return f'o."{c.name}" IS DISTINCT FROM n."{c.name}"'

    def joined(parts: list[str]) -> str:
        """concat passes over NULL. A chain of || would copy the growing text for every column, and took
        four times as long for an update of 10,000 rows."""
        return f"substr(concat({', '.join(parts)}), 2)"

    def all_set(row: str) -> str:
        return "'{' || " + joined(
            [when(f'{row}."{c.name}" IS NOT NULL', f"',\"{c.name}\":' || {value(c, row)}") for c in columns]
        ) + " || '}'"

    def names_set(row: str) -> str:
        return joined([when(f'{row}."{c.name}" IS NOT NULL', f"',{c.name}'") for c in columns])

    def pairs(row: str) -> str:
        return "'{' || " + joined(
            [when(differ(c), f"',\"{c.name}\":' || {value(c, row)}") for c in columns]
        ) + " || '}'"

    different = " OR ".join(differ(c) for c in columns)
    bodies = {
        "insert": body("insert", "n", "n", names_set("n"), "NULL", all_set("n")),
        "update": body("update", f"o JOIN n USING (id) WHERE {different}", "n",
                       joined([when(differ(c), f"',{c.name}'") for c in columns]),
                       pairs("o"), pairs("n")),
        "delete": body("delete", "o", "o", names_set("o"), all_set("o"), "NULL"),
    }
    return {
        f"record_{table}_{operation}":
            f'CREATE OR REPLACE FUNCTION "record_{table}_{operation}"() RETURNS trigger '
            f"LANGUAGE plpgsql AS $record$ {statement} $record$"
        for operation, statement in bodies.items()
    }


def postgresql_triggers(model: type[Base]) -> dict[str, str]:
    table = model.__tablename__
    referencing = {
        "insert": "NEW TABLE AS n",
        "update": "OLD TABLE AS o NEW TABLE AS n",
        "delete": "OLD TABLE AS o",
    }
    return {
        f"record_{table}_{operation}":
            f'CREATE TRIGGER "record_{table}_{operation}" AFTER {operation.upper()} ON "{table}" '
            f"REFERENCING {tables} FOR EACH STATEMENT "
            f'EXECUTE FUNCTION "record_{table}_{operation}"()'
        for operation, tables in referencing.items()
    }


def install(connection: Connection) -> None:
    """Make the triggers in the database those that the models say, whatever stood there before."""
    if connection.dialect.name == "sqlite":
        _install_sqlite(connection)
    else:
        _install_postgresql(connection)


def remove(connection: Connection) -> None:
    """Before the schema moves. SQLite lets no column go that a trigger names; PostgreSQL looks at nothing until a
    trigger runs."""
    if connection.dialect.name != "sqlite":
        return
    standing = connection.scalars(text(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' "
        "AND (name LIKE 'record\\_%' ESCAPE '\\' OR name LIKE 'freeze\\_%' ESCAPE '\\')"
    )).all()
    for name in standing:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def _install_sqlite(connection: Connection) -> None:
    remove(connection)
    wanted = sqlite_freezes()
    for model in recorded_models():
        wanted |= sqlite_triggers(model)
    for statement in wanted.values():
        connection.exec_driver_sql(statement)


def _install_postgresql(connection: Connection) -> None:
    for model in recorded_models():
        for statement in postgresql_functions(model).values():
            connection.exec_driver_sql(statement.replace("%", "%%"))
        for name, statement in postgresql_triggers(model).items():
            connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS "{name}" ON "{model.__tablename__}"')
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION freeze_ledger() RETURNS trigger LANGUAGE plpgsql AS "
        f"$freeze$ BEGIN RAISE EXCEPTION '{FROZEN}'; END $freeze$"
    )
    for table in _FROZEN_TABLES:
        connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS freeze_ledger ON "{table}"')
        connection.exec_driver_sql(
            f'CREATE TRIGGER freeze_ledger BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION freeze_ledger()"
        )


def columns_of(table: Table, names: str) -> list[Column[object]]:
    """The columns that a `change_row.columns` text names, those that still exist."""
    return [table.c[name] for name in names.split(",") if name in table.c]
