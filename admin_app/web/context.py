"""What a request works with: one actor, one scoped session, the keys and the files."""

import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from flask import current_app, g, request
from sqlalchemy import Engine

from admin_app import tasks
from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.scope import Scope, ScopedSession, unscoped
from admin_app.changes.seal import seal
from admin_app.display import Display
from admin_app.errors import NotFound
from admin_app.exchange import import_runs
from admin_app.services.attachments import FileStore
from admin_app.services.sign_in import SignedIn, resume
from admin_app.settings import Deployment
from admin_app.task_queue import TaskQueue, open_huey
from models.base import Base

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Plant:
    """What one process works with from start to end."""

    deployment: Deployment
    engine: Engine
    keys: FieldKeys
    files: FileStore

    @property
    def results(self) -> Path:
        """The folder of finished exports."""
        return self.deployment.data_dir / "exports"

    @cached_property
    def queue(self) -> TaskQueue:
        huey = open_huey(self.deployment.database_url, self.deployment.data_dir)
        return TaskQueue(huey, self.run_task, self.sweep)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
        if "queue" in self.__dict__:
            self.queue.close()

    def run_task(self, number: int) -> None:
        """Do one task, here and now."""
        tasks.run(self.engine, self.keys, self.files, self.results, number)
        seal(self.engine, self.keys)

    def sweep(self) -> list[int]:
        """Take away old results and previews, and seal what a page left because somebody was writing; gives the tasks
        that must be carried again."""
        tasks.forget(self.engine, self.results)
        import_runs.forget(self.engine)
        seal(self.engine, self.keys)
        return tasks.overdue(self.engine)


def plant() -> Plant:
    return cast(Plant, current_app.extensions["baoxue"])


def request_id() -> str:
    """The number under which the log and the ledger know this request."""
    found = g.get("request_id")
    if found is None:
        found = g.request_id = secrets.token_hex(6)
    return cast(str, found)


def signed_in() -> SignedIn | None:
    return cast(SignedIn | None, g.get("signed_in"))


def recognise(token: str) -> SignedIn | None:
    """Who a token stands for. A request that reads goes on in the same transaction, behind that person's wall;
    one that writes begins its own, for it locks from the start."""
    wide, goes_on = unscoped(plant().engine, "who asks is not known yet"), False
    try:
        who = resume(wide, token)
        if who is not None and request.method not in WRITES:
            wide.narrow(who.actor().scope)
            g.scoped_session, goes_on = wide, True
    finally:
        if not goes_on:
            wide.close()
    return who


def actor() -> Actor:
    """Who asks. Raises RuntimeError where nobody is signed in: such a page has no business asking."""
    found = g.get("actor")
    if found is None:
        who = signed_in()
        if who is None:
            raise RuntimeError("nobody is signed in")
        found = g.actor = who.actor(address=request.remote_addr or "", request_id=request_id())
    return cast(Actor, found)


def work_as(who: Actor) -> None:
    """A command asks what a page asks, as the account that it works for: until the end of its request context."""
    g.actor, g.scoped_session = who, ScopedSession(plant().engine, who.scope)


def session() -> ScopedSession:
    """The one session of this request, with the actor's scope."""
    found = g.get("scoped_session")
    if found is None:
        scope = actor().scope if signed_in() else Scope.nothing()
        found = g.scoped_session = ScopedSession(plant().engine, scope, writing=request.method in WRITES)
    return cast(ScopedSession, found)


def _views() -> list[Any]:
    return cast(list[Any], current_app.extensions["baoxue_views"])


def view_of(table: str) -> Any:
    """The view of a ledger that the person may see. Raises NotFound."""
    view = next((v for v in _views() if v.endpoint == table), None)
    if view is None or not view.is_accessible():
        raise NotFound("没有这个页面。")
    return view


def shows(model: type[Base]) -> bool:
    """Whether the person may open the records of a ledger."""
    return any(v.model is model and v.is_accessible() for v in _views())


def added_at(model: type[Base]) -> str | None:
    """The form for a new record of a ledger, for whoever may add one."""
    view = next((v for v in _views() if v.model is model), None)
    return view.get_url(".create_view") if view is not None and view.may_add() else None


def searched_by(model: type[Base]) -> tuple[str, ...]:
    """The columns that the search of a ledger's list looks at."""
    return next((v.search for v in _views() if v.model is model), ())


def display() -> Display:
    found = g.get("display")
    if found is None:
        who = signed_in()
        # A request that writes may write reference data: it reads its own.
        kept = who.reference if who and request.method not in WRITES else None
        found = g.display = Display(session(), actor().role, kept)
    return cast(Display, found)


def close_session(_error: BaseException | None = None) -> None:
    opened = g.pop("scoped_session", None)
    if opened is not None:
        opened.close()
