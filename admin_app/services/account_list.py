"""Accounts from a list, in one command or one page: checked whole, made whole.

Columns: 用户名, 姓名, 角色, 区划 (code, prefix or name), 失效日期 (optional). A list with one fault makes
nothing; all its faults are named with their rows.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from admin_app.access.actor import Actor
from admin_app.access.permissions import ROLE_LABELS, Role
from admin_app.access.scope import ScopedSession
from admin_app.errors import BaoxueError, Invalid
from admin_app.exchange import cells
from admin_app.exchange.header import NoHeader, data_rows, find_header
from admin_app.exchange.reader import read_table
from admin_app.services.accounts import Made, make_account, region_named

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of the list."""

    row: int
    username: str
    display_name: str
    role: str
    region: str
    until: date | None


def read_account_list(path: Path, filename: str) -> list[Wanted]:
    """Raises Invalid: unreadable, no header, or faults by row."""
    sheets = read_table(path, filename=filename)
    fault: NoHeader | None = None
    for sheet in sheets:
        try:
            header = find_header(sheet, _CAPTIONS, required={"username", "display_name", "role", "region"})
        except NoHeader as why:
            fault = fault or why
            continue
        if header.missing:
            raise Invalid(f"名单中缺少这些列：{'、'.join(_CAPTIONS[m][0] for m in header.missing)}。")
        read = partial(cells.text, max_length=100)
        return [
            Wanted(row.number, until=cells.date_value(header.cell(row, "until"), future_allowed=True).value,
                   **{name: read(header.cell(row, name)).value or ""
                      for name in ("username", "display_name", "role", "region")})
            for row in data_rows(sheet, header)
        ]
    raise fault or Invalid("文件里没有可读的工作表。")


def read_bytes(content: bytes, filename: str) -> list[Wanted]:
    """The same from an upload."""
    with tempfile.TemporaryDirectory(prefix="baoxue-") as folder:
        path = Path(folder) / "accounts"
        path.write_bytes(content)
        return read_account_list(path, filename)


def make_accounts(session: ScopedSession, actor: Actor, wanted: Sequence[Wanted]) -> list[Made]:
    """Make all of them, or none. Raises Invalid with every fault by its row."""
    made: list[Made] = []
    faults: list[str] = []
    seen: set[str] = set()
    for line in wanted:
        try:
            if line.username in seen:
                raise Invalid("用户名在名单中重复")
            seen.add(line.username)
            if line.role not in _ROLES:
                raise Invalid(f"没有角色“{line.role}”，可写：{'、'.join(ROLE_LABELS.values())}")
            made.append(make_account(
                session, actor, username=line.username, display_name=line.display_name,
                role=_ROLES[line.role].value, region=region_named(session, line.region), until=line.until))
        except BaoxueError as fault:
            faults.append(f"第 {line.row} 行（{line.username or '无用户名'}）：{fault.message}")
    if not wanted:
        raise Invalid("名单里没有账号。")
    if faults:
        more = f"\n……另有 {len(faults) - _MOST_FAULTS} 处" if len(faults) > _MOST_FAULTS else ""
        raise Invalid("名单有误，一个账号都没有建。请改正后重新上传：\n" + "\n".join(faults[:_MOST_FAULTS]) + more)
    return made
