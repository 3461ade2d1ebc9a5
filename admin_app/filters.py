"""What a list may be filtered by: the values of a column, days, and what hangs on a record and stands."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Boolean, ColumnElement, Date, or_, select

from admin_app.access.scope import ScopedSession, walled
from models.base import Base, declared, model_of, table_of

# A filter by days, behind the column's name: `birth_date_from=2012-09-01`, with that day; `_before`: earlier than
# that day, or not at all.
FROM, TO, BEFORE = "_from", "_to", "_before"


@lru_cache(maxsize=256)
def column_of(model: type[Base], name: str) -> tuple[type[Base], str]:
    """The model and the column that a filter is about: `sex` is the record's own, `special_group_flag.kind` that of
    its flags. Raises KeyError."""
    table, _, column = name.rpartition(".")
    of = model_of(table) if table else model
    declared(of, column)
    if of is not model and f"{model.__tablename__}_id" not in table_of(of).c:
        raise KeyError(f"{name}: {table} does not hang on {model.__tablename__}")
    return of, column


def equal(session: ScopedSession, model: type[Base], name: str, value: Any) -> ColumnElement[bool]:
    """The condition that a filter has this value, or one of several ("" stands for an empty field)."""
    of, name = column_of(model, name)
    columns = table_of(of).c
    values = value if isinstance(value, tuple) else (value,)
    fits = or_(*[columns[name].is_(None) for v in values if v == ""], columns[name].in_([v for v in values if v != ""]))
    if of is model:
        return columns[name] == value if len(values) == 1 and value != "" else fits
    standing = [columns[of.__moves__.column].in_(of.__moves__.standing)] if of.__moves__ else []
    return table_of(model).c.id.in_(
        select(columns[f"{model.__tablename__}_id"]).where(fits, *standing, *walled(session, of)))


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
    if kind == BEFORE:
        return or_(column.is_(None), column < day)
    return cast(ColumnElement[bool], column >= day if kind == FROM else column <= day)


def filter_kind(model: type[Base], name: str) -> str:
    """How a filter is offered: a list of options, a pair of days, or a box to type in."""
    model, name = column_of(model, name)
    if isinstance(table_of(model).c[name].type, Date):
        return "date"
    field_ = declared(model, name)
    chosen = field_.codes or field_.states or isinstance(table_of(model).c[name].type, Boolean)
    return "options" if chosen else "text"
