"""登录会话: sessions and sign-in attempts. Neither is a record of the register: not in the ledger."""

from datetime import datetime

from models.base import Base, Wall, field
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped


class LoginSession(Base):
    """A signed-in browser. The token itself is only in the cookie; here lies its digest."""

    __tablename__ = "login_session"
    __title__ = "登录会话"
    __wall__ = Wall.SYSTEM
    __area__ = "account"
    __recorded__ = False
    __region__ = None

    token_digest: Mapped[str] = field("令牌摘要", unique=True)
    account_id: Mapped[int] = field("账号", ForeignKey("account.id"), index=True)
    grant_id: Mapped[int | None] = field("当前授权", ForeignKey("grant.id"))
    created_at: Mapped[datetime] = field("登录时间")
    seen_at: Mapped[datetime] = field("最近活动")
    ended_at: Mapped[datetime | None] = field("结束时间")
    ended_why: Mapped[str | None] = field("结束原因")
    address: Mapped[str] = field("来源地址")
    agent: Mapped[str] = field("浏览器")


class SignInAttempt(Base):
    """One try to sign in, kept to slow down guessing. `name_digest` hides names typed by mistake
    (people type passwords into the name field)."""

    __tablename__ = "sign_in_attempt"
    __title__ = "登录尝试"
    __wall__ = Wall.SYSTEM
    __area__ = "account"
    __recorded__ = False
    __region__ = None
    __table_args__ = (Index(None, "name_digest", "at"), Index(None, "address", "at"))

    at: Mapped[datetime] = field("时间")
    name_digest: Mapped[str] = field("用户名摘要")
    address: Mapped[str] = field("来源地址")
    device: Mapped[str | None] = field("设备", meaning="此前成功登录过该账号的浏览器")
    succeeded: Mapped[bool] = field("成功")
