"""What a role sees of a personal fact. A value not granted never leaves the server.

One table: role × kind of fact → shown in full, masked, or absent. Everything that shows a value (a
list, a form, a history, a sheet, an error) asks `shown()`.
"""

import enum
from datetime import date
from typing import Any

from admin_app.access.permissions import Role
from models.base import Field, Privacy
from models.kinds import Sealed


class Sight(enum.Enum):
    FULL = "full"
    MASKED = "masked"
    ABSENT = "absent"


_F, _M, _A = Sight.FULL, Sight.MASKED, Sight.ABSENT
_ORDER = (Privacy.NAME, Privacy.BIRTH, Privacy.ADDRESS, Privacy.PHONE, Privacy.IDENTITY,
          Privacy.CONDITION)
SIGHTS: dict[Role, dict[Privacy, Sight]] = {
    role: {Privacy.OPEN: _F, **dict(zip(_ORDER, row, strict=True))}
    for role, row in {
        #                       name birth address phone identity condition
        Role.ADMINISTRATOR:    (_F, _F, _F, _M, _M, _F),
        Role.VILLAGE_OFFICER:  (_F, _F, _F, _F, _M, _F),
        Role.INSPECTOR:        (_F, _M, _M, _A, _M, _F),
        Role.AUDITOR:          (_A, _A, _A, _A, _A, _A),
        Role.SYSTEM_ADMIN:     (_A, _A, _A, _A, _A, _A),
    }.items()
}

ABSENT_TEXT = "（不可见）"


def sight(role: Role, privacy: Privacy) -> Sight:
    return SIGHTS[role][privacy]


def shown(value: Any, field: Field, role: Role) -> Any:
    """The value as this role may see it: itself, a masked text, or None where it is absent.

    A sealed value is opened only here, and only to be shown in full or masked."""
    if value is None or value == "":
        return value
    granted = sight(role, field.privacy)
    if granted is Sight.ABSENT:
        return None
    plain = value.open() if isinstance(value, Sealed) else value
    return plain if granted is Sight.FULL else masked(plain, field.privacy)


def masked(value: Any, privacy: Privacy) -> str:
    """The masked form: 990722************, 139****0000, 2018-02, 李*, an address down to the village."""
    text = str(value)
    match privacy:
        case Privacy.IDENTITY:
            return text[:6] + "*" * max(len(text) - 6, 0)
        case Privacy.PHONE:
            return f"{text[:3]}****{text[-4:]}" if len(text) >= 11 else "*" * len(text)
        case Privacy.BIRTH:
            return value.strftime("%Y-%m") if isinstance(value, date) else text[:7]
        case Privacy.NAME:
            return text[0] + "*" * (len(text) - 1) if len(text) < 3 else f"{text[0]}{'*' * (len(text) - 2)}{text[-1]}"
        case _:
            return text[:6] + "…" if len(text) > 6 else text
