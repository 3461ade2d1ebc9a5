"""Signing in and out, one's own password, one's own sessions, and the grant one works under."""

import hashlib
import secrets
from datetime import UTC, date, datetime
from typing import cast

from flask import (
    Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for,
)
from flask import session as browser
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeSerializer

from admin_app.access.permissions import ROLE_LABELS, Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.display import local_time
from admin_app.errors import Invalid
from admin_app.services import accounts, passwords, sign_in as service
from admin_app.services.rules import rule
from admin_app.services.sign_in import SignedIn, SlowDown
from admin_app.standing import hold_afresh
from admin_app.web.context import actor, plant, signed_in
from admin_app.web.gate import COOKIE, own_path, set_cookie, set_session_cookie
from models.account import Account

pages = Blueprint("session", __name__)
DEVICE_COOKIE = "baoxue_device"
_ENDED = {  # how a session came to its end: in a form, at a page, by oneself
    "form": "登录已结束（超时或授权有变），刚才的内容没有提交。请重新登录，登录后回到那一页。",
    "page": "登录已结束（超时或授权有变）。请重新登录，登录后回到刚才的页面。",
    "left": "已退出登录。",
}
_DEVICES = 8  # accounts that one browser is remembered for


def _demo_accounts() -> list[dict[str, str]]:
    """The first account of each role, where the demo district is served (`run.py` keeps their list)."""
    listing = plant().deployment.data_dir / "demo-accounts.txt"
    if not plant().deployment.demo or not listing.exists():
        return []
    first: dict[str, dict[str, str]] = {}
    for line in listing.read_text("utf-8").splitlines():
        username, password, role, place = line.split("\t")
        shown = f"{role}（{place}）" if role == ROLE_LABELS[Role.ADMINISTRATOR] else role
        first.setdefault(shown, {"username": username, "password": password, "role": shown})
    return list(first.values())


@pages.route("/login", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    username = request.form.get("username", "").strip()
    target = own_path(request.values.get("next"))
    if request.method != "POST":  # HEAD too
        told = _ENDED.get(request.args.get("ended", ""))
        return render_template("sign_in.html", error=None, notice=told, username="", next=target,
                               demo_accounts=_demo_accounts())
    marks = _devices()
    key = _name_key(username)
    try:
        token = service.sign_in(
            plant().engine, username=username, password=request.form.get("password", ""),
            address=request.remote_addr or "", agent=request.user_agent.string, device=marks.get(key),
        )
    except (Invalid, SlowDown) as fault:
        page = render_template("sign_in.html", error=fault.message, notice=None, username=username, next=target,
                               demo_accounts=_demo_accounts())
        return page, 429 if isinstance(fault, SlowDown) else 400
    browser.clear()  # a new form token for a new person
    response = redirect(target)
    set_session_cookie(cast(Response, response), token)
    marks = {**marks, key: marks.get(key) or secrets.token_hex(8)}
    kept = dict(list(marks.items())[-_DEVICES:])
    set_cookie(cast(Response, response), DEVICE_COOKIE, _signer().dumps(kept), days=365)
    return response


@pages.post("/logout")
def sign_out() -> ResponseReturnValue:
    who = signed_in()
    if who is not None:
        service.sign_out(plant().engine, who.session_id)
    browser.clear()
    response = make_response(redirect(url_for("session.sign_in", ended="left")))
    response.delete_cookie(COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'  # drafts go with the form that signs out (draft.js)
    return response


@pages.route("/password", methods=["GET", "POST"])
def change_password() -> ResponseReturnValue:
    who = signed_in()
    assert who is not None
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            return _change(who)
        except (Invalid, SlowDown) as fault:
            errors[getattr(fault, "column", None) or "current"] = fault.message
            status = fault.status
    with ScopedSession(plant().engine, actor().scope) as session:  # what is shown here holds nobody up
        rules = passwords.rules(rule(session, "password_policy"))
    return render_template(
        "change_password.html", errors=errors, username=who.username, forced=who.must_change_password, rules=rules,
        next=own_path(request.values.get("next"))), status


def _change(who: SignedIn) -> ResponseReturnValue:
    """Whoever found a desk open, or a cookie, guesses no password here either. Raises Invalid, SlowDown."""
    engine, current = plant().engine, request.form.get("current", "")
    service.require_password(engine, who, password=current, address=request.remote_addr or "",
                             device=_devices().get(_name_key(who.username)))
    with unscoped(engine, "one's own account", writing=True) as session:
        account = session.get_one(Account, who.account_id)
        hold_afresh(session, account)
        if service.ended_since(account, who.created_at):  # while the password was compared
            return redirect(url_for("session.sign_in"))
        with recording(session, actor(), "change_password"):
            accounts.change_password(session, account, current=current, new=request.form.get("new", ""),
                                     again=request.form.get("again", ""))
            token = _begin_again(session, account)
        return _changed(token)


def _begin_again(session: ScopedSession, account: Account) -> str:
    """All sessions ended with the password; this browser gets a new one, in the same act: begun after it, it would
    outlive a reset that came between."""
    grants = accounts.grants_in_force(account.grants, date.today())
    who = signed_in()
    grant = next((g for g in grants if who is not None and g.id == who.grant_id), grants[0])
    return service.begin_session(session, account, grant, address=request.remote_addr or "",
                                 agent=request.user_agent.string, now=datetime.now(UTC))


def _changed(token: str) -> ResponseReturnValue:
    browser.clear()
    flash("密码已修改，其他设备上的登录都已结束。", "success")
    response = redirect(own_path(request.form.get("next")))
    set_session_cookie(cast(Response, response), token)
    return response


@pages.get("/sessions")
def own_sessions() -> ResponseReturnValue:
    who = signed_in()
    assert who is not None
    sessions = [
        {"id": s.id, "agent": browser_named(s.agent), "address": s.address, "created": local_time(s.created_at),
         "seen": local_time(s.seen_at), "this": s.id == who.session_id}
        for s in service.own_sessions(plant().engine, who.account_id)
    ]
    return render_template("own_sessions.html", sessions=sessions,
                           end_others_url=url_for("session.end_other_sessions"))


@pages.post("/sessions/<int:id>/end")
def end_session(id: int) -> ResponseReturnValue:
    who = signed_in()
    assert who is not None
    if id not in {s.id for s in service.own_sessions(plant().engine, who.account_id)}:
        raise Invalid("这个登录已经结束，或不是您的。请刷新页面。")
    service.sign_out(plant().engine, id, "由本人结束")
    flash("该设备上的登录已结束。", "success")
    return redirect(url_for("session.own_sessions"))


@pages.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    who = signed_in()
    assert who is not None
    for other in service.own_sessions(plant().engine, who.account_id):
        if other.id != who.session_id:
            service.sign_out(plant().engine, other.id, "由本人结束")
    flash("其他设备上的登录都已结束。", "success")
    return redirect(url_for("session.own_sessions"))


@pages.post("/grant")
def switch_grant() -> ResponseReturnValue:
    who = signed_in()
    assert who is not None
    wanted = request.form.get("grant_id", "")
    if not wanted.isdecimal() or len(wanted) > 18:
        raise Invalid("请从列表中选择一项授权。")
    service.switch_grant(plant().engine, who, int(wanted))
    return redirect("/")


_BROWSERS = (("MicroMessenger", "微信"), ("Edg", "Edge"), ("360SE", "360"), ("QQBrowser", "QQ 浏览器"),
             ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Android", "安卓手机"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS", "苹果电脑"), ("Linux", "Linux"))


def browser_named(agent: str) -> str:
    """What a browser calls itself, in the words of its user: Chrome · Windows."""
    found = [next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) or agent[:40] or "未知设备"


def device_signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="device")


def _signer() -> URLSafeSerializer:
    return device_signer(str(current_app.secret_key))


def _devices() -> dict[str, str]:
    """The accounts that this browser has signed in to, each with its mark."""
    try:
        marks = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""))
    except BadData:
        return {}
    return cast(dict[str, str], marks)


def _name_key(username: str) -> str:
    return hashlib.sha256(accounts.as_known(username).lower().encode()).hexdigest()[:16]
