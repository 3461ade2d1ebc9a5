"""账号与授权: who may sign in, and in which role, where and until when they may work."""

from datetime import date, datetime
from typing import Any

from models.base import Base, RegionCode, Wall, field, region_code
from sqlalchemy import ColumnElement, ForeignKey, Index, or_
from sqlalchemy.orm import Mapped, relationship


class Account(Base):
    """A person who signs in. An account without a grant in force means nothing."""

    __tablename__ = "account"
    __title__ = "账号"
    __wall__ = Wall.OFFICE
    __area__ = "account"
    __explained__ = True
    __told_apart__ = ("username",)
    __table_args__ = (Index(None, "region_code", "id"),)

    region_code: Mapped[str] = region_code("所属单位区划", ForeignKey("region.code"))
    username: Mapped[str] = field("用户名", unique=True)
    display_name: Mapped[str] = field("姓名")
    password_hash: Mapped[str] = field("密码摘要", recorded=False, internal=True)
    password_changed_at: Mapped[datetime | None] = field("密码修改时间", generated=True)
    must_change_password: Mapped[bool] = field("下次登录须改密码", default=True, generated=True)
    sessions_from: Mapped[datetime | None] = field(
        "登录有效起点", generated=True, meaning="此前开始的登录一律失效"
    )
    disabled_at: Mapped[datetime | None] = field("停用时间", generated=True)
    note: Mapped[str | None] = field("备注", multiline=True)

    grants: Mapped[list["Grant"]] = relationship(
        back_populates="account", foreign_keys="Grant.account_id", order_by="Grant.id"
    )

    def __str__(self) -> str:
        return self.display_name


class Grant(Base):
    """A role at a region, with all below it, for a time."""

    __tablename__ = "grant"
    __title__ = "授权"
    __wall__ = Wall.OFFICE
    __area__ = "account"
    __explained__ = True
    __table_args__ = (Index(None, "account_id"),)

    region_code: Mapped[str] = field("授权区划", RegionCode, ForeignKey("region.code"),
                                     meaning="及其全部下级", nullable=False)
    account_id: Mapped[int] = field("账号", ForeignKey("account.id"))
    role: Mapped[str] = field("角色", codes="role")
    since: Mapped[date] = field("生效日期")
    until: Mapped[date | None] = field("失效日期", meaning="最后一天；空表示长期")
    ended_at: Mapped[datetime | None] = field("收回时间", generated=True)
    granted_by_id: Mapped[int | None] = field("授权人", ForeignKey("account.id"), generated=True)
    note: Mapped[str | None] = field("备注", multiline=True)

    account: Mapped[Account] = relationship(back_populates="grants", foreign_keys=[account_id])


def over(grant: Any, today: date) -> bool:
    """Whether a grant (or a row with its columns) has ended: by its last day, or taken back."""
    return grant.ended_at is not None or (grant.until is not None and grant.until < today)


def not_over(today: date) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a grant that is not `over`."""
    return Grant.ended_at.is_(None), or_(Grant.until.is_(None), Grant.until >= today)


def in_force(grant: Any, today: date) -> bool:
    return bool(grant.since <= today and not over(grant, today))
