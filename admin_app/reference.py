"""Reference data (code tables, divisions, schools, rules), read once and kept while nobody writes any; and how many
rows a list has, kept while nobody writes anything.

Everyone who is signed in may read them, every page does, and they change a few times a year. A
`Reference` belongs to one position of the store: any write, by any process, makes the next request go on with another,
so that nobody ever sees an old entry. It shares what depends on reference data alone while none of them was written;
what was counted and found of rows it begins anew.
"""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.listing import Found, Wanted, capped_count, found_by_search
from admin_app.paging import marks_of
from admin_app.services.records import ended_place
from admin_app.services.rules import rules_of
from models.base import Wall, models, table_of
from models.change import ChangeRow
from models.code_item import CodeItem
from models.region import Region, prefix_of
from models.school import School

_MOST_CHILDREN = 400
_MOST_COUNTS = 5000
_MOST_MADE = 500  # frames of lists, some 40 kB each at most, and the numbers under them
_MOST_OF_ROLE = 2000  # filters, some 4 kB each at most, and the cells of columns
_MOST_MARKED = 50  # lists, some 100 kB each
_MOST_FOUND = 200  # searches, some 40 kB each at most
MOST_SCHOOLS = 60  # that a filter lists; of more, one is found by typing


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code table."""

    code: str
    label: str
    colour: str | None
    valid_from: date | None
    valid_until: date | None

    def valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and \
            (self.valid_until is None or self.valid_until >= day)


class Reference:
    """What was read of the reference tables so far; more is read as it is asked for."""

    def __init__(self, position: str = "", version: tuple[int, date] | None = None) -> None:
        self.position = position
        self.version = version
        self._codes: dict[str, dict[str, Code]] = {}
        self._regions: dict[str, str] = {}
        self._ended: dict[str, tuple[str, str | None] | None] = {}
        self._schools: dict[int, str] | None = None
        self._children: dict[str, list[tuple[str, str]]] = {}
        self._lasting: dict[Any, Any] = {}
        self._of_role: dict[Any, Any] = {}
        self._rules: dict[tuple[str, ...], dict[str, str]] = {}
        self._forget_rows()

    def _forget_rows(self) -> None:
        self._counts: dict[Any, int] = {}
        self._marks: dict[Any, list[tuple[str, int]]] = {}
        self._found: dict[Any, Found] = {}
        self._made: dict[Any, Any] = {}

    def at(self, position: str) -> "Reference":
        """The same reference data at a later position. Another one: who reads what stood before goes on with this."""
        later = copy(self)
        later.position = position
        later._forget_rows()
        return later

    def codes(self, session: ScopedSession, table: str) -> dict[str, Code]:
        """A code table in its order, by code."""
        if table not in self._codes:
            self.load_codes(session, [table])
        return self._codes[table]

    def load_codes(self, session: ScopedSession, tables: Iterable[str | None]) -> None:
        missing = {t for t in tables if t} - self._codes.keys()
        if not missing:
            return
        found: dict[str, dict[str, Code]] = {table: {} for table in missing}
        query = select(CodeItem.code_table, CodeItem.code, CodeItem.label, CodeItem.colour, CodeItem.valid_from,
                       CodeItem.valid_until).where(CodeItem.code_table.in_(missing)).order_by(
                           CodeItem.position, CodeItem.id)
        for table, code, label, colour, valid_from, valid_until in session.execute(query):
            found[table][code] = Code(code, label, colour, valid_from, valid_until)
        self._codes |= found

    def load_regions(self, session: ScopedSession, codes: Iterable[str]) -> None:
        for part in in_parts(sorted(set(codes) - self._regions.keys())):
            self._regions |= dict(session.execute(
                select(Region.code, Region.name).where(Region.code.in_(part))).all())

    def region(self, session: ScopedSession, code: str) -> str:
        """The name of a division; its code where there is none. Only those that there are, are kept: anybody
        may ask for any code."""
        if code not in self._regions:
            self.load_regions(session, [code])
        return self._regions.get(code) or code

    def ended(self, session: ScopedSession, code: str) -> tuple[str, str | None] | None:
        """The name of a division that has ended, and of the one that it became part of; None for one in use."""
        if code not in self._ended:
            self._ended[code] = ended_place(session, code)
        return self._ended[code]

    def schools(self, session: ScopedSession) -> dict[int, str]:
        """The names of all schools, in their order."""
        if self._schools is None:
            self._schools = dict(session.execute(select(School.id, School.name).order_by(School.name)).all())
        return self._schools

    def below(self, session: ScopedSession, code: str) -> list[tuple[str, str]]:
        """The divisions right below one: code and name."""
        if code in self._children:
            return self._children[code]
        # The whole country stands above all that have nothing above them, and is none of them itself.
        above = Region.parent_code == code if prefix_of(code) else Region.parent_code.is_(None)
        found = session.execute(select(Region.code, Region.name).where(above, Region.code != code)
                                .order_by(Region.code).limit(_MOST_CHILDREN)).all()
        children = [(c, n) for c, n in found]
        if children:
            self._children[code] = children
        return children

    def count(self, session: ScopedSession, wanted: Wanted) -> int:
        """How many rows a list has, at most one more than its cap: counted once while nothing is written, so
        that turning pages does not count again."""
        if wanted.search:
            return self.found(session, wanted).count
        return cast(int, _made_once(self._counts, _MOST_COUNTS, (session.scope, wanted.identity),
                                    lambda: capped_count(session, wanted)))

    def marks(self, session: ScopedSession, wanted: Wanted) -> list[tuple[str, int]]:
        """Where the records of a list stand, one of many (`marks_of`): looked up once while nothing is written."""
        return cast(list[tuple[str, int]], _made_once(self._marks, _MOST_MARKED, (session.scope, wanted.identity),
                                                      lambda: marks_of(session, wanted)))

    def found(self, session: ScopedSession, wanted: Wanted) -> Found:
        """What a search finds: looked up once while nothing is written."""
        key = session.scope, wanted.identity, wanted.sort, wanted.descending
        return cast(Found, _made_once(self._found, _MOST_FOUND, key, lambda: found_by_search(session, wanted)))

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """Something that depends on the key and on what is written, made once while nothing is."""
        return _made_once(self._made, _MOST_MADE, key, make)

    def lasting(self, key: Any, make: Callable[[], Any]) -> Any:
        """Something that depends on the key and on reference data alone, made once while none of them are written."""
        return _made_once(self._lasting, _MOST_MADE, key, make)

    def of_role(self, key: Any, make: Callable[[], Any]) -> Any:
        """The same where it depends on a role wherever it works: not made, and not kept, for each village."""
        return _made_once(self._of_role, _MOST_OF_ROLE, key, make)

    def rules(self, session: ScopedSession, keys: tuple[str, ...]) -> dict[str, str]:
        """The values of some rules of the place."""
        if keys not in self._rules:
            self._rules[keys] = rules_of(session, keys)
        return self._rules[keys]


def _made_once(kept: dict[Any, Any], most: int, key: Any, make: Callable[[], Any]) -> Any:
    """What is kept under the key, made when it is not. Another thread may clear all of it at any moment, so it
    is looked for once."""
    found = kept.get(key)
    if found is None:
        found = make()
        if len(kept) >= most:
            kept.clear()
        kept[key] = found
    return found


_KEPT: WeakKeyDictionary[Engine, Reference] = WeakKeyDictionary()
_WRITTEN = select(func.count()).where(table_of(ChangeRow).c.table_name.in_(
    [model.__tablename__ for model in models() if model.__wall__ is Wall.REFERENCE]))


def reference_at(session: ScopedSession, position: str) -> Reference:
    """The reference data of a store as of a position: what had been written when somebody asked. The session sees
    everything, for the ledger tells whether reference data were written since."""
    engine = session.get_bind().engine
    kept = _KEPT.get(engine)
    if kept is not None and kept.position == position and kept.version and kept.version[1] == date.today():
        return kept
    # Of the day, too, on which it depends what has ended. The ledger only grows: as many rows are the same rows.
    version = session.connection().scalar(_WRITTEN) or 0, date.today()
    kept = _KEPT[engine] = kept.at(position) if kept is not None and kept.version == version else Reference(
        position, version)
    return kept


def tree_root(own: str, asked: str | None) -> str:
    """The division whose children the organisation tree shows: the one asked for when it lies inside
    one's own and has children, else the township above it, at the top one's own. Codes of 12 digits."""
    prefix, inside = prefix_of(own), prefix_of(asked or own)
    shown = inside if inside.startswith(prefix) else prefix
    return (shown if len(shown) < 12 else shown[:9]).ljust(12, "0")
