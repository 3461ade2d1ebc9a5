"""History: what happened to a record, before and after, as the reader's role may see it."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Select, and_, func, or_, select

from admin_app.access.bulk import in_parts
from admin_app.access.permissions import WITHOUT_CHILD_DATA, Permission, Role, permits
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import REVEAL, changes_of
from admin_app.changes.triggers import columns_of
from admin_app.display import Display
from models.base import Base, UtcDateTime, Wall, declared, model_of, names_region, pointed_at, table_of
from models.change import Change, ChangeRow
from models.kinds import Sealed, SealedText

HIDDEN = "（内容不可见）"
MOST_LINES = 50  # of the history on a record's own page


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One column of one record, before and after, as text."""

    column: str
    label: str
    before: str
    after: str
    alone: bool = False  # there is no before: of a new record, or where `after` names what was shown in full


@dataclass(frozen=True, slots=True)
class Entry:
    """One record touched by one change."""

    row: ChangeRow
    change: Change
    values: list[ValueChange]
    away: bool = False  # the record lies outside by now: nothing of it is told


def of_records(session: ScopedSession, role: Role, display: Display,
               keys: Mapping[str, Sequence[int]]) -> list[Entry]:
    """The history of records in scope, by table, newest first, also from before they came here; its last lines."""
    ways = [and_(ChangeRow.table_name == table, ChangeRow.pk.in_(some)) for table, some in keys.items() if some]
    return entries(session, role, display, followed(
        session, select(ChangeRow).where(or_(*ways)).order_by(ChangeRow.id.desc()).limit(MOST_LINES)))


def followed(session: ScopedSession, query: Select[Any]) -> list[ChangeRow]:
    """Rows of the ledger about records that were found in scope. Their history comes with them: a family that was
    handed over is read by the village that keeps it, from its first day."""
    with unscoped(session.get_bind().engine, "the history of records in scope, from wherever they lay") as wide:
        found = list(wide.scalars(query))
        wide.expunge_all()
    return found


def gone_elsewhere(session: ScopedSession, rows: Sequence[ChangeRow]) -> set[tuple[str, int]]:
    """Of the records that these rows name, those that lie outside by now, by table and number: the former village
    reads that it acted, and no longer about whom."""
    found: set[tuple[str, int]] = set()
    with unscoped(session.get_bind().engine, "whether a record lies elsewhere by now") as wide:
        for table in {row.table_name for row in rows}:
            model, keys = model_of(table), {row.pk for row in rows if row.table_name == table}
            if model.__wall__ not in (Wall.CHILD, Wall.OFFICE):
                continue
            code = table_of(model).c[str(model.__region__)]
            places = wide.execute(select(model.id, code).where(model.id.in_(keys))).all()
            found |= {(table, key) for key, place in places if not session.scope.covers(Wall.OFFICE, place)}
    return found


def entries(session: ScopedSession, role: Role, display: Display, rows: Sequence[ChangeRow]) -> list[Entry]:
    """Rows of the ledger with the act they belong to. The act itself may lie outside (a village reads
    what the district did to its children): it is read by number, for rows in scope only."""
    changes, away = acts(session, rows), gone_elsewhere(session, rows)
    removed = _removed(session, display, _prepare(display, [r for r in rows if (r.table_name, r.pk) not in away]))
    return [Entry(row, changes[row.change_id], [] if (row.table_name, row.pk) in away
                  else values_of(display, role, row, removed), (row.table_name, row.pk) in away) for row in rows]


def _prepare(display: Display, rows: Sequence[ChangeRow]) -> dict[type[Base], set[Any]]:
    """Load what the values of these rows point at, for all of them at once: an import names a family in each. Gives the
    records that they point at."""
    held: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    pointed: dict[type[Base], set[Any]] = defaultdict(set)
    for row in rows:
        for side in (row.before, row.after):
            for name, value in json.loads(side or "{}").items():
                held[row.table_name][name].add(value)
    for table, values in held.items():
        model = model_of(table)
        display.prepare_values(model, {name: some for name, some in values.items() if name in table_of(model).c and (
            names_region(model, name) or pointed_at(model, name))})
        for name, some in values.items():
            if name in table_of(model).c and (target := pointed_at(model, name)):
                pointed[target] |= some - {None}
    return pointed


def _removed(session: ScopedSession, display: Display,
             pointed: Mapping[type[Base], set[Any]]) -> Collection[tuple[type[Base], Any]]:
    """Of the records that values point at, those that stand nowhere any more, because an undo has removed them."""
    found: set[tuple[type[Base], Any]] = set()
    with unscoped(session.get_bind().engine, "whether a record stands anywhere") as wide:
        for target, every_key in pointed.items():
            keys = {key for key in every_key if display.loaded(target, key) is None}
            every = table_of(target).c.id
            if keys:
                found |= {(target, key) for key in keys - set(wide.scalars(select(every).where(every.in_(keys))))}
    return found


def acts(session: ScopedSession, rows: Sequence[ChangeRow]) -> dict[int, Change]:
    """The acts behind rows that were found in scope, by number."""
    numbers = {row.change_id for row in rows}
    with unscoped(session.get_bind().engine, "the act behind rows in scope") as wide:
        found = {c.id: c for c in wide.scalars(select(Change).where(Change.id.in_(numbers)))}
        wide.expunge_all()
    return found


def values_of(display: Display, role: Role, row: ChangeRow,
              removed: Collection[tuple[type[Base], Any]]) -> list[ValueChange]:
    """What one row of the ledger says, column by column; of a record that was `removed` since, that it was."""
    model = model_of(row.table_name)
    before, after = json.loads(row.before or "{}"), json.loads(row.after or "{}")
    hidden = role in WITHOUT_CHILD_DATA and model.__wall__ is Wall.CHILD
    # Whoever may not open a ledger does not read it here. The auditor's own business is the ledger of changes.
    ledgers = [model, *([model_of(owner)] if (owner := (after or before).get("owner_table")) else [])]
    if role is not Role.AUDITOR and not all(permits(role, Permission(f"{one.__area__}.view")) for one in ledgers):
        return []
    if row.operation == REVEAL:
        looked = "、".join(column.info["field"].label for column in columns_of(table_of(model), row.columns))
        return [ValueChange("", "查看了", "", looked, alone=True)]
    result = []
    for name in row.columns.split(","):
        if name not in table_of(model).c:
            continue
        field = declared(model, name)
        if field.internal:
            continue
        if hidden and not field.states and name != "region_code":
            texts = (HIDDEN if name in before else "", HIDDEN if name in after else "")
        else:
            target = pointed_at(model, name)
            texts = tuple(  # type: ignore[assignment]
                f"{target.__title__}（已移除）" if target and (target, side.get(name)) in removed else
                display.value(model, name, stored_value(model, name, side.get(name))).text
                for side in (before, after))
        result.append(ValueChange(name, field.label, *texts, alone=row.operation == "insert"))
    return result


def stored_value(model: type[Base], column: str, value: Any) -> Any:
    """A value from the ledger's JSON as the column's own Python value, on both stores."""
    kind = table_of(model).c[column].type
    if value is None:
        return None
    if isinstance(kind, SealedText):
        return Sealed(value, kind.context)
    if isinstance(kind, UtcDateTime | DateTime):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if isinstance(kind, Date):
        return date.fromisoformat(value[:10])
    if isinstance(kind, Boolean):
        return bool(value)
    return value


def value_at(session: ScopedSession, model: type[Base], record: Base, position: int,
             columns: Sequence[str]) -> dict[str, Any]:
    """The record's values as they stood at a ledger position: the present ones, rolled back."""
    values = {name: getattr(record, name) for name in columns}
    later = session.scalars(
        select(ChangeRow).where(ChangeRow.table_name == model.__tablename__, ChangeRow.pk == record.id,
                                ChangeRow.id > position, ChangeRow.operation == "update")
        .order_by(ChangeRow.id.desc())
    )
    for row in later:
        before = json.loads(row.before or "{}")
        values |= {n: stored_value(model, n, before[n]) for n in columns if n in before}
    return values


def first_hands(session: ScopedSession, table: str, keys: Sequence[int]) -> dict[int, Change]:
    """The acts that records in scope came from, by record."""
    rows = followed(session, select(ChangeRow).where(
        ChangeRow.table_name == table, ChangeRow.pk.in_(keys), ChangeRow.operation == "insert"))
    found = acts(session, rows) if rows else {}
    return {row.pk: found[row.change_id] for row in rows}


def last_rows(session: ScopedSession, table: str, keys: Sequence[int],
              before: int | None = None) -> dict[int, ChangeRow]:
    """The last row of the ledger for each of these records in scope; the last one `before` an act."""
    found: dict[int, ChangeRow] = {}
    for part in in_parts(keys):
        latest = (
            select(func.max(ChangeRow.id))
            .where(*changes_of(table, part), *([ChangeRow.change_id < before] if before else []))
            .group_by(ChangeRow.pk)
        )
        found |= {row.pk: row for row in session.scalars(select(ChangeRow).where(ChangeRow.id.in_(latest)))}
    return found


def last_hand(session: ScopedSession, table: str, pk: int) -> Change | None:
    """The last act on a record in scope."""
    row = last_rows(session, table, [pk]).get(pk)
    return acts(session, [row])[row.change_id] if row is not None else None
