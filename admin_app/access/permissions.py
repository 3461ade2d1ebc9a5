"""Permissions: names in one enum; roles: one table. `docs/roles.md` is compared with it by a test.

A permission is `area.act`. Areas: place (divisions, schools), code (code tables), setting, account,
family (households, children and all about them), duty (letters, posts, publicity), accountability,
attachment, import, ledger. A model names its area, an endpoint asks for an act.
"""

import enum


class Permission(enum.StrEnum):
    """`area.act`, in alphabetical order."""

    ACCOUNT_CREATE = "account.create"
    ACCOUNT_EDIT = "account.edit"
    ACCOUNT_EXPORT = "account.export"
    ACCOUNT_VIEW = "account.view"
    ACCOUNTABILITY_CREATE = "accountability.create"
    ACCOUNTABILITY_EDIT = "accountability.edit"
    ACCOUNTABILITY_EXPORT = "accountability.export"
    ACCOUNTABILITY_MOVE = "accountability.move"
    ACCOUNTABILITY_VIEW = "accountability.view"
    ATTACHMENT_CREATE = "attachment.create"
    ATTACHMENT_VIEW = "attachment.view"
    CODE_CREATE = "code.create"
    CODE_EDIT = "code.edit"
    CODE_EXPORT = "code.export"
    CODE_VIEW = "code.view"
    DUTY_CONFIRM = "duty.confirm"
    DUTY_CREATE = "duty.create"
    DUTY_EDIT = "duty.edit"
    DUTY_EXPORT = "duty.export"
    DUTY_MOVE = "duty.move"
    DUTY_REVEAL = "duty.reveal"
    DUTY_VIEW = "duty.view"
    FAMILY_CONFIRM = "family.confirm"
    FAMILY_CREATE = "family.create"
    FAMILY_EDIT = "family.edit"
    FAMILY_EXPORT = "family.export"
    FAMILY_HAND_OVER = "family.hand_over"
    FAMILY_MOVE = "family.move"
    FAMILY_REVEAL = "family.reveal"
    FAMILY_VIEW = "family.view"
    IMPORT_CREATE = "import.create"
    IMPORT_VIEW = "import.view"
    LEDGER_UNDO = "ledger.undo"
    LEDGER_VIEW = "ledger.view"
    PLACE_CREATE = "place.create"
    PLACE_EDIT = "place.edit"
    PLACE_EXPORT = "place.export"
    PLACE_VIEW = "place.view"
    SETTING_EDIT = "setting.edit"
    SETTING_VIEW = "setting.view"


class Role(enum.StrEnum):
    """What a grant grants."""

    ADMINISTRATOR = "administrator"
    VILLAGE_OFFICER = "village_officer"
    INSPECTOR = "inspector"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system_admin"


ROLE_LABELS: dict[Role, str] = {
    Role.ADMINISTRATOR: "区划管理员",
    Role.VILLAGE_OFFICER: "村（社区）干部",
    Role.INSPECTOR: "督导检查",
    Role.AUDITOR: "审计员",
    Role.SYSTEM_ADMIN: "系统管理员",
}

_P = Permission
_READS = frozenset({_P.PLACE_VIEW, _P.CODE_VIEW})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(set(Permission)),
    Role.VILLAGE_OFFICER: _READS | {
        _P.FAMILY_VIEW, _P.FAMILY_CREATE, _P.FAMILY_EDIT, _P.FAMILY_MOVE, _P.FAMILY_EXPORT,
        _P.FAMILY_REVEAL, _P.DUTY_VIEW, _P.DUTY_CREATE, _P.DUTY_EDIT, _P.DUTY_MOVE, _P.DUTY_EXPORT,
        _P.DUTY_REVEAL, _P.ATTACHMENT_VIEW, _P.ATTACHMENT_CREATE, _P.IMPORT_CREATE, _P.IMPORT_VIEW, _P.LEDGER_VIEW,
        _P.LEDGER_UNDO,
    },
    Role.INSPECTOR: _READS | {
        _P.FAMILY_VIEW, _P.FAMILY_EXPORT, _P.DUTY_VIEW, _P.DUTY_EXPORT, _P.ACCOUNTABILITY_VIEW,
        _P.ACCOUNTABILITY_EXPORT, _P.ATTACHMENT_VIEW,
    },
    Role.AUDITOR: _READS | {_P.LEDGER_VIEW, _P.ACCOUNT_VIEW, _P.SETTING_VIEW},
    Role.SYSTEM_ADMIN: _READS | {
        _P.ACCOUNT_VIEW, _P.ACCOUNT_CREATE, _P.ACCOUNT_EDIT, _P.ACCOUNT_EXPORT, _P.PLACE_CREATE,
        _P.PLACE_EDIT, _P.PLACE_EXPORT, _P.CODE_CREATE, _P.CODE_EDIT, _P.CODE_EXPORT,
        _P.SETTING_VIEW, _P.SETTING_EDIT,
    },
}

# Separation of duties (等保2.0 三员分立): these roles reach no row about a child or a family.
WITHOUT_CHILD_DATA: frozenset[Role] = frozenset({Role.AUDITOR, Role.SYSTEM_ADMIN})

# Which roles a role may grant: nobody grants what they do not hold.
MAY_GRANT: dict[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset({Role.ADMINISTRATOR, Role.VILLAGE_OFFICER, Role.INSPECTOR}),
    Role.SYSTEM_ADMIN: frozenset(Role),
}


def permits(role: Role, permission: Permission) -> bool:
    return permission in ROLE_PERMISSIONS[role]
