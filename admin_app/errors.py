"""What people are told when something cannot be done. Every text says what to do next.

`Refused` → 403, `NotFound` → 404, `Conflict` → 409, `Invalid` → the form again (400).
"""

from typing import Self


class BaoxueError(Exception):
    """An expected refusal, with a sentence in Chinese for the person who asked."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(BaoxueError):
    """Something that was typed does not do. `column` names the field it belongs to, if one; `standing` is the
    record that stands in the way, as table and number, where it is the person's own; `further` are the other
    faults of the same record, so that they are all put right at once."""

    def __init__(self, message: str, column: str | None = None, standing: tuple[str, int] | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.standing = standing
        self.further: tuple[Invalid, ...] = ()


class Refused(BaoxueError):
    """Inside one's area, but not one's to do."""

    status = 403

    @classmethod
    def role(cls, role: str, permission: str) -> Self:
        from admin_app.text import permission_label, role_label

        return cls(
            f"您当前的身份是“{role_label(role)}”，不能{permission_label(permission)}。"
            "如确需办理，请联系上级管理员调整授权。"
        )


class NotFound(BaoxueError):
    """Outside one's area a record does not exist."""

    status = 404

    def __init__(self, message: str = "没有找到这条记录。它可能不在您的管辖范围内，或已被移走。") -> None:
        super().__init__(message)


class Conflict(BaoxueError):
    """The data has moved on since the person looked."""

    status = 409


class OutsideScope(LookupError):
    """A statement reached past the session's scope. To the person the row does not exist."""
