"""How a value reads: the label of its code, the name of its region, the record it points to, masked by
role. Lists, forms, histories, sheets and import previews all show values through one `Display`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from admin_app.access.masking import ABSENT_TEXT, Sight, shown, sight
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession
from models.base import Base, Field, declared, model_of, table_of
from models.code_item import CodeItem
from models.kinds import Sealed, school_year
from models.region import Region

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
_KEYS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as text, with the colour of its tag where it has one."""

    text: str
    colour: str | None = None


@lru_cache(maxsize=1024)
def pointed_at(model: type[Base], column: str) -> type[Base] | None:
    """The model whose record a column names by its number, None for other columns."""
    for key in table_of(model).c[column].foreign_keys:
        if key.column.name == "id":
            return model_of(key.column.table.name)
    return None


def names_region(model: type[Base], column: str) -> bool:
    return column == "region_code" or any(
        key.column.table.name == "region" for key in table_of(model).c[column].foreign_keys
    )


class Display:
    """Reads codes, regions and pointed-at records once, for all rows of a page."""

    def __init__(self, session: ScopedSession, role: Role) -> None:
        self._session = session
        self._role = role
        self._codes: dict[str, dict[str, CodeItem]] = {}
        self._regions: dict[str, str] = {}
        self._records: dict[type[Base], dict[int, str]] = defaultdict(dict)

    def prepare(self, model: type[Base], columns: Iterable[str], rows: Sequence[Any]) -> None:
        """Load what showing these columns of these rows needs: a number of queries that depends on
        the columns, never on the rows."""
        columns = list(columns)
        self.load_codes({f.codes for c in columns if (f := declared(model, c)).codes})
        for column in columns:
            values = {getattr(row, column) for row in rows} - {None}
            if names_region(model, column):
                self.load_regions(values)
            elif target := pointed_at(model, column):
                self.load_records(target, values)

    def load_codes(self, tables: Iterable[str | None]) -> None:
        missing = {t for t in tables if t} - self._codes.keys()
        if not missing:
            return
        for table in missing:
            self._codes[table] = {}
        query = select(CodeItem).where(CodeItem.code_table.in_(missing)).order_by(
            CodeItem.position, CodeItem.id)
        for item in self._session.scalars(query):
            self._codes[item.code_table][item.code] = item

    def load_regions(self, codes: Iterable[str]) -> None:
        missing = sorted(set(codes) - self._regions.keys())
        for start in range(0, len(missing), _KEYS_PER_QUERY):
            part = missing[start:start + _KEYS_PER_QUERY]
            self._regions.update(
                (code, name)
                for code, name in self._session.execute(
                    select(Region.code, Region.name).where(Region.code.in_(part)))
            )

    def load_records(self, model: type[Base], keys: Iterable[int]) -> None:
        known = self._records[model]
        missing = sorted(set(keys) - known.keys())
        for start in range(0, len(missing), _KEYS_PER_QUERY):
            part = missing[start:start + _KEYS_PER_QUERY]
            for record in self._session.scalars(select(model).where(model.id.in_(part))):
                known[record.id] = self.label_of(record)

    def loaded(self, model: type[Base], key: int) -> str | None:
        """The name of a record loaded before; None for one that is not there for this person."""
        return self._records[model].get(key)

    def label_of(self, record: Base) -> str:
        """What people call a record: its name, as this role may see it."""
        name = next((c for c in ("name", "head_name", "display_name") if c in table_of(type(record)).c), None)
        if name is None or sight(self._role, declared(type(record), name).privacy) is Sight.FULL:
            return str(record) if type(record).__str__ is not Base.__str__ else f"{record.id} 号"
        return str(shown(getattr(record, name), declared(type(record), name), self._role) or ABSENT_TEXT)

    def codes(self, table: str, on: date | None = None) -> list[CodeItem]:
        """The entries of a code table; with a date only those that may be chosen on it."""
        self.load_codes([table])
        return [
            item for item in self._codes[table].values()
            if on is None or ((item.valid_from is None or item.valid_from <= on)
                              and (item.valid_until is None or item.valid_until >= on))
        ]

    def region(self, code: str | None) -> str:
        if code is None:
            return ""
        self.load_regions([code])
        return self._regions.get(code, code)

    def absent(self, field: Field) -> bool:
        return sight(self._role, field.privacy) is Sight.ABSENT

    def of(self, record: Base, column: str) -> Shown:
        return self.value(type(record), column, getattr(record, column))

    def value(self, model: type[Base], column: str, value: Any) -> Shown:
        """One value of one column as it reads on the screen."""
        field = declared(model, column)
        if value is None or value == "":
            return Shown("")
        if self.absent(field):
            return Shown(ABSENT_TEXT)
        if field.states and model.__moves__:
            state = next((s for s in model.__moves__.states if s.code == value), None)
            return Shown(state.label, state.colour) if state else Shown(str(value))
        if field.codes:
            self.load_codes([field.codes])
            item = self._codes[field.codes].get(str(value))
            return Shown(item.label, item.colour) if item else Shown(str(value))
        if names_region(model, column):
            return Shown(self.region(value))
        if target := pointed_at(model, column):
            self.load_records(target, [value])
            return Shown(self._records[target].get(value, ABSENT_TEXT))
        if column == "school_year":
            return Shown(school_year(int(value)))
        return Shown(plain_text(shown(value, field, self._role)))


def plain_text(value: Any) -> str:
    """A bare value as text: 是/否, 2026-09-01, Beijing time."""
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
