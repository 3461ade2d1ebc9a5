"""Accounts and grants. Nobody grants what they do not hold."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.keepers import kept_by, require_keeper
from admin_app.access.permissions import MAY_GRANT, ROLE_LABELS, Permission, Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.errors import Invalid, Refused
from admin_app.services import passwords, records
from admin_app.services.records import check
from admin_app.services.rules import number, rule
from admin_app.standing import hold, hold_afresh
from models.account import Account, Grant, in_force, not_over, over
from models.base import Base, declared
from models.region import COMMITTEES, Region, code_of

_USERNAME = re.compile(r"^[\w.@-]{2,40}$")
# Endings that people leave out, the whole or a part of one: 康宁社区(居民委员会), 柳湾(村委会), 柳湾村(民委员会).
_OFFICIAL = (*COMMITTEES, "民委员会", "委会")


@dataclass(frozen=True, slots=True)
class Made:
    """An account just made, with its first password: shown once, stored nowhere."""

    account: Account
    password: str


@dataclass(frozen=True, slots=True)
class Terms:
    """On which somebody grants: asked once, for however many grants they make in one act."""

    actor: Actor
    own_until: date
    inspection_days: int


def terms_of(session: ScopedSession, actor: Actor) -> Terms:
    return Terms(actor, _own_until(session, actor), number(session, "inspection_days"))


def region_named(session: ScopedSession, text: str) -> Region:
    """The division that a text means. Raises Invalid."""
    return only_one(text, regions_named(session, [text])[text])


def regions_named(session: ScopedSession, texts: Iterable[str]) -> dict[str, list[Region]]:
    """The divisions that each of these texts may mean, asked for together: by code, by the beginning of one, or by
    name, as its list writes it or as people do (康宁社区)."""
    ways = {text: _ways(text.strip()) for text in texts}
    known = {region.code: region for part in in_parts({way for each in ways.values() for way in each})
             for region in session.scalars(select(Region).where(or_(Region.code.in_(part), Region.name.in_(part))))}
    found: dict[str, list[Region]] = defaultdict(list)
    for region in known.values():
        found[region.code].append(region)
        found[region.name].append(region)
    return {text: [region for way in each for region in found[way]] for text, each in ways.items()}


def _ways(text: str) -> list[str]:
    """The codes, or the names, by which a text may mean a division."""
    if text.isdecimal():
        return ["0" * 12 if text == "0" else code_of(text)]
    return [text, *(text + ending for ending in _OFFICIAL)]


def only_one(text: str, found: Sequence[Region]) -> Region:
    """The one division that a text means. Raises Invalid."""
    if not found:
        raise Invalid(f"没有区划“{text.strip()}”。请填写区划代码（可只写前几位），或先装载区划。", "region_code")
    if len(found) > 1:
        raise Invalid(f"有 {len(found)} 个区划都叫“{text.strip()}”。请改填 12 位区划代码。", "region_code")
    return found[0]


def make_account(session: ScopedSession, actor: Actor, *, username: str, display_name: str,
                 role: str, region: Region, password: str | None = None, until: date | None = None,
                 note: str | None = None, must_change: bool = True) -> Made:
    """Make an account with its first grant.

    Effects: checks the name and the right to grant; stores the account with a hashed password (made here when none is
    given), to be changed at first sign-in; adds the grant from today.
    Raises Invalid (also: the name is taken), Refused."""
    account = draft_account(session, terms_of(session, actor), names_taken(session, [as_known(username)]),
                            username=username, display_name=display_name, role=role, region=region, until=until)
    account.note = _as_written(Account, "note", note)
    if password is not None:
        _check_password(session, password, account.username, account.display_name)
    plain = password or passwords.make_password()
    _set_password(account, plain, must_change=must_change)
    session.add(account)
    session.flush()
    return Made(account, plain)


def draft_account(session: ScopedSession, terms: Terms, taken: Container[str], *, username: str, display_name: str,
                  role: str, region: Region, until: date | None) -> Account:
    """An account with its first grant, from today, that is not added yet and has no password. `taken` are the names
    that others bear (`names_taken`). Raises Invalid, Refused."""
    terms.actor.require(Permission.ACCOUNT_CREATE)
    username, name = as_known(username), _as_written(Account, "display_name", display_name)
    _check_username(username)
    if not name:
        raise Invalid("请填写姓名：台账里要写明是谁办的。", "display_name")
    _refuse_taken(username, taken)
    return Account(username=username, display_name=name, region_code=region.code,
                   grants=[_draft_grant(session, terms, role, region, date.today(), until)])


def _as_written(model: type[Base], name: str, text: str | None) -> str | None:
    """What is typed of somebody new, as `records.edit` keeps it of who is there. Raises Invalid."""
    return records.as_written(declared(model, name), name, text or "")


def give_first(account: Account, first: passwords.First) -> Made:
    """Give a new account a password that was made before, to be changed at its first sign-in."""
    _keep_password(account, first.digest, must_change=True)
    return Made(account, first.plain)


def as_known(username: str) -> str:
    """A username as it is kept: an input method may leave letters full-width."""
    return unicodedata.normalize("NFKC", username).strip()


def known_as(session: ScopedSession, username: str) -> Account | None:
    """The account that this name means."""
    return session.scalar(meant_by(username))


def meant_by(username: str) -> Select[Account]:
    """The account of this name, however its letters are written. One that is written just so comes first."""
    return select(Account).where(named([username])).order_by(Account.username != username, Account.id).limit(1)


def named(usernames: Sequence[str]) -> ColumnElement[bool]:
    """The condition of the accounts of these names, however the letters are written: a phone begins with a capital."""
    return or_(Account.username.in_(usernames), func.lower(Account.username).in_([n.lower() for n in usernames]))


def names_taken(session: ScopedSession, usernames: Iterable[str], *, besides: int = 0) -> set[str]:
    """Which of these names somebody bears, in small letters."""
    with unscoped(session.get_bind().engine, "a username is taken anywhere") as wide:
        return {name.lower() for part in in_parts(usernames) for name in wide.scalars(
            select(Account.username).where(named(part), Account.id != besides))}


@check(Account)
def username_is_free(session: ScopedSession, actor: Actor, account: Account) -> None:
    account.username = as_known(account.username or "")
    _check_username(account.username)
    _refuse_taken(account.username, names_taken(session, [account.username], besides=account.id or 0))


def _check_username(username: str) -> None:
    if not _USERNAME.match(username):
        raise Invalid("用户名须为 2 至 40 个字母、数字、汉字或 . - _ @，不能有空格。", "username")


def _refuse_taken(username: str, taken: Container[str]) -> None:
    if username.lower() in taken:
        raise Invalid(f"用户名“{username}”已被使用。请换一个，或在账号列表中查找。", "username")


def grant_role(session: ScopedSession, actor: Actor, *, account: Account, role: str, region: Region,
               until: date | None = None, since: date | None = None, note: str | None = None) -> Grant:
    """Grant a role at a region and below; an inspection without a last day gets one (design: it expires).
    Ends the account's sessions: they began under other rights. Raises Invalid, Refused."""
    actor.require(Permission.ACCOUNT_EDIT)
    grant = _draft_grant(session, terms_of(session, actor), role, region, since or date.today(), until)
    if account.id == actor.account_id:
        raise Refused("不能给自己授权。请由上级或系统管理员办理。")
    require_keeper(session, actor, account)
    _no_second(session, account, grant)
    grant.account_id, grant.note = account.id, _as_written(Grant, "note", note)
    session.add(grant)
    end_sessions(account)
    session.flush()
    return grant


def _draft_grant(session: ScopedSession, terms: Terms, role: str, region: Region, since: date,
                 until: date | None) -> Grant:
    """A grant of nobody yet, that this person may make. Raises Invalid, Refused."""
    actor = terms.actor
    try:
        wanted = Role(role)
    except ValueError:
        names = "、".join(f"{r.value}（{label}）" for r, label in ROLE_LABELS.items())
        raise Invalid(f"没有角色“{role}”。可用的角色：{names}。", "role") from None
    if wanted not in MAY_GRANT.get(actor.role, frozenset()):
        raise Refused(f"您不能授予“{ROLE_LABELS[wanted]}”：只能授予自己拥有的权限。")
    if not actor.keeps(region.code):
        raise Refused(f"“{region.name}”不在您的管辖范围内，不能在那里授权。")
    if region.ended:
        records.require_in_use(session, region.code)
    if until is None and wanted is Role.INSPECTOR:
        until = since + timedelta(days=terms.inspection_days - 1)
    _check_last_day(terms.own_until, since, until)
    return Grant(role=wanted.value, region_code=region.code, since=since, until=until,
                 granted_by_id=actor.account_id or None)


def _no_second(session: ScopedSession, account: Account, grant: Grant) -> None:
    """What is granted already is not granted again for the same time. Raises Invalid."""
    hold(session, Account, [account.id])
    for standing in session.scalars(select(Grant).where(
            Grant.account_id == account.id, Grant.role == grant.role, Grant.region_code == grant.region_code,
            *not_over(date.today()))):
        if standing.until is None or grant.since <= standing.until:
            until = f"到 {standing.until}" if standing.until else "长期"
            raise Invalid(f"“{account.display_name}”已有这项授权（{until}），不用再授。"
                          "要改期限，请修改原来的那条。", "role")


def end_grant(session: ScopedSession, actor: Actor, grant: Grant) -> None:
    """End a grant at this moment, and the account's sessions. A grant is never deleted: an inspector may ask who
    could see what, when. Raises Refused."""
    actor.require(Permission.ACCOUNT_EDIT)
    require_keeper(session, actor, grant)
    grant.ended_at = datetime.now(UTC)
    _end_sessions_of(grant)
    session.flush()


def change_grant(session: ScopedSession, actor: Actor, grant: Grant, values: Mapping[str, Any], *, as_of: int,
                 reason: str | None) -> None:
    """Another last day, or another note. Ends the account's sessions. Raises Refused, Invalid, Conflict."""
    records.edit(session, actor, grant, values, as_of=as_of, reason=reason)
    _end_sessions_of(grant)
    session.flush()


def _end_sessions_of(grant: Grant) -> None:
    if grant.account is not None:  # else the person sits elsewhere: the session ends with its grant
        end_sessions(grant.account)


@check(Grant)
def last_day(session: ScopedSession, actor: Actor, grant: Grant) -> None:
    if grant.until is not None and grant.until < date.today():
        raise Invalid("失效日期已经过去。要立即结束，请用“收回授权”。", "until")
    if grant.id is not None and grant.until is None and grant.role == Role.INSPECTOR.value:
        raise Invalid("督导检查来看一段时间，授权须有失效日期。请填写。", "until")
    _check_last_day(_own_until(session, actor), grant.since, grant.until)


def _own_until(session: ScopedSession, actor: Actor) -> date:
    """The last day of what somebody holds in the role and at the place that they act in."""
    if not actor.account_id:
        return date.max  # the machine
    with unscoped(session.get_bind().engine, "one's own grants may lie above") as wide:
        own = wide.scalars(select(Grant).where(Grant.account_id == actor.account_id, Grant.role == actor.role,
                                               Grant.region_code == actor.region_code)).all()
    return max((grant.until or date.max for grant in own if in_force(grant, date.today())), default=date.max)


def _check_last_day(own_until: date, since: date, until: date | None) -> None:
    """Nobody gives for longer than they hold: else a last day would bind nobody. Raises Invalid."""
    if until is not None and until < since:
        raise Invalid("失效日期早于生效日期。请改正。", "until")
    if (until or date.max) > own_until:
        raise Invalid(f"您自己的授权到 {own_until} 为止，授予别人的不能更长。请填写失效日期。", "until")


@kept_by(Grant)
def grant_keeper(session: ScopedSession, actor: Actor, grant: Grant) -> None:
    """Who may change or take back a grant: whoever may give it, while it is not over. Raises Refused."""
    if Role(grant.role) not in MAY_GRANT.get(actor.role, frozenset()) or not actor.keeps(grant.region_code):
        raise Refused(f"您不能改动或收回“{ROLE_LABELS[Role(grant.role)]}”的授权。")
    if grant.account_id == actor.account_id:
        raise Refused("不能改动或收回自己的授权。请由上级或系统管理员办理。")
    if over(grant, date.today()):
        raise Refused("这项授权已经结束，留存备查。需要时请另行授权。")


def grants_in_force(grants: list[Grant], today: date) -> list[Grant]:
    return [grant for grant in grants if in_force(grant, today)]


def change_password(session: ScopedSession, account: Account, *, current: str, new: str, again: str) -> None:
    """One's own password. Ends all sessions; the page begins a new one. Raises Invalid, naming the
    field."""
    hold_afresh(session, account)  # a password that is being reset is the old one no more
    if not passwords.matches(account.password_hash, current):
        raise Invalid("当前密码不对。请重新输入。", "current")
    if new != again:
        raise Invalid("两次输入的新密码不一样。请重新输入。", "again")
    if passwords.matches(account.password_hash, new):
        raise Invalid("新密码不能与当前密码相同。请换一个。", "new")
    _check_password(session, new, account.username, account.display_name)
    _set_password(account, new, must_change=False)
    session.flush()


def reset_password(session: ScopedSession, actor: Actor, account: Account) -> str:
    """A new first password, to be handed over and changed at the next sign-in. Ends all sessions."""
    actor.require(Permission.ACCOUNT_EDIT)
    if account.id == actor.account_id:
        raise Refused("自己的密码不用重置：请点右上角的姓名，选“修改密码”。")
    require_keeper(session, actor, account)
    hold_afresh(session, account)  # or what its owner changes just now would stay: that it must be changed, say
    plain = passwords.make_password()
    _set_password(account, plain, must_change=True)
    session.flush()
    return plain


def disable(session: ScopedSession, actor: Actor, account: Account) -> None:
    """Stop an account. It stays readable on everything it did."""
    actor.require(Permission.ACCOUNT_EDIT)
    require_keeper(session, actor, account)
    if account.id == actor.account_id:
        raise Refused("不能停用自己的账号。请由另一位管理员操作。")
    account.disabled_at = datetime.now(UTC)
    end_sessions(account)
    session.flush()


def enable(session: ScopedSession, actor: Actor, account: Account) -> None:
    actor.require(Permission.ACCOUNT_EDIT)
    require_keeper(session, actor, account)
    account.disabled_at = None
    session.flush()


def end_sessions(account: Account) -> None:
    """End all sessions of an account: one that began before this moment is no longer valid."""
    account.sessions_from = datetime.now(UTC)


def force_out(session: ScopedSession, actor: Actor, account: Account) -> None:
    """End all sessions of another account at once."""
    actor.require(Permission.ACCOUNT_EDIT)
    require_keeper(session, actor, account)
    end_sessions(account)
    session.flush()


@kept_by(Account)
def account_keeper(session: ScopedSession, actor: Actor, account: Account) -> None:
    """Nobody takes over an account that holds more than they may grant: a role, or a place above or
    beside their own. With its new password its rights would be theirs. Raises Refused."""
    with unscoped(session.get_bind().engine, "all rights of an account that is taken in hand") as wide:
        grants = wide.scalars(select(Grant).where(Grant.account_id == account.id)).all()
    held = [grant for grant in grants if not over(grant, date.today())]
    beyond = [g for g in held if not actor.keeps(g.region_code)]
    if beyond or {Role(g.role) for g in held} - MAY_GRANT.get(actor.role, frozenset()):
        raise Refused("该账号拥有您不能授予的权限，须由上级或系统管理员处理。")


def _check_password(session: ScopedSession, plain: str, *about: str) -> None:
    if why := passwords.fault(plain, rule(session, "password_policy"), about=about):
        raise Invalid(why, "new")


def _set_password(account: Account, plain: str, *, must_change: bool) -> None:
    _keep_password(account, passwords.hash_password(plain), must_change=must_change)


def _keep_password(account: Account, digest: str, *, must_change: bool) -> None:
    account.password_hash = digest
    account.password_changed_at = datetime.now(UTC)
    account.must_change_password = must_change
    end_sessions(account)
