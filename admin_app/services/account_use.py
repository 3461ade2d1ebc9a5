"""How an account is used: its last sign-in, and wrong passwords. For whoever keeps or audits accounts."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select

from admin_app.access.scope import ScopedSession, unscoped
from admin_app.display import local_time
from admin_app.services.sign_in import TRIES_PER_NAME_AND_ADDRESS, WINDOW, name_digest, own_sessions
from models.account import Account
from models.login_session import LoginSession, SignInAttempt

DAY = timedelta(days=1)


def use_of(engine: Engine, account: Account) -> list[tuple[str, str]]:
    """Label and text of what is known. The table of sessions is behind no area: the account itself must be in scope."""
    now = datetime.now(UTC)
    with unscoped(engine, "the sessions of an account that may be looked at") as session:
        last = session.scalar(select(LoginSession).where(LoginSession.account_id == account.id)
                              .order_by(LoginSession.id.desc()).limit(1))
        wrong = session.execute(select(SignInAttempt.at, SignInAttempt.address).where(
            SignInAttempt.name_digest == name_digest(account.username), SignInAttempt.succeeded.is_(False),
            SignInAttempt.at > now - DAY).order_by(SignInAttempt.at.desc())).all()
    held = len(own_sessions(engine, account.id, now))
    told = [("最近登录", f"{local_time(last.created_at)}，来自 {last.address}" if last else "从未登录"),
            ("现在登录", f"{held} 处" if held else "没有")]
    if wrong:
        at, address = wrong[0]
        told.append(("近一天输错密码", f"{len(wrong)} 次；最近 {local_time(at)}，来自 {address}"))
    return told


def slowed_down(session: ScopedSession, now: datetime) -> list[str]:
    """Usernames that somebody tries to guess the password of: sign-in from the same address waits. Names that are no
    account's are not known: people type passwords into that field."""
    tried = session.execute(
        select(SignInAttempt.name_digest, func.max(SignInAttempt.at)).where(
            SignInAttempt.succeeded.is_(False), SignInAttempt.at > now - WINDOW)
        .group_by(SignInAttempt.name_digest, SignInAttempt.address)
        .having(func.count() >= TRIES_PER_NAME_AND_ADDRESS)).all()
    if not tried:
        return []
    last: dict[str, datetime] = {}
    for digest, at in tried:
        last[digest] = max(at, last.get(digest, at))
    accounts = session.execute(select(Account.username, Account.password_changed_at).order_by(Account.username))
    return [name for name, changed in accounts
            if (tried_at := last.get(name_digest(name))) and (changed is None or changed < tried_at)]
