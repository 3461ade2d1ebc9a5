"""Accounts from a list, in one command or one page: checked whole, made whole.

Columns: 用户名, 姓名, 角色, 区划 (code, prefix or name), 失效日期 (optional). A list with one fault makes
nothing; all its faults are named with their rows.
"""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import MAY_GRANT, ROLE_LABELS, Role
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from admin_app.errors import BaoxueError, Invalid
from admin_app.exchange import cells
from admin_app.exchange.header import NoHeader, data_rows, find_header
from admin_app.exchange.reader import read_table
from admin_app.exchange.workbook import temporary, write_template
from admin_app.services import accounts, passwords
from admin_app.services.accounts import Made, as_known
from models.account import Account, Grant, not_over
from models.base import Wall
from models.region import Region, villages_under

_CAPTIONS = {
    "username": ("用户名", "账号", "登录名"), "display_name": ("姓名", "显示名", "使用人"),
    "role": ("角色", "身份"), "region": ("区划", "区划代码", "所属区划", "村（社区）", "单位"),
    "until": ("失效日期", "有效期至"),
}
_ROLES = {label: role for role, label in ROLE_LABELS.items()} | {
    role.value: role for role in Role
} | {"村干部": Role.VILLAGE_OFFICER, "村（社区）管理员": Role.VILLAGE_OFFICER, "管理员": Role.ADMINISTRATOR,
     "督导": Role.INSPECTOR, "审计": Role.AUDITOR}
_MOST_FAULTS = 20
_MOST_VILLAGES = 500  # named at one time


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of the list."""

    row: int
    username: str
    display_name: str
    role: str
    region: str
    until: date | None
    fault: str = ""  # what of it cannot be read


def read_account_list(path: Path, filename: str) -> list[Wanted]:
    """Raises Invalid: unreadable, no header, or faults by row."""
    fault: NoHeader | None = None
    for sheet in (sheet for sheet in read_table(path, filename=filename) if not sheet.hidden):
        try:
            header = find_header(sheet, _CAPTIONS, required={"username", "display_name", "role", "region"})
        except NoHeader as why:
            fault = fault or why
            continue
        if header.missing:
            raise Invalid(f"名单中缺少这些列：{'、'.join(_CAPTIONS[m][0] for m in header.missing)}。")
        read = partial(cells.text, max_length=100)
        found = [
            Wanted(row.number, until=until, fault=fault,
                   **{name: read(header.cell(row, name)).value or ""
                      for name in ("username", "display_name", "role", "region")})
            for row in data_rows(sheet, header) for until, fault in (_until(header.cell(row, "until")),)
        ]
        return [line for line in found if line.username or line.display_name]  # the others are as the form came
    raise fault or Invalid("文件里没有可读的工作表。")


def _until(cell: Any) -> tuple[date | None, str]:
    """The last day, and what is wrong with it."""
    try:
        return cells.date_value(cell, future_allowed=True).value, ""
    except cells.BadCell as fault:
        return None, f"失效日期：{fault}"


def template(session: ScopedSession, actor: Actor) -> Path:
    """The form of the list, with a line for each village that nobody keeps yet: a name and a user name are missing.
    A name that several divisions bear is written as its code."""
    roles = [role for role in ROLE_LABELS if role in MAY_GRANT.get(actor.role, frozenset())]
    villages = unkept_villages(session, actor)
    names = [region.name for region in villages]
    shared = set(session.scalars(select(Region.name).where(Region.name.in_(names)).group_by(Region.name)
                                 .having(func.count() > 1)))
    role = ROLE_LABELS[Role.VILLAGE_OFFICER] if Role.VILLAGE_OFFICER in roles else ""
    order = ("region", "username", "display_name", "role", "until")
    path = temporary()
    write_template(path, "账号名单", [_CAPTIONS[name][0] for name in order],
                   [[ROLE_LABELS[one] for one in roles] if name == "role" else [] for name in order],
                   [name != "until" for name in order], (24, 16, 12, 22, 14),
                   [(r.code if r.name in shared else r.name, "", "", role, "") for r in villages])
    return path


def unkept_villages(session: ScopedSession, actor: Actor) -> list[Region]:
    """The villages that nobody keeps, at most _MOST_VILLAGES."""
    return list(session.scalars(select(Region).where(*_unkept(actor)).order_by(Region.code).limit(_MOST_VILLAGES)))


def how_many_unkept(session: ScopedSession, actor: Actor) -> int:
    return session.scalar(select(func.count()).select_from(Region).where(*_unkept(actor))) or 0


def _unkept(actor: Actor) -> list[ColumnElement[bool]]:
    """The conditions of the villages under the actor that no officer who may sign in has a grant for, today or from a
    later day."""
    kept = exists().where(Grant.region_code == Region.code, Grant.role == Role.VILLAGE_OFFICER.value,
                          *not_over(date.today()), Account.id == Grant.account_id, Account.disabled_at.is_(None))
    return [*villages_under(actor.region_code), ~kept]


def read_bytes(content: bytes, filename: str) -> list[Wanted]:
    """The same from an upload."""
    with tempfile.TemporaryDirectory(prefix="baoxue-") as folder:
        path = Path(folder) / "accounts"
        path.write_bytes(content)
        return read_account_list(path, filename)


class _TriedOut(Exception):
    """All of it could be made; nothing of it is kept."""


def load(session: ScopedSession, actor: Actor, wanted: Sequence[Wanted], reason: str | None = None) -> list[Made]:
    """Make all of them in one change, or none. Tried out first, then the passwords are made, while nobody waits for
    the store, then it is done. Raises Invalid with every fault by its row. Commits through its recording."""
    with suppress(_TriedOut), recording(session, actor, "load", reason):
        _make(session, actor, wanted, [passwords.UNUSED] * len(wanted))
        raise _TriedOut
    first = passwords.first_passwords(len(wanted))
    with recording(session, actor, "load", reason):
        return _make(session, actor, wanted, first)


def _make(session: ScopedSession, actor: Actor, wanted: Sequence[Wanted],
          first: Sequence[passwords.First]) -> list[Made]:
    """What is asked of the store is asked for all lines together, and all are added together: one by one, a list held
    the store for seconds."""
    made: list[Made] = []
    faults: list[str] = []
    seen: set[str] = set()
    terms = accounts.terms_of(session, actor)
    taken = accounts.names_taken(session, {as_known(line.username) for line in wanted})
    regions = accounts.regions_named(session, {line.region for line in wanted})
    for line, own in zip(wanted, first, strict=True):
        try:
            if (known := as_known(line.username).lower()) in seen:
                raise Invalid("用户名在名单中重复（不分大小写和全角半角）")
            seen.add(known)
            if line.fault:
                raise Invalid(line.fault)
            if line.role not in _ROLES:
                raise Invalid(f"没有角色“{line.role}”，可写：{'、'.join(ROLE_LABELS.values())}")
            region = accounts.only_one(line.region, regions[line.region])
            if not session.scope.covers(Wall.OFFICE, region.code):
                raise Invalid(f"“{region.name}”不在您的管辖范围内，请由上级管理员建立。")
            made.append(accounts.give_first(accounts.draft_account(
                session, terms, taken, username=line.username, display_name=line.display_name,
                role=_ROLES[line.role].value, region=region, until=line.until), own))
        except BaoxueError as fault:
            faults.append(f"第 {line.row} 行（{line.username or '无用户名'}）：{fault.message}")
    if not wanted:
        raise Invalid("名单里没有账号。")
    if faults:
        more = f"\n……另有 {len(faults) - _MOST_FAULTS} 处" if len(faults) > _MOST_FAULTS else ""
        raise Invalid("名单有误，一个账号都没有建。请改正后重新上传：\n" + "\n".join(faults[:_MOST_FAULTS]) + more)
    session.add_all(one.account for one in made)
    session.flush()
    return made
