"""Which rows a list shows, in which order: for the page, the look-up, the batch, the sheet and the command.

Keys first, then the rows: the page query walks an index and reads 20 keys, whatever the offset; a
primary-key tie-break always; the count is capped. A list stands in the order of its divisions, which
every scope has an index for; another order is a sort of what the conditions leave. All of it is asked
below the ORM, with the wall written into every statement (`walled`).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, false, func, or_, select, tuple_

from admin_app.access.scope import CODE_LENGTH, ScopedSession, walled
from admin_app.filters import BEFORE, belonging, column_of, equal, on_days
from admin_app.identity_numbers import holding
from admin_app.ordering import order_of
from models.base import Base, declared, model_of, table_of
from models.kinds import IdentityIndexed
from models.region import prefix_of
from models.search_term import SearchTerm

COUNT_CAP = 10_000  # beyond it a list says 10,000+, and keeps the order of the divisions
SEARCH_CAP = 1_000  # of a search by name alone: whoever finds more types another character
_MOST_TERMS = 2 * SEARCH_CAP + 1  # the pinyin and the initials of one child may both begin like this
LAST_PAGE = 500
LAST_PLACE = 50_000
_NEAR = 5
LONGEST_SEARCH = 60
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for. Names that are not columns of the list are dropped before."""

    model: type[Base]
    # By column, or by `table.column` of what belongs to a record and stands (`column_of`): a value, or any of several.
    equals: dict[str, Any] = field(default_factory=dict)
    days: dict[str, date] = field(default_factory=dict)  # by argument: a column with FROM, TO or BEFORE
    region: str | None = None  # a division: all rows under it
    search: str = ""
    search_columns: tuple[str, ...] = ()
    may_search_identity: bool = False
    may_search_names: bool = True
    sort: str = "id"
    descending: bool = False
    keys: tuple[int, ...] | None = None
    unread: tuple[tuple[str, str], ...] = ()  # filters that could not be read, as (argument, value): nothing fits

    @property
    def identity(self) -> tuple[Any, ...]:
        """What two equal lists share, as a key; the order changes no count."""
        return (self.model.__tablename__, tuple(sorted(self.equals.items())), tuple(sorted(self.days.items())),
                self.region, self.search, self.search_columns, self.may_search_identity, self.may_search_names,
                self.keys, self.unread)

    def as_dict(self) -> dict[str, Any]:
        """The list as plain values, for a task that is done later."""
        return {**vars(self), "model": self.model.__tablename__,
                "days": {name: day.isoformat() for name, day in self.days.items()}}

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> "Wanted":
        said, keys = {**said}, said["keys"]
        # A task may have been asked for before the filters had a span of days.
        days = {name + BEFORE: day for name, day in said.pop("before", {}).items()} | said.get("days", {})
        equals = {name: tuple(value) if isinstance(value, list) else value for name, value in said["equals"].items()}
        return cls(**{**said, "model": model_of(said["model"]), "search_columns": tuple(said["search_columns"]),
                      "equals": equals, "days": {name: date.fromisoformat(day) for name, day in days.items()},
                      "keys": None if keys is None else tuple(keys), "unread": tuple(map(tuple, said["unread"]))})

    @property
    def is_filtered(self) -> bool:
        """More is asked than words, a place and an order."""
        return bool(self.equals or self.days or self.keys is not None or self.unread)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The states of what should never have been registered, unless it is asked for: its state, a word, its number.
        No number and no sheet counts it unawares."""
        moves = self.model.__moves__
        if moves is None or self.search or self.keys is not None or moves.column in self.equals:
            return ()
        return moves.uncounted

    @property
    def by_name_alone(self) -> bool:
        """One word that is looked up in the search terms, and nothing else is asked."""
        words = words_of(self.search)
        if len(words) != 1 or _has_digit(words[0]) or self.is_filtered or _holders(self.model) != [self.model]:
            return False
        others = [n for n in self.search_columns if n != self.model.__searched__ and not _leads_an_index(self.model, n)]
        return bool(self.model.__searched__ and self.may_search_names and not others)

    @property
    def stands_by_places(self) -> bool:
        """The list is in the order of its divisions."""
        return self.sort == "id" and self.model.__region__ == "region_code"


_WHOLE_NUMBER = re.compile(r"\d{15}|\d{17}[\dXx]", re.A)


def _half_width(sign: str) -> str:
    plain = unicodedata.normalize("NFKC", sign)
    return plain if plain.isalnum() or plain.isspace() or plain == "-" else sign


def words_of(search: str) -> list[str]:
    """The words of a search. Pinyin is typed with and without spaces: zhang san is one word, and so is an identity
    number in groups; an input method may leave letters and digits full-width. Brackets stay as they are typed: so are
    those of names."""
    words = "".join(map(_half_width, search[:LONGEST_SEARCH])).split()
    if words and re.fullmatch(r"[A-Za-z]+", "".join(words)):
        return ["".join(words)]
    number = "".join(words).replace("-", "")
    return [number] if _WHOLE_NUMBER.fullmatch(number) else words


@lru_cache(maxsize=64)
def holds_numbers(model: type[Base]) -> bool:
    """Whether records of this list are found by an identity number."""
    return any(issubclass(holder, IdentityIndexed) for holder in _holders(model))


@lru_cache(maxsize=64)
def _leads_an_index(model: type[Base], name: str) -> bool:
    return any(index.columns[0].name == name for index in table_of(model).indexes if len(index.columns))


def conditions(session: ScopedSession, wanted: Wanted, *, capped: bool = False) -> list[ColumnElement[bool]]:
    """The wall and the filters of a list as conditions on the table's columns. `capped` looks no further
    than SEARCH_CAP names: for a page, never for a batch or a sheet."""
    columns = table_of(wanted.model).c
    found = walled(session, wanted.model)
    if wanted.unread:
        found.append(false())
    found += [equal(session, wanted.model, name, value) for name, value in wanted.equals.items()]
    found += [on_days(columns, argument, day) for argument, day in wanted.days.items()]
    found += _under(wanted.model, wanted.region)
    if wanted.left_out and (moves := wanted.model.__moves__):
        found.append(columns[moves.column].not_in(wanted.left_out))
    for term in words_of(wanted.search):
        found.append(_term(session, wanted, term, _MOST_TERMS if capped and wanted.by_name_alone else None))
    if wanted.keys is not None:
        found.append(columns.id.in_(wanted.keys))
    return found


def _under(model: type[Base], region: str | None) -> list[ColumnElement[bool]]:
    if not region or not model.__region__:
        return []
    prefix, column = prefix_of(region), table_of(model).c[model.__region__]
    if len(prefix) == CODE_LENGTH:
        return [column == prefix]
    return [column >= prefix, column < prefix + ":"] if prefix else []


def _has_digit(term: str) -> bool:
    return re.search(r"[0-9]", term) is not None


def _term(session: ScopedSession, wanted: Wanted, term: str, most: int | None) -> ColumnElement[bool]:
    """One word of a search. With a digit it is a number: a whole identity number, its last six, the
    beginning of a register number. Without one it is part of a name, its pinyin or its initials."""
    model, columns = wanted.model, table_of(wanted.model).c
    ways: list[ColumnElement[bool]] = []
    number = _has_digit(term)
    if number and wanted.may_search_identity:
        ways += [way for holder in _holders(model) if (way := _by_identity(session, model, holder, term)) is not None]
    elif not number and wanted.may_search_names:
        ways += [_key(model, holder).in_(_named(session, holder, term, wanted.region, most).with_only_columns(
            table_of(SearchTerm).c.owner_id)) for holder in _holders(model) if holder.__searched__]
    for name in wanted.search_columns:
        of, column = column_of(model, name)
        if of is not model:
            ways.append(belonging(session, model, of, table_of(of).c[column].contains(term, autoescape=True)))
        elif not _leads_an_index(model, name) and name != model.__searched__:
            ways.append(columns[name].contains(term, autoescape=True))
        elif number and name != model.__searched__:
            ways.append(columns[name].between(term, term + _AFTER_ALL))
    return or_(*ways) if ways else false()


def _holders(model: Any) -> list[type[Base]]:
    """Whose name finds a record: its own, and that of the child that it belongs to; without a name of its own, that
    of the family too."""
    own = [model] if model.__searched__ else []
    return own + [getattr(model, r).property.mapper.class_ for r in ("student", *(() if own else ("household",)))
                  if hasattr(model, r) and getattr(model, r).property.uselist is False]


def found_by(model: type[Base], columns: tuple[str, ...], by_number: bool) -> str:
    """What a word may be in the search of a list, said to whoever types it."""
    holders, others = _holders(model), [n for n in columns if n != model.__searched__]
    said = [label if h is model or label != "姓名" else f"{h.__title__}{label}" for h in holders
            if (label := declared(h, str(h.__searched__)).label)]
    whose = holders[-1].__title__ if len(holders) > 1 and model in holders else ""  # a guardian has neither
    said += [f"{whose}拼音"] if any("name_pinyin" in table_of(holder).c for holder in holders) else []
    said += [f"{whose}身份证号或后六位"] if by_number and holds_numbers(model) else []
    return "、".join(dict.fromkeys([*said, *[declared(*column_of(model, name)).label for name in others]]))


def _key(model: type[Base], holder: type[Base]) -> ColumnElement[Any]:
    """The column of a record that names the one whose name finds it."""
    return table_of(model).c["id" if holder is model else f"{holder.__tablename__}_id"]


def _named(session: ScopedSession, holder: type[Base], term: str, region: str | None, most: int | None) -> Select[Any]:
    """The numbers of those whose name, or a reading of it, begins or goes on like this."""
    terms, low = table_of(SearchTerm).c, term.lower()
    found = select(terms.owner_id, terms.region_code).where(
        terms.owner_table == holder.__tablename__, terms.term >= low, terms.term < low + _AFTER_ALL,
        *walled(session, SearchTerm), *_under(SearchTerm, region))
    if most is not None:
        found = found.order_by(terms.term, terms.region_code, terms.owner_id).limit(most)
    return found


def _by_identity(session: ScopedSession, model: type[Base], holder: type[Base],
                 term: str) -> ColumnElement[bool] | None:
    """Whoever has the identity number that a word is."""
    columns = table_of(holder).c
    found = holding(columns, term) if issubclass(holder, IdentityIndexed) else None
    if found is None:
        return None
    # Its numbers first: a planner without statistics would rather walk a village in its order.
    return _key(model, holder).in_(select(columns.id).where(found, *walled(session, holder)))


def keys_of(session: ScopedSession, wanted: Wanted, first: int | BindParameter[int],
          size: int | BindParameter[int]) -> Select[Any]:
    """The numbers of the records from a place on (0 is the first)."""
    if wanted.by_name_alone and wanted.stands_by_places:
        return _keys_by_name(session, wanted).offset(first).limit(size)
    query = select(table_of(wanted.model).c.id).where(*conditions(session, wanted, capped=True))
    return query.order_by(*order_of(wanted)).offset(first).limit(size)


def _keys_by_name(session: ScopedSession, wanted: Wanted) -> Select[Any]:
    """Who is found by a name alone, in the order of places: a term says where its owner stands, so that no
    record is read but those that are shown."""
    found = _named(session, wanted.model, words_of(wanted.search)[0], wanted.region, _MOST_TERMS).subquery().c
    order = [c.desc() if wanted.descending else c.asc() for c in (found.region_code, found.owner_id)]
    return select(found.owner_id).group_by(found.region_code, found.owner_id).order_by(*order)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search finds: the numbers of its records in the order of the list, None where they are too many to keep;
    and how many they are, at most one more than the cap."""

    keys: Sequence[int] | None
    count: int


def found_by_search(session: ScopedSession, wanted: Wanted) -> Found:
    """All that a search finds, looked up at once for all its pages and for its count."""
    if wanted.by_name_alone:
        keys, count = _everyone_named(session, wanted)
        if wanted.stands_by_places and not wanted.descending:
            return Found(keys, count)
        return Found(session.connection().execute(keys_of(session, wanted, 0, SEARCH_CAP)).scalars().all(), count)
    keys = session.connection().execute(keys_of(session, wanted, 0, SEARCH_CAP + 1)).scalars().all()
    return Found(keys, len(keys)) if len(keys) <= SEARCH_CAP else Found(None, capped_count(session, wanted))


def _everyone_named(session: ScopedSession, wanted: Wanted) -> tuple[Sequence[int], int]:
    """Those whom a name alone finds, in the order of places, as many as a list shows; and how many they are."""
    query = _keys_by_name(session, replace(wanted, descending=False)).add_columns(func.count())
    owners = session.connection().execute(query).all()
    more = sum(terms for _, terms in owners) == _MOST_TERMS
    return [key for key, _ in owners[:SEARCH_CAP]], SEARCH_CAP + 1 if more else min(len(owners), SEARCH_CAP + 1)


def page_of(session: ScopedSession, wanted: Wanted, page: int, size: int) -> list[Any]:
    """The records of one page (0 is the first)."""
    model: Any = wanted.model
    keys = session.connection().execute(keys_of(session, wanted, min(page, LAST_PAGE) * size, size)).scalars().all()
    if not keys:
        return []
    records = {r.id: r for r in session.scalars(select(model).where(model.id.in_(keys)))}
    return [records[key] for key in keys if key in records]


def capped_count(session: ScopedSession, wanted: Wanted) -> int:
    """How many rows there are, at most one more than the cap."""
    some = select(table_of(wanted.model).c.id).where(*conditions(session, wanted))
    if wanted.stands_by_places and not (wanted.search or wanted.is_filtered):
        # Along its index: PostgreSQL would read the whole table, and ask the wall of each row how far it goes.
        some = some.order_by(*order_of(wanted))
    counted = select(func.count()).select_from(some.limit(COUNT_CAP + 1).subquery())
    return session.connection().execute(counted).scalar() or 0


def whole_count(session: ScopedSession, wanted: Wanted) -> int:
    """How many rows there are, however many: for what is done with all of them."""
    query = select(func.count(table_of(wanted.model).c.id)).where(*conditions(session, wanted))
    return session.connection().execute(query).scalar() or 0


def all_keys(session: ScopedSession, wanted: Wanted, most: int) -> list[int]:
    """The numbers of all records of a list, in its order, at most so many."""
    query = select(table_of(wanted.model).c.id).where(*conditions(session, wanted)).order_by(*order_of(wanted))
    return list(session.connection().execute(query.limit(most)).scalars())


def as_shown(wanted: Wanted, count: int) -> Wanted:
    """A list as it is shown: sorting is for what a person can look through."""
    return in_order_of_divisions(wanted) if count > COUNT_CAP and wanted.sort != "id" else wanted


def in_order_of_divisions(wanted: Wanted) -> Wanted:
    return replace(wanted, sort="id", descending=False)


def cap_of(wanted: Wanted) -> int:
    """How far a list counts."""
    return SEARCH_CAP if wanted.by_name_alone else COUNT_CAP


def all_rows(session: ScopedSession, wanted: Wanted, columns: Sequence[str], chunk: int = 5000) -> Iterator[
        Sequence[Row[Any]]]:
    """Every row of a list, its number first, read in pieces in the order of the divisions: nothing
    loads a table into memory. One that stands in another order (`as_shown`) has at most COUNT_CAP rows."""
    table = table_of(wanted.model).c
    placed = wanted.model.__region__ == "region_code"
    names = ["id", *(["region_code"] if placed else []), *[c for c in columns if c not in ("id", "region_code")]]
    order = order_of(wanted)
    query = select(*[table[c] for c in names]).where(*conditions(session, wanted))
    if wanted.sort != "id" or wanted.descending:  # a list that a person can look through
        yield from session.connection().execute(query.order_by(*order_of(wanted)).limit(COUNT_CAP)).partitions(chunk)
        return
    piece = query = query.order_by(*order).limit(chunk)
    while part := session.connection().execute(piece).all():
        yield part
        last = part[-1]
        # As a pair, which an index leads to: by two conditions PostgreSQL reads a village again from its start.
        piece = query.where(table.id > last.id) if not placed else query.where(
            tuple_(table.region_code, table.id) > tuple_(last.region_code, last.id))


def values_held(session: ScopedSession, wanted: Wanted, columns: Sequence[str]) -> dict[str, set[Any]]:
    """What the rows of a list hold in columns that have few values, asked at once."""
    table = table_of(wanted.model).c
    query = select(*[table[c] for c in columns]).where(*conditions(session, wanted)).distinct()
    found = session.connection().execute(query).all() if columns else []
    return {name: {row[at] for row in found} for at, name in enumerate(columns)}


def around(session: ScopedSession, wanted: Wanted, place: int, key: int) -> tuple[tuple[int, int] | None,
                                                                                    tuple[int, int] | None]:
    """What stands before and after a record in a list, each as its place (0 is the first) and its number.
    The record is looked for near the place where it stood when the list was shown. One that has left the list since,
    because what was to be done with it was done, leaves its place to the next."""
    first = max(0, min(place, LAST_PLACE) - _NEAR)
    keys = session.connection().execute(keys_of(session, wanted, first, 2 * _NEAR + 1)).scalars().all()
    if key not in keys:
        at = min(place, LAST_PLACE) - first
        return ((first + at - 1, keys[at - 1]) if 0 < at <= len(keys) else None,
                (first + at, keys[at]) if at < len(keys) else None)
    at = keys.index(key)
    return ((first + at - 1, keys[at - 1]) if at else None,
            (first + at + 1, keys[at + 1]) if at + 1 < len(keys) else None)
