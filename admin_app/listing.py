"""Which rows a list shows, in which order: for the page, the look-up, the batch, the sheet and the command.

Keys first, then the rows: the page query walks an index and reads 20 keys, whatever the offset; a
primary-key tie-break always; the count is capped. A list stands in the order of its divisions, which
every scope has an index for; another order is a sort of what the conditions leave.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, false, func, or_, select

from admin_app.access.scope import ScopedSession
from models.base import Base, declared, model_of, table_of
from models.kinds import IDENTITY_INDEX, TAIL_LENGTH, IdentityIndexed, cipher
from models.region import prefix_of
from models.search_term import SearchTerm

COUNT_CAP = 10_000  # beyond it a list says 10,000+, and keeps the order of the divisions
SEARCH_CAP = 1_000  # of a search by name alone: whoever finds more types another character
LAST_PAGE = 500
LAST_PLACE = 50_000
_NEAR = 5
LONGEST_SEARCH = 60
BEFORE = "_before"  # `checked_on_before=2026-09-01`: earlier than that day, or not at all
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for. Names that are not columns of the list are dropped before."""

    model: type[Base]
    equals: dict[str, Any] = field(default_factory=dict)
    before: dict[str, date] = field(default_factory=dict)  # a date earlier than this, or none
    region: str | None = None  # a division: all rows under it
    search: str = ""
    search_columns: tuple[str, ...] = ()
    may_search_identity: bool = False
    may_search_names: bool = True
    sort: str = "id"
    descending: bool = False
    keys: tuple[int, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The list as plain values, for a task that is done later."""
        return {**vars(self), "model": self.model.__tablename__,
                "before": {name: day.isoformat() for name, day in self.before.items()}}

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> "Wanted":
        keys = said["keys"]
        return cls(**{**said, "model": model_of(said["model"]), "search_columns": tuple(said["search_columns"]),
                      "before": {name: date.fromisoformat(day) for name, day in said["before"].items()},
                      "keys": None if keys is None else tuple(keys)})

    @property
    def by_name_alone(self) -> bool:
        """One word that is looked up in the search terms, and nothing else is asked."""
        word = self.search.strip()
        if not word or " " in word or _has_digit(word) or self.equals or self.before or self.keys is not None:
            return False
        others = [n for n in self.search_columns if n != self.model.__searched__ and not _leads_an_index(self.model, n)]
        return bool(self.model.__searched__ and self.may_search_names and not others)


@lru_cache(maxsize=64)
def sortable(model: type[Base]) -> frozenset[str]:
    """The columns that some index puts in order behind the region."""
    names = {"id"}
    for index in table_of(model).indexes:
        columns = [c.name for c in index.columns]
        if len(columns) > 1 and columns[0] == "region_code":
            names.add(columns[1])
    return frozenset(names)


@lru_cache(maxsize=64)
def _leads_an_index(model: type[Base], name: str) -> bool:
    return any(index.columns[0].name == name for index in table_of(model).indexes if len(index.columns))


def conditions(wanted: Wanted, *, capped: bool = False) -> list[ColumnElement[bool]]:
    """The filters of a list as conditions; the wall is the session's. `capped` looks no further than
    SEARCH_CAP names: for a page, never for a batch or a sheet."""
    model: Any = wanted.model
    found: list[ColumnElement[bool]] = []
    for name, value in wanted.equals.items():
        column = getattr(model, name)
        found.append(column.is_(None) if value == "" else column == value)
    for name, day in wanted.before.items():
        column = getattr(model, name)
        found.append(or_(column.is_(None), column < day))
    found += _under(model, wanted.region)
    for term in wanted.search[:LONGEST_SEARCH].split():
        found.append(_term(wanted, term, SEARCH_CAP + 1 if capped and wanted.by_name_alone else None))
    if wanted.keys is not None:
        found.append(model.id.in_(wanted.keys))
    return found


def _under(model: Any, region: str | None) -> list[ColumnElement[bool]]:
    if not region or not model.__region__:
        return []
    prefix, column = prefix_of(region), getattr(model, model.__region__)
    if len(prefix) == 12:
        return [column == prefix]
    return [column >= prefix, column < prefix + ":"] if prefix else []


def _has_digit(term: str) -> bool:
    return re.search(r"[0-9]", term) is not None


def _term(wanted: Wanted, term: str, most: int | None) -> ColumnElement[bool]:
    """One word of a search. With a digit it is a number: a whole identity number, its last six, the
    beginning of a register number. Without one it is part of a name, its pinyin or its initials."""
    model: Any = wanted.model
    ways: list[ColumnElement[bool]] = []
    number = _has_digit(term)
    if number and wanted.may_search_identity:
        ways += [way for holder in _holders(model) if issubclass(holder, IdentityIndexed)
                 for way in _by_identity(model, holder, term)]
    elif not number and wanted.may_search_names:
        ways += [_by_name(model, holder, term, wanted.region, most) for holder in _holders(model)
                 if holder.__searched__]
    for name in wanted.search_columns:
        column = getattr(model, name)
        if not _leads_an_index(model, name) and name != model.__searched__:
            ways.append(column.contains(term, autoescape=True))
        elif number and name != model.__searched__:
            ways.append(column.between(term, term + _AFTER_ALL))
    return or_(*ways) if ways else false()


def _holders(model: Any) -> list[Any]:
    """Whose name finds a record: its own, or that of the child or family that it belongs to."""
    if model.__searched__:
        return [model]
    return [getattr(model, r).property.mapper.class_ for r in ("student", "household") if hasattr(model, r)
            and getattr(model, r).property.uselist is False]


def _by_name(model: Any, holder: Any, term: str, region: str | None, most: int | None) -> ColumnElement[bool]:
    low = term.lower()
    found = select(SearchTerm.owner_id).where(
        SearchTerm.owner_table == holder.__tablename__, SearchTerm.term >= low,
        SearchTerm.term < low + _AFTER_ALL, *_under(SearchTerm, region))
    if most is not None:
        found = found.order_by(SearchTerm.term, SearchTerm.region_code, SearchTerm.owner_id).limit(most)
    key: Any = model.id if holder is model else getattr(model, f"{holder.__tablename__}_id")
    return key.in_(found)  # type: ignore[no-any-return]


def _by_identity(model: Any, holder: Any, term: str) -> list[ColumnElement[bool]]:
    number = term.upper()
    if re.fullmatch(r"\d{17}[\dX]", number):
        return [_through(model, holder, holder.identity_index == cipher().index(number, IDENTITY_INDEX))]
    if re.fullmatch(rf"\d{{{TAIL_LENGTH - 1}}}[\dX]", number):
        index = cipher().index(number, IDENTITY_INDEX + ".tail")
        return [_through(model, holder, holder.identity_tail == index)]
    return []


def _through(model: Any, holder: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    if holder is model:
        return condition
    through: ColumnElement[bool] = getattr(model, holder.__tablename__).has(condition)
    return through


def order_of(wanted: Wanted) -> list[ColumnElement[Any]]:
    """The order of a list; with the number last, so that no two rows stand in the same place."""
    model: Any = wanted.model
    names = [wanted.sort] if wanted.sort in sortable(wanted.model) - {"id"} else []
    if not names and model.__region__ == "region_code":
        names = ["region_code"]
    columns = [getattr(model, name) for name in (*names, "id")]
    return [c.desc() if wanted.descending else c.asc() for c in columns]


def keys_of(session: ScopedSession, wanted: Wanted, page: int, size: int) -> Sequence[int]:
    """The numbers of the records of one page (0 is the first)."""
    model: Any = wanted.model
    query = select(model.id).where(*conditions(wanted, capped=True)).order_by(*order_of(wanted))
    return session.scalars(query.offset(min(page, LAST_PAGE) * size).limit(size)).all()


def page_of(session: ScopedSession, wanted: Wanted, page: int, size: int) -> list[Any]:
    """The records of one page (0 is the first)."""
    model: Any = wanted.model
    keys = keys_of(session, wanted, page, size)
    if not keys:
        return []
    records = {r.id: r for r in session.scalars(select(model).where(model.id.in_(keys)))}
    return [records[key] for key in keys if key in records]


def rows_of(session: ScopedSession, wanted: Wanted, columns: Sequence[str], page: int, size: int) -> list[Row[Any]]:
    """The values of these columns of the records of one page, `id` first: what a list shows."""
    model: Any = wanted.model
    keys = keys_of(session, wanted, page, size)
    if not keys:
        return []
    query = select(model.id, *[getattr(model, c) for c in columns if c != "id"]).where(model.id.in_(keys))
    rows = {row.id: row for row in session.execute(query)}
    return [rows[key] for key in keys if key in rows]


def capped_count(session: ScopedSession, wanted: Wanted) -> int:
    """How many rows there are, at most one more than the cap."""
    model: Any = wanted.model
    if wanted.by_name_alone:  # the terms alone tell, without the rows
        found = select(SearchTerm.owner_id).where(
            SearchTerm.owner_table == model.__tablename__, *_range(wanted.search.strip()),
            *_under(SearchTerm, wanted.region)).limit(SEARCH_CAP + 1).subquery()
        return session.scalar(select(func.count(found.c.owner_id.distinct()))) or 0
    some = select(model.id).where(*conditions(wanted)).limit(COUNT_CAP + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def whole_count(session: ScopedSession, wanted: Wanted) -> int:
    """How many rows there are, however many: for what is done with all of them."""
    model: Any = wanted.model
    return session.scalar(select(func.count(model.id)).where(*conditions(wanted))) or 0


def _range(term: str) -> list[ColumnElement[bool]]:
    low = term[:LONGEST_SEARCH].lower()
    return [SearchTerm.term >= low, SearchTerm.term < low + _AFTER_ALL]


def cap_of(wanted: Wanted) -> int:
    """How far a list counts."""
    return SEARCH_CAP if wanted.by_name_alone else COUNT_CAP


def all_rows(session: ScopedSession, wanted: Wanted, columns: Sequence[str], chunk: int = 5000) -> Iterator[
        Sequence[Row[Any]]]:
    """Every row of a list, its number first, read in pieces in the order of the divisions: nothing
    loads a table into memory."""
    model: Any = wanted.model
    placed = model.__region__ == "region_code"
    names = ["id", *(["region_code"] if placed else []), *[c for c in columns if c not in ("id", "region_code")]]
    query = select(*[getattr(model, c) for c in names]).where(*conditions(wanted))
    last: Row[Any] | None = None
    while True:
        piece = query
        if last is not None:
            piece = query.where(model.id > last.id) if not placed else query.where(
                model.region_code >= last.region_code,
                or_(model.region_code > last.region_code, model.id > last.id))
        order = order_of(replace(wanted, sort="id", descending=False))
        part = session.execute(piece.order_by(*order).limit(chunk)).all()
        if not part:
            return
        yield part
        last = part[-1]


def around(session: ScopedSession, wanted: Wanted, place: int, key: int) -> tuple[tuple[int, int] | None,
                                                                                    tuple[int, int] | None]:
    """What stands before and after a record in a list, each as its place (0 is the first) and its number.
    The record is looked for near the place where it stood when the list was shown."""
    model: Any = wanted.model
    first = max(0, min(place, LAST_PLACE) - _NEAR)
    query = select(model.id).where(*conditions(wanted, capped=True)).order_by(*order_of(wanted))
    keys = list(session.scalars(query.offset(first).limit(2 * _NEAR + 1)))
    if key not in keys:
        return None, None
    at = keys.index(key)
    return ((first + at - 1, keys[at - 1]) if at else None,
            (first + at + 1, keys[at + 1]) if at + 1 < len(keys) else None)


def filter_kind(model: type[Base], name: str) -> str:
    """How a filter is offered: a list of options, a day, or a box to type in."""
    if isinstance(table_of(model).c[name].type, Date):
        return "date"
    field_ = declared(model, name)
    return "options" if field_.codes or field_.states else "text"
