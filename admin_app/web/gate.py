"""The gate: every request passes it, every endpoint is closed until the map below names it.

The map says what an endpoint asks for: nothing (`OPEN`), a signed-in person (`SIGNED_IN`), or a
permission. Endpoints of the register's views are named by their view (`views/base.py`).
"""

import enum
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.routing import IntegerConverter

from admin_app.access.permissions import Permission
from admin_app.changes.seal import seal
from admin_app.errors import Invalid, NotFound, Refused
from admin_app.identity_numbers import without_numbers
from admin_app.services.sign_in import SignedIn
from admin_app.web.context import WRITES, actor, close_session, plant, recognise, signed_in

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

COOKIE = "baoxue"


class Asks(enum.Enum):
    OPEN = "open"
    SIGNED_IN = "signed in"


ENDPOINTS: dict[str, Asks | Permission] = {
    "static": Asks.OPEN,
    "health.healthz": Asks.OPEN,
    "session.sign_in": Asks.OPEN,
    "session.sign_out": Asks.SIGNED_IN,
    "session.change_password": Asks.SIGNED_IN,
    "session.own_sessions": Asks.SIGNED_IN,
    "session.end_session": Asks.SIGNED_IN,
    "session.end_other_sessions": Asks.SIGNED_IN,
    "session.switch_grant": Asks.SIGNED_IN,
    "admin.index": Asks.SIGNED_IN,
    "imports.upload": Permission.IMPORT_CREATE,
    "imports.template": Permission.IMPORT_CREATE,
    "imports.preview": Permission.IMPORT_VIEW,
    "imports.confirm": Permission.IMPORT_CREATE,
    "imports.set_aside": Permission.IMPORT_CREATE,
    "imports.settle": Permission.IMPORT_CREATE,
    "imports.result": Permission.IMPORT_VIEW,
    "imports.refused": Permission.IMPORT_VIEW,
    "ledger.changes": Permission.LEDGER_VIEW,
    "ledger.change": Permission.LEDGER_VIEW,
    "ledger.export": Permission.LEDGER_VIEW,
    "ledger.undo": Permission.LEDGER_UNDO,
    "ledger.revert": Permission.LEDGER_UNDO,
    "attachments.download": Permission.ATTACHMENT_VIEW,
    "attachments.upload": Permission.ATTACHMENT_CREATE,
    "attachments.void": Permission.ATTACHMENT_CREATE,
    "accounts.reset_password": Permission.ACCOUNT_EDIT,
    "accounts.disable": Permission.ACCOUNT_EDIT,
    "accounts.enable": Permission.ACCOUNT_EDIT,
    "accounts.end_sessions": Permission.ACCOUNT_EDIT,
    "accounts.end_grant": Permission.ACCOUNT_EDIT,
    "accounts.load": Permission.ACCOUNT_CREATE,
    "accounts.template": Permission.ACCOUNT_CREATE,
    "families.hand_over": Permission.FAMILY_HAND_OVER,
    "families.hand_over_all": Permission.FAMILY_HAND_OVER,
    "letters.new_year": Permission.DUTY_CREATE,
    "saved_views.save": Asks.SIGNED_IN,
    "saved_views.delete": Asks.SIGNED_IN,
    "batches.choose": Asks.SIGNED_IN,  # the move itself asks for its own permission
    "batches.fill_in": Asks.SIGNED_IN,
    "batches.preview": Asks.SIGNED_IN,
    "batches.confirm": Asks.SIGNED_IN,
    "batches.refused": Asks.SIGNED_IN,
    "tasks.own": Asks.SIGNED_IN,
    "tasks.task": Asks.SIGNED_IN,
    "tasks.state": Asks.SIGNED_IN,
    "tasks.file": Asks.SIGNED_IN,
}
VIEW_ENDPOINTS: dict[str, Permission] = {}  # filled by views/base.py as views are registered
_BEFORE_PASSWORD = {"session.change_password", "session.sign_out", "static"}

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class SecurityHeaders:
    """Around the whole application: HEADERS on every answer, beside those that it has of its own."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *fault: Any) -> Callable[[bytes], object]:
            own = {name for name, _ in headers}
            return start_response(status, headers + [one for one in HEADERS.items() if one[0] not in own], *fault)

        return self._application(environ, start)


class RecordNumber(IntegerConverter):
    """A number in an address that a 64-bit key can be. A longer one is no address: 404."""

    regex = r"\d{1,18}"


class Person(UserMixin):  # type: ignore[misc]  # Flask-Login carries no types
    """Flask-Login's user: whoever the session cookie stands for."""

    def __init__(self, account_id: int) -> None:
        self.id = account_id


def install(app: Flask) -> None:
    app.url_map.converters["int"] = RecordNumber
    manager = LoginManager(app)
    manager.session_protection = None  # our own table of sessions decides

    def load(_request: object) -> Person | None:
        if "signed_in" in g:
            return None  # it could not be told: the page that says so is for nobody
        token, g.signed_in = request.cookies.get(COOKIE), None
        who = g.signed_in = recognise(token) if token else None
        return Person(who.account_id) if who else None

    manager.request_loader(load)
    app.before_request(pass_gate)
    app.after_request(finish)
    app.teardown_request(close_session)
    app.wsgi_app = SecurityHeaders(app.wsgi_app)  # type: ignore[method-assign]


def pass_gate() -> ResponseReturnValue | None:
    """Who asks, and may they ask this at all. Rows are the wall's business."""
    endpoint = request.endpoint
    sent = (request.args, request.form) if request.method in WRITES else (request.args,)
    if any("\0" in "".join(texts) for said in sent for texts in said.listvalues()):
        raise Invalid("发来的内容中有无法保存的字符。请返回上一页，重新输入后再试。")
    if endpoint is None:
        return None  # no such address: the 404 page
    asks = ENDPOINTS.get(endpoint) or VIEW_ENDPOINTS.get(endpoint)
    if asks is None:
        raise NotFound("没有这个页面。")
    if asks is Asks.OPEN:
        return None
    if not current_user.is_authenticated:
        return sign_in_first()
    who = cast(SignedIn, signed_in())
    if who.must_change_password and endpoint not in _BEFORE_PASSWORD:
        return redirect(url_for("session.change_password", next=here()))
    if isinstance(asks, Permission) and endpoint not in VIEW_ENDPOINTS:
        actor().require(asks)
    return None


def sign_in_first() -> ResponseReturnValue:
    """To the sign-in page and back. A form that was being filled in is kept by the browser."""
    if request.method in WRITES:
        form = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
        return redirect(url_for("session.sign_in", next=_to_come_back(form), ended="form"))
    ended = "page" if COOKIE in request.cookies else None  # who was never signed in is told of no end
    return redirect(url_for("session.sign_in", next=here(), ended=ended))


def here() -> str:
    """The page that is asked for, to come back to."""
    return _to_come_back(request.full_path)


def _to_come_back(address: str) -> str:
    """A page of this site with all that it asks for, which says of what record it is; without any identity number."""
    return own_path(without_numbers(address).replace(" ", ""))


def own_path(target: str | None) -> str:
    """A path of this site, or '/': no scheme, no host, no trick with slashes."""
    target = (target or "").rstrip("?")
    plain = target.replace("\\", "/")
    if not plain.startswith("/") or plain.startswith("//") or any(ord(c) < 33 for c in plain):
        return "/"
    return target


def finish(response: Response) -> Response:
    """No answer is kept by anybody; seals after every write, once the answer is out. The browser's next request waits
    for that, so it waits for nobody."""
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if request.method in WRITES and request.endpoint not in {None, "session.sign_in"}:
        at_hand = plant()
        response.direct_passthrough = False  # or a file is handed to the server, and nobody is called at the end
        response.call_on_close(lambda: seal(at_hand.engine, at_hand.keys, at_once=True))
    return response


def set_cookie(response: Response, name: str, value: str, days: int) -> None:
    """For this site and no script; for HTTPS alone also where a proxy forgets to say that it speaks it."""
    secure = request.is_secure or plant().deployment.behind_proxy
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=secure, max_age=timedelta(days=days))


def set_session_cookie(response: Response, token: str) -> None:
    set_cookie(response, COOKIE, token, days=1)


def require_view(permission: Permission) -> None:
    """For the register's views: raises Refused when the role does not permit the endpoint."""
    if not actor().may(permission):
        raise Refused.role(actor().role, permission)
