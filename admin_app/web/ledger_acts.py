"""Which acts a list of the ledger asks for, and what they touched."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.permissions import Permission, Role, permits
from admin_app.access.scope import Scope, ScopedSession, unscoped, within
from admin_app.changes.triggers import columns_of
from admin_app.changes.undo import lapsed_undos
from admin_app.display import LOCAL_ZONE
from admin_app.listing import LONGEST_SEARCH
from admin_app.text import counted
from admin_app.web.context import actor, display, plant, session
from admin_app.web.list_address import span_in
from models.account import Account
from models.attachment import Attachment
from models.base import model_of, models, table_of
from models.change import Change, ChangeRow
from models.region import prefix_of

_EARLIEST, _LATEST = date(1970, 1, 1), date(9000, 1, 1)  # a moment of any zone lies inside what Python can count
_DAYS = {"since": 0, "until": 1}  # an argument → the first or the last day of what it says
_MOST_FIELDS = 12  # told of one act in the sheet


def acts(said: Mapping[str, str]) -> Select[Any]:
    """The acts that fit the arguments of this page's address: made in scope, or from above on something in scope. To
    be asked over all rows, for the wall of an act is its actor's. What cannot be read fits nothing."""
    scope = session().scope
    ours = exists().where(ChangeRow.change_id == Change.id, within(ChangeRow, scope))
    query = select(Change).where(or_(within(Change, scope), ours), *open_to(actor()))
    said = {name: value[:LONGEST_SEARCH] for name, value in said.items()}
    if who := said.get("who", "").strip():
        named = select(Account.id).where(Account.username == who)
        query = query.where(or_(Change.actor.contains(who, autoescape=True), Change.account_id.in_(named)))
    if verb := said.get("verb", "").strip():
        query = query.where(or_(Change.verb == verb, Change.verb.endswith(f":{verb}", autoescape=True)))
    if origin := said.get("origin", "").strip():
        query = query.where(Change.origin == origin)
    if by := said.get("undone", "").strip():
        query = query.where(_taken_back(by))
    for name, side in _DAYS.items():
        if text := said.get(name, "").strip():
            if (day := _day(text, side)) is None:
                query = query.where(false())
                continue
            moment = datetime.combine(day, time.min, LOCAL_ZONE) + timedelta(days=side)
            query = query.where(Change.at < moment if side else Change.at >= moment)
    if region := said.get("region", "").strip():
        place = Scope.under(prefix_of(region)) if re.fullmatch(r"[0-9]{12}", region) else None
        query = query.where(false() if place is None else or_(within(Change, place), exists().where(
            ChangeRow.change_id == Change.id, within(ChangeRow, scope), within(ChangeRow, place))))
    table, pk = said.get("table", "").strip(), said.get("pk", "").strip()
    touched = [ChangeRow.table_name == table] if table else []
    if pk:
        touched.append(ChangeRow.pk == int(pk) if pk.isdecimal() and len(pk) < 18 else false())
    if touched:
        query = query.where(exists().where(ChangeRow.change_id == Change.id, within(ChangeRow, scope), *touched))
    return query


@lru_cache(maxsize=8)
def closed_to(role: Role) -> frozenset[str]:
    """The ledgers that a role may not open: nor are its acts its business, what was decided there and why. The
    auditor's own business is every act."""
    return frozenset(model.__tablename__ for model in models() if role is not Role.AUDITOR and model.__recorded__
                     and f"{model.__area__}.view" in set(Permission)
                     and not permits(role, Permission(f"{model.__area__}.view")))


def open_to(who: Actor) -> list[ColumnElement[bool]]:
    """The acts that are a person's business, as conditions: none of a ledger that is closed to the role, no paper of
    one; none that touched nothing else, whatever it is called: an undo says why as well. One's own stay one's own."""
    closed = closed_to(who.role)
    paper = exists().where(ChangeRow.change_id == Change.id, ChangeRow.table_name == Attachment.__tablename__,
                           Attachment.id == ChangeRow.pk, Attachment.owner_table.in_(closed))
    verbs = [~Change.verb.startswith(f"{table}:", autoescape=True) for table in sorted(closed)]
    of_closed = exists().where(ChangeRow.change_id == Change.id, ChangeRow.table_name.in_(closed))
    # An undo takes papers away: whose they were, nobody knows any more.
    of_others = exists().where(ChangeRow.change_id == Change.id,
                               ChangeRow.table_name.not_in([*closed, Attachment.__tablename__]))
    own = Change.account_id == who.account_id
    return [*verbs, ~paper, or_(own, of_others, ~of_closed)] if closed else []


def _day(text: str, side: int) -> date | None:
    """The first or the last day that a text means, None where it means none."""
    span = span_in(text)
    return span[side] if span and _EARLIEST <= span[side] <= _LATEST else None


def unread(said: Mapping[str, str]) -> list[str]:
    """The days of an address that mean none: such a list finds nothing, and says why."""
    return [text for name, side in _DAYS.items() if (text := said.get(name, "").strip()) and _day(text, side) is None]


def _taken_back(by: str) -> ColumnElement[bool]:
    """That an act was undone, and that the undo holds: by anybody, or by others than who acted."""
    undoing, act = aliased(Change), aliased(Change)
    whose = {"any": [], "others": [undoing.account_id.is_distinct_from(act.account_id)]}.get(by, [false()])
    return Change.id.in_(select(act.id).join(undoing, undoing.undoes_id == act.id).where(
        undoing.id.not_in(lapsed_undos(session())), *whose))


def how_many(said: Mapping[str, str], most: int) -> int:
    """How many acts a list of this address would have, at most one more than so many."""
    with over_all() as wide:
        some = acts(said).with_only_columns(Change.id).limit(most + 1).subquery()
        return wide.scalar(select(func.count()).select_from(some)) or 0


def over_all() -> ScopedSession:
    return unscoped(plant().engine, "an act from above stands beyond the wall of what it touched")


def records_of(numbers: list[int]) -> dict[int, str]:
    """What each of these acts touched: its one record by name, or how many. A paper goes without saying beside the
    record that it hangs on."""
    per = select(ChangeRow.change_id, ChangeRow.table_name, func.min(ChangeRow.id).label("row"),
                 func.count(ChangeRow.pk.distinct()).label("records")).where(  # one that was written twice is one
        ChangeRow.change_id.in_(numbers)).group_by(ChangeRow.change_id, ChangeRow.table_name).subquery().c
    told = per.table_name != Attachment.__tablename__
    first = select(per.change_id, func.coalesce(func.min(case((told, per.row))), func.min(per.row)).label("row"),
                   cast(func.coalesce(func.sum(case((told, per.records))), func.sum(per.records)),
                        Integer).label("rows"),
                   func.count(case((told, per.table_name))).label("tables")).group_by(per.change_id).subquery()
    found = session().execute(select(first.c.change_id, first.c.rows, first.c.tables, ChangeRow.table_name,
                                     ChangeRow.pk)
                              .join(ChangeRow, ChangeRow.id == first.c.row)).all()
    named = [row for row in found if row.rows == 1 and actor().may(f"{model_of(row.table_name).__area__}.view")]
    for table in {row.table_name for row in named}:
        display().load_records(model_of(table), [row.pk for row in named if row.table_name == table])
    names = {row.change_id: display().loaded(model_of(row.table_name), row.pk) for row in named}
    return {row.change_id: names.get(row.change_id) or (
        f"{row.rows:,} 条记录（{model_of(row.table_name).__title__}等）" if row.tables > 1
        else counted(row.rows, row.table_name)) for row in found}


def touched_by(found: Sequence[Change]) -> dict[int, tuple[str, str]]:
    """What each act touched, without a name: 学生 17 or 3 名学生; and which of its fields."""
    records: dict[int, list[str]] = defaultdict(list)
    fields: dict[int, dict[str, None]] = defaultdict(dict)
    for part in in_parts([c.id for c in found]):
        theirs, of = ChangeRow.change_id.in_(part), (ChangeRow.change_id, ChangeRow.table_name)
        for act, table, count, key in session().execute(
                select(*of, func.count(ChangeRow.pk.distinct()), func.min(ChangeRow.pk))
                .where(theirs).group_by(*of).order_by(ChangeRow.table_name)):
            records[act].append(f"{model_of(table).__title__} {key}" if count == 1 else counted(count, table))
        for act, table, columns in session().execute(
                select(*of, ChangeRow.columns).where(theirs).distinct().order_by(*of, ChangeRow.columns)):
            told = [c.info["field"] for c in columns_of(table_of(model_of(table)), columns or "")]
            fields[act] |= dict.fromkeys(field.label for field in told if not field.internal)
    return {act: ("、".join(texts), "、".join([*fields[act]][:_MOST_FIELDS])) for act, texts in records.items()}
