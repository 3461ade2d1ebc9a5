"""Which rows a list shows, in which order: for the page, the look-up, the sheet and the command.

Keys first, then the rows: the page query walks an index and reads 20 keys, whatever the offset; a
primary-key tie-break always; the count is capped. Only columns that an index orders can be sorted.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from admin_app.access.scope import ScopedSession
from models.base import Base, declared, table_of
from models.kinds import IDENTITY_INDEX, TAIL_LENGTH, IdentityIndexed, cipher
from models.region import prefix_of

COUNT_CAP = 10_000
LAST_PAGE = 500
LONGEST_SEARCH = 60
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for. Names that are not columns of the list are dropped before."""

    model: type[Base]
    equals: dict[str, Any] = field(default_factory=dict)
    region: str | None = None  # a division: all rows under it
    search: str = ""
    search_columns: tuple[str, ...] = ()
    may_search_identity: bool = False
    sort: str = "id"
    descending: bool = False
    keys: tuple[int, ...] | None = None


@lru_cache(maxsize=64)
def sortable(model: type[Base]) -> frozenset[str]:
    """The columns that some index puts in order behind the region."""
    names = {"id"}
    for index in table_of(model).indexes:
        columns = [c.name for c in index.columns]
        if len(columns) > 1 and columns[0] == "region_code":
            names.add(columns[1])
    return frozenset(names)


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The filters of a list as conditions; the wall is the session's."""
    model: Any = wanted.model
    found: list[ColumnElement[bool]] = []
    for name, value in wanted.equals.items():
        column = getattr(model, name)
        found.append(column.is_(None) if value == "" else column == value)
    if wanted.region and model.__region__:
        prefix = prefix_of(wanted.region)
        column = getattr(model, model.__region__)
        found += [column >= prefix, column < prefix + ":"] if prefix else []
    for term in wanted.search[:LONGEST_SEARCH].split():
        found.append(_term(wanted, term))
    if wanted.keys is not None:
        found.append(model.id.in_(wanted.keys))
    return found


def _term(wanted: Wanted, term: str) -> ColumnElement[bool]:
    """One word of a search: a whole number, its last six, letters of the pinyin, or part of a name."""
    model: Any = wanted.model
    ways: list[ColumnElement[bool]] = []
    for holder in _holders(model):
        table = holder.__table__.c
        if issubclass(holder, IdentityIndexed) and wanted.may_search_identity:
            ways += _by_identity(model, holder, term)
        if "name_pinyin" in table and re.fullmatch(r"[A-Za-z]+", term):
            low = term.lower()
            ways.append(_through(model, holder, or_(
                *[c.between(low, low + _AFTER_ALL) for c in (holder.name_pinyin, holder.name_initials)])))
    for name in wanted.search_columns:
        ways.append(getattr(model, name).contains(term, autoescape=True))
    for holder in _holders(model):
        name = "name" if "name" in holder.__table__.c else "head_name"
        if holder is not model and name in holder.__table__.c:
            ways.append(_through(model, holder, getattr(holder, name).contains(term, autoescape=True)))
    return or_(*ways) if ways else model.id.is_(None)


def _holders(model: Any) -> list[Any]:
    """The model itself, and the child or family that its records belong to."""
    belongs = [getattr(model, r).property.mapper.class_ for r in ("student", "household") if hasattr(model, r)
               and getattr(model, r).property.uselist is False]
    return [model, *belongs]


def _through(model: Any, holder: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    if holder is model:
        return condition
    through: ColumnElement[bool] = getattr(model, holder.__tablename__).has(condition)
    return through


def _by_identity(model: Any, holder: Any, term: str) -> list[ColumnElement[bool]]:
    number = term.upper()
    if re.fullmatch(r"\d{17}[\dX]", number):
        return [_through(model, holder, holder.identity_index == cipher().index(number, IDENTITY_INDEX))]
    if re.fullmatch(rf"\d{{{TAIL_LENGTH - 1}}}[\dX]", number):
        index = cipher().index(number, IDENTITY_INDEX + ".tail")
        return [_through(model, holder, holder.identity_tail == index)]
    return []


def ordered(wanted: Wanted, query: Select[Any]) -> Select[Any]:
    model: Any = wanted.model
    name = wanted.sort if wanted.sort in sortable(wanted.model) else "id"
    column = getattr(model, name)
    order = [column.desc() if wanted.descending else column.asc()]
    if name != "id":
        order.append(model.id.desc() if wanted.descending else model.id.asc())
    return query.order_by(*order)


def page_of(session: ScopedSession, wanted: Wanted, page: int, size: int) -> list[Any]:
    """The records of one page (0 is the first)."""
    model: Any = wanted.model
    query = ordered(wanted, select(model.id).where(*conditions(wanted)))
    keys = session.scalars(query.offset(min(page, LAST_PAGE) * size).limit(size)).all()
    if not keys:
        return []
    records = {r.id: r for r in session.scalars(select(model).where(model.id.in_(keys)))}
    return [records[key] for key in keys if key in records]


def capped_count(session: ScopedSession, wanted: Wanted) -> int:
    """How many rows there are, at most COUNT_CAP + 1."""
    model: Any = wanted.model
    some = select(model.id).where(*conditions(wanted)).limit(COUNT_CAP + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def all_of(session: ScopedSession, wanted: Wanted, chunk: int = 1000) -> Any:
    """Every record of a list, read in pieces: nothing loads a table into memory."""
    model: Any = wanted.model
    last = 0
    while True:
        query = select(model).where(*conditions(wanted), model.id > last).order_by(model.id).limit(chunk)
        part = session.scalars(query).all()
        if not part:
            return
        yield part
        last = part[-1].id
        session.expunge_all()


def filter_kind(model: type[Base], name: str) -> str:
    """How a filter is offered: a list of options, or a box to type in."""
    field_ = declared(model, name)
    return "options" if field_.codes or field_.states else "text"
