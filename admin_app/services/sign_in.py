"""Signing in: sessions in their own table, and a brake on guessing that cannot lock an office out.

A browser that has signed in to an account before carries a signed device mark for it, and is
counted by itself; others are counted per name and address, and per name over all addresses. So
guessing from outside slows the guesser, never the office's own machines. All counts live in the
database: they hold across workers and restarts.
"""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement, Connection, Engine, Row, Select, String, bindparam, cast, delete, func, or_, select,
)
from sqlalchemy.exc import OperationalError

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.errors import BaoxueError, Invalid
from admin_app.reference import Reference, reference_at
from admin_app.services import accounts, passwords
from admin_app.services.accounts import grants_in_force
from admin_app.services.rules import rules_of
from admin_app.standing import hold_afresh
from admin_app.store import stamp
from models.account import Account, Grant, in_force
from models.change import Change, ChangeRow, ChangeSeal
from models.login_session import LoginSession, SignInAttempt
from models.region import Region
from models.saved_view import SavedView
from models.task import Task

WINDOW = timedelta(minutes=15)
TRIES_PER_DEVICE = 10
TRIES_PER_NAME_AND_ADDRESS = 5
TRIES_PER_NAME = 50  # from strange browsers, all addresses together
TRIES_PER_ADDRESS = 100
_MOST_KEPT = 1000  # sessions of which a connection keeps what it read
_WRONG = "账号或密码不对。请检查大小写和输入法；忘记密码请联系本单位管理员重置。"
_RULES = ("session_idle_minutes", "session_absolute_hours", "password_policy")
_LOGIN, _ACCOUNT, _GRANT = (model.__table__.c for model in (LoginSession, Account, Grant))
_TASK, _VIEW = Task.__table__.c, SavedView.__table__.c
# Everything that a request must know of its session, in one statement: a row for each grant of the account.
_WHO = (
    select(_LOGIN.id, _LOGIN.grant_id.label("present_grant"), _LOGIN.created_at, _LOGIN.seen_at,
           _LOGIN.ended_at.label("login_ended_at"),
           _ACCOUNT.id.label("account_id"), _ACCOUNT.username, _ACCOUNT.display_name, _ACCOUNT.must_change_password,
           _ACCOUNT.password_changed_at, _ACCOUNT.disabled_at, _ACCOUNT.sessions_from,
           _GRANT.id.label("grant_id"), _GRANT.role, _GRANT.region_code, _GRANT.since, _GRANT.until, _GRANT.ended_at,
           Region.__table__.c.name.label("region_name"),
           select(func.count()).where(_TASK.account_id == _LOGIN.account_id, _TASK.role == _GRANT.role,
                                      _TASK.region_code == _GRANT.region_code, _TASK.finished_at.is_not(None),
                                      _TASK.seen.is_(False)).scalar_subquery().label("news"),
           select(func.count()).where(or_(_VIEW.account_id == _LOGIN.account_id,
                                          _VIEW.role == _GRANT.role)).scalar_subquery().label("views"))
    .join_from(LoginSession.__table__, Account.__table__, _ACCOUNT.id == _LOGIN.account_id)
    .join(Grant.__table__, _GRANT.account_id == _ACCOUNT.id)
    .join(Region.__table__, Region.__table__.c.code == _GRANT.region_code)
    .where(_LOGIN.token_digest == bindparam("digest")).order_by(_GRANT.id)
)
# What has been recorded so far. In SQLite writers follow one another, so the ledger's last number tells. In PostgreSQL
# an act with a lower number may be committed later; but nobody is acting when acts are sealed, so that how far they are
# sealed and how many are not tell. (The snapshot would too: it moves with whoever signs in, or was seen at work.)
_SEALED = select(func.coalesce(func.max(ChangeSeal.__table__.c.last_change_id), 0)).scalar_subquery()
_POSITIONS: dict[str, ColumnElement[str]] = {
    "sqlite": cast(select(func.max(ChangeRow.__table__.c.id)).scalar_subquery(), String),
    "postgresql": func.concat(_SEALED, ":", select(func.count()).select_from(Change.__table__).where(
        Change.__table__.c.id > _SEALED).scalar_subquery())}
_NOBODY = passwords.hash_password(secrets.token_hex())  # costs a stranger's name the same time


class SlowDown(BaoxueError):
    """Too many tries; the sentence says how long to wait."""

    status = 429


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that holds: who, under which grant, and what the top of the screen needs."""

    session_id: int
    account_id: int
    username: str
    name: str
    grant_id: int
    role: Role
    region_code: str
    region_name: str
    must_change_password: bool
    created_at: datetime
    grants: "tuple[OwnGrant, ...]"
    reference: Reference  # the reference data as they stood when the request came
    news: int  # finished tasks that were not looked at yet
    has_views: bool  # of its own, or shared with its role

    def actor(self, **where: str) -> Actor:
        return Actor(self.account_id, self.name, self.role, self.region_code, **where)


def sign_in(engine: Engine, *, username: str, password: str, address: str, agent: str,
            device: str | None, now: datetime | None = None) -> str:
    """Check name and password; gives the token of a new session, to be kept only in the cookie.

    `device` is the browser's mark for this very account, already verified, or None.
    Raises SlowDown, Invalid (one sentence for every cause that a stranger must not tell apart)."""
    now = now or datetime.now(UTC)
    username = accounts.as_known(username)
    with unscoped(engine, "nobody is known before the sign-in", writing=True) as session:
        _one_at_a_time(session, username)
        _brake(session, username, address, device, now)
        account = accounts.known_as(session, username)
        if account is not None:  # a password that is being reset is the old one no more
            hold_afresh(session, account)
        right = passwords.matches(account.password_hash if account else _NOBODY, password)
        session.add(SignInAttempt(at=now, name_digest=name_digest(username), address=address, device=device,
                                  succeeded=bool(account and right)))
        if account is None or not right:
            session.commit()
            raise Invalid(_WRONG)
        if account.disabled_at is not None:
            session.commit()
            raise Invalid("该账号已停用。如需恢复，请联系上级管理员。")
        grants = grants_in_force(account.grants, date.today())
        if not grants:
            session.commit()
            raise Invalid("该账号没有有效的授权（可能已到期）。请联系上级管理员。")
        token = begin_session(session, account, grants[0], address=address, agent=agent, now=now)
        session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=180)))
        session.commit()
        return token


def require_password(engine: Engine, who: SignedIn, *, password: str, address: str, device: str | None,
                     now: datetime | None = None) -> None:
    """That whoever sits at the browser knows the password of the account. A wrong one counts as one at the sign-in
    does, and is counted before it is looked at: a hundred at once are a hundred. Raises SlowDown, Invalid."""
    now = now or datetime.now(UTC)
    with unscoped(engine, "tries at one's own password are counted", writing=True) as session:
        _one_at_a_time(session, who.username)
        _brake(session, who.username, address, device, now)
        tried = SignInAttempt(at=now, name_digest=name_digest(who.username), address=address, device=device,
                              succeeded=False)
        session.add(tried)
        session.commit()
        stands = session.get_one(Account, who.account_id).password_hash
        session.rollback()  # nobody waits while it is compared
        if not passwords.matches(stands, password):
            raise Invalid("当前密码不对。请重新输入。", "current")
        tried.succeeded = True
        session.commit()


def begin_session(session: ScopedSession, account: Account, grant: Grant, *, address: str, agent: str,
                  now: datetime) -> str:
    """A new session with a new token of 256 bits; the database keeps its digest."""
    token = secrets.token_urlsafe(32)
    session.add(LoginSession(
        token_digest=_digest(token), account_id=account.id, grant_id=grant.id, created_at=now,
        seen_at=now, address=address, agent=agent[:200],
    ))
    session.flush()
    return token


def resume(session: ScopedSession, token: str, now: datetime | None = None) -> SignedIn | None:
    """Who a token stands for, None when its session does not hold (any more). Asked over all rows, for
    nobody is known yet."""
    now, engine = now or datetime.now(UTC), session.get_bind().engine
    found = _known(session.connection(), _digest(token))
    present = next((row for row in found if row.present_grant == row.grant_id), None)
    if present is None:
        return None
    reference = reference_at(session, present.position or "")
    rules = reference.rules(session, _RULES)
    open_to_them = [row for row in found if in_force(row, date.today())]
    if present not in open_to_them or not _holds(rules, present, now):
        return None
    signed_in = SignedIn(
        present.id, present.account_id, present.username, present.display_name, present.grant_id, Role(present.role),
        present.region_code, present.region_name,
        present.must_change_password
        or passwords.expired(present.password_changed_at, now, rules["password_policy"]),
        present.created_at,
        tuple(OwnGrant(row.grant_id, Role(row.role), row.region_name, row.until) for row in open_to_them),
        reference, present.news, present.views > 0,
    )
    if now - present.seen_at > min(timedelta(minutes=1), _idle(rules) / 10):
        _note_use(engine, signed_in.session_id, now)
    return signed_in


def _known(connection: Connection, digest: str) -> Sequence[Row[Any]]:
    """What the store knows of a session. Where it can tell that nothing was written, it is asked but once; whether
    the session still holds depends on the hour as well, and is judged each time."""
    written = stamp(connection)
    since, rows = connection.info.get("sessions", (None, {}))
    if since != written or len(rows) >= _MOST_KEPT:
        rows = {}
        connection.info["sessions"] = (written, rows)
    found: Sequence[Row[Any]] | None = rows.get(digest)
    if found is None:
        found = connection.execute(_who(connection.dialect.name), {"digest": digest}).all()
        if found and written is not None:
            rows[digest] = found
    return found


def _note_use(engine: Engine, session_id: int, now: datetime) -> None:
    """A session was used. Left out while the store is busy: nobody's page waits for it, and the next one notes it."""
    with unscoped(engine.execution_options(at_once=True), "a session notes that it was used", writing=True) as session:
        with suppress(OperationalError):
            session.get_one(LoginSession, session_id).seen_at = now
            session.commit()


@lru_cache(maxsize=2)
def _who(dialect: str) -> Select[Any]:
    return _WHO.add_columns(_POSITIONS[dialect].label("position"))


def _idle(rules: dict[str, str]) -> timedelta:
    return timedelta(minutes=int(rules["session_idle_minutes"]))


def _longest(rules: dict[str, str]) -> timedelta:
    return timedelta(hours=int(rules["session_absolute_hours"]))


def _holds(rules: dict[str, str], login: Any, now: datetime) -> bool:
    """Whether a row of `_WHO` still stands for its account."""
    return bool(
        login.login_ended_at is None
        and now - login.seen_at <= _idle(rules)
        and now - login.created_at <= _longest(rules)
        and not ended_since(login, login.created_at)
    )


def ended_since(account: Any, begun: datetime) -> bool:
    """Whether the account (or a row with its columns) was stopped, or its sessions were ended, after one began."""
    return account.disabled_at is not None or (account.sessions_from is not None and begun < account.sessions_from)


def sign_out(engine: Engine, session_id: int, why: str = "已退出") -> None:
    with unscoped(engine, "a session ends", writing=True) as session:
        login = session.get(LoginSession, session_id)
        if login is not None and login.ended_at is None:
            login.ended_at, login.ended_why = datetime.now(UTC), why
            session.commit()


def switch_grant(engine: Engine, who: SignedIn, grant_id: int) -> None:
    """Work under another of one's own grants. Raises Invalid when it is not one's own in force."""
    with unscoped(engine, "one's own grants lie in several regions", writing=True) as session:
        grant = session.get(Grant, grant_id)
        if grant is None or grant.account_id != who.account_id or not grants_in_force([grant], date.today()):
            raise Invalid("这项授权不属于您，或已失效。请刷新页面后重新选择。")
        session.get_one(LoginSession, who.session_id).grant_id = grant.id
        session.commit()


@dataclass(frozen=True, slots=True)
class OwnGrant:
    id: int
    role: Role
    region_name: str
    until: date | None


def own_sessions(engine: Engine, account_id: int, now: datetime | None = None) -> list[LoginSession]:
    """The sessions of one account that still hold, newest first."""
    now = now or datetime.now(UTC)
    with unscoped(engine, "one's own sessions") as session:
        rules = rules_of(session, _RULES)
        rows = session.execute(
            select(LoginSession, Grant, LoginSession.ended_at.label("login_ended_at"), LoginSession.seen_at,
                   LoginSession.created_at, Account.disabled_at, Account.sessions_from)
            .join(Grant, Grant.id == LoginSession.grant_id).join(Account, Account.id == LoginSession.account_id)
            .where(LoginSession.account_id == account_id, Grant.account_id == account_id,
                   LoginSession.ended_at.is_(None), LoginSession.created_at >= now - _longest(rules))
            .order_by(LoginSession.id.desc())
        ).all()
        holding = [row[0] for row in rows if _holds(rules, row, now) and in_force(row[1], date.today())]
        session.expunge_all()
        return holding


def _one_at_a_time(session: ScopedSession, username: str) -> None:
    """Tries at one name come one after another, so that each is counted before the next: PostgreSQL would let a
    hundred pass at once."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(int(name_digest(username)[:15], 16))))


def _brake(session: ScopedSession, username: str, address: str, device: str | None, now: datetime) -> None:
    """Tries at a password that was reset since are forgotten: whoever got a new one may use it."""
    failed = [SignInAttempt.succeeded.is_(False), SignInAttempt.at > now - WINDOW]
    present = accounts.meant_by(username).with_only_columns(Account.password_changed_at).scalar_subquery()
    named = [*failed, SignInAttempt.name_digest == name_digest(username),
             SignInAttempt.at > func.coalesce(present, now - WINDOW)]
    if device is not None:
        _check(session, [*named, SignInAttempt.device == device], TRIES_PER_DEVICE, now)
        return
    strange, from_there = [*named, SignInAttempt.device.is_(None)], SignInAttempt.address == address
    _check(session, [*strange, from_there], TRIES_PER_NAME_AND_ADDRESS, now)
    _check(session, strange, TRIES_PER_NAME, now)
    _check(session, [*failed, from_there], TRIES_PER_ADDRESS, now)


def _check(session: ScopedSession, conditions: list[ColumnElement[bool]], limit: int,
           now: datetime) -> None:
    count, first = session.execute(
        select(func.count(), func.min(SignInAttempt.at)).where(*conditions)).one()
    if count >= limit:
        minutes = max(1, round((first + WINDOW - now).total_seconds() / 60))
        raise SlowDown(f"密码错误次数过多。请 {minutes} 分钟后再试，或联系本单位管理员重置密码。")


def name_digest(username: str) -> str:
    """How a name that was tried is kept (`SignInAttempt`)."""
    return _digest(accounts.as_known(username).lower())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
