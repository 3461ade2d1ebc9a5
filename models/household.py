"""户: the family as the register counts it, and its hardship kinds."""

from datetime import date
from typing import Any

from models.agreement import InOrder
from models.base import Base, Privacy, Wall, field, region_code
from models.kinds import IdentityIndexed, SealedText
from models.moves import Move, Moves, State
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship


class Household(IdentityIndexed, Base):
    """A family. The whole family moves between villages by one update of its `region_code`."""

    __tablename__ = "household"
    __title__ = "户"
    __wall__ = Wall.CHILD
    __area__ = "family"
    __searched__ = "head_name"
    __told_apart__ = ("register_number", "natural_group_id", "address")
    __once__ = ("region_code", "identity_index")  # nobody heads two families of one village
    __table_args__ = (
        UniqueConstraint("id", "region_code"),
        UniqueConstraint("region_code", "register_number"),
        Index(None, "register_number", "region_code"),
        Index(None, "region_code", "id"),
        Index(None, "region_code", "head_name", "id"),
        ForeignKeyConstraint(["natural_group_id"], ["natural_group.id"]),
    )

    region_code: Mapped[str] = region_code("村（社区）", ForeignKey("region.code"))
    register_number: Mapped[str] = field("户编号", meaning="村内唯一", filled_in=True,
                                         advice="村内唯一；留空由系统编号")
    natural_group_id: Mapped[int | None] = field("自然村（组）")
    head_name: Mapped[str] = field("户主姓名", privacy=Privacy.NAME)
    name_pinyin: Mapped[str | None] = field("户主拼音", privacy=Privacy.NAME, internal=True)
    name_initials: Mapped[str | None] = field("户主拼音首字母", privacy=Privacy.NAME, internal=True)
    identity_number: Mapped[Any] = field("户主身份证号", SealedText("household.identity_number"),
                                         privacy=Privacy.IDENTITY, nullable=True)
    identity_index: Mapped[str | None] = field("户主身份证号索引", privacy=Privacy.IDENTITY,
                                               internal=True, index=True)
    identity_tail: Mapped[str | None] = field("户主身份证号尾号索引", privacy=Privacy.IDENTITY,
                                              internal=True)
    phone: Mapped[Any] = field("联系电话", SealedText("household.phone"), privacy=Privacy.PHONE,
                               nullable=True)
    address: Mapped[str | None] = field("住址", privacy=Privacy.ADDRESS)
    note: Mapped[str | None] = field("备注", multiline=True, privacy=Privacy.CONDITION)

    students: Mapped[list["Any"]] = relationship(
        "Student", back_populates="household", order_by="Student.birth_date", passive_deletes="all"
    )
    hardships: Mapped[list["HouseholdHardship"]] = relationship(
        back_populates="household", order_by="HouseholdHardship.since", passive_deletes="all"
    )

    def __str__(self) -> str:
        return f"{self.head_name}户"


HARDSHIP_MOVES = Moves(
    "state",
    (
        State("active", "享受中", "orange"),
        State("cleared", "风险已消除", "green"),
        State("ended", "已退出", "secondary", settled=True),
    ),
    (
        Move("clear_risk", "消除风险", ("active",), "cleared", asks=("risk_cleared_on",)),
        Move("reopen_risk", "风险复发", ("cleared",), "active", reason=True, clears=("risk_cleared_on",)),
        Move("end", "退出", ("active", "cleared"), "ended", asks=("until",)),
    ),
    single=("household_id", "kind"),
)


class HouseholdHardship(Base):
    """One hardship kind of one family, from when until when. A family has several at once
    (脱贫户, 防返贫监测对象, 低保 …)."""

    __tablename__ = "household_hardship"
    __title__ = "家庭困难类型"
    __wall__ = Wall.CHILD
    __area__ = "family"
    __moves__ = HARDSHIP_MOVES
    __agreements__ = (InOrder("since"), InOrder("since", "risk_cleared_on"), InOrder("since", "until"))
    __table_args__ = (
        ForeignKeyConstraint(["household_id", "region_code"], ["household.id", "household.region_code"],
                             onupdate="CASCADE", deferrable=True, initially="IMMEDIATE"),
        Index(None, "region_code", "kind"),
        Index(None, "household_id"),
    )

    region_code: Mapped[str] = region_code("村（社区）")
    household_id: Mapped[int] = field("户")
    kind: Mapped[str] = field("困难类型", codes="hardship_kind", privacy=Privacy.CONDITION)
    since: Mapped[date | None] = field("认定日期")
    until: Mapped[date | None] = field("退出日期")
    risk_cleared_on: Mapped[date | None] = field("风险消除日期")
    state: Mapped[str] = field("状态", states=True, generated=True, default="active")
    note: Mapped[str | None] = field("备注", multiline=True, privacy=Privacy.CONDITION)

    household: Mapped[Household] = relationship(back_populates="hardships")
