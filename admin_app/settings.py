"""Settings: of the deployment (environment, prefix `BAOXUE_`) and of the place (table `setting`).

Nonsense is refused at start, with a sentence.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from admin_app.errors import BaoxueError


class BadSetting(BaoxueError):
    """A setting cannot be used as it stands."""

    status = 500


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "")
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"", "0", "false", "no", "off"}:
        return False
    raise BadSetting(f"环境变量 {name} 只能是 1 或 0，现在是“{value}”。请改正后重新启动。")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where things lie and how the service is reached."""

    data_dir: Path
    database_url: str
    secret_key_file: Path
    field_key_file: Path
    trusted_hosts: tuple[str, ...] = ()
    behind_proxy: bool = False
    behind_pooler: bool = False
    demo: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises BadSetting."""
        data_dir = Path(environ.get("BAOXUE_DATA_DIR") or "data").resolve()
        url = environ.get("BAOXUE_DATABASE_URL") or f"sqlite:///{data_dir / 'baoxue.db'}"
        try:
            backend = make_url(url).get_backend_name()
        except ArgumentError as fault:
            raise BadSetting(
                "环境变量 BAOXUE_DATABASE_URL 不是数据库地址。"
                "应形如 postgresql+psycopg://用户:密码@主机/库名；不设则使用 SQLite。"
            ) from fault
        if backend not in {"sqlite", "postgresql"}:
            raise BadSetting(f"不支持数据库“{backend}”。请使用 SQLite（默认）或 PostgreSQL。")
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        return cls(
            data_dir, url,
            Path(environ.get("BAOXUE_SECRET_KEY_FILE") or data_dir / "keys" / "secret.key"),
            Path(environ.get("BAOXUE_FIELD_KEY_FILE") or data_dir / "keys" / "field.keys"),
            tuple(h for h in environ.get("BAOXUE_TRUSTED_HOSTS", "").replace(",", " ").split() if h),
            _flag(environ, "BAOXUE_BEHIND_PROXY"),
            _flag(environ, "BAOXUE_BEHIND_POOLER"),
            _flag(environ, "BAOXUE_DEMO"),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the place: its meaning and its default. The value lies in the table `setting`."""

    key: str
    label: str
    default: str
    choices: Mapping[str, str] = field(default_factory=dict)  # value → label; empty: a whole number, at most `most`
    most: int = 1000
    advice: str = ""


RULES: dict[str, Rule] = {
    rule.key: rule
    for rule in (
        Rule("password_policy", "密码规则", "asvs", {"asvs": "长度优先（asvs）", "djbh3": "等保三级（djbh3）"},
             advice="asvs：长度优先，不强制复杂度与定期更换；djbh3：等保三级，须含三类字符并每 90 天更换"),
        Rule("session_idle_minutes", "无操作自动退出（分钟）", "30"),
        Rule("session_absolute_hours", "连续登录最长（小时）", "12", most=24),
        Rule("inspection_days", "督导检查授权天数", "90", most=366, advice="授权时没有填失效日期的，到期自动失效"),
        Rule("attachment_max_mb", "单个附件大小上限（MB）", "20", most=50),
        Rule("export_kept_days", "导出文件保留天数", "7", most=90, advice="到期自动删除，变更台账里的导出记录不删"),
        Rule("suspected_after_days", "疑似辍学天数", "7", advice="连续缺勤超过该天数即报疑似辍学；预警功能启用后生效"),
        Rule("dropout_after_days", "辍学天数", "30", advice="缺勤超过该天数按辍学处理；预警功能启用后生效"),
        Rule("school_year_begins_month", "学年起始月份", "9", most=12),
    )
}
