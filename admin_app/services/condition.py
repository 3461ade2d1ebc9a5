"""The condition of the machine, for whoever looks after it: numbers and days, nothing of anybody's records."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func, make_url, select, text

from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.seal import fingerprint
from admin_app.display import local_time
from admin_app.services.account_use import DAY, slowed_down
from admin_app.settings import Deployment
from admin_app.tasks import FAILED, LOST, QUEUED
from models.change import Change, ChangeSeal
from models.login_session import LoginSession, SignInAttempt
from models.task import Task

BACKUP_AGE = timedelta(days=7)  # older than this, a lost disk costs more than a week of work
LEAST_FREE = 2_000_000_000  # bytes
_WEEK, _HALF_HOUR = timedelta(days=7), timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is well, or that somebody must see to: then `advice` says what to do."""

    label: str
    text: str
    advice: str = ""


def signs(engine: Engine, deployment: Deployment) -> list[Sign]:
    """Backup, disk, database, background work, the ledger's seals, who is signed in, who could not."""
    now = datetime.now(UTC)
    with unscoped(engine, "the condition of the machine is everybody's") as session:
        return [_backup(session, now), _disk(session, deployment), *_tasks(session, now), _seals(session, now),
                _signed_in(session, now), _guessed(session, now)]


def _backup(session: ScopedSession, now: datetime) -> Sign:
    last = session.scalar(select(Change.at).where(Change.account_id.is_(None), Change.verb == "backup")
                          .order_by(Change.id.desc()).limit(1))
    advice = ("请在服务器上运行 python3 run.py backup 文件名.zip，把文件和密钥分开存放在别的机器上。"
              "如用其他工具备份，请自行核对。")
    if last is None:
        return Sign("备份", "还没有用本系统备份过", advice)
    days = (now - last).days
    return Sign("备份", f"{local_time(last)}（{f'{days} 天前' if days else '今天之内'}）",
                advice if now - last > BACKUP_AGE else "")


def _disk(session: ScopedSession, deployment: Deployment) -> Sign:
    free = shutil.disk_usage(deployment.data_dir).free
    url = make_url(deployment.database_url)
    if url.get_backend_name() == "sqlite":
        kind, taken = "SQLite", Path(str(url.database)).stat().st_size
    else:
        kind, taken = "PostgreSQL", session.scalar(text("SELECT pg_database_size(current_database())")) or 0
    return Sign("磁盘", f"数据目录可用 {free / 1e9:,.1f} GB；数据库 {taken / 1e6:,.1f} MB（{kind}）",
                "空间快用完了，导入、附件和导出会失败。请清理磁盘，或换更大的磁盘。" if free < LEAST_FREE else "")


def _tasks(session: ScopedSession, now: datetime) -> Iterator[Sign]:
    waiting = session.scalar(select(func.count()).select_from(Task).where(
        Task.state == QUEUED, Task.created_at < now - LOST)) or 0
    yield Sign("后台任务", f"{waiting} 个任务等了半分钟以上还没有开始" if waiting else "没有积压",
               "后台进程可能没有运行。请重新启动服务，或运行 flask tasks work。" if waiting else "")
    if failed := session.scalar(select(func.count()).select_from(Task).where(
            Task.state == FAILED, Task.finished_at > now - _WEEK)) or 0:
        yield Sign("失败的任务", f"近七天 {failed} 个", "原因写在提交人的“下载与任务”里，并记入服务日志。")


def _seals(session: ScopedSession, now: datetime) -> Sign:
    last = session.execute(select(ChangeSeal.last_change_id, ChangeSeal.sealed_at)
                           .order_by(ChangeSeal.id.desc()).limit(1)).first()
    open_ = session.scalar(select(func.count()).select_from(Change).where(
        Change.id > (last.last_change_id if last else 0), Change.at < now - _HALF_HOUR)) or 0
    sealed = (f"{local_time(last.sealed_at)} 封存到第 {last.last_change_id:,} 次变更，指纹 {fingerprint(session)}"
              if last else "还没有封存")
    return Sign("变更台账", sealed + (f"；{open_} 次还没有封存" if open_ else ""),
                "平时随写入自动封存。请运行 python3 run.py changes seal，再看服务日志。" if open_ else "")


def _signed_in(session: ScopedSession, now: datetime) -> Sign:
    found = session.scalar(select(func.count(LoginSession.account_id.distinct())).where(
        LoginSession.ended_at.is_(None), LoginSession.seen_at > now - _HALF_HOUR)) or 0
    return Sign("在线", f"近半小时有 {found} 人在用")


def _guessed(session: ScopedSession, now: datetime) -> Sign:
    """Wrong passwords. The names of accounts are told, not what was typed."""
    tried, places = session.execute(select(func.count(), func.count(SignInAttempt.address.distinct())).where(
        SignInAttempt.succeeded.is_(False), SignInAttempt.at > now - DAY)).one()
    names = slowed_down(session, now)
    return Sign("输错密码", f"近一天 {tried} 次，来自 {places} 个地址" if tried else "近一天没有",
                f"多次输错、现在须等待的账号：{'、'.join(names)}。是本人忘记的，可在账号页重置密码；不是本人的，请查来源地址。"
                if names else "")
