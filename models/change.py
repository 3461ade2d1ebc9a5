"""变更台账: every act (who, when, from where, why), every record touched, and the seals over them."""

from datetime import datetime

from models.base import Base, Wall, field, region_code
from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, relationship


class Change(Base):
    """One act of one user. Never updated, never deleted: the database refuses it."""

    __tablename__ = "change"
    __title__ = "变更"
    __wall__ = Wall.OFFICE
    __area__ = "ledger"
    __recorded__ = False
    __table_args__ = (Index(None, "region_code", "id"), Index(None, "account_id", "id"),
                      Index(None, "undoes_id"))

    at: Mapped[datetime] = field("时间")
    account_id: Mapped[int | None] = field("账号", ForeignKey("account.id"))
    actor: Mapped[str] = field("操作人")
    role: Mapped[str] = field("角色", codes="role")
    origin: Mapped[str] = field("方式", codes="change_origin",
                                meaning="page、batch、import、job、command、api")
    verb: Mapped[str] = field("操作")
    reason: Mapped[str | None] = field("原因")
    request_id: Mapped[str] = field("请求编号")
    address: Mapped[str | None] = field("来源地址")
    region_code: Mapped[str] = region_code("操作人区划")
    undoes_id: Mapped[int | None] = field("撤销的变更", ForeignKey("change.id"))

    rows: Mapped[list["ChangeRow"]] = relationship(back_populates="change", order_by="ChangeRow.id")


class ChangeRow(Base):
    """What one change did to one record. `columns` names the changed columns, comma-separated;
    `before` and `after` are JSON objects of just these. Written by triggers only."""

    __tablename__ = "change_row"
    __title__ = "变更明细"
    __wall__ = Wall.OFFICE
    __area__ = "ledger"
    __recorded__ = False
    __table_args__ = (Index(None, "change_id"), Index(None, "table_name", "pk", "id"),
                      Index(None, "region_code", "id"))

    change_id: Mapped[int] = field("变更", ForeignKey("change.id"))
    table_name: Mapped[str] = field("台账")
    pk: Mapped[int] = field("记录")
    region_code: Mapped[str] = region_code("所属区划")
    operation: Mapped[str] = field("动作", meaning="insert、update、delete、reveal")
    columns: Mapped[str] = field("字段", Text)
    before: Mapped[str | None] = field("变更前", Text)
    after: Mapped[str | None] = field("变更后", Text)

    change: Mapped[Change] = relationship(back_populates="rows")


class ChangeSeal(Base):
    """A block of changes, chained by hash. `digests` keeps one digest per sealed row, so that a
    child's data can be redacted by law later without breaking the chain."""

    __tablename__ = "change_seal"
    __title__ = "封存"
    __wall__ = Wall.SYSTEM
    __area__ = "ledger"
    __recorded__ = False
    __region__ = None

    sealed_at: Mapped[datetime] = field("封存时间")
    first_change_id: Mapped[int] = field("首条变更")
    last_change_id: Mapped[int] = field("末条变更", unique=True)
    digests: Mapped[str] = field("逐行摘要", Text)
    previous: Mapped[str] = field("上一封存")
    digest: Mapped[str] = field("封存摘要")
    mac: Mapped[str] = field("校验码", meaning="以数据库之外的密钥计算")
