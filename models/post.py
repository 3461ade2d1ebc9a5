"""任职: who holds which post of the responsibility system (七长, 领导小组), where, from when."""

from datetime import date
from typing import Any

from models.agreement import InOrder
from models.base import Base, Privacy, Wall, field, region_code
from models.kinds import SealedText
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped


class Post(Base):
    """One person in one post for one time."""

    __tablename__ = "post"
    __title__ = "责任人（七长与领导小组）"
    __wall__ = Wall.OFFICE
    __area__ = "duty"
    __agreements__ = (InOrder("since", "until"),)
    __table_args__ = (Index(None, "region_code", "kind", "id"),)

    region_code: Mapped[str] = region_code("所属区划", ForeignKey("region.code"))
    kind: Mapped[str] = field("职责", codes="post_kind")
    unit: Mapped[str] = field("单位")
    holder: Mapped[str] = field("姓名")
    position: Mapped[str | None] = field("行政职务")
    phone: Mapped[Any] = field("联系电话", SealedText("post.phone"), privacy=Privacy.PHONE, nullable=True)
    since: Mapped[date | None] = field("任期起")
    until: Mapped[date | None] = field("任期止")
    document_number: Mapped[str | None] = field("文件号")
    note: Mapped[str | None] = field("备注", multiline=True)

    def __str__(self) -> str:
        return self.holder
