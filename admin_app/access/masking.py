"""What a role sees of a personal fact. A value not granted never leaves the server.

One table: role × kind of fact → shown in full, masked, or absent. Everything that shows a value (a
list, a form, a history, a sheet, an error) asks `shown()`.
"""

import enum
from datetime import date
from typing import Any

from admin_app.access.permissions import Role
from models.base import Field, Privacy
from models.kinds import unsealed
from models.region import COMMITTEES


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
MASKED_TEXT = "（已遮盖）"
_OFFICES = (*COMMITTEES, "人民政府", "办事处")


class Grade(enum.StrEnum):
    """How much an export holds: 脱敏 (fit to hand on), 工作用 (as on the screen), 报送 (in full, for the
    stamped tables; asks for a permission and a reason)."""

    MASKED = "masked"
    WORKING = "working"
    FULL = "full"


GRADE_LABELS = {Grade.MASKED: "脱敏", Grade.WORKING: "工作用", Grade.FULL: "报送（完整）"}


def sight(role: Role, privacy: Privacy) -> Sight:
    return SIGHTS[role][privacy]


def sight_in(grade: Grade, role: Role, privacy: Privacy) -> Sight:
    """What a role sees in a list of this grade. What is absent stays so in every grade."""
    granted = sight(role, privacy)
    if granted is Sight.ABSENT or privacy is Privacy.OPEN or grade is Grade.WORKING:
        return granted
    return Sight.MASKED if grade is Grade.MASKED else Sight.FULL


def shown(value: Any, field: Field, role: Role) -> Any:
    """The value as this role may see it: itself, a masked text, or None where it is absent."""
    if value is None or value == "":
        return value
    return as_granted(value, field.privacy, sight(role, field.privacy))


def as_granted(value: Any, privacy: Privacy, granted: Sight) -> Any:
    """A value that is there, in full, masked, or None. What is absent is not opened at all."""
    if granted is Sight.ABSENT:
        return None
    plain = unsealed(value)
    return plain if granted is Sight.FULL else masked(plain, privacy)


def masked(value: Any, privacy: Privacy) -> str:
    """The masked form: 990722************, 139****0000, 2018-02, 李*, an address down to the village."""
    text = str(value)
    match privacy:
        case Privacy.IDENTITY:
            open_ = min(6, len(text) // 3)  # of 18 the division, of a short passport number no more than a third
            return text[:open_] + "*" * (len(text) - open_)
        case Privacy.PHONE:
            return f"{text[:3]}****{text[-4:]}" if len(text) >= 11 else "*" * len(text)
        case Privacy.BIRTH:
            return value.strftime("%Y-%m") if isinstance(value, date) else text[:7]
        case Privacy.NAME:
            if text.endswith(_OFFICES):  # one that signs a letter is nobody
                return text
            return text[0] + "*" * (len(text) - 1) if len(text) < 3 else f"{text[0]}{'*' * (len(text) - 2)}{text[-1]}"
        case Privacy.ADDRESS:
            return text[:min(6, len(text) // 2)] + "…"
        case _:
            return MASKED_TEXT
