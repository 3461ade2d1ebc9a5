"""The forms that can be read and written, by name."""

from admin_app.errors import NotFound
from admin_app.exchange.sheet import Sheet


def sheets() -> dict[str, Sheet]:
    from admin_app.exchange.sheets.roster import ROSTER

    return {ROSTER.name: ROSTER}


def sheet_named(name: str) -> Sheet:
    """Raises NotFound for a name that no form has."""
    found = sheets().get(name)
    if found is None:
        raise NotFound("没有这张表。请从菜单进入。")
    return found
