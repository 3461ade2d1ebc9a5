"""What every table shares: constraint names, column declarations, and the wall it stands behind.

A column is declared once, with `field()`: its label on the screen, its meaning, its code table and
how sensitive it is. Lists, forms, filters, masks, sheets, history and docs read it from here.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, cast

from models.agreement import Agreement
from models.moves import Moves
from sqlalchemy import BigInteger, DateTime, Integer, MetaData, String, Table, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column


class Wall(enum.Enum):
    """Which rows of a table a session may see and touch. Every mapped table names one.

    CHILD: rows whose `region_code` lies in the range granted for families and children.
    OFFICE: rows whose `region_code` lies in the range granted for office work.
    REFERENCE: readable by everyone who is signed in (divisions, schools, code tables, settings).
    SYSTEM: only a session that stepped out of its scope, with a reason, reaches them.
    """

    CHILD = "child"
    OFFICE = "office"
    REFERENCE = "reference"
    SYSTEM = "system"


class Privacy(enum.Enum):
    """What kind of personal fact a column holds. `access/masking.py` says which role sees what.

    Every fact about a child under 14 is sensitive by law (个人信息保护法 art. 28).
    """

    OPEN = "open"
    NAME = "name"
    BIRTH = "birth"
    ADDRESS = "address"
    PHONE = "phone"
    IDENTITY = "identity"
    CONDITION = "condition"  # health, hardship, family situation


@dataclass(frozen=True, slots=True)
class Field:
    """A column's declaration. `codes` is the code table that its values come from; `states` says
    that its values are the states of the table's moves; `recorded=False` keeps it out of the
    change ledger (secrets and counters). `generated` facts are kept by the system and told in the history;
    `internal` ones (search terms, blind indexes, what an attachment hangs on) nobody reads."""

    label: str
    meaning: str = ""
    codes: str | None = None
    privacy: Privacy = Privacy.OPEN
    states: bool = False
    recorded: bool = True
    multiline: bool = False
    generated: bool = False  # kept by the system, never typed by a person
    internal: bool = False  # generated, and no fact about anything
    filled_in: bool = False  # a person may type it; left empty, the system fills it in
    advice: str = ""  # how to fill it in, shown beside the input


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC. Refuses a time without a zone; always gives one with UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigKey = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows only by INTEGER
# Compared byte by byte on both stores: a prefix is a range, whatever the locale of the server.
ByteOrdered = String().with_variant(String(collation="C"), "postgresql")
RegionCode = String(12).with_variant(String(12, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Every table. A subclass says `__title__`, `__wall__`, `__area__` and, where people name the
    record, `__str__`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigKey, datetime: UtcDateTime()}

    __title__: ClassVar[str]
    __wall__: ClassVar[Wall]
    __area__: ClassVar[str]  # the first half of the permissions that its endpoints ask for
    __recorded__: ClassVar[bool] = True  # whether the change ledger records its rows
    __agreements__: ClassVar[tuple[Agreement, ...]] = ()  # what must agree within one record
    __once__: ClassVar[tuple[str, ...]] = ()  # in which no two records are alike: kept by checks alone
    __explained__: ClassVar[bool] = False  # whether every change of a standing record says why
    __region__: ClassVar[str | None] = "region_code"  # the column that places a row
    __moves__: ClassVar[Moves | None] = None
    __searched__: ClassVar[str | None] = None  # the name by which people look for a record
    __told_apart__: ClassVar[tuple[str, ...]] = ()  # columns that tell which of several of one name a record is

    id: Mapped[int] = mapped_column(
        primary_key=True, comment="编号", info={"field": Field("编号", generated=True, internal=True)}, sort_order=-9
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A number that was once given is never given again: the ledger names records by it.
        table_of(cls).dialect_options["sqlite"]["autoincrement"] = True


def field(label: str, *args: Any, meaning: str = "", codes: str | None = None,
          privacy: Privacy = Privacy.OPEN, states: bool = False, recorded: bool = True,
          multiline: bool = False, generated: bool = False, internal: bool = False, filled_in: bool = False,
          advice: str = "", **column: Any) -> MappedColumn[Any]:
    """A `mapped_column` with its declaration; everything else is passed on to it."""
    declared = Field(label, meaning, codes, privacy, states, recorded, multiline, generated or internal, internal,
                     filled_in, advice)
    return mapped_column(*args, comment=meaning or label, info={"field": declared}, **column)


def region_code(label: str = "所属区划", *args: Any) -> MappedColumn[Any]:
    """The 12-digit code that places a row behind its wall (统计用区划代码)."""
    return field(label, RegionCode, *args, meaning="统计用区划代码，12 位；记录归谁管由它决定",
                 nullable=False)


@lru_cache(maxsize=4096)
def declared(model: type[Base], column: str) -> Field:
    """The declaration of a column. Raises KeyError for a column that has none."""
    return cast(Field, table_of(model).c[column].info["field"])


def table_of(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def models() -> Iterator[type[Base]]:
    """Every mapped class, in the order of their table names."""
    yield from sorted(
        (mapper.class_ for mapper in Base.registry.mappers), key=lambda m: cast(str, m.__tablename__)
    )


def model_of(table_name: str) -> type[Base]:
    """The class mapped to a table. Raises KeyError when there is none."""
    for model in models():
        if model.__tablename__ == table_name:
            return model
    raise KeyError(table_name)


@lru_cache(maxsize=1024)
def pointed_at(model: type[Base], column: str) -> type[Base] | None:
    """The model whose record a column names by its number, None for other columns."""
    for key in table_of(model).c[column].foreign_keys:
        if key.column.name == "id":
            return model_of(key.column.table.name)
    return None


@lru_cache(maxsize=1024)
def names_region(model: type[Base], column: str) -> bool:
    """Whether a column holds the code of a division."""
    return column == "region_code" or any(
        key.column.table.name == "region" for key in table_of(model).c[column].foreign_keys
    )


@lru_cache(maxsize=256)
def name_column(model: type[Base]) -> str | None:
    """The column of a record's name, where it has one."""
    return next((c for c in ("name", "head_name", "display_name") if c in table_of(model).c), None)
