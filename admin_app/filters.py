"""What a list may be filtered by: the values of a column, days, and what belongs to a record and stands."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Boolean, ColumnElement, Date, or_, select

from admin_app.access.scope import ScopedSession, walled
from models.base import Base, UtcDateTime, declared, model_of, table_of

# A filter by days, behind the column's name: `birth_date_from=2012-09-01`, with that day; `_before`: earlier than
# that day, or not at all.
FROM, TO, BEFORE = "_from", "_to", "_before"
EMPTY = "-"  # in an address: where nothing is written; forms empty a field by the same sign
_OPEN_ENDED = frozenset({"until", "valid_until"})  # last days: where none is named, none has come or will
HAPPENED = {True: "有", False: "无"}  # what a filter by a moment asks: whether there is one


@lru_cache(maxsize=256)
def column_of(model: type[Base], name: str) -> tuple[type[Base], str]:
    """The model and the column that a filter is about: `sex` is the record's own, `special_group_flag.kind` that of
    its flags, `household_hardship.kind` that of its family's hardships. Raises KeyError."""
    table, _, column = name.rpartition(".")
    of = model_of(table) if table else model
    declared(of, column)
    if of is not model:
        _tie(model, of)
    return of, column


def _tie(model: type[Base], of: type[Base]) -> tuple[str, str]:
    """By which columns a record and one of another ledger belong together: that one hangs on it, it names that one,
    or both name one family. Raises KeyError."""
    own, other = table_of(model).c, table_of(of).c
    for here, there in (("id", f"{model.__tablename__}_id"), (f"{of.__tablename__}_id", "id"),
                        ("household_id", "household_id")):
        if here in own and there in other:
            return here, there
    raise KeyError(f"{of.__tablename__} does not belong to {model.__tablename__}")


def belonging(session: ScopedSession, model: type[Base], of: type[Base],
              *so: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that a record of another ledger which is so belongs to it, as far as the wall shows them."""
    here, there = _tie(model, of)
    return table_of(model).c[here].in_(select(table_of(of).c[there]).where(*so, *walled(session, of)))


def equal(session: ScopedSession, model: type[Base], name: str, value: Any) -> ColumnElement[bool]:
    """The condition that a filter has this value, or one of several ("" stands for an empty field)."""
    of, name = column_of(model, name)
    columns = table_of(of).c
    values = value if isinstance(value, tuple) else (value,)
    if is_moment(of, name):
        fits = or_(*[columns[name].is_not(None) if value else columns[name].is_(None) for value in values])
    else:
        written = [v for v in values if v != ""]
        ways = [columns[name] == written[0] if len(written) == 1 else columns[name].in_(written)] if written else []
        fits = or_(*ways, *[columns[name].is_(None)] * ("" in values))
    if of is model:
        return fits
    standing = [columns[of.__moves__.column].in_(of.__moves__.standing)] if of.__moves__ else []
    return belonging(session, model, of, fits, *standing)


def may_be_empty(model: type[Base], name: str) -> bool:
    """Whether a filter can be asked for where nothing is written; days have a filter of their own for that."""
    of, column = column_of(model, name)
    told_by_day = isinstance(table_of(of).c[column].type, Date) or is_moment(of, column)
    return of is model and bool(table_of(of).c[column].nullable) and not told_by_day


def day_filter(argument: str) -> tuple[str, str]:
    """The column and the kind of a filter by days; the kind is empty for any other argument."""
    kind = next((k for k in (FROM, TO, BEFORE) if argument.endswith(k)), "")
    return argument.removesuffix(kind), kind


def filter_of(filters: Sequence[str], argument: str) -> tuple[str, str]:
    """Which of these filters an argument is about, with its kind where it is one by days; of another argument, a name
    that is none of them."""
    return (argument, "") if argument in filters else day_filter(argument)


def on_days(columns: Any, argument: str, day: date) -> ColumnElement[bool]:
    """The condition of a filter by days."""
    name, kind = day_filter(argument)
    column = columns[name]
    fits = column < day if kind == BEFORE else column >= day if kind == FROM else column <= day
    return or_(column.is_(None), fits) if takes_empty(argument) else cast(ColumnElement[bool], fits)


def takes_empty(argument: str) -> bool:
    """Whether a filter by days finds those without a day too: what was never done is earlier than any day, what has no
    last day lasts."""
    name, kind = day_filter(argument)
    return kind == BEFORE or (kind == FROM and lasts(name))


def lasts(name: str) -> bool:
    """Whether a column holds a last day, which may be open."""
    return name.rpartition(".")[2] in _OPEN_ENDED


def is_moment(model: type[Base], name: str) -> bool:
    """Whether a column says when something was done to a record: that it was, is asked by a filter."""
    return isinstance(table_of(model).c[name].type, UtcDateTime)


def filter_kind(model: type[Base], name: str) -> str:
    """How a filter is offered: a list of options, a pair of days, or a box to type in."""
    model, name = column_of(model, name)
    if isinstance(table_of(model).c[name].type, Date):
        return "date"
    field_ = declared(model, name)
    chosen = field_.codes or field_.states or isinstance(table_of(model).c[name].type, Boolean | UtcDateTime)
    return "options" if chosen else "text"
