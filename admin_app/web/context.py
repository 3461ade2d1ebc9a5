"""What a request works with: one actor, one scoped session, the keys and the files."""

import secrets
from dataclasses import dataclass
from typing import cast

from flask import current_app, g, request
from sqlalchemy import Engine

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.scope import Scope, ScopedSession
from admin_app.display import Display
from admin_app.services.attachments import FileStore
from admin_app.services.sign_in import SignedIn
from admin_app.settings import Deployment

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Plant:
    """What one process works with from start to end."""

    deployment: Deployment
    engine: Engine
    keys: FieldKeys
    files: FileStore


def plant() -> Plant:
    return cast(Plant, current_app.extensions["baoxue"])


def request_id() -> str:
    """The number under which the log and the ledger know this request."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return cast(str, g.request_id)


def signed_in() -> SignedIn | None:
    return cast(SignedIn | None, g.get("signed_in"))


def actor() -> Actor:
    """Who asks. Raises RuntimeError where nobody is signed in: such a page has no business asking."""
    who = signed_in()
    if who is None:
        raise RuntimeError("nobody is signed in")
    return who.actor(address=request.remote_addr or "", request_id=request_id())


def session() -> ScopedSession:
    """The one session of this request, with the actor's scope."""
    if "scoped_session" not in g:
        who = signed_in()
        scope = actor().scope if who else Scope.nothing()
        g.scoped_session = ScopedSession(plant().engine, scope, writing=request.method in WRITES)
    return cast(ScopedSession, g.scoped_session)


def display() -> Display:
    if "display" not in g:
        g.display = Display(session(), actor().role)
    return cast(Display, g.display)


def close_session(_error: BaseException | None = None) -> None:
    opened = g.pop("scoped_session", None)
    if opened is not None:
        opened.close()
