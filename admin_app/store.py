"""The two stores behind one door: SQLite (the default) and PostgreSQL (`BAOXUE_DATABASE_URL`).

`open_store` gives the engine that all sessions use, with the wall raised on it; `upgrade` runs the
migrations as the tables' owner and then makes triggers and policies those that the models say.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, cast

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool

from admin_app import search_terms
from admin_app.access import postgresql_wall, sqlite_wall
from admin_app.changes import triggers

BUSY_SECONDS = 10
IDLE_SECONDS = 2
PREPARE_AFTER = 5  # times that PostgreSQL was asked the same on one connection
MIGRATIONS = Path(__file__).parent / "migrations"


def _engine(url: str, *, behind_pooler: bool = False, **options: Any) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS}, **options)
        _tune_sqlite(engine)
        return engine
    prepare_after = None if behind_pooler else PREPARE_AFTER
    engine = create_engine(url, hide_parameters=True, connect_args={"prepare_threshold": prepare_after}, **options)
    _check_idle_connections(engine)
    return engine


def _check_idle_connections(engine: Engine) -> None:
    """A connection that lay idle is asked whether it still lives before it is used, as `pool_pre_ping` asks every
    time: two round trips less for a page."""
    @event.listens_for(engine, "checkin")
    def lay_down(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = monotonic()

    @event.listens_for(engine, "checkout")
    def take_up(connection: Any, record: Any, _proxy: Any) -> None:
        if monotonic() - record.info.get("idle_since", monotonic()) > IDLE_SECONDS:
            try:
                alive = engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as fault:
                raise DisconnectionError from fault
            if not alive:
                raise DisconnectionError


def _gb18030(text: str | None) -> bytes | None:
    """What PostgreSQL's `convert_to` makes of a text."""
    return None if text is None else text.encode("gb18030", "replace")


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def tune(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so
        # recursive_triggers: or REPLACE would delete rows past the wall and the ledger
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "recursive_triggers = ON",
                       "cache_size = -32000", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("gb18030", 1, _gb18030, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        asked = connection.get_execution_options()
        if not asked.get("writing", False):
            cast(sqlite3.Connection, connection.connection.driver_connection).execute("BEGIN")  # waits for nobody
        elif not asked.get("at_once", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # now or not at all: what is not worth waiting for
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def open_store(url: str, *, behind_pooler: bool = False) -> Engine:
    """The engine for all work. The tables must stand already (`upgrade`). Behind a pooler no statement is prepared:
    it might meet another server the next time. The connection that was used last is used next: it knows most."""
    engine = _engine(url, behind_pooler=behind_pooler, pool_use_lifo=True)
    if engine.dialect.name == "sqlite":
        sqlite_wall.install(engine)
    else:
        postgresql_wall.guard(engine)
    return engine


def stamp(connection: Connection) -> tuple[int, int] | None:
    """Two that are equal, of one connection, say that nobody wrote anything between them: neither another connection
    (SQLite's data_version) nor this one. None where the store cannot tell."""
    if connection.dialect.name != "sqlite":
        return None
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    return driver.execute("PRAGMA data_version").fetchone()[0], driver.total_changes


def owner_engine(url: str) -> Engine:
    """An engine without the wall, for migrations and for tests that must see what really lies
    there."""
    return _engine(url, poolclass=NullPool)


def migrations(connection: Connection) -> alembic.config.Config:
    """Alembic's configuration, working on this connection."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`, then the triggers and policies to what the models say."""
    engine = owner_engine(url)
    try:
        with engine.execution_options(writing=True).begin() as connection:
            triggers.remove(connection)
            alembic.command.upgrade(migrations(connection), revision)
            if revision == "head":
                if connection.dialect.name == "postgresql":
                    postgresql_wall.install(connection)
                triggers.install(connection)
                search_terms.install(connection)
    finally:
        engine.dispose()


def downgrade(url: str, revision: str) -> None:
    """Take the schema back to `revision`. What depends on the dropped tables goes with them; below head nothing is
    recorded (decision 0006)."""
    engine = owner_engine(url)
    try:
        with engine.execution_options(writing=True).begin() as connection:
            triggers.remove(connection)
            alembic.command.downgrade(migrations(connection), revision)
    finally:
        engine.dispose()


def is_empty(url: str) -> bool:
    """Whether no table stands yet, or no file."""
    return not _asked_of_the_owner(url, lambda connection: bool(inspect(connection).get_table_names()))


def is_set_up(url: str) -> bool:
    """Whether anything can have been sealed here: set-up begins with the root of all divisions, which every role may
    read."""
    return _asked_of_the_owner(url, lambda connection: inspect(connection).has_table("region") and bool(
        connection.scalar(text("SELECT 1 FROM region LIMIT 1"))))


def _asked_of_the_owner(url: str, ask: Callable[[Connection], bool]) -> bool:
    """What the owner of the tables finds; no where there is not even a file, which is not made for that."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        return False
    engine = owner_engine(url)
    try:
        with engine.connect() as connection:
            return ask(connection)
    finally:
        engine.dispose()
