"""What belongs to a record: the rows of other ledgers, and everything about it in the order of its days."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from flask import url_for
from sqlalchemy import Date, and_, or_, select

from admin_app.access.permissions import Permission
from admin_app.changes import history
from admin_app.changes.undo import undone_of
from admin_app.display import LOCAL_ZONE
from admin_app.services.attachments import of_records
from admin_app.web.context import actor, added_at, display, session
from admin_app.web.gate import here
from models import account
from models.account import Grant
from models.attachment import Attachment
from models.base import Base, Wall, declared, model_of, table_of
from models.change import Change, ChangeRow
from models.household import Household
from models.student import SCHOOLING_MOVES, Student

if TYPE_CHECKING:
    from views.base import RegisterView

MOST_ROWS = 50
MOST_EVENTS = 100
_NOTED = {"student": ("checked_on",)}  # days that come again, of which a record holds only the last
_SINCE = {"absent_since": "缺勤自 {}", "leave_until": "至 {}"}  # days of a move that a later one empties again


class Owner(NamedTuple):
    """To whom a new row would belong, and by which column."""

    key: str
    value: int
    name: str = ""  # of a child, where a family has several


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one ledger that belong to a record, and to whom a new one could."""

    model: type[Base]
    columns: tuple[str, ...]
    rows: list[Any]
    owners: tuple[Owner, ...]
    more: bool = False  # than these rows


def blocks_of(view: "RegisterView", record: Base) -> list[Block]:
    """The ledgers that the view names, as far as the role may see them; of each at most 50 rows."""
    found, adds = [], actor().may(Permission.FAMILY_CREATE)
    children = _children(record) if adds and isinstance(record, Household) else ()
    for table, columns in view.related:
        model = model_of(table)
        if actor().may(f"{model.__area__}.view") and (block := _block(record, model, columns, children)):
            found.append(block)
    return found


def _block(record: Base, model: type[Base], columns: tuple[str, ...], children: tuple[Owner, ...]) -> Block | None:
    """Rows that name the record; else of the children of a family, or that name the same family."""
    every: Any = model
    key, family = f"{record.__tablename__}_id", getattr(record, "household_id", None)
    owners: tuple[Owner, ...]
    if key in table_of(model).c:
        belongs, owners = getattr(every, key) == record.id, (Owner(key, record.id),)
    elif isinstance(record, Household) and "student_id" in table_of(model).c:
        belongs = every.student_id.in_(select(Student.id).where(Student.household_id == record.id))
        owners = children
    elif family is not None:
        belongs, owners = every.household_id == family, (Owner("household_id", family),)
    else:
        return None
    query = select(every).where(belongs).order_by(every.id).limit(MOST_ROWS + 1)
    if model is type(record):
        query = query.where(every.id != record.id)
    found = list(session().scalars(query))
    rows = found[:MOST_ROWS]
    display().prepare(model, columns, rows)
    return Block(model, columns, rows, owners, len(found) > MOST_ROWS)


def _children(family: Household) -> tuple[Owner, ...]:
    """The children of a family whom the register still follows; one alone needs no name."""
    found = session().execute(select(Student.id, Student.name).where(
        Student.household_id == family.id,
        Student.schooling_state.in_(SCHOOLING_MOVES.standing)).order_by(Student.id)).all()
    return tuple(Owner("student_id", key, name if len(found) > 1 else "") for key, name in found)


def shown(block: Block, record: Base) -> dict[str, Any]:
    """A block as the page shows it."""
    table, new = block.model.__tablename__, added_at(block.model)
    siblings = block.model is type(record)
    title = f"同户的其他{block.model.__title__}" if siblings else block.model.__title__
    return {
        "title": title, "columns": [declared(block.model, c).label for c in block.columns],
        "rows": [{"url": url_for(f"{table}.details_view", id=r.id),
                  "cells": [{"text": (v := display().of(r, c)).text, "colour": v.colour} for c in block.columns]}
                 for r in block.rows],
        "additions": [{"name": owner.name, "url": f"{new}?{urlencode({owner.key: owner.value, 'url': here()})}"}
                      for owner in (block.owners if new else ())],
        "count": f"{len(block.rows)}+" if block.more else f"{len(block.rows)}", "more": block.more,
        "empty": f"没有{title}。" if siblings else f"还没有{title}。",
    }


def timeline(record: Base, blocks: list[Block]) -> list[dict[str, Any]]:
    """Every day that the record, and what belongs to it, tells of: the newest first. What was taken back did not
    happen."""
    own = of_its_own(record, blocks)
    moves = _moves(record, own)
    events = _days(record, None) + _files(record, own)
    for block in own:
        for row in block.rows:
            events += _days(row, url_for(f"{block.model.__tablename__}.details_view", id=row.id))
    said = {(event["day"], event["what"], event["of"]) for event in moves}
    events = moves + [event for event in events if (event["day"], event["what"], event["of"]) not in said]
    for event in events:
        event["ahead"] = event["day"] > date.today()
    events.sort(key=lambda event: event["day"], reverse=True)
    return events[:MOST_EVENTS]


def _days(record: Base, url: str | None) -> list[dict[str, Any]]:
    """The dates that a record holds, each under its column's label."""
    model, over = type(record), _over(record)
    found = []
    for column in table_of(model).columns:
        day = getattr(record, column.name)
        if not isinstance(column.type, Date) or day is None or display().absent(declared(model, column.name)):
            continue
        if over and day > date.today():
            continue  # nothing is still to come of what has ended
        found.append({"day": day, "text": display().of(record, column.name).text, "url": url, "who": "",
                      "what": declared(model, column.name).label, "of": what_is(record) if url else ""})
    return found


def _over(record: Base) -> bool:
    """Whether a record has come to its end: nothing more is expected of it."""
    if isinstance(record, Grant):
        return account.over(record, date.today())
    moves = type(record).__moves__
    return moves is not None and moves.state(getattr(record, moves.column)).settled


def of_its_own(record: Base, blocks: list[Block]) -> list[Block]:
    """What belongs to the record itself: brothers and sisters, and families of a hamlet, have pages of their own."""
    return [block for block in blocks if block.model not in (type(record), Household)]


def what_is(record: Base) -> str:
    """What a record that belongs to another is called on its page: 特殊群体标记：单亲留守."""
    kind = "kind" if "kind" in table_of(type(record)).c else None
    named = display().of(record, kind).text if kind else display().label_of(record)
    return f"{type(record).__title__}：{named}"


def _files(record: Base, blocks: list[Block]) -> list[dict[str, Any]]:
    """The papers of a record and of what belongs to it, each on the day when it came."""
    if not actor().may(Permission.ATTACHMENT_VIEW):
        return []
    owners = {(row.__tablename__, row.id): what_is(row) for block in blocks for row in block.rows}
    owners[record.__tablename__, record.id] = ""
    papers = of_records(session(), owners)
    hands = history.first_hands(session(), Attachment.__tablename__, [paper.id for paper in papers])
    return [{"day": (day := hands[paper.id].at.astimezone(LOCAL_ZONE).date()), "text": f"{day}",
             "what": paper.filename + ("（已作废）" if paper.void_reason else ""), "who": hands[paper.id].actor,
             "url": url_for("attachments.download", id=paper.id),
             "of": "　".join(filter(None, ("附件", owners[paper.owner_table, paper.owner_id])))}
            for paper in papers if paper.id in hands]


def act_url(entry: history.Entry) -> str | None:
    """The page of the act behind a line of history: none where neither the act nor what it touched lay here."""
    places, scope = (entry.row.region_code, entry.change.region_code), session().scope
    inside = any(scope.covers(Wall.OFFICE, code) for code in places)
    return url_for("ledger.change", id=entry.change.id) if inside else None


def _not_put_back(entries: list[history.Entry]) -> list[history.Entry]:
    """Without what was put back record by record: such an act takes away the last one before it on these columns."""
    found, back = [], Counter[tuple[str, int, str]]()
    for entry in entries:
        row = entry.row
        key = (row.table_name, row.pk, row.columns)
        if entry.change.verb == "revert":
            back[key] += 1
        elif back[key]:
            back[key] -= 1
        else:
            found.append(entry)
    return found


def _moves(record: Base, blocks: list[Block]) -> list[dict[str, Any]]:
    """From the ledger: the moves of the record and of what belongs to it, and each day on which it was checked. Whoever
    sees a record sees how it came to its state, and why; who moved it is for those who may read the ledger."""
    wanted = {type(record): {record.id: record}} | {b.model: {r.id: r for r in b.rows} for b in blocks if b.rows}
    told = {model.__tablename__: (model.__moves__.column, *_NOTED.get(model.__tablename__, ()))
            for model in wanted if model.__moves__}
    if not told:
        return []
    rows = history.followed(session(), select(ChangeRow).join(Change, Change.id == ChangeRow.change_id).where(
        ChangeRow.operation == "update", Change.undoes_id.is_(None), or_(*[
            and_(ChangeRow.table_name == model.__tablename__, ChangeRow.pk.in_(records),
                 or_(*[ChangeRow.columns.contains(name) for name in told[model.__tablename__]]))
            for model, records in wanted.items() if model.__moves__])).order_by(ChangeRow.id.desc()).limit(MOST_EVENTS))
    taken_back = undone_of(session(), [row.change_id for row in rows])
    found, named = [], actor().may(Permission.LEDGER_VIEW)
    standing = [row for row in rows if row.change_id not in taken_back]
    for entry in _not_put_back(history.entries(session(), actor().role, display(), standing)):
        state, *noted = told[entry.row.table_name]
        model = model_of(entry.row.table_name)
        of = wanted[model][entry.row.pk]
        for value in entry.values:
            day: date = entry.change.at.astimezone(LOCAL_ZONE).date()
            if value.column in noted and value.after:
                if getattr(of, value.column) == date.fromisoformat(value.after) and not _why(entry):
                    continue  # the record says so itself
                day, what = date.fromisoformat(value.after), declared(model, value.column).label
            elif value.column == state:
                what = f"{value.before} → {value.after}"
            else:
                continue
            found.append({"day": day, "text": f"{day}", "what": what, "who": entry.change.actor if named else "",
                          "why": _why(entry),
                          "of": "" if of is record else what_is(of), "url": act_url(entry) if named else None})
    return found


def _why(entry: history.Entry) -> str:
    """What was said with a move: a day that the record may no longer hold, and the reason. Whoever edits a record, or
    brings a list, gives a reason for the whole of it: that is none of a move."""
    said = [_SINCE[one.column].format(one.after) for one in entry.values if one.column in _SINCE and one.after]
    table, _, verb = entry.change.verb.partition(":")
    moves = model_of(entry.row.table_name).__moves__
    if entry.change.reason and table == entry.row.table_name and moves and verb in moves.by_verb:
        said.append(f"原因：{entry.change.reason}")
    return "；".join(said)
