"""The triggers that keep `search_term`, derived from the models by one function per store.

A model that is found by a name says so: `__searched__` is the column of the name. Its terms are the
ends of the name (张小明, 小明, 明), and, where it has them, each reading in `name_pinyin` and
`name_initials` (further ones behind spaces, at most three). Triggers, because a name is also written by an import,
an undo and a hand-over.
"""

from sqlalchemy import Connection, text

from models.base import Base, models, table_of

LONGEST_NAME = 12  # beyond its twelfth character nobody begins to type a name
_READINGS = ("name_pinyin", "name_initials")
_INTO = "INSERT INTO search_term (owner_table, owner_id, region_code, term)"


def searched_models() -> list[type[Base]]:
    return [model for model in models() if model.__searched__]


def _sources(model: type[Base]) -> list[str]:
    return [str(model.__searched__), *(n for n in _READINGS if n in table_of(model).c)]


# --- SQLite -----------------------------------------------------------------------------------------


def _sqlite_terms(model: type[Base], row: str, source: str = "") -> str:
    """The statement that adds the terms of one row (`row` is NEW), or of all rows of `source`. Spelt out,
    because the wall lets no table-valued function be made."""
    owner, name = f"'{model.__tablename__}', {row}.id, {row}.region_code", f'{row}."{model.__searched__}"'
    parts = [(f"lower(substr({name}, {place}))", f"length({name}) >= {place}") for place in range(1, LONGEST_NAME + 1)]
    for reading in (f'{row}."{n}"' for n in _sources(model)[1:]):
        rest = f"substr({reading}, instr({reading}, ' ') + 1)"
        parts += [(f"substr({reading}, 1, instr({reading} || ' ', ' ') - 1)", f"{reading} > ''"),
                  (f"substr({rest}, 1, instr({rest} || ' ', ' ') - 1)", f"instr({reading}, ' ') > 0")]
        if reading.endswith('_pinyin"'):  # the surname has two readings, and the given name stands behind them
            parts.append((f"substr({rest}, instr({rest}, ' ') + 1)",
                          f"instr({reading}, ' ') > 0 AND instr({rest}, ' ') > 0"))
    return f"{_INTO} " + " UNION ALL ".join(
        f"SELECT {owner}, {term} {source}WHERE {condition}" for term, condition in parts)


def sqlite_triggers(model: type[Base]) -> dict[str, str]:
    table = model.__tablename__
    forget = f"DELETE FROM search_term WHERE owner_table = '{table}' AND owner_id = OLD.id;"
    learn = f"{_sqlite_terms(model, 'NEW')};"
    columns = ", ".join([*_sources(model), "region_code"])
    return {
        f"search_{table}_{act[:6].lower()}":
            f'CREATE TRIGGER "search_{table}_{act[:6].lower()}" AFTER {act} ON "{table}" FOR EACH ROW BEGIN {body} END'
        for act, body in (("INSERT", learn), (f"UPDATE OF {columns}", f"{forget} {learn}"), ("DELETE", forget))
    }


# --- PostgreSQL -------------------------------------------------------------------------------------


def _postgresql_terms(model: type[Base], row: str, source: str = "") -> str:
    """The statement that adds the terms of one row (`row` is NEW), or of all rows of `source`: set by set. A
    LATERAL for each row took half of an import's confirmation."""
    owner, name = f"'{model.__tablename__}', {row}.id, {row}.region_code", f'{row}."{model.__searched__}"'
    rows = [source] if source else []
    places = ", ".join([*rows, f"generate_series(1, {LONGEST_NAME}) AS place"])
    parts = [f"SELECT {owner}, lower(substr({name}, place)) FROM {places} WHERE place <= length({name})"]
    whence = f"FROM {source} " if source else ""
    for reading in (f'{row}."{n}"' for n in _sources(model)[1:]):
        parts.append(f"SELECT {owner}, split_part({reading}, ' ', 1) {whence}WHERE {reading} > ''")
        parts += [f"SELECT {owner}, split_part({reading}, ' ', {n}) {whence}WHERE split_part({reading}, ' ', {n}) > ''"
                  for n in (2, 3)]
    return f"{_INTO} " + " UNION ALL ".join(parts)


def postgresql_functions(model: type[Base]) -> dict[str, str]:
    """Sets of rows where a statement adds them; one row where a name changes, so that an update of
    other columns asks for nothing (a trigger with transition tables takes no list of columns)."""
    table = model.__tablename__
    forget = f"DELETE FROM search_term WHERE owner_table = '{table}' AND owner_id = OLD.id;"
    bodies = {
        "insert": f"BEGIN {_postgresql_terms(model, 'n', 'n')}; RETURN NULL; END",
        "update": f"BEGIN {forget} {_postgresql_terms(model, 'NEW')}; RETURN NULL; END",
        "delete": f"BEGIN {forget} RETURN NULL; END",
    }
    return {f"search_{table}_{act}": f'CREATE OR REPLACE FUNCTION "search_{table}_{act}"() RETURNS trigger '
            f"LANGUAGE plpgsql AS $search$ {body} $search$" for act, body in bodies.items()}


def postgresql_triggers(model: type[Base]) -> dict[str, str]:
    table = model.__tablename__
    columns = ", ".join([*_sources(model), "region_code"])
    acts = {"insert": f'AFTER INSERT ON "{table}" REFERENCING NEW TABLE AS n FOR EACH STATEMENT',
            "update": f'AFTER UPDATE OF {columns} ON "{table}" FOR EACH ROW',
            "delete": f'AFTER DELETE ON "{table}" FOR EACH ROW'}
    return {f"search_{table}_{act}": f'CREATE TRIGGER "search_{table}_{act}" {when} '
            f'EXECUTE FUNCTION "search_{table}_{act}"()' for act, when in acts.items()}


# --- both -------------------------------------------------------------------------------------------


def install(connection: Connection) -> None:
    """Make the triggers those that the models say, and the terms those of the rows that stand, when
    there are none yet."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        standing = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger' "
                                           "AND name LIKE 'search\\_%' ESCAPE '\\'")).all()
        for name in standing:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    else:
        connection.execute(text("SELECT set_config('app.child_lo', '', true), set_config('app.child_hi', '\\:', true)"))
    for model in searched_models():
        made = sqlite_triggers(model) if sqlite else postgresql_functions(model)
        for statement in made.values():
            connection.exec_driver_sql(statement)
        if not sqlite:
            for name, statement in postgresql_triggers(model).items():
                connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS "{name}" ON "{model.__tablename__}"')
                connection.exec_driver_sql(statement)
    if connection.scalar(text("SELECT 1 FROM search_term LIMIT 1")) is None:
        fill(connection)


def fill(connection: Connection) -> None:
    """The terms of all rows. The connection is the owner's, and sees everything."""
    for model in searched_models():
        table = f'"{model.__tablename__}"'
        connection.exec_driver_sql(_sqlite_terms(model, table, f"FROM {table} ") if connection.dialect.name == "sqlite"
                                   else _postgresql_terms(model, table, table))
