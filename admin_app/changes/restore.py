"""Restoring what a change left, shape by shape: the statements behind an undo.

A shape is a table, an operation and the columns that changed; one statement restores all records of it that still
stand as the change left them. What lies where its family or child lies goes back with it, and what would take a number
that another record has by now stays.
"""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import (
    Column, ColumnElement, CursorResult, Select, UniqueConstraint, and_, delete, exists, func, insert, or_, select,
    text, update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import REVEAL, open_change
from admin_app.changes.triggers import columns_of, recorded_columns
from models.attachment import Attachment
from models.base import Base, model_of, models, table_of
from models.change import ChangeRow

KEEPERS = frozenset({"student"})  # ledgers whose records keep what belongs to them
Shape = tuple[str, str, str, int]  # table, operation, changed columns, how many rows
Staying = dict[type[Base], Select[Any]]  # ledger → the numbers of its records that stay


def in_order(shapes: Sequence[Shape]) -> list[Shape]:
    """The shapes as they are restored: the last written first. Of what went to another place, families before what
    lies where they lie, which the database takes along. Papers last: whether one goes depends on whether what it proves
    was restored."""
    first = next((n for n, shape in enumerate(shapes) if _moved(shape)), 0)
    order = {shape: (shape[:2] == (Attachment.__tablename__, "insert"), *((first, _depth(shape[0])) if _moved(shape)
                                                                         else (n, 0)))
             for n, shape in enumerate(shapes)}
    return sorted(shapes, key=order.__getitem__)


def _moved(shape: Shape) -> bool:
    return shape[1] == "update" and "region_code" in shape[2].split(",")


def lying_with(model: type[Base]) -> tuple[type[Base], str] | None:
    """The ledger whose place the records of this one share, and the column that says which record: a child lies where
    its family lies."""
    return next(((model_of(one.elements[0].column.table.name), one.column_keys[0])
                 for one in table_of(model).foreign_key_constraints if len(one.elements) == 2), None)


def _depth(table: str) -> int:
    above = lying_with(model_of(table))
    return 1 + _depth(above[0].__tablename__) if above else 0


def check_keys_at_the_end(session: ScopedSession) -> None:
    """Foreign keys hold at the end of an undo; on the way a row may come back before its parent."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(text("PRAGMA defer_foreign_keys = ON" if sqlite else "SET CONSTRAINTS ALL DEFERRED"))


def rows_of(change_id: int, row_ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    conditions = [ChangeRow.change_id == change_id, ChangeRow.operation != REVEAL]
    return [*conditions, ChangeRow.id.in_(row_ids)] if row_ids is not None else conditions


def _value(session: ScopedSession, side: Any, target: Column[Any]) -> ColumnElement[Any]:
    """The value of one column in a `before` or `after` text, as the column's own type."""
    if session.get_bind().dialect.name == "sqlite":
        return func.json_extract(side, f'$."{target.name}"', type_=target.type)
    found = sql_cast(side, JSONB)[target.name].astext
    return sql_cast(found, target.type.impl if hasattr(target.type, "impl") else target.type)


def _stands(session: ScopedSession, table_columns: Sequence[Column[Any]], side: Any) -> list[Any]:
    return [c.is_not_distinct_from(_value(session, side, c)) for c in table_columns]


def staying_in(session: ScopedSession, shapes: Sequence[Shape], change_id: int,
               row_ids: Sequence[int] | None) -> Staying:
    """By ledger, the records that the change added and that somebody has changed since, or added something to. They
    stay, and so does what was added with them and belongs to them: a child that is kept keeps its guardians."""
    found: Staying = {}
    for table in KEEPERS & {table for table, operation, *_ in shapes if operation == "insert"}:
        model = model_of(table)
        standing = and_(*_stands(session, recorded_columns(model), ChangeRow.after))
        changed_since = select(ChangeRow.pk).where(
            *rows_of(change_id, row_ids), ChangeRow.table_name == table, ChangeRow.operation == "insert",
            exists().where(model.id == ChangeRow.pk, or_(~standing, *_later(session, model, change_id))))
        if session.scalar(changed_since.limit(1)) is not None:
            found[model] = changed_since
    return found


def _later(session: ScopedSession, model: type[Base], change_id: int) -> list[ColumnElement[bool]]:
    """That something hangs on a record which the change did not add, or that stands otherwise than it added it."""
    conditions: list[ColumnElement[bool]] = []
    for other, column in pointing_at(model):
        one, added = aliased(other), aliased(ChangeRow)
        as_added = [getattr(one, c.name).is_not_distinct_from(_value(session, added.after, c))
                    for c in recorded_columns(other)]
        conditions.append(exists().where(getattr(one, column) == model.id, ~exists().where(
            added.change_id == change_id, added.table_name == other.__tablename__, added.pk == one.id, *as_added)))
    return conditions


def belongs_to(model: type[Base], staying: Staying) -> list[ColumnElement[bool]]:
    """That a record hangs on one that stays, by each column that may say so."""
    columns = table_of(model).c
    return [and_(columns[name].is_not(None), columns[name].in_(keys)) for parent, keys in staying.items()
            for child, name in pointing_at(parent) if child is model]


def _proves(session: ScopedSession, model: type[Base], change_id: int) -> list[ColumnElement[bool]]:
    """That a paper proves a move of this act which was not taken back: somebody has gone on from there."""
    if model is not Attachment:
        return []
    moved, back = aliased(ChangeRow), aliased(ChangeRow)
    return [exists().where(
        moved.change_id == change_id, moved.operation == "update", moved.table_name == Attachment.owner_table,
        moved.pk == Attachment.owner_id, ~exists().where(
            back.change_id == open_change(session), back.table_name == moved.table_name, back.pk == moved.pk))]


def restore(session: ScopedSession, model: type[Base], operation: str, columns: str, change_id: int,
            row_ids: Sequence[int] | None, staying: Staying) -> int:
    """Restore the records of one shape that still stand as they were left; gives how many."""
    table = table_of(model)
    touched = columns_of(table, columns)
    mine = [*rows_of(change_id, row_ids), ChangeRow.table_name == table.name,
            ChangeRow.operation == operation, ChangeRow.columns == columns]
    options = {"synchronize_session": False}
    if operation == "update":
        done = session.execute(
            update(model)
            .values({c.name: _value(session, ChangeRow.before, c) for c in touched})
            .where(*mine, model.id == ChangeRow.pk, *_stands(session, touched, ChangeRow.after),
                   *_lies_with(session, model, touched), *_free(session, model, touched))
            .execution_options(**options)
        )
    elif operation == "insert":
        whole = recorded_columns(model)
        # Row by row through the ledger's index, never the subquery as a whole for each record: right after
        # an import PostgreSQL has no statistics, and takes the one for as good as the other.
        standing = exists().where(*mine, ChangeRow.pk == model.id, *_stands(session, whole, ChangeRow.after))
        with_them = [~belongs for belongs in (*belongs_to(model, staying), *_proves(session, model, change_id))]
        done = session.execute(
            delete(model).where(standing, *_unreferenced(model), *with_them).execution_options(**options))
    else:
        gone = select(ChangeRow.pk, *[_value(session, ChangeRow.before, c) for c in touched]).where(
            *mine, ~exists().where(model.id == ChangeRow.pk)
        )
        done = session.execute(insert(model).from_select(["id", *[c.name for c in touched]], gone))
    session.expire_all()
    return cast(CursorResult[Any], done).rowcount


def _lies_with(session: ScopedSession, model: type[Base], touched: Sequence[Column[Any]]) -> list[ColumnElement[bool]]:
    """That what a record belongs to is back in its former place: it does not go there alone."""
    above, names = lying_with(model), {c.name for c in touched}
    if above is None or "region_code" not in names or above[1] in names:
        return []
    owner, own = aliased(cast(Any, above[0])), table_of(model).c[above[1]]
    code = _value(session, ChangeRow.before, table_of(model).c.region_code)
    return [or_(own.is_(None), exists().where(owner.id == own, owner.region_code == code))]


def _free(session: ScopedSession, model: type[Base], touched: Sequence[Column[Any]]) -> list[ColumnElement[bool]]:
    """That no other record has by now what may stand but once: a number that was given anew."""
    table, conditions = table_of(model), []
    kept = [[*rule.columns] for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    for columns in (*kept, [table.c[name] for name in model.__once__]):
        if table.c.id not in columns and {*columns} & {*touched}:
            other = aliased(cast(Any, model))
            conditions.append(~exists().where(other.id != table.c.id, *[
                getattr(other, c.name) == (_value(session, ChangeRow.before, c) if c in touched else c)
                for c in columns]))
    return conditions


def pointing_at(model: type[Base]) -> list[tuple[type[Base], str]]:
    """The columns of other records that hang on a record of this table."""
    return [(other, constraint.column_keys[0])
            for other in models() for constraint in table_of(other).foreign_key_constraints
            if constraint.elements[0].column is table_of(model).c.id]


def _unreferenced(model: type[Base]) -> list[ColumnElement[bool]]:
    """No other record hangs on this one: what was added to it later keeps it."""
    conditions: list[ColumnElement[bool]] = []
    for other, column in pointing_at(model):
        local = getattr(aliased(other), column)
        conditions.append(~exists().where(local == model.id))
    return conditions
