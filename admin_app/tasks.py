"""Long work that goes on after the page has been answered.

A `Task` row says who asked for what, under which grant, and how far it is; the queue (`admin_app/
task_queue.py`) only carries its number to a worker. The worker holds the row by a lease that it keeps
renewing: when it is killed the lease runs out, and the sweep gives the task to another. Kinds of work
are therefore safe to be begun twice.
"""

import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Engine, or_, select, update
from sqlalchemy.exc import OperationalError

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.errors import BaoxueError, NotFound
from admin_app.services.accounts import grants_in_force
from admin_app.services.attachments import FileStore
from admin_app.services.rules import number
from models.account import Account
from models.task import Task

AT_ONCE = 2_000  # records that a page waits for; more are a task
LEASE = timedelta(seconds=60)
BEAT = 15.0  # seconds between two renewals of a lease
LOST = timedelta(seconds=30)  # a task that is still queued after so long was never carried
MOST_ATTEMPTS = 3
QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
log = logging.getLogger("baoxue")


@dataclass
class Work:
    """What a kind of work is given: the store, who asked, and what for."""

    engine: Engine
    keys: FieldKeys
    files: FileStore
    results: Path  # the folder of finished files, readable by the owner only
    actor: Actor
    arguments: dict[str, Any]
    task_id: int = 0
    _told: float = field(default=0.0)

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, at most once a second; a busy database is not waited for."""
        if monotonic() - self._told < 1:
            return
        self._told = monotonic()
        _note(self.engine.execution_options(at_once=True), self.task_id, done=done, total=total)


Kind = Callable[[Work], dict[str, Any]]
KINDS: dict[str, Kind] = {}


def kind(name: str) -> Callable[[Kind], Kind]:
    """Register a kind of work. It gives what the page of the task shows: `message`, and `path` and
    `filename` of a file in `results`, or `batch`. It may be begun twice."""

    def register(function: Kind) -> Kind:
        KINDS[name] = function
        return function

    return register


def enqueue(engine: Engine, actor: Actor, *, kind: str, title: str, arguments: dict[str, Any], total: int = 0) -> int:
    """Write down a task; gives its number, which the caller hands to the queue after that."""
    with unscoped(engine, "a task is its asker's own", writing=True) as wide:
        task = Task(account_id=actor.account_id, role=actor.role.value, region_code=actor.region_code, kind=kind,
                    title=title, arguments=json.dumps(arguments, ensure_ascii=False), state=QUEUED, total=total,
                    created_at=datetime.now(UTC))
        wide.add(task)
        wide.commit()
        return task.id


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    """A task belongs to its asker under the grant that it was asked with."""
    return [Task.account_id == actor.account_id, Task.role == actor.role.value,
            Task.region_code == actor.region_code]


def task_of(engine: Engine, actor: Actor, task_id: int) -> Task:
    """A task of the actor's own, under the present grant. Raises NotFound."""
    with unscoped(engine, "a task is its asker's own") as wide:
        task = wide.scalar(select(Task).where(Task.id == task_id, *_own(actor)))
        if task is None:
            raise NotFound("没有这个任务，或它不是您提交的。")
        wide.expunge_all()
    return task


def tasks_of(engine: Engine, actor: Actor, limit: int = 50) -> list[Task]:
    """One's own tasks under the present grant, newest first."""
    with unscoped(engine, "a task is its asker's own") as wide:
        found = wide.scalars(select(Task).where(*_own(actor)).order_by(Task.id.desc()).limit(limit)).all()
        wide.expunge_all()
    return list(found)


def mark_seen(engine: Engine, actor: Actor) -> None:
    """The bell falls silent: the finished tasks were looked at. Left out while the store is busy: whoever reads waits
    for nobody, and the next look notes it."""
    with unscoped(engine.execution_options(at_once=True), "a task is its asker's own", writing=True) as wide:
        with suppress(OperationalError):
            wide.execute(update(Task).where(
                *_own(actor), Task.finished_at.is_not(None), Task.seen.is_(False)).values(seen=True)
                         .execution_options(synchronize_session=False))
            wide.commit()


# --- the worker's side ------------------------------------------------------------------------------


def run(engine: Engine, keys: FieldKeys, files: FileStore, results: Path, task_id: int) -> None:
    """Take a task up, do it, and write down how it ended. Does nothing when another holds it."""
    taken = _claim(engine, task_id)
    if taken is None:
        return
    actor, task = taken
    work = Work(engine, keys, files, results, actor, json.loads(task.arguments.open()), task_id)
    try:
        if task.attempts > MOST_ATTEMPTS:
            raise BaoxueError(f"任务已中断 {MOST_ATTEMPTS} 次，没有再试。请缩小范围后重新提交，或联系系统管理员。")
        with _renewing(engine, task_id):
            result = KINDS[task.kind](work)
        _note(engine, task_id, state=DONE, result=result, message=result.get("message"), finished_at=datetime.now(UTC))
    except BaoxueError as refusal:
        _note(engine, task_id, state=FAILED, message=refusal.message, finished_at=datetime.now(UTC))
    except OSError as fault:
        log.warning("task %s: %s", task_id, fault)
        _note(engine, task_id, state=FAILED, finished_at=datetime.now(UTC),
              message="没有写成文件：磁盘已满或没有写入权限。请系统管理员清理磁盘后，再提交一次。")
    except Exception as fault:
        code = secrets.token_hex(6)
        log.error("task %s %s", task_id, code, exc_info=fault)
        _note(engine, task_id, state=FAILED, finished_at=datetime.now(UTC),
              message=f"任务没有完成，已记入日志。请稍后再试；如反复出现，请把编号 {code} 告诉系统管理员。")


def _claim(engine: Engine, task_id: int) -> tuple[Actor, Task] | None:
    """Hold the task, compare-and-set; gives it with the actor, whose grant must still be in force."""
    now = datetime.now(UTC)
    with unscoped(engine, "a worker works for everybody", writing=True) as wide:
        free = or_(Task.state == QUEUED, (Task.state == RUNNING) & (Task.lease_until < now))
        held = wide.execute(update(Task).where(Task.id == task_id, free).values(
            state=RUNNING, lease_until=now + LEASE, attempts=Task.attempts + 1)
            .execution_options(synchronize_session=False))
        if held.rowcount != 1:  # type: ignore[attr-defined]
            return None
        task = wide.get_one(Task, task_id)
        account = wide.get_one(Account, task.account_id)
        grants = [g for g in grants_in_force(account.grants, date.today())
                  if (g.role, g.region_code) == (task.role, task.region_code)]
        if account.disabled_at is not None or not grants:
            task.state, task.finished_at = FAILED, now
            task.message = "提交任务时的授权已失效，任务没有执行。"
            wide.commit()
            return None
        actor = Actor(account.id, account.display_name, Role(task.role), task.region_code, origin="job",
                      request_id=f"task-{task.id}")
        wide.commit()
        wide.refresh(task)
        wide.expunge_all()
    return actor, task


@contextmanager
def _renewing(engine: Engine, task_id: int) -> Iterator[None]:
    """Keep the lease while the work goes on."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            _note(engine, task_id, lease_until=datetime.now(UTC) + LEASE)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _note(engine: Engine, task_id: int, **values: Any) -> None:
    try:
        with unscoped(engine, "a worker works for everybody", writing=True) as wide:
            wide.execute(update(Task).where(Task.id == task_id).values(**values)
                         .execution_options(synchronize_session=False))
            wide.commit()
    except OperationalError:
        if "finished_at" in values:
            raise


def overdue(engine: Engine) -> list[int]:
    """The tasks whose worker died, and those that never came to one."""
    now = datetime.now(UTC)
    with unscoped(engine, "a worker works for everybody") as wide:
        return list(wide.scalars(select(Task.id).where(or_(
            (Task.state == RUNNING) & (Task.lease_until < now),
            (Task.state == QUEUED) & (Task.created_at < now - LOST))).order_by(Task.id)))


def forget(engine: Engine, results: Path) -> int:
    """Take away finished files that were kept long enough, and those that no task knows; gives how many. First which
    there are, then who is at work, then what was done: of another worker's file one of the two tells."""
    there = list(results.glob("*")) if results.exists() else []
    with unscoped(engine, "a worker works for everybody") as wide:
        until = datetime.now(UTC) - timedelta(days=number(wide, "export_kept_days"))
        running = wide.scalar(select(Task.id).where(Task.state == RUNNING).limit(1)) is not None
        kept = {r["path"] for r in wide.scalars(select(Task.result).where(
            Task.finished_at >= until, Task.result.is_not(None))) if r and "path" in r}
    gone = [] if running else [path for path in there if path.name not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
