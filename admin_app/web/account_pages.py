"""Accounts and grants: what their pages do beyond showing and editing."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField
from wtforms.validators import InputRequired, Optional

from admin_app.access.keepers import may_change, require_keeper
from admin_app.access.permissions import MAY_GRANT, ROLE_LABELS, Permission
from admin_app.changes.ledger import explained, recording
from admin_app.errors import Invalid, NotFound
from admin_app.services import account_list, accounts
from admin_app.services.account_use import use_of
from admin_app.web.context import actor, plant, session
from admin_app.web.downloads import workbook
from admin_app.web.form_fields import DateField
from admin_app.web.form_token import csrf_token
from admin_app.web.receipts import receipt
from models.account import Account, Grant, over
from models.region import Region

pages = Blueprint("accounts", __name__, url_prefix="/accounts")


def _account(id: int) -> Account:
    account = session().get(Account, id)
    if account is None:
        raise NotFound()
    return account


def region_of(code: str | None) -> Region:
    region = session().scalar(select(Region).where(Region.code == (code or "")))
    if region is None:
        raise Invalid("请从提示的列表中选择区划。", "region_code")
    return region


FIRST_GRANT = {
    "role": SelectField("角色", [InputRequired("请选择角色。")], choices=[], validate_choice=False,
                        description="在所选区划及其下级的身份；以后可在“授权”中增加或收回"),
    "until": DateField("授权至", [Optional()], description="留空为长期；督导检查留空的，按“设置”里的天数到期"),
}


def roles_to_grant() -> list[tuple[str, str]]:
    """What the person may make somebody, to choose from."""
    mine = MAY_GRANT.get(actor().role, frozenset())
    return [("", "—"), *[(role.value, label) for role, label in ROLE_LABELS.items() if role in mine]]


def make_from_form(values: dict[str, Any]) -> Account:
    """A new account with its first grant; its first password is shown once."""
    made = accounts.make_account(
        session(), actor(), username=values["username"] or "", display_name=values["display_name"] or "",
        role=values["role"] or "", region=region_of(values["region_code"]), until=values["until"], note=values["note"])
    flash(f"初始密码（只显示这一次，请当面交给本人）：{made.password}", "info")
    return made.account


def change_grant(grant: Grant, values: dict[str, Any], as_of: int, why: str) -> None:
    accounts.change_grant(session(), actor(), grant, values, as_of=as_of, reason=why)


def grant_from_form(values: dict[str, Any]) -> Grant:
    if values["since"] and values["since"] < date.today():
        raise Invalid("生效日期已经过去：授权不能补记到从前。请填今天或以后。", "since")
    return accounts.grant_role(
        session(), actor(), account=_account(values["account_id"]), role=values["role"] or "",
        region=region_of(values["region_code"]), since=values["since"], until=values["until"], note=values["note"])


def account_use(account: Account) -> list[dict[str, Any]]:
    """What is told of an account beside its columns."""
    return [{"label": "登录", "items": [{"label": label, "text": text} for label, text in
                                      use_of(plant().engine, account)]}]


_THEN = {  # what follows, said before it is done
    "重置密码": "原密码作废，它的登录都会结束；新的初始密码只显示一次。", "强制下线": "它的登录都会结束，密码不变。",
    "停用": "停用后不能登录，它的登录都会结束；登记的内容都还在。", "启用": "启用后可以用原来的密码登录。"}


def account_buttons(account: Account) -> list[dict[str, str]]:
    """What the person may do to this account: nothing that would only be refused."""
    if not actor().may(Permission.ACCOUNT_EDIT) or not may_change(session(), actor(), account):
        return []
    if account.id == actor().account_id:  # one's own password is changed, not reset: the new one is shown to all
        return []
    verbs = [("重置密码", "accounts.reset_password"), ("强制下线", "accounts.end_sessions")]
    verbs.append(("启用", "accounts.enable") if account.disabled_at else ("停用", "accounts.disable"))
    whose = f"{account.display_name}（{account.username}）"
    return [_button(label, endpoint, account.id, f"{label}：{whose}？{_THEN[label]}") for label, endpoint in verbs]


def grant_badge(grant: Grant) -> dict[str, str] | None:
    if grant.ended_at:
        return {"text": "已收回", "colour": "red"}
    return {"text": "已过期", "colour": "secondary"} if over(grant, date.today()) else None


def grant_buttons(grant: Grant) -> list[dict[str, str]]:
    if not actor().may(Permission.ACCOUNT_EDIT) or not may_change(session(), actor(), grant):
        return []
    return [_button("收回授权", "accounts.end_grant", grant.id, "收回这项授权？用它登录的都会结束。")]


def _button(label: str, endpoint: str, id: int, asked: str) -> dict[str, str]:
    return {"label": label, "url": url_for(endpoint, id=id), "kind": "post", "token": csrf_token(), "why": "must",
            "asked": asked}


def _account_to_keep(id: int) -> Account:
    """An account that the person may change: refused before a reason is asked for."""
    account = _account(id)
    require_keeper(session(), actor(), account)
    return account


def _why(what: str, such_as: str) -> str:
    return explained(what, request.form.get("reason"), such_as)


@pages.post("/<int:id>/reset-password")
def reset_password(id: int) -> ResponseReturnValue:
    account = _account_to_keep(id)
    with recording(session(), actor(), "reset_password", _why("重置密码", "本人忘记密码，当面核对")):
        password = accounts.reset_password(session(), actor(), account)
    flash(f"新密码（只显示这一次，请当面交给本人）：{password}", "info")
    return redirect(url_for("account.details_view", id=id))


@pages.post("/<int:id>/disable")
def disable(id: int) -> ResponseReturnValue:
    account = _account_to_keep(id)
    with recording(session(), actor(), "disable", _why("停用账号", "已调离")) as change:
        accounts.disable(session(), actor(), account)
    receipt(change, "账号已停用，它的登录都已结束。")
    return redirect(url_for("account.details_view", id=id))


@pages.post("/<int:id>/enable")
def enable(id: int) -> ResponseReturnValue:
    account = _account_to_keep(id)
    with recording(session(), actor(), "enable", _why("启用账号", "回岗工作")) as change:
        accounts.enable(session(), actor(), account)
    receipt(change, "账号已启用。")
    return redirect(url_for("account.details_view", id=id))


@pages.post("/<int:id>/end-sessions")
def end_sessions(id: int) -> ResponseReturnValue:
    account = _account_to_keep(id)
    with recording(session(), actor(), "revoke_sessions", _why("强制下线", "手机遗失")) as change:
        accounts.force_out(session(), actor(), account)
    receipt(change, "该账号的登录都已结束。")
    return redirect(url_for("account.details_view", id=id))


@pages.post("/grants/<int:id>/end")
def end_grant(id: int) -> ResponseReturnValue:
    grant = session().get(Grant, id)
    if grant is None:
        raise NotFound()
    require_keeper(session(), actor(), grant)
    with recording(session(), actor(), "grant:end", _why("收回授权", "不再分管")) as change:
        accounts.end_grant(session(), actor(), grant)
    receipt(change, "授权已收回，该账号须重新登录。")
    return redirect(url_for("grant.details_view", id=id))


@pages.get("/template.xlsx")
def template() -> ResponseReturnValue:
    return workbook(account_list.template(session(), actor()), "账号名单模板.xlsx")


@pages.route("/load", methods=["GET", "POST"])
def load() -> ResponseReturnValue:
    """Accounts from a list: checked whole, made whole, passwords shown once."""
    made: list[accounts.Made] = []
    error = None
    if request.method == "POST":
        try:
            upload = request.files.get("file")
            if upload is None or not upload.filename:
                raise Invalid("请选择账号名单文件（Excel 或 CSV）。")
            wanted = account_list.read_bytes(upload.stream.read(), upload.filename)
            made = account_list.load(session(), actor(), wanted)
        except Invalid as fault:
            error = fault.message
    unkept = 0 if made else account_list.how_many_unkept(session(), actor())
    page = render_template("accounts_load.html", made=made, error=error, unkept=unkept)
    return page, 400 if error else 200


