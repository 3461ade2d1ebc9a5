"""Turning the pages of a list: one statement for all of them, and marks to begin a deep one at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from sqlalchemy import BigInteger, Integer, Row, Select, String, TextualSelect, bindparam, func, select, text

from admin_app.access.scope import ScopedSession, walled
from admin_app.listing import COUNT_CAP, LAST_PAGE, Found, Wanted, conditions, keys_of
from admin_app.ordering import order_of
from models.base import table_of

MARK_EVERY = 10  # every size of a page is a multiple of it
_DEEP = 200  # rows before a page, from where it pays to know where its first one stands
_FIRST, _SIZE = bindparam("first", type_=Integer), bindparam("size", type_=Integer)
_MARK_PLACE, _MARK_KEY = bindparam("place", type_=String), bindparam("key", type_=BigInteger)
_KEYS = bindparam("keys", type_=BigInteger, expanding=True)


class Known(Protocol):
    """What is known of a list while nothing is written, so that a page need not walk all rows before it."""

    def marks(self, wanted: Wanted, /) -> Sequence[tuple[str, int]]:
        """Where every MARK_EVERY-th record stands (`marks_of`)."""

    def found(self, wanted: Wanted, /) -> Found:
        """What a search finds (`listing.found_by_search`)."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Asks for the pages of one list: the values of these columns, `id` first. Written once and kept, for it
    depends on the wall and the list alone."""

    wanted: Wanted
    columns: list[str]
    size: int
    opening: TextualSelect | None  # the first page of a list of which nothing is asked, that PostgreSQL plans but once
    whole: Select[Any]
    from_mark: Select[Any] | None  # the same of one division, from a record on; where a list stands in their order
    of_keys: Select[Any] | None  # the same of those whose numbers a search has found

    @classmethod
    def of(cls, session: ScopedSession, wanted: Wanted, columns: list[str], size: int) -> Self:
        table = table_of(wanted.model).c
        rows = select(table.id, *[table[c] for c in columns if c != "id"]).order_by(*order_of(wanted))
        # The wall stands in the keys. Said once more, SQLite would walk the village instead of the keys.
        keys = keys_of(session, wanted, _FIRST, _SIZE)
        planned_once = session.get_bind().dialect.name == "postgresql" and not (wanted.search or wanted.is_filtered)
        opening = _with_values(session, rows.where(table.id.in_(keys_of(session, wanted, 0, size)))) \
            if planned_once else None
        from_mark = rows.where(table.id.in_(keys.where(table.region_code == _MARK_PLACE, table.id >= _MARK_KEY))) \
            if wanted.stands_by_places and not (wanted.descending or wanted.by_name_alone) else None
        of_keys = rows.where(table.id.in_(_KEYS), *walled(session, wanted.model)) if wanted.search else None
        return cls(wanted, columns, size, opening, rows.where(table.id.in_(keys)), from_mark, of_keys)

    def page(self, session: ScopedSession, number: int, known: Known) -> Sequence[Row[Any]]:
        """The rows of a page (0 is the first)."""
        if number == 0 and self.opening is not None:
            return session.connection().execute(self.opening).all()
        first = min(number, LAST_PAGE) * self.size
        if self.of_keys is not None and (found := known.found(self.wanted).keys) is not None:
            shown = found[first:first + self.size]
            return session.connection().execute(self.of_keys, {"keys": shown}).all() if shown else []
        if self.from_mark is not None and first >= _DEEP:
            mark = first // MARK_EVERY
            marks = known.marks(self.wanted)[:mark]
            if len(marks) == mark:
                place, key = marks[-1]
                said = {"first": first % MARK_EVERY, "size": self.size, "place": place, "key": key}
                rows = session.connection().execute(self.from_mark, said).all()
                if len(rows) == self.size:  # else the page goes on in the next division, or is the last
                    return rows
        return session.connection().execute(self.whole, {"first": first, "size": self.size}).all()


def _with_values(session: ScopedSession, statement: Select[Any]) -> TextualSelect:
    """The statement with its values written into it."""
    words = statement.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True})
    return text(str(words).replace(":", "\\:")).columns(*statement.selected_columns)


def marks_of(session: ScopedSession, wanted: Wanted) -> list[tuple[str, int]]:
    """Where every MARK_EVERY-th record of a list in the order of its divisions stands (the first is left out): its
    division and its number, as far as pages are turned."""
    table = table_of(wanted.model).c
    order = order_of(wanted)
    numbered = select(table.region_code, table.id, (func.row_number().over(order_by=order) - 1).label("at")).where(
        *conditions(session, wanted)).order_by(*order).limit(COUNT_CAP + 1).subquery().c
    query = select(numbered.region_code, numbered.id).where(numbered.at > 0, numbered.at % MARK_EVERY == 0)
    return [(place, key) for place, key in session.connection().execute(query.order_by(numbered.at))]
