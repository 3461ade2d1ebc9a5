"""Putting the official code tables into a store.

A district may rename, recolour, reorder or stop an item: what stands is never overwritten, only
what is missing is added.
"""

from sqlalchemy import insert, select

from admin_app.access.scope import ScopedSession
from models.code_item import CodeItem
from seed.official_codes import TABLES, Code, CodeTable

__all__ = ["TABLES", "Code", "CodeTable", "load_code_tables", "table_named"]


def table_named(name: str) -> CodeTable:
    """Raises KeyError when there is no such list."""
    for table in TABLES:
        if table.name == name:
            return table
    raise KeyError(name)


def load_code_tables(session: ScopedSession) -> int:
    """Add the items that are missing, and say how many. Wants an open recording."""
    standing = {(table, code) for table, code in session.execute(
        select(CodeItem.code_table, CodeItem.code)
    )}
    missing = [
        {"code_table": table.name, "code": item.code, "label": item.label, "position": position,
         "colour": item.colour, "valid_from": None, "valid_until": item.valid_until,
         "standard": item.standard or table.standard, "mapping": item.mapping}
        for table in TABLES
        for position, item in enumerate(table.codes, start=1)
        if (table.name, item.code) not in standing
    ]
    if missing:
        session.execute(insert(CodeItem), missing)
    return len(missing)
