"""Undo: restore what still stands as the change left it, list the rest with who and when.

Set-based: one statement for each shape (table, operation, changed columns), the shapes in reverse
order of writing. An undo is a change itself, so it can be undone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.keepers import is_kept, require_keeper
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.history import acts, last_rows
from admin_app.changes.ledger import explained
from admin_app.changes.restore import (
    KEEPERS, Shape, Staying, belongs_to, check_keys_at_the_end, in_order, lying_with, pointing_at, restore, rows_of,
    staying_in,
)
from admin_app.errors import Conflict, Invalid, NotFound, Refused
from admin_app.standing import doubled, leave_strange_groups, of_settled
from models.attachment import Attachment
from models.base import Base, model_of, table_of
from models.change import Change, ChangeRow
from models.code_item import CodeItem
from models.household import Household


_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that was not restored, because it no longer stands as the change left it."""

    table: str
    pk: int
    why: str
    who: str | None
    when: datetime | None
    untouched: bool = False  # nobody has changed it since: once what holds it is gone, it may go as well


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: records restored to what they were (also those that had been removed), records that the
    change had added and that are taken away again, and what it left."""

    restored: int
    removed: int
    kept: list[Kept]


def undo(session: ScopedSession, actor: Actor, change_id: int, undoing: Change,
         row_ids: Sequence[int] | None = None) -> Undone:
    """Undo a change, or only some of its rows (`row_ids`), inside the recording `undoing`.

    Effects, in order: checks that the actor may undo it; for each shape from the last written to the first restores
    the records that still hold the "after" values; lists the others. Raises NotFound, Refused, Invalid (whoever
    takes back what another did says why), Conflict (already undone)."""
    change = changed(session, change_id)
    if row_ids is None and undone(session, change_id):
        raise Conflict("这次变更已经撤销过了。如需恢复，请到那次撤销的页面上再撤销。")
    shapes = check_may_undo(session, actor, change, row_ids)
    if not own(actor, change):
        explained(f"撤销“{change.actor}”所做的变更", undoing.reason)
    check_keys_at_the_end(session)
    staying = staying_in(session, shapes, change_id, row_ids)
    left = sum(count - restore(session, model_of(table), operation, columns, change_id, row_ids, staying)
               for table, operation, columns, count in in_order(shapes))
    session.flush()
    if any(table == Household.__tablename__ for table, *_ in shapes):
        leave_strange_groups(session, undoing.id)
    _stand_once(session, undoing.id, {model_of(table) for table, operation, columns, _ in shapes
                                      if _stands_otherwise(model_of(table), operation, columns)})
    for model in {model_of(table) for table, operation, *_ in shapes if operation != "insert"}:
        _alike_in_none(session, undoing.id, model)
    return outcome(session, change_id, undoing.id, row_ids, all_restored=not left)


def _stands_otherwise(model: type[Base], operation: str, columns: str) -> bool:
    """Whether a row of this shape, undone, brings a record back, into another state, or to where one stands once."""
    moves = model.__moves__
    return moves is not None and (operation == "delete" or (operation == "update" and not set(
        columns.split(",")).isdisjoint((moves.column, *moves.single))))


def _stand_once(session: ScopedSession, undoing_id: int, touched: set[type[Base]]) -> None:
    """What was brought back does not stand beside what took its place since. Raises Invalid: nothing is undone."""
    for model in touched:
        moves, every = model.__moves__, cast(Any, model)
        if moves is None or not (moves.single or moves.ends):
            continue
        state, brought_back = getattr(every, moves.column), every.id.in_(select(ChangeRow.pk).where(
            ChangeRow.change_id == undoing_id, ChangeRow.table_name == model.__tablename__))
        _ends_nothing(session, model, select(every.id).where(brought_back, state.not_in(moves.standing)))
        keys = session.scalars(select(every.id).where(brought_back, state.in_(moves.standing))).all()
        if doubles := doubled(session, model, keys):
            raise Invalid(f"没有撤销：有 {len(doubles)} 条“{model.__title__}”后来已另有一条同样的，撤销后会成两条。"
                          "请先在后来的那条上办理（如作废、解除），再来撤销。")
        if unfitting := of_settled(session, model, keys):
            raise Invalid(f"没有撤销：有 {len(unfitting)} 条“{model.__title__}”不能恢复。"
                          f"{next(iter(unfitting.values()))}请先更正那边的状态，再来撤销。")


def _alike_in_none(session: ScopedSession, undoing_id: int, model: type[Base]) -> None:
    """What no rule of the database keeps apart (`__once__`) is not doubled by what comes back, or comes along with its
    family: a letter whose number its former village has given anew. Which of the two keeps it, the office says.
    Raises Invalid."""
    if not (names := model.__once__):
        return
    back, other = (cast(Any, aliased(model)) for _ in range(2))
    brought = select(ChangeRow.pk).where(
        ChangeRow.change_id == undoing_id, ChangeRow.table_name == model.__tablename__,
        or_(ChangeRow.operation == "insert", *[ChangeRow.columns.contains(name) for name in names]))
    alike = exists().where(other.id != back.id, *[getattr(other, name) == getattr(back, name) for name in names])
    if found := session.scalars(select(back).where(back.id.in_(brought), alike).limit(_MOST_NAMED)).all():
        named = "、".join(f"“{one}”" for one in found)
        raise Invalid(f"没有撤销：“{model.__title__}”{named}恢复后会与后来登记的另一条重复。"
                      "请先更正后来的那条（如换一个编号），再来撤销。")


def _ends_nothing(session: ScopedSession, model: type[Base], settled: Select[Any]) -> None:
    """Nothing that stands hangs on a record which an undo has settled again. Raises Invalid."""
    for other in {model_of(table) for table, _ in model.__moves__.ends} if model.__moves__ else ():
        theirs, columns = cast(Any, other.__moves__), table_of(other).c
        left = session.scalar(select(func.count()).select_from(other).where(
            columns[f"{model.__tablename__}_id"].in_(settled), columns[theirs.column].in_(theirs.standing)))
        if left:
            raise Invalid(f"没有撤销：后来登记了 {left} 条“{other.__title__}”还有效，撤销后{model.__title__}不再在册。"
                          "请先在那里办理解除，再来撤销。")


def outcome(session: ScopedSession, change_id: int, undoing_id: int, row_ids: Sequence[int] | None = None, *,
            all_restored: bool = False) -> Undone:
    """What an undo of a change did, as the ledger has it: also days later."""
    undoings = _together(session, change_id, undoing_id, row_ids)
    removed = func.max(case((ChangeRow.operation == "delete", 1), else_=0)).label("removed")
    touched = (select(removed).where(ChangeRow.change_id.in_(undoings))
               .group_by(ChangeRow.table_name, ChangeRow.pk).subquery())
    by_kind = select(touched.c.removed, func.count()).group_by(touched.c.removed)
    counts: dict[int, int] = dict(session.execute(by_kind).all())
    kept = [] if all_restored else _left(session, change_id, undoings, row_ids)
    return Undone(counts.get(0, 0), counts.get(1, 0), kept)


def _together(session: ScopedSession, change_id: int, undoing_id: int, row_ids: Sequence[int] | None) -> list[int]:
    """The undos that hold of a change, `undoing_id` among them: the first one, and those that took back what it had to
    leave. Of some rows alone, the one that is asked about."""
    whole = undos_of(session, [change_id]).get(change_id, []) if row_ids is None else []
    return sorted({undoing_id, *whole})


def undone(session: ScopedSession, change_id: int) -> int | None:
    """The undo that took a whole change back and still holds, by number; None where the change stands."""
    return undone_of(session, [change_id]).get(change_id)


def undone_of(session: ScopedSession, change_ids: Sequence[int]) -> dict[int, int]:
    """Which of these changes were undone as a whole, each with the last undo that holds."""
    return {change: undos[-1] for change, undos in undos_of(session, change_ids).items()}


def undos_of(session: ScopedSession, change_ids: Sequence[int]) -> dict[int, list[int]]:
    """The undos that hold of each of these changes that has any, the first one first: one that was undone itself holds
    no more. Whoever did it: a village's act may be undone from above."""
    undoings: dict[int, list[int]] = defaultdict(list)
    asked = set(change_ids)
    with unscoped(session.get_bind().engine, "whether an act was undone, also from above") as wide:
        while asked:
            found: list[Any] = [row for part in in_parts(list(asked)) for row in wide.execute(
                select(Change.undoes_id, Change.id).where(Change.undoes_id.in_(part)).order_by(Change.id))]
            for of, undoing in found:
                undoings[of].append(undoing)
            asked = {undoing for _, undoing in found}

    def holding(change: int) -> list[int]:
        return [by for by in undoings.get(change, []) if not holding(by)]

    return {change: undos for change in change_ids if (undos := holding(change))}


def lapsed_undos(session: ScopedSession) -> list[int]:
    """The undos that hold no more, for they were undone themselves. There are few."""
    again = aliased(Change)
    with unscoped(session.get_bind().engine, "which undos were undone, also from above") as wide:
        asked = wide.scalars(select(Change.id).where(
            Change.undoes_id.is_not(None), exists().where(again.undoes_id == Change.id))).all()
    return list(undone_of(session, asked))


def own(actor: Actor, change: Change) -> bool:
    return change.account_id == actor.account_id


def check_may_undo(session: ScopedSession, actor: Actor, change: Change,
                   row_ids: Sequence[int] | None = None) -> list[Shape]:
    """What there is to take back. Raises Refused where the actor may not, or not all that it touched."""
    actor.require(Permission.LEDGER_UNDO)
    if not own(actor, change) and actor.role != "administrator":
        raise Refused("您只能撤销自己所做的变更。如确需撤销别人的变更，请联系区划管理员。")
    if change.verb == "attach":
        raise Refused("上传的附件不撤销。如有误，请在记录页面上把它“作废”，写明原因，留存备查。")
    shapes = _shapes(session, change.id, row_ids)
    if not shapes:
        raise Refused("这次变更没有可以撤销的内容：它没有改动记录。")
    if any(shape[:2] == (CodeItem.__tablename__, "insert") for shape in shapes):
        # Whether records hold it, no foreign key knows, and whoever undoes may not see all of them.
        raise Refused("新增的代码项不撤销：可能已有记录用了它。如不再使用，请在代码表里填写停用日期。")
    for model in {model_of(table) for table, *_ in shapes}:
        _check_may_restore(actor, model)
        if is_kept(model):
            rows = [*rows_of(change.id, row_ids), ChangeRow.table_name == model.__tablename__]
            _check_keeper(session, actor, model, rows)
    for table in {table for table, operation, columns, _ in shapes
                  if operation == "update" and "region_code" in columns.split(",")}:
        _check_way_back(session, model_of(table), rows_of(change.id, row_ids))
    return shapes


def _check_may_restore(actor: Actor, model: type[Base]) -> None:
    """Who may write a ledger by hand may restore it. Rights are granted and taken back, never restored:
    an undo would give what the actor may not grant."""
    if model.__area__ == "account":
        raise Refused("账号与授权的变更不能撤销。请在账号或授权页面上重新办理。")
    acts = [act for act in ("edit", "create") if f"{model.__area__}.{act}" in set(Permission)]
    actor.require(f"{model.__area__}.{acts[0]}")


def _check_keeper(session: ScopedSession, actor: Actor, model: type[Base], rows: list[ColumnElement[bool]]) -> None:
    """What may not be changed is not changed by an undo either. Raises Refused."""
    every = cast(Any, model)
    for record in session.scalars(select(every).where(every.id.in_(select(ChangeRow.pk).where(*rows)))):
        require_keeper(session, actor, record)


def _check_way_back(session: ScopedSession, model: type[Base], rows: list[ColumnElement[bool]]) -> None:
    """What came from beyond one's area is sent back by whoever reaches both. Raises Refused."""
    for before in session.scalars(select(ChangeRow.before).where(
            *rows, ChangeRow.table_name == model.__tablename__, ChangeRow.operation == "update",
            ChangeRow.columns.contains("region_code")).distinct()):
        code = orjson.loads(before or "{}").get("region_code")
        if code and not session.scope.covers(model.__wall__, code):
            raise Refused("这次变更把记录从您的管辖范围之外移来，撤销会移回那里。请联系上一级管理员撤销。")


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


def _shapes(session: ScopedSession, change_id: int,
            row_ids: Sequence[int] | None) -> list[Shape]:
    """Table, operation, changed columns, and how many rows: the last written first."""
    query = (
        select(ChangeRow.table_name, ChangeRow.operation, ChangeRow.columns, func.count())
        .where(*rows_of(change_id, row_ids))
        .group_by(ChangeRow.table_name, ChangeRow.operation, ChangeRow.columns)
        .order_by(func.max(ChangeRow.id).desc())
    )
    return [cast(Shape, tuple(row)) for row in session.execute(query)]


def rest_of(session: ScopedSession, change_id: int, undoing_id: int) -> list[int]:
    """The rows of an undone change that its undo left, and that nobody has changed since: once what held them is gone,
    they may be undone as well."""
    undoings = _together(session, change_id, undoing_id, None)
    open_ = {(one.table, one.pk) for one in _left(session, change_id, undoings, None) if one.untouched}
    rows = session.execute(select(ChangeRow.id, ChangeRow.table_name, ChangeRow.pk).where(
        *_beside(change_id, undoings, None)))
    return [row for row, table, pk in rows if (table, pk) in open_]


def _beside(change_id: int, undoings: Sequence[int], row_ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    """The rows of a change whose records its undo did not touch."""
    again = aliased(ChangeRow)
    return [*rows_of(change_id, row_ids), ~exists().where(
        again.change_id.in_(undoings), again.table_name == ChangeRow.table_name, again.pk == ChangeRow.pk)]


def _left(session: ScopedSession, change_id: int, undoings: Sequence[int], row_ids: Sequence[int] | None) -> list[Kept]:
    """What the undo did not touch, with the last hand on each of these at that time."""
    untouched = _beside(change_id, undoings, row_ids)
    keys: dict[str, list[int]] = defaultdict(list)
    changed: dict[str, set[int]] = defaultdict(set)
    for table, pk, operation in session.execute(select(
            ChangeRow.table_name, ChangeRow.pk, func.min(ChangeRow.operation)).where(*untouched)
            .group_by(ChangeRow.table_name, ChangeRow.pk)).all():
        keys[table].append(pk)
        if operation == "update":
            changed[table].add(pk)
    staying: Staying = {model_of(table): select(ChangeRow.pk).where(
        *untouched, ChangeRow.table_name == table, ChangeRow.operation == "insert") for table in KEEPERS & set(keys)}
    ours = (change_id, *undoings)
    return [one for table, left in keys.items() for one in _kept(session, table, left, ours, staying, changed)]


def _kept(session: ScopedSession, table: str, keys: list[int], ours: tuple[int, ...], staying: Staying,
          changed: dict[str, set[int]]) -> list[Kept]:
    """Why each of these records was left as it is."""
    lasts, model = last_rows(session, table, keys, before=ours[-1]), model_of(table)
    belonging: set[int] = set()
    if ways := belongs_to(model, staying):
        for part in in_parts(keys):
            belonging |= set(session.scalars(select(model.id).where(model.id.in_(part), or_(*ways))))
    here = {pk for part in in_parts(keys) for pk in session.scalars(select(model.id).where(model.id.in_(part)))}
    hands, behind = _hands(session, model_of(table), keys, ours), _behind(session, model, keys, changed)
    below = _titles_below(session, model, [pk for pk in keys if pk not in changed[table]])
    result = []
    for pk in keys:
        last, hand = lasts.get(pk), hands.get(pk)
        who, when = (hand.actor, hand.at) if hand is not None else (None, None)
        if last is not None and not session.scope.covers(model.__wall__, last.region_code):
            result.append(Kept(table, pk, "没有恢复（这类记录您的身份不能查看，原因请问区划管理员）", who, when))
        elif last is None or (pk not in here and last.operation != "delete"):
            result.append(Kept(table, pk, "已不在您的管辖范围内", None, None))
        elif last.change_id in ours:
            why = _why(pk, belonging, changed[table], behind, model, below.get(pk, ()))
            result.append(Kept(table, pk, why, who, when, untouched=True))
        else:
            result.append(Kept(table, pk, "之后已被移除" if last.operation == "delete" else "之后又被修改", who, when))
    return result


def _behind(session: ScopedSession, model: type[Base], keys: list[int], changed: dict[str, set[int]]) -> set[int]:
    """Which of these records belong to one that did not go back to its former place."""
    above = lying_with(model)
    if above is None or not (owners := changed[above[0].__tablename__]):
        return set()
    of: Any = getattr(model, above[1])
    pairs = [row for part in in_parts(keys) for row in session.execute(select(model.id, of).where(model.id.in_(part)))]
    return {pk for pk, owner in pairs if owner in owners}


def _titles_below(session: ScopedSession, model: type[Base], keys: list[int]) -> dict[int, list[str]]:
    """Of what kind the records are that hang on each of these, also for whoever may not see them: what holds a record
    is the same for everybody."""
    found: dict[int, list[str]] = defaultdict(list)
    with unscoped(session.get_bind().engine, "of what kind the records are that hold one") as wide:
        asked = session if session.writing else wide  # what an undo has taken away holds nothing any more
        for other, column in pointing_at(model):
            held = getattr(other, column)
            for part in in_parts(keys):
                for key in asked.scalars(select(held).where(held.in_(part)).distinct()):
                    found[key].append(other.__title__)
    return found


def _why(pk: int, belonging: set[int], changed: set[int], behind: set[int], model: type[Base],
         below: Sequence[str]) -> str:
    """Why a record was left that nobody touched since."""
    if pk in belonging or model is Attachment:
        return "所属的记录保留了，一并保留"
    if pk not in changed:
        return f"其下还有{'、'.join(dict.fromkeys(below))}" if below else "占用它的记录已不在，可再撤销"
    return "所属的记录没有恢复，一并保留" if pk in behind else "它的编号或证件号已用在别的记录上"


def _hands(session: ScopedSession, model: type[Base], keys: list[int], ours: tuple[int, ...]) -> dict[int, Change]:
    """The last act of others on each of these records; where there is none, on what hangs on it."""
    lasts = last_rows(session, model.__tablename__, keys, before=ours[-1])
    others = acts(session, [row for row in lasts.values() if row.change_id not in ours])
    found = {pk: others[row.change_id] for pk, row in lasts.items() if row.change_id in others}
    bare = [pk for pk in keys if pk not in found]
    for part in in_parts(bare):
        for other, column in pointing_at(model):
            local = getattr(other, column)
            rows = session.execute(select(other.id, local).where(local.in_(part)))
            below: dict[int, int] = dict(rows.all())
            for key, act in _hands(session, other, list(below), ours).items():
                if below[key] not in found or found[below[key]].at < act.at:
                    found[below[key]] = act
    return found
