"""How a value reads: the label of its code, the name of its region, the record it points to, masked by
role. Lists, forms, histories, sheets and import previews all show values through one `Display`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Date, select

from admin_app.access.masking import ABSENT_TEXT, Grade, Sight, as_granted, masked, shown, sight, sight_in
from admin_app.access.permissions import Role
from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.listing import Found, Wanted
from admin_app.reference import Code, Reference
from admin_app.settings import RULES
from models.base import Base, Field, Privacy, declared, name_column, names_region, pointed_at, table_of
from models.kinds import Sealed, SealedText, school_year
from models.school import School
from models.setting import Setting

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
# The value of a rule that is chosen → as its form offers it.
_RULE_WORDS = {value: label for rule in RULES.values() for value, label in rule.choices.items()}


class Shown(NamedTuple):
    """A value as text, with the colour of its tag where it has one."""

    text: str
    colour: str | None = None


_EMPTY = Shown("")


class _Recurring(dict[Any, Shown]):
    """The values of a column that has few, each read once."""

    def __init__(self, read: Callable[[Any], Shown]) -> None:
        super().__init__({None: _EMPTY, "": _EMPTY})
        self._read = read

    def __missing__(self, value: Any) -> Shown:
        found = self[value] = self._read(value)
        return found


@lru_cache(maxsize=1024)
def recurring(model: type[Base], column: str) -> bool:
    """Whether a column has few values, that come again and again: codes, states, divisions, schools, days."""
    field = declared(model, column)
    return bool(field.states or field.codes or names_region(model, column) or pointed_at(model, column) is School
                or isinstance(table_of(model).c[column].type, Date))


@lru_cache(maxsize=256)
def told_apart_by(model: type[Base]) -> tuple[str, ...]:
    """The columns that tell records apart beside what they are called: those that the ledger says, else names and
    days of birth. A letter is called by its number, which tells nobody whose it is; two children of a village may
    share a name."""
    return model.__told_apart__ or tuple(c.name for c in table_of(model).columns
                 if declared(model, c.name).privacy in (Privacy.NAME, Privacy.BIRTH)
                 and not declared(model, c.name).generated and c.name != name_column(model))


@lru_cache(maxsize=256)
def described_by(model: type[Base]) -> tuple[str, ...]:
    """The columns that say what a record without a name is called: whose it is, and its kind; 崔芷若 · 单亲留守."""
    columns = table_of(model).c
    ways = (("student_id", "household_id", "account_id"), ("kind", "role"))
    return tuple(filter(None, (next((name for name in either if name in columns), None) for either in ways)))


class Display:
    """Reads codes, regions and pointed-at records once, for all rows of a page."""

    def __init__(self, session: ScopedSession, role: Role, reference: Reference | None = None) -> None:
        self._session = session
        self._role = role
        self._reference = reference or Reference()
        self._records: dict[type[Base], dict[int, str | None]] = defaultdict(dict)  # None: not there for this person

    def prepare(self, model: type[Base], columns: Iterable[str], rows: Sequence[Any]) -> None:
        """Load what showing these columns of these rows needs: a number of queries that depends on
        the columns, never on the rows."""
        self.prepare_values(model, {c: {getattr(row, c) for row in rows} if names_region(model, c)
                                    or pointed_at(model, c) else () for c in columns})

    def prepare_values(self, model: type[Base], values: Mapping[str, Iterable[Any]]) -> None:
        """Load what showing these values of these columns needs."""
        self._reference.load_codes(self._session, {declared(model, c).codes for c in values})
        for column, held in values.items():
            if names_region(model, column):
                self._reference.load_regions(self._session, set(held) - {None})
            elif target := pointed_at(model, column):
                self.load_records(target, set(held) - {None})

    def load_records(self, model: type[Base], keys: Iterable[int]) -> None:
        if model is School:
            return  # all their names are kept
        known = self._records[model]
        for part in in_parts(sorted(set(keys) - known.keys())):
            records = self._session.scalars(select(model).where(model.id.in_(part))).all()
            self.prepare_labels(model, records)
            known |= dict.fromkeys(part) | {record.id: self.label_of(record) for record in records}

    def loaded(self, model: type[Base], key: int) -> str | None:
        """The name of a record loaded before; None for one that is not there for this person."""
        return self.schools().get(key) if model is School else self._records[model].get(key)

    def label_of(self, record: Base) -> str:
        """What people call a record: its name, as this role may see it."""
        name = name_column(type(record))
        if name is None or sight(self._role, declared(type(record), name).privacy) is Sight.FULL:
            return str(record) if type(record).__str__ is not Base.__str__ else self._described(record)
        return str(shown(getattr(record, name), declared(type(record), name), self._role) or ABSENT_TEXT)

    def _described(self, record: Base) -> str:
        parts = [self.of(record, c).text for c in described_by(type(record)) if getattr(record, c) is not None]
        return " · ".join(filter(None, parts)) or f"{record.id} 号"

    def prepare_labels(self, model: type[Base], records: Sequence[Any]) -> None:
        """Load what calling these records by name needs, for all of them at once."""
        if name_column(model) is None:
            self.prepare(model, described_by(model), records)

    def told_apart(self, record: Base) -> list[str]:
        """What tells which one of several of a name a record is, as far as the role may see it."""
        return [text for c in told_apart_by(type(record)) if (text := self.of(record, c).text) and text != ABSENT_TEXT]

    def codes(self, table: str, on: date | None = None) -> list[Code]:
        """The entries of a code table; with a date only those that may be chosen on it."""
        entries = self._reference.codes(self._session, table).values()
        return [entry for entry in entries if on is None or entry.valid_on(on)]

    def region(self, code: str | None) -> str:
        return self._reference.region(self._session, code) if code else ""

    def ended(self, code: str) -> tuple[str, str | None] | None:
        """The name of a division that has ended, and of the one that it became part of; None for one in use."""
        return self._reference.ended(self._session, code)

    def schools(self) -> dict[int, str]:
        return self._reference.schools(self._session)

    def count(self, wanted: Wanted) -> int:
        """How many rows a list has, at most one more than its cap."""
        return self._reference.count(self._session, wanted)

    def marks(self, wanted: Wanted) -> list[tuple[str, int]]:
        """Where the records of a list stand, one of many."""
        return self._reference.marks(self._session, wanted)

    def found(self, wanted: Wanted) -> Found:
        """What a search finds, in the order of the list."""
        return self._reference.found(self._session, wanted)

    def kept(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What is made of the key and of what is written, for this role and place: made once while nothing is."""
        return self._reference.kept((self._role, self._session.scope, *key), make)

    def lasting(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What is made of reference data and the key alone, for this role and place: made once while none of those
        are written."""
        return self._reference.lasting((self._role, self._session.scope, *key), make)

    def of_role(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """The same for this role wherever it works."""
        return self._reference.of_role((self._role, *key), make)

    def below(self, code: str) -> list[tuple[str, str]]:
        """The divisions right below one: code and name."""
        return self._reference.below(self._session, code)

    def absent(self, field: Field) -> bool:
        return sight(self._role, field.privacy) is Sight.ABSENT

    def of(self, record: Base, column: str) -> Shown:
        return self.value(type(record), column, getattr(record, column))

    def value(self, model: type[Base], column: str, value: Any) -> Shown:
        """One value of one column as it reads on the screen."""
        return self.reader(model, column)(value)

    def reader(self, model: type[Base], column: str, grade: Grade = Grade.WORKING) -> Callable[[Any], Shown]:
        """How the values of a column read, decided once for all rows. The records that it points to must
        have been prepared, or are looked up one by one."""
        tags = self.tags(model, column)
        text = str if tags else self.texts(model, column, grade)
        if recurring(model, column):
            return _Recurring(lambda value: tags.get(str(value)) or Shown(text(value))).__getitem__
        return lambda value: Shown(text(value))

    def texts(self, model: type[Base], column: str, grade: Grade = Grade.WORKING) -> Callable[[Any], str]:
        """The same as texts alone, for sheets: an empty one where there is no value."""
        field = declared(model, column)
        if self.absent(field):
            return lambda value: ABSENT_TEXT if value or value == 0 else ""
        read = self._text_of(model, column, field, grade)
        return read if read is plain_text else lambda value: read(value) if value or value == 0 else ""

    def tags(self, model: type[Base], column: str) -> dict[str, Shown]:
        """The states or the codes of a column that the role may see, each with its colour; none for any other."""
        field = declared(model, column)
        if self.absent(field):
            return {}
        if field.states and model.__moves__:
            return {s.code: Shown(s.label, s.colour) for s in model.__moves__.states}
        entries = self._reference.codes(self._session, field.codes) if field.codes else {}
        return {code: Shown(entry.label, entry.colour) for code, entry in entries.items()}

    def _text_of(self, model: type[Base], column: str, field: Field, grade: Grade) -> Callable[[Any], str]:
        if tags := self.tags(model, column):
            return lambda value: tags[code].text if (code := str(value)) in tags else code
        if names_region(model, column):
            return self.region
        if target := pointed_at(model, column):
            named = name_column(target)
            kind = declared(target, named).privacy if named else Privacy.OPEN
            if sight_in(grade, self._role, kind) is Sight.MASKED:  # who is pointed at is masked as whoever is named
                return lambda value: masked(self.named(target, value) or ABSENT_TEXT, kind)
            return lambda value: self.named(target, value) or ABSENT_TEXT
        if model is Setting and column == "value":
            return lambda value: _RULE_WORDS.get(value, str(value))
        if column == "school_year":
            return lambda value: school_year(int(value))
        granted = sight_in(grade, self._role, field.privacy)
        if granted is Sight.FULL and not isinstance(table_of(model).c[column].type, SealedText):
            return plain_text
        return lambda value: plain_text(as_granted(value, field.privacy, granted))

    def named(self, target: type[Base], key: int) -> str | None:
        """The name of a record by its number, None where there is none for this person."""
        if self.loaded(target, key) is None:
            self.load_records(target, [key])
        return self.loaded(target, key)


def plain_text(value: Any) -> str:
    """A bare value as text: 是/否, 2026-09-01, Beijing time."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, Sealed):
        return str(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def local_time(moment: datetime) -> str:
    return moment.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M")
