"""Undo: restore what still stands as the change left it, list the rest with who and when.

Set-based: one statement for each shape (table, operation, changed columns), the shapes in reverse
order of writing. An undo is a change itself, so it can be undone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Column, ColumnElement, CursorResult, Select, and_, delete, exists, func, insert, or_, select, text, update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.changes.history import acts, last_rows
from admin_app.changes.triggers import columns_of, recorded_columns
from admin_app.errors import Conflict, NotFound, Refused
from models.base import Base, model_of, models, table_of
from models.change import Change, ChangeRow


_KEEPERS = frozenset({"student"})  # ledgers whose records keep what belongs to them
Staying = dict[type[Base], Select[Any]]  # ledger → the numbers of its records that stay


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that was not restored, because it no longer stands as the change left it."""

    table: str
    pk: int
    why: str
    who: str | None
    when: datetime | None


@dataclass(frozen=True, slots=True)
class Undone:
    restored: int
    kept: list[Kept]


def undo(session: ScopedSession, actor: Actor, change_id: int, undoing: Change,
         row_ids: Sequence[int] | None = None) -> Undone:
    """Undo a change, or only some of its rows (`row_ids`), inside the recording `undoing`.

    Effects, in order: checks the permissions for every table touched; for each shape from the last
    written to the first restores the records that still hold the "after" values; lists the others.
    Raises NotFound, Refused, Conflict (already undone)."""
    change = changed(session, change_id)
    if row_ids is None and session.scalar(
        select(Change.id).where(Change.undoes_id == change_id, Change.id != undoing.id).limit(1)
    ):
        raise Conflict("这次变更已经撤销过了。如需恢复，请到那次撤销的页面上再撤销。")
    if change.account_id != actor.account_id and actor.role != "administrator":
        raise Refused("您只能撤销自己所做的变更。如确需撤销别人的变更，请联系区划管理员。")
    shapes = _shapes(session, change_id, row_ids)
    for table in {shape[0] for shape in shapes}:
        _check_may_restore(actor, model_of(table))
    _check_keys_at_the_end(session)
    staying = _staying(session, shapes, change_id, row_ids)
    left = sum(count - _restore(session, model_of(table), operation, columns, change_id, row_ids, staying)
               for table, operation, columns, count in shapes)
    session.flush()
    return Undone(_restored(session, undoing.id),
                  _left(session, change_id, undoing.id, row_ids, staying) if left else [])


def undone(session: ScopedSession, change_id: int) -> bool:
    """Whether a change was undone as a whole."""
    return bool(undone_of(session, [change_id]))


def undone_of(session: ScopedSession, change_ids: Iterable[int]) -> set[int]:
    """Which of these changes were undone as a whole."""
    found = session.scalars(select(Change.undoes_id).where(Change.undoes_id.in_(list(change_ids))))
    return {key for key in found if key}


def _check_may_restore(actor: Actor, model: type[Base]) -> None:
    """Who may write a ledger by hand may restore it. Rights are granted and taken back, never restored:
    an undo would give what the actor may not grant."""
    if model.__area__ == "account":
        raise Refused("账号与授权的变更不能撤销。请在账号或授权页面上重新办理。")
    acts = [act for act in ("edit", "create") if f"{model.__area__}.{act}" in set(Permission)]
    actor.require(f"{model.__area__}.{acts[0]}")


def _check_keys_at_the_end(session: ScopedSession) -> None:
    """Foreign keys hold at the end of an undo; on the way a row may come back before its parent."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(text("PRAGMA defer_foreign_keys = ON" if sqlite else "SET CONSTRAINTS ALL DEFERRED"))


def changed(session: ScopedSession, change_id: int) -> Change:
    """A change that touched at least one record in scope, or that was made in scope. Its own row may
    lie outside (a village reads what the district did to its children)."""
    in_scope = session.get(Change, change_id)
    if in_scope is not None:
        return in_scope
    touched = session.scalar(select(ChangeRow).where(ChangeRow.change_id == change_id).limit(1))
    if touched is None:
        raise NotFound()
    return acts(session, [touched])[change_id]


def _rows(change_id: int, row_ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    conditions = [ChangeRow.change_id == change_id, ChangeRow.operation != "reveal"]
    return [*conditions, ChangeRow.id.in_(row_ids)] if row_ids is not None else conditions


def _shapes(session: ScopedSession, change_id: int,
            row_ids: Sequence[int] | None) -> list[tuple[str, str, str, int]]:
    """Table, operation, changed columns, and how many rows: the last written first."""
    query = (
        select(ChangeRow.table_name, ChangeRow.operation, ChangeRow.columns, func.count())
        .where(*_rows(change_id, row_ids))
        .group_by(ChangeRow.table_name, ChangeRow.operation, ChangeRow.columns)
        .order_by(func.max(ChangeRow.id).desc())
    )
    return [cast(tuple[str, str, str, int], tuple(row)) for row in session.execute(query)]


def _value(session: ScopedSession, side: Any, target: Column[Any]) -> ColumnElement[Any]:
    """The value of one column in a `before` or `after` text, as the column's own type."""
    if session.get_bind().dialect.name == "sqlite":
        return func.json_extract(side, f'$."{target.name}"', type_=target.type)
    found = sql_cast(side, JSONB)[target.name].astext
    return sql_cast(found, target.type.impl if hasattr(target.type, "impl") else target.type)


def _stands(session: ScopedSession, table_columns: Sequence[Column[Any]], side: Any) -> list[Any]:
    return [c.is_not_distinct_from(_value(session, side, c)) for c in table_columns]


def _staying(session: ScopedSession, shapes: Sequence[tuple[str, str, str, int]], change_id: int,
             row_ids: Sequence[int] | None) -> Staying:
    """By ledger, the records that the change added and that somebody has changed since, or added something to. They
    stay, and so does what was added with them and belongs to them: a child that is kept keeps its guardians."""
    found: Staying = {}
    for table in _KEEPERS & {table for table, operation, *_ in shapes if operation == "insert"}:
        model = model_of(table)
        standing = and_(*_stands(session, recorded_columns(model), ChangeRow.after))
        changed_since = select(ChangeRow.pk).where(
            *_rows(change_id, row_ids), ChangeRow.table_name == table, ChangeRow.operation == "insert",
            exists().where(model.id == ChangeRow.pk, or_(~standing, *_later(model, change_id))))
        if session.scalar(changed_since.limit(1)) is not None:
            found[model] = changed_since
    return found


def _later(model: type[Base], change_id: int) -> list[ColumnElement[bool]]:
    """That something hangs on a record which the change did not add."""
    conditions: list[ColumnElement[bool]] = []
    for other, column in _pointing(model):
        one, added = aliased(other), aliased(ChangeRow)
        conditions.append(exists().where(getattr(one, column) == model.id, ~exists().where(
            added.change_id == change_id, added.table_name == other.__tablename__, added.pk == one.id)))
    return conditions


def _belongs_to(model: type[Base], staying: Staying) -> list[ColumnElement[bool]]:
    """That a record hangs on one that stays, by each column that may say so."""
    columns = table_of(model).c
    return [and_(columns[name].is_not(None), columns[name].in_(keys)) for parent, keys in staying.items()
            for child, name in _pointing(parent) if child is model]


def _restore(session: ScopedSession, model: type[Base], operation: str, columns: str, change_id: int,
             row_ids: Sequence[int] | None, staying: Staying) -> int:
    """Restore the records of one shape that still stand as they were left; gives how many."""
    table = table_of(model)
    touched = columns_of(table, columns)
    mine = [*_rows(change_id, row_ids), ChangeRow.table_name == table.name,
            ChangeRow.operation == operation, ChangeRow.columns == columns]
    options = {"synchronize_session": False}
    if operation == "update":
        done = session.execute(
            update(model)
            .values({c.name: _value(session, ChangeRow.before, c) for c in touched})
            .where(*mine, model.id == ChangeRow.pk, *_stands(session, touched, ChangeRow.after))
            .execution_options(**options)
        )
    elif operation == "insert":
        whole = recorded_columns(model)
        # Row by row through the ledger's index, never the subquery as a whole for each record: right after
        # an import PostgreSQL has no statistics, and takes the one for as good as the other.
        standing = exists().where(*mine, ChangeRow.pk == model.id, *_stands(session, whole, ChangeRow.after))
        with_them = [~belongs for belongs in _belongs_to(model, staying)]
        done = session.execute(
            delete(model).where(standing, *_unreferenced(model), *with_them).execution_options(**options))
    else:
        gone = select(ChangeRow.pk, *[_value(session, ChangeRow.before, c) for c in touched]).where(
            *mine, ~exists().where(model.id == ChangeRow.pk)
        )
        done = session.execute(insert(model).from_select(["id", *[c.name for c in touched]], gone))
    session.expire_all()
    return cast(CursorResult[Any], done).rowcount


def _pointing(model: type[Base]) -> list[tuple[type[Base], str]]:
    """The columns of other records that hang on a record of this table."""
    return [(other, constraint.column_keys[0])
            for other in models() for constraint in table_of(other).foreign_key_constraints
            if constraint.elements[0].column is table_of(model).c.id]


def _unreferenced(model: type[Base]) -> list[ColumnElement[bool]]:
    """No other record hangs on this one: what was added to it later keeps it."""
    conditions: list[ColumnElement[bool]] = []
    for other, column in _pointing(model):
        local = getattr(aliased(other), column)
        conditions.append(~exists().where(local == model.id))
    return conditions


def _restored(session: ScopedSession, undoing_id: int) -> int:
    """How many records the undo touched."""
    touched = (select(ChangeRow.table_name, ChangeRow.pk).where(ChangeRow.change_id == undoing_id)
               .distinct().subquery())
    return session.scalar(select(func.count()).select_from(touched)) or 0


def _left(session: ScopedSession, change_id: int, undoing_id: int, row_ids: Sequence[int] | None,
          staying: Staying) -> list[Kept]:
    """What the undo did not touch, with the last hand on each of these."""
    again = aliased(ChangeRow)
    left = (
        select(ChangeRow.table_name, ChangeRow.pk).distinct()
        .where(*_rows(change_id, row_ids))
        .where(~exists().where(again.change_id == undoing_id, again.table_name == ChangeRow.table_name,
                               again.pk == ChangeRow.pk))
    )
    untouched: dict[str, list[int]] = defaultdict(list)
    for table, pk in session.execute(left).all():
        untouched[table].append(pk)
    return [one for table, keys in untouched.items()
            for one in _kept(session, table, keys, {change_id, undoing_id}, staying)]


def _kept(session: ScopedSession, table: str, keys: list[int], ours: set[int], staying: Staying) -> list[Kept]:
    """Why each of these records was left as it is."""
    lasts, model = last_rows(session, table, keys), model_of(table)
    belonging: set[int] = set()
    if ways := _belongs_to(model, staying):
        for part in in_parts(keys):
            belonging |= set(session.scalars(select(model.id).where(model.id.in_(part), or_(*ways))))
    hands = _hands(session, model_of(table), keys, ours)
    result = []
    for pk in keys:
        last, hand = lasts.get(pk), hands.get(pk)
        who, when = (hand.actor, hand.at) if hand is not None else (None, None)
        if last is None or last.change_id in ours:
            why = "所属的记录保留了，一并保留" if pk in belonging else "其下还有保留的记录"
            result.append(Kept(table, pk, why, who, when))
        else:
            result.append(Kept(table, pk, "之后已被移除" if last.operation == "delete" else "之后又被修改", who, when))
    return result


def _hands(session: ScopedSession, model: type[Base], keys: list[int], ours: set[int]) -> dict[int, Change]:
    """The last act of others on each of these records; where there is none, on what hangs on it."""
    lasts = last_rows(session, model.__tablename__, keys)
    others = acts(session, [row for row in lasts.values() if row.change_id not in ours])
    found = {pk: others[row.change_id] for pk, row in lasts.items() if row.change_id in others}
    bare = [pk for pk in keys if pk not in found]
    for part in in_parts(bare):
        for other, column in _pointing(model):
            local = getattr(other, column)
            rows = session.execute(select(other.id, local).where(local.in_(part)))
            below: dict[int, int] = dict(rows.all())
            for key, act in _hands(session, other, list(below), ours).items():
                if below[key] not in found or found[below[key]].at < act.at:
                    found[below[key]] = act
    return found
