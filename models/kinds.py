"""The kinds of value that columns hold: sealed text with its blind indexes, and school years.

Sealed text is encrypted outside the database's reach. The cipher is installed at start
(`admin_app/access/field_keys.py`), because the models import nothing but SQLAlchemy.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Text, TypeDecorator, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper


class Cipher(Protocol):
    """What turns sealed text into stored text and back. `context` is `table.column`; a value
    moved to another column does not open there."""

    def seal(self, plain: str, context: str) -> str: ...
    def open(self, stored: str, context: str) -> str: ...
    def index(self, plain: str, context: str) -> str: ...
    def __hash__(self) -> int: ...


class NoCipher(RuntimeError):
    """Sealed text was written or opened before a cipher was installed."""


_installed: list[Cipher] = []


def install_cipher(cipher: Cipher) -> None:
    """Make `cipher` the one that all sealed columns use from now on."""
    _installed[:] = [cipher]


def cipher() -> Cipher:
    if not _installed:
        raise NoCipher("no cipher is installed: start through admin_app.create_app or its commands")
    return _installed[0]


@dataclass(slots=True, unsafe_hash=True)  # not frozen: that takes three times as long to make, for every row read
class Sealed:
    """A sealed value as it lies in the database. It opens only when asked: printing it, logging
    it or rendering it by mistake shows no digit."""

    stored: str
    context: str

    def open(self) -> str:
        return cipher().open(self.stored, self.context)

    def __str__(self) -> str:
        return "••••••"

    __repr__ = __str__


def sealed(plain: str, context: str) -> Sealed:
    """Sealed before it is written: for thousands of rows that takes longer than others shall wait for the store."""
    return Sealed(cipher().seal(plain, context), context)


def unsealed(value: Any) -> Any:
    """What a value says: a sealed one is opened, any other is itself."""
    return value.open() if isinstance(value, Sealed) else value


class SealedText(TypeDecorator[Sealed]):
    """A column of sealed text. Takes plain text or a `Sealed`, gives a `Sealed`."""

    impl = Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None or value == "":
            return None
        if isinstance(value, Sealed):
            if value.context != self.context:
                raise ValueError(f"a value sealed for {value.context} does not fit {self.context}")
            return value.stored
        return cipher().seal(value, self.context)

    def process_result_value(self, value: Any, dialect: Dialect) -> Sealed | None:
        return None if value is None else Sealed(value, self.context)


IDENTITY_INDEX = "identity"  # equal numbers meet in any table: one key for all identity numbers
TAIL_LENGTH = 6  # people remember and read out the last six digits


def identity_indexes(number: str | None) -> dict[str, str | None]:
    """The blind indexes of an identity number: of the whole, and of its last six characters."""
    if not number:
        return {"identity_index": None, "identity_tail": None}
    return {
        "identity_index": cipher().index(number, IDENTITY_INDEX),
        "identity_tail": cipher().index(number[-TAIL_LENGTH:], IDENTITY_INDEX + ".tail"),
    }


class IdentityIndexed:
    """A model with an `identity_number` keeps `identity_index` and `identity_tail` beside it."""

    identity_number: Any
    identity_index: Any
    identity_tail: Any


@event.listens_for(IdentityIndexed, "mapper_configured", propagate=True)
def _keep_indexes(mapper: Mapper[Any], model: type[IdentityIndexed]) -> None:
    def number_set(target: Any, value: Any, _old: Any, _initiator: Any) -> None:
        for column, index in identity_indexes(unsealed(value)).items():
            setattr(target, column, index)

    event.listen(model.identity_number, "set", number_set)


def school_year(year: int) -> str:
    """2026 → '2026-2027学年'. A school year is named by the year in which it begins (1 September)."""
    return f"{year}-{year + 1}学年"
