"""The wall: which rows there are for a session. Reads and writes, in every door, on both stores.

`ScopedSession` is the only session that the application can obtain, and it wants an immutable
`Scope`. Above the database: a criterion on every ORM statement, and checks when objects are attached
and flushed. Underneath, the database repeats the range (`postgresql_wall.py`: row-level security,
`sqlite_wall.py`: views, guard triggers and an authorizer), so that raw SQL meets it as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import Column, ColumnElement, Connection, Engine, and_, event, false, func, inspect, true
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    SessionTransaction,
    UOWTransaction,
    with_loader_criteria,
)
from sqlalchemy.sql import visitors

from admin_app.access import postgresql_wall, sqlite_wall
from admin_app.errors import OutsideScope
from models.base import Base, Wall, models, table_of

__all__ = ["OutsideScope", "Scope", "ScopedSession", "unscoped", "walled", "within"]

CODE_LENGTH = 12  # of a village's code
AFTER_ALL = ":"  # sorts after every digit
NO_ROWS = (AFTER_ALL, "")


@dataclass(frozen=True, slots=True)
class Scope:
    """Half-open ranges of region codes: `office` for office rows, `child` for rows about families
    and children. `system` opens the machinery tables. Nothing is the default of nothing."""

    office: tuple[str, str]
    child: tuple[str, str]
    system: bool = False

    @classmethod
    def under(cls, prefix: str, *, child_data: bool = True) -> Self:
        """All rows under a prefix: '140722400' → '140722400' ≤ code < '140722401'."""
        span = (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)) if prefix else ("", AFTER_ALL)
        return cls(span, span if child_data else NO_ROWS)

    @classmethod
    def nothing(cls) -> Self:
        """Nobody is signed in: only reference tables."""
        return cls(NO_ROWS, NO_ROWS)

    @classmethod
    def everything(cls) -> Self:
        """Only for `unscoped()`."""
        return cls(("", AFTER_ALL), ("", AFTER_ALL), system=True)

    def span(self, wall: Wall) -> tuple[str, str]:
        return self.child if wall is Wall.CHILD else self.office

    def covers(self, wall: Wall, code: str | None) -> bool:
        """Whether a row with this code lies inside."""
        if wall is Wall.REFERENCE:
            return True
        if wall is Wall.SYSTEM:
            return self.system
        lo, hi = self.span(wall)
        return code is not None and lo <= code < hi


class ScopedSession(Session):
    """A session that sees and touches the rows of one scope. `writing` takes SQLite's write lock
    at the start, so that what was read is still so when it is written."""

    def __init__(self, engine: Engine, scope: Scope, *, writing: bool = False) -> None:
        if not isinstance(scope, Scope):
            raise TypeError("a session wants a Scope")
        if engine.get_execution_options().get("writing", False) != writing:
            engine = engine.execution_options(writing=writing)
        super().__init__(engine, autoflush=True)
        self._engine = engine
        self._scope = scope
        self.writing = writing
        self._alone = False
        self._reads_on: Connection | None = None

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        """What the ORM works on: where one only reads, the transaction that `connection` has begun."""
        return self._engine if self.writing else self._reading()

    def connection(self, *args: Any, **kwargs: Any) -> Connection:
        """Where one only reads, a connection of the session's own, which the ORM joins once it is asked for
        something: a list never does, and what the ORM's transactions cost is a twentieth of its page."""
        return super().connection(*args, **kwargs) if self.writing else self._reading()

    def _reading(self) -> Connection:
        if self._reads_on is None:
            self._reads_on = self._engine.connect()
        if not self._reads_on.in_transaction():
            self._reads_on.begin()
            self._enter(self._reads_on)
        return self._reads_on

    def _enter(self, connection: Connection) -> None:
        scope = self._scope
        _wall_of(connection).enter(connection, scope.office, scope.child, scope.system, self.writing)

    def close(self) -> None:
        """A transaction that only read has nothing to take back. PostgreSQL, which refuses to write in it, commits
        it: the driver forgets its prepared statements at a rollback, as it must where one has failed."""
        reading, self._reads_on = self._reads_on, None
        if reading is not None:
            _wall_of(reading).end_reading(reading)
        super().close()
        if reading is not None:
            reading.close()

    def alone(self) -> None:
        """Begin anew, and until the end of that transaction be the only one who writes: who had begun is waited for.
        What this session wrote and did not commit is lost."""
        self.rollback()
        self._alone = True
        try:
            self.connection()
        finally:
            self._alone = False

    @property
    def scope(self) -> Scope:
        return self._scope

    def narrow(self, scope: Scope) -> None:
        """From here on this session sees `scope` alone, in the transaction that it is in. Only for one that
        stepped out of scope to read who asks; what it read is let go of. Raises OutsideScope."""
        if self._scope != Scope.everything() or self.writing or scope.system:
            raise OutsideScope("only a reading session over all rows is narrowed")
        if self.identity_map or self.new:
            self.expunge_all()
        self._scope = scope
        if self._reads_on is not None and self._reads_on.in_transaction():
            _wall_of(self._reads_on).narrow(self._reads_on, scope.office, scope.child)

    def merge(self, instance: Any, *, load: bool = True, **kwargs: Any) -> Any:
        if not load:
            raise OutsideScope("merge(load=False) would walk past the wall")
        return super().merge(instance, load=load, **kwargs)

    def bulk_update_mappings(self, *args: Any, **kwargs: Any) -> None:
        raise OutsideScope("bulk_update_mappings would walk past the wall: use update() with WHERE")

    def bulk_save_objects(self, *args: Any, **kwargs: Any) -> None:
        raise OutsideScope("bulk_save_objects would walk past the wall: use add_all()")


def unscoped(engine: Engine, why: str, *, writing: bool = False) -> ScopedSession:
    """A session over all rows, to be closed or narrowed. Rare, and each use is listed in a test; `why` says why
    it must be."""
    if not why.strip():
        raise ValueError("stepping out of scope wants a reason")
    return ScopedSession(engine, Scope.everything(), writing=writing)


def within(model: type[Base], scope: Scope, *, likely: bool = False) -> ColumnElement[bool]:
    """The wall as a condition. `likely()` keeps SQLite's planner, which has no statistics on the
    range, from preferring the region index to a better one."""
    wall = model.__wall__
    if wall is Wall.REFERENCE:
        return true()
    if wall is Wall.SYSTEM:
        return true() if scope.system else false()
    return _inside(model.region_code, scope.span(wall), likely)  # type: ignore[attr-defined]


@lru_cache(maxsize=4096)
def _inside(column: Any, span: tuple[str, str], likely: bool) -> ColumnElement[bool]:
    lo, hi = span
    if len(lo) == CODE_LENGTH:  # one village: an index of it and something else is found by equality
        return column == lo  # type: ignore[no-any-return]
    if not likely:
        return and_(column >= lo, column < hi)
    return and_(func.likely(column >= lo), func.likely(column < hi))


def walled(session: ScopedSession, model: type[Base]) -> list[ColumnElement[bool]]:
    """The wall as conditions on the columns of a table, for a statement below the ORM. Reading a list costs
    a fifth that way; the wall underneath stands all the same."""
    wall = model.__wall__
    if wall is Wall.REFERENCE or session.scope == Scope.everything():
        return []
    if wall is Wall.SYSTEM:
        return [false()] if not session.scope.system else []
    likely = session.get_bind().dialect.name == "sqlite"
    return [_inside(table_of(model).c.region_code, session.scope.span(wall), likely)]


@lru_cache(maxsize=1024)
def _criterion(model: type[Base], scope: Scope, likely: bool) -> Any:
    return with_loader_criteria(model, within(model, scope, likely=likely), include_aliases=True)


@lru_cache(maxsize=1)
def _walled() -> tuple[type[Base], ...]:
    return tuple(model for model in models() if model.__wall__ is not Wall.REFERENCE)


def _named_in(statement: Any) -> Sequence[type[Base]]:
    """The walled models that a statement can reach: those that stand in it. Every walled model where more
    than the statement itself decides what is read (loader options, an eager relationship, a column that is
    a query of its own). Most statements name one; criteria for twenty doubled what a page costs."""
    if statement._with_options:
        return _walled()
    found: dict[type[Base], None] = {}
    for element in visitors.iterate(statement):
        entity = element._annotations.get("parententity")
        if entity is None:
            continue
        mapper = entity.mapper
        if mapper.class_ in found:
            continue
        if not _reads_itself_alone(mapper):
            return _walled()
        found[mapper.class_] = None
    return [model for model in found if model.__wall__ is not Wall.REFERENCE]


@lru_cache(maxsize=256)
def _reads_itself_alone(mapper: Any) -> bool:
    eager = any(relation.lazy not in ("select", "raise") for relation in mapper.relationships)
    return not eager and all(isinstance(prop.expression, Column) for prop in mapper.column_attrs)


@event.listens_for(ScopedSession, "do_orm_execute")
def _scope_statement(state: ORMExecuteState) -> None:
    session = state.session
    assert isinstance(session, ScopedSession)
    if state.is_column_load or session.scope == Scope.everything():
        return
    if state.is_update and isinstance(state.parameters, list):
        raise OutsideScope("an update by a list of keys would walk past the wall: use WHERE")
    if state.is_orm_statement:
        likely = session.get_bind().dialect.name == "sqlite"
        state.statement = state.statement.options(
            *[_criterion(model, session.scope, likely) for model in _named_in(state.statement)])


def _wall_of(connection: Connection) -> Any:
    return postgresql_wall if connection.dialect.name == "postgresql" else sqlite_wall


@event.listens_for(ScopedSession, "after_begin")
def _raise_wall(session: ScopedSession, transaction: SessionTransaction, connection: Connection) -> None:
    if transaction.nested or not session.writing:
        return  # a savepoint stays inside, and keeps the open change; where one reads, the wall stands already
    session._enter(connection)
    _wall_of(connection).announce_writing(connection, session._alone)


@event.listens_for(ScopedSession, "before_attach")
def _check_attached(session: ScopedSession, instance: Any) -> None:
    """A row that came from elsewhere (another session, a pickle) does not enter by `add`."""
    state = inspect(instance)
    if state.key is not None:
        _check_row(session, instance)


@event.listens_for(ScopedSession, "before_flush")
def _check_flush(session: ScopedSession, _context: UOWTransaction, _instances: Any) -> None:
    for instance in (*session.new, *session.dirty, *session.deleted):
        _check_row(session, instance)


def _check_row(session: ScopedSession, instance: Any) -> None:
    """Refuse a row that would be, or has been, outside. A relationship is looked at as well as the
    column: until the flush the key column still holds the old value."""
    model = type(instance)
    wall, column = model.__wall__, model.__region__
    if wall is Wall.REFERENCE or session.scope == Scope.everything():
        return
    if column is None:
        raise OutsideScope(f"{model.__tablename__} is out of reach")
    state = inspect(instance)
    history = state.attrs[column].history
    codes = {*history.added, *history.unchanged, *history.deleted} - {None}
    for relation in state.mapper.relationships:
        if relation.uselist or column not in {c.key for c in relation.local_columns}:
            continue
        codes |= {
            getattr(target, column)
            for target in state.attrs[relation.key].history.added
            if target is not None and getattr(target, column, None)
        }
    outside = [code for code in codes if not session.scope.covers(wall, code)]
    if outside or not (codes or state.key is None):
        raise OutsideScope(f"{model.__tablename__}: a row outside the scope")
