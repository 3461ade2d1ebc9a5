"""The order of a list: what a column is put in order by, and what it cannot be put in order by at all."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ColumnElement, LargeBinary, case, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from models.base import Base, declared, name_column, pointed_at, table_of
from models.code_item import CodeItem
from models.kinds import SealedText

if TYPE_CHECKING:
    from admin_app.listing import Wanted

_NAMES = frozenset({"name", "head_name", "display_name"})


@lru_cache(maxsize=64)
def sortable(model: type[Base]) -> frozenset[str]:
    """The columns that a list can be put in the order of: all but what is sealed or long, and numbers of records that
    have no name."""
    columns = table_of(model).columns
    return frozenset(c.name for c in columns if c.primary_key or not (
        isinstance(c.type, SealedText | JSON) or declared(model, c.name).multiline
        or ((target := pointed_at(model, c.name)) and not name_column(target))))


class in_phone_book_order(FunctionElement[bytes]):  # noqa: N801  (a function of SQL)
    """A name as it is put in order: by the national code (GB 18030), whose 3,755 common characters stand in the order
    of their pinyin, with those of the second level behind and the rarest before. By code points 张 comes before 李."""

    type = LargeBinary()
    inherit_cache = True


@compiles(in_phone_book_order, "sqlite")
def _sqlite_order(element: Any, compiler: Any, **kw: Any) -> str:
    return f"gb18030({compiler.process(element.clauses, **kw)})"  # `store.py` makes it


@compiles(in_phone_book_order, "postgresql")
def _postgresql_order(element: Any, compiler: Any, **kw: Any) -> str:
    return f"convert_to({compiler.process(element.clauses, **kw)}, 'GB18030')"


def order_of(wanted: "Wanted") -> list[ColumnElement[Any]]:
    """The order of a list; with the number last, so that no two rows stand in the same place. What is empty stands
    behind, whichever way round."""
    columns = table_of(wanted.model).c
    names = [wanted.sort] if wanted.sort in sortable(wanted.model) - {"id"} else []
    if not names and wanted.model.__region__ == "region_code":
        names = ["region_code"]
    order = [(_placed(wanted.model, n), columns[n].nullable) for n in (*names, "id")]
    ways = [(one.desc() if wanted.descending else one.asc(), nullable) for one, nullable in order]
    return [way.nulls_last() if nullable else way for way, nullable in ways]


def _placed(model: type[Base], name: str) -> ColumnElement[Any]:
    """What a column is put in order by: a name as in a phone book, a code or a state as its list has it, a record that
    is pointed at by its name."""
    column, field_, target = table_of(model).c[name], declared(model, name), pointed_at(model, name)
    if name in _NAMES:
        return in_phone_book_order(column)
    if field_.states and model.__moves__:
        return case({s.code: place for place, s in enumerate(model.__moves__.states)}, value=column)
    if field_.codes:
        codes = table_of(CodeItem).c
        return select(codes.position).where(codes.code_table == field_.codes, codes.code == column).scalar_subquery()
    if target and (called := name_column(target)):
        there = table_of(target).alias().c
        return select(in_phone_book_order(there[called])).where(there.id == column).scalar_subquery()
    return column
